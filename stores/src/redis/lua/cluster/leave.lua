-- KEYS: owner's set. ARGV: fields in a row: 6 who leaves it, 7 whose place is claimed no more; 8 by whom.
for at = 1, #ARGV[6], 34 do redis.call('HDEL', KEYS[1], ARGV[6]:sub(at, at + 33)) end
for at = 1, #ARGV[7], 34 do
  local field = ARGV[7]:sub(at, at + 33)
  local entry = redis.call('HGET', KEYS[1], field)
  if entry and entry:sub(33) == ARGV[8] then redis.call('HSET', KEYS[1], field, entry:sub(1, 24)) end
end
return { nonce, 'done' }
