-- On a single node. KEYS: owner's set. ARGV: 2 owner. The headers of the live sessions.
redis.call('HDEL', KEYS[1], '')
local headers = {}
for _, record in ipairs(sessions(KEYS[1], ARGV[2])) do
  if record.live then
    local length = struct.unpack('<I4', record.value, 3)
    local header = record.value
    if #header < length + 6 then header = redis.call('GETRANGE', record.key, 0, length + 5) end
    headers[#headers + 1] = header:sub(2, length + 6)
  end
end
return { nonce, 'list', headers }
