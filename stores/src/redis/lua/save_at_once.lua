-- The save that meets the version that it expects and the owner that it knows, as most do: it is done before what the
-- rest needs is made, which costs more than this does. A refused write is left to the rest, which says why.
local plain, next = redis.pcall('GET', KEYS[1]), ARGV[2]
local sound = type(plain) == 'string' and #plain >= 111 and #plain <= TOO_LONG
if sound and plain:byte() == 82 and plain:byte(2) == 1 and plain:sub(7, 22) == ARGV[3] then
  local idle, absolute = struct.unpack('<I8I8', plain, 79)
  local owned = plain:byte(111) % 4 >= 2
  local same = owned == (next:byte(111) % 4 >= 2) and (not owned or #plain >= 147)
  if same and owned then
    local last = 147 + struct.unpack('<I4', plain, 144)
    same = plain:sub(112, last) == next:sub(112, last)
  end
  if same and now < idle and now < absolute then
    idle, absolute = struct.unpack('<I8I8', next, 79)
    local kept = ttl(math.min(idle, absolute))
    if redis.pcall('SET', KEYS[1], next, 'PX', kept).ok then return nonce .. 'S' end
  end
end
