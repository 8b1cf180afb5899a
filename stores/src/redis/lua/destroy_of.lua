-- On a single node. KEYS: owner's set. ARGV: 2 owner, 3 handle.
redis.call('HDEL', KEYS[1], '')
for _, record in ipairs(sessions(KEYS[1], ARGV[2])) do
  if record.live and record.handle == ARGV[3] then
    end_session(KEYS[1], record)
    return { nonce, 'ended' }
  end
end
return { nonce, 'none' }
