-- Enters a session into its owner's set before its record is stored, so that a revocation finds it or refuses it.
--
-- KEYS: owner's set, `not_before`. ARGV: 2 field, 3 field of the session that it takes the place of, 4 created,
-- 5 absolute deadline, 6 authenticated, 7 most sessions or ''; then fields in a row: 8 whose places it claims,
-- 9 who do not count, 10 who are gone; 11 for how many milliseconds it claims them: its call takes no longer.
-- A record may be on its way to a session that is not there: whatever was entered so recently is not pruned.
local ON_ITS_WAY = 60000

local function each(fields)
  local at = -33
  return function()
    at = at + 34
    if at < #fields then return fields:sub(at, at + 33) end
  end
end

local owner, revoked, field, max = KEYS[1], KEYS[2], ARGV[2], tonumber(ARGV[7])
-- By the clock of the engine, as nodes whose clocks differ have to agree on it.
local clock = redis.call('TIME')
local at = clock[1] * 1000 + math.floor(clock[2] / 1000)

-- Whether another sign-in that is under way claims this place. One that is repeated finds its own claims free.
local function claimed(entry)
  return entry and #entry == 66 and struct.unpack('<I8', entry, 25) > at and entry:sub(33) ~= field
end

-- Refused by a replica, and where the memory is full.
redis.call('SETRANGE', revoked, 0, '')
if tonumber(ARGV[6]) <= not_before(revoked) then return { nonce, 'revoked' } end
local former = redis.call('HGET', owner, field)
-- It would get away from whoever is about to end it.
if claimed(former) or claimed(redis.call('HGET', owner, ARGV[3])) then return { nonce, 'claimed' } end

if max then
  local entries, others, listed = {}, 0, redis.call('HGETALL', owner)
  for i = 1, #listed, 2 do entries[listed[i]] = listed[i + 1] end
  entries[field], entries[ARGV[3]] = nil, nil
  for aside in each(ARGV[9]) do entries[aside] = nil end
  local report = {}
  for other, entry in pairs(entries) do
    local _, absolute, entered = struct.unpack('<I8I8I8', entry)
    if absolute <= now or claimed(entry) then
      entries[other] = nil
    else
      others = others + 1
      report[#report + 1] = other
      report[#report + 1] = entered + ON_ITS_WAY + skew < now and 'old' or 'new'
    end
  end
  for claim in each(ARGV[8]) do
    if entries[claim] then others = others - 1 end
  end
  if others + 1 > max then return { nonce, 'full', report } end
  local claim_of_ours = struct.pack('<I8', at + tonumber(ARGV[11])) .. field
  for claim in each(ARGV[8]) do
    local entry = redis.call('HGET', owner, claim)
    if entry then redis.call('HSET', owner, claim, entry:sub(1, 24) .. claim_of_ours) end
  end
end
enter(owner, field, tonumber(ARGV[4]), tonumber(ARGV[5]))
-- After it: a set that is empty for a moment is gone from a slot on its way to another node.
for gone in each(ARGV[10]) do
  local entry = redis.call('HGET', owner, gone)
  if entry and struct.unpack('<I8', entry, 17) + ON_ITS_WAY + skew < now then redis.call('HDEL', owner, gone) end
end
return { nonce, 'entered', former and 0 or 1 }
