-- KEYS: record; on a single node, for a session with an owner, also owner's set and `not_before`.
-- ARGV: 2 value, 3 field, 4 most sessions or '', 5 'evict' or 'refuse'.
local new, field = parse(ARGV[2]), ARGV[3]
local found = look_with_room(KEYS[1])
if found then
  if found.tomb then return { nonce, 'gone' } end
  if found.problem == 'newer' then return { nonce, 'newer' } end
  if found.problem then return { nonce, 'exists' } end
  if found.live then return { nonce, found.commit == new.commit and 'created' or 'exists' } end
end
local evicted = {}
if KEYS[2] then
  local refusal
  refusal, evicted = may_bind(KEYS[2], KEYS[3], new, field, field, tonumber(ARGV[4]), ARGV[5])
  if refusal then return { nonce, refusal } end
end
store(KEYS[1], ARGV[2], new)
local former = found and found.owner
if alone and former then redis.call('HDEL', owner_name(former), field) end
if KEYS[2] then
  enter(KEYS[2], field, new.created, new.absolute)
  for _, record in ipairs(evicted) do end_session(KEYS[2], record) end
end
return { nonce, 'created', former ~= new.owner and former or '' }
