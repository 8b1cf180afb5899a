-- KEYS: record. ARGV: 2 owner, 3 new version, 4 authenticated.
local found = look(KEYS[1])
if not (found and found.live and found.owner == ARGV[2]) then return { nonce, 'none' } end
stamp(KEYS[1], ARGV[3], tonumber(ARGV[4]))
return { nonce, 'stamped' }
