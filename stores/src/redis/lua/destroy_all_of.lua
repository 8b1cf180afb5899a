-- On a single node. KEYS: owner's set, `not_before`. ARGV: 2 owner, 3 excepted field or '', 4 its new version.
local till = math.max(now, not_before(KEYS[2]))
redis.call('HDEL', KEYS[1], '')
redis.call('SET', KEYS[2], string.format('%.0f', till), 'PX', ttl(now + LONGEST))
local ended = 0
for _, record in ipairs(sessions(KEYS[1], ARGV[2])) do
  if record.live and record.field == ARGV[3] then
    stamp(record.key, ARGV[4], till + 1)
  else
    end_session(KEYS[1], record)
    if record.live then ended = ended + 1 end
  end
end
return { nonce, 'done', ended }
