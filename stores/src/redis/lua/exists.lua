-- KEYS: record.
local found = look(KEYS[1])
if found and found.problem == 'newer' then return { nonce, 'newer' } end
return { nonce, found and found.live and 'live' or 'absent' }
