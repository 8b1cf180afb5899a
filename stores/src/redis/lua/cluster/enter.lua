-- Enters a session into its owner's set before its record is stored, so that a revocation finds it or refuses it.
--
-- KEYS: owner's set, `not_before`. ARGV: 6 field, 7 field of the session that it takes the place of, 8 created,
-- 9 absolute deadline, 10 authenticated, 11 most sessions or ''; then fields in a row: 12 whose places it claims,
-- 13 who do not count, 14 who are gone.
local PLACE_HELD = 10000
-- A record may be on its way to a session that is not there: whatever was entered so recently is not pruned.
local ON_ITS_WAY = 60000

local function each(fields)
  local at = -33
  return function()
    at = at + 34
    if at < #fields then return fields:sub(at, at + 33) end
  end
end

local owner, revoked, field, max = KEYS[1], KEYS[2], ARGV[6], tonumber(ARGV[11])
-- Refused by a replica, and where the memory is full.
redis.call('SETRANGE', revoked, 0, '')
if tonumber(ARGV[10]) <= not_before(revoked) then return { nonce, 'revoked' } end

local fresh = redis.call('HEXISTS', owner, field) == 0
if max then
  local entries, others, listed = {}, 0, redis.call('HGETALL', owner)
  for i = 1, #listed, 2 do entries[listed[i]] = listed[i + 1] end
  entries[field], entries[ARGV[7]] = nil, nil
  for aside in each(ARGV[13]) do entries[aside] = nil end
  local report = {}
  for other, entry in pairs(entries) do
    local _, absolute, entered, held = struct.unpack('<I8I8I8I8', #entry == 32 and entry or entry .. ('\0'):rep(8))
    if absolute <= now or held > now then
      entries[other] = nil
    else
      others = others + 1
      report[#report + 1] = other
      report[#report + 1] = entered + ON_ITS_WAY + skew < now and 'old' or 'new'
    end
  end
  for claimed in each(ARGV[12]) do
    if entries[claimed] then others = others - 1 end
  end
  if others + 1 > max then return { nonce, 'full', report } end
  for claimed in each(ARGV[12]) do
    local entry = redis.call('HGET', owner, claimed)
    if entry then redis.call('HSET', owner, claimed, entry:sub(1, 24) .. struct.pack('<I8', now + PLACE_HELD)) end
  end
end
enter(owner, field, tonumber(ARGV[8]), tonumber(ARGV[9]))
-- After it: a set that is empty for a moment is gone from a slot on its way to another node.
for gone in each(ARGV[14]) do
  local entry = redis.call('HGET', owner, gone)
  if entry and struct.unpack('<I8', entry, 17) + ON_ITS_WAY + skew < now then redis.call('HDEL', owner, gone) end
end
return { nonce, 'entered', fresh and 1 or 0 }
