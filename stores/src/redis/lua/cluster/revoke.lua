-- KEYS: owner's set, `not_before`. Whoever authenticated up to now gets in no more; and who is in.
local till = math.max(now, not_before(KEYS[2]))
redis.call('HDEL', KEYS[1], '')
redis.call('SET', KEYS[2], string.format('%.0f', till), 'PX', ttl(now + LONGEST))
return { nonce, 'revoked', redis.call('HKEYS', KEYS[1]), string.format('%.0f', till + 1) }
