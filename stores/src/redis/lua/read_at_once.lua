-- The read that finds a live session with no renewal due, as most do: it is answered before what the rest needs is made,
-- which costs more than this does, and in one piece, as each part of an answer costs as much as a command.
local plain = redis.pcall('GETEX', KEYS[1])
local sound = type(plain) == 'string' and #plain >= 111 and #plain <= TOO_LONG
if sound and plain:byte() == 82 and plain:byte(2) == 1 then
  local seen, idle, absolute = struct.unpack('<I8I8I8', plain, 71)
  local due = ARGV[2] ~= '' and now >= seen + struct.unpack('<I8', ARGV[2])
  if now < idle and now < absolute and not due then return nonce .. 'L' .. plain end
end
