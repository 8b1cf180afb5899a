-- KEYS: record. ARGV: 2 owner. What a session of that owner's set is, and its header if it lives.
local found = peek(KEYS[1])
if not found then return { nonce, 'absent' } end
if found.tomb then return { nonce, 'ended' } end
if found.problem then return { nonce, 'odd' } end
if found.owner ~= ARGV[2] then return { nonce, 'absent' } end
if not found.live then return { nonce, 'expired' } end
local length = struct.unpack('<I4', found.value, 3)
return { nonce, 'live', redis.call('GETRANGE', KEYS[1], 1, length + 5) }
