-- KEYS: record. ARGV: 6 expected version, 7 idle deadline.
local found = look(KEYS[1])
if found and found.problem == 'newer' then return { nonce, 'newer' } end
if not (found and found.live) then return { nonce, 'gone' } end
if found.version ~= ARGV[6] then return { nonce, 'stale' } end
renew(KEYS[1], found, tonumber(ARGV[7]))
return { nonce, 'touched' }
