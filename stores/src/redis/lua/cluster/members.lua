-- KEYS: owner's set. The fields in it, each with 'new' if its record may still be on its way.
local ON_ITS_WAY = 60000
redis.call('HDEL', KEYS[1], '')
local entries = redis.call('HGETALL', KEYS[1])
for i = 2, #entries, 2 do
  entries[i] = struct.unpack('<I8', entries[i], 17) + ON_ITS_WAY + skew < now and 'old' or 'new'
end
return { nonce, 'members', entries }
