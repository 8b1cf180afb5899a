-- What an owner's set is: a hash of field -> created, absolute deadline, when it was entered (and, in a cluster, until
-- when another sign-in claims its place, and that one's field); beside it, under a name of its own, `not_before`.

local function not_before(revoked)
  return tonumber(redis.call('GET', revoked) or '-1')
end

local function keep_until(key, deadline)
  local wanted = ttl(deadline)
  if redis.call('PTTL', key) < tonumber(wanted) then redis.call('PEXPIRE', key, wanted) end
end

-- Enters a session. Whatever has passed its absolute deadline goes by and by: a few are looked at each time.
local function enter(owner, field, created, absolute)
  redis.call('HSET', owner, field, struct.pack('<I8I8I8', created, absolute, now))
  keep_until(owner, absolute)
  local some = redis.call('HRANDFIELD', owner, 8, 'WITHVALUES')
  for i = 1, #some, 2 do
    local _, deadline = struct.unpack('<I8I8', some[i + 1])
    if deadline + skew < now then redis.call('HDEL', owner, some[i]) end
  end
end

-- On a single node: each session of the set with its record. What is no session of this owner any more leaves the set;
-- an expired one stays, since it may live by the clock of a node that is behind.
local function sessions(owner, owner_key)
  local found = {}
  for _, field in ipairs(redis.call('HKEYS', owner)) do
    local key = record_name(field)
    local record = peek(key)
    -- What cannot be read may be a session of this owner that a newer version wrote.
    if record and (record.owner == owner_key or record.problem) then
      record.key, record.field = key, field
      found[#found + 1] = record
    else
      redis.call('HDEL', owner, field)
    end
  end
  return found
end

-- On a single node: whether a session may be bound, and who has to go for it.
local function may_bind(owner, revoked, new, field, instead, max, over)
  if new.authenticated <= not_before(revoked) then return 'revoked' end
  if not max then return nil, {} end
  local others = {}
  for _, other in ipairs(sessions(owner, new.owner)) do
    if other.live and other.field ~= field and other.field ~= instead then others[#others + 1] = other end
  end
  local excess = #others + 1 - max
  if excess <= 0 then return nil, {} end
  if over == 'refuse' then return 'refused' end
  table.sort(others, function(a, b) return a.created < b.created end)
  local evicted = {}
  for i = 1, excess do evicted[i] = others[i] end
  return nil, evicted
end

local function end_session(owner, record)
  bury(record.key)
  redis.call('HDEL', owner, record.field)
end

-- Authenticates a session anew. The version tells a save under way that the header has changed.
local function stamp(key, version, at)
  redis.call('SETRANGE', key, 6, version)
  redis.call('SETRANGE', key, 62, struct.pack('<I8', at))
end
