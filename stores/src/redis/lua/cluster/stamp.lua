-- KEYS: record. ARGV: 6 owner, 7 new version, 8 authenticated.
local found = look(KEYS[1])
if not (found and found.live and found.owner == ARGV[6]) then return { nonce, 'none' } end
stamp(KEYS[1], ARGV[7], tonumber(ARGV[8]))
return { nonce, 'stamped' }
