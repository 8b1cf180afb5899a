-- KEYS: record. ARGV: 2 field. In a cluster the answer names the owner, whose set the caller tidies.
local found = look(KEYS[1])
bury(KEYS[1], found)
local owner = found and found.owner
if alone and owner then redis.pcall('HDEL', owner_name(owner), ARGV[2]) end
return { nonce, 'done', found and found.successor or '', owner or '' }
