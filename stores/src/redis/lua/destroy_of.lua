-- On a single node. KEYS: owner's set. ARGV: 6 owner, 7 handle.
redis.call('HDEL', KEYS[1], '')
for _, record in ipairs(sessions(KEYS[1], ARGV[6])) do
  if record.live and record.handle == ARGV[7] then
    end_session(KEYS[1], record)
    return { nonce, 'ended' }
  end
end
return { nonce, 'none' }
