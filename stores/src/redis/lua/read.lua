-- KEYS: record. ARGV: 2 touch interval (8 bytes), or '' for no renewal.
local found = look(KEYS[1])
if not found then return { nonce, 'absent' } end
if found.tomb then return { nonce, 'gone', found.successor } end
if found.problem then return { nonce, found.problem } end
if not found.live then return { nonce, 'absent' } end
local value, interval = found.value, ARGV[2] ~= '' and struct.unpack('<I8', ARGV[2])
if interval and now >= found.seen + interval then
  local deadline = math.min(now + found.idle_for + interval, found.absolute)
  if deadline > found.idle then value = renew(KEYS[1], found, deadline) end
end
return { nonce, 'live', value }
