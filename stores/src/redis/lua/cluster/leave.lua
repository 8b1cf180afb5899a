-- KEYS: owner's set. ARGV: fields in a row: 2 who leaves it, 3 whose place is claimed no more; 4 by whom.
for at = 1, #ARGV[2], 34 do redis.call('HDEL', KEYS[1], ARGV[2]:sub(at, at + 33)) end
for at = 1, #ARGV[3], 34 do
  local field = ARGV[3]:sub(at, at + 33)
  local entry = redis.call('HGET', KEYS[1], field)
  if entry and entry:sub(33) == ARGV[4] then redis.call('HSET', KEYS[1], field, entry:sub(1, 24)) end
end
return { nonce, 'done' }
