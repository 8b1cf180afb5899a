-- KEYS: record. ARGV: 2 expected version, 3 idle deadline.
local found = look(KEYS[1])
if found and found.problem == 'newer' then return { nonce, 'newer' } end
if not (found and found.live) then return { nonce, 'gone' } end
if found.version ~= ARGV[2] then return { nonce, 'stale' } end
renew(KEYS[1], found, tonumber(ARGV[3]))
return { nonce, 'touched' }
