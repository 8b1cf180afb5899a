-- KEYS: old, new; on a single node, for a session with an owner, also owner's set and `not_before`.
-- ARGV: 2 value, 3 old field, 4 new field, 5 expected version, 6 most sessions or '', 7 'evict' or 'refuse'.
local new, old_field, new_field = parse(ARGV[2]), ARGV[3], ARGV[4]
local found, target = look_with_room(KEYS[1]), look_with_room(KEYS[2])
if (found and found.problem == 'newer') or (target and target.problem == 'newer') then return { nonce, 'newer' } end
if not (found and found.live) then
  local repeated = found and found.successor == new_field and target and target.live and target.commit == new.commit
  if repeated then return { nonce, 'saved', target.version, '' } end
  return { nonce, 'gone' }
end
if found.version ~= ARGV[5] then return { nonce, 'conflict', found.value } end
if target and (target.live or target.tomb or target.problem) then return { nonce, 'gone' } end
local evicted = {}
if KEYS[3] then
  local refusal
  refusal, evicted = may_bind(KEYS[3], KEYS[4], new, new_field, old_field, tonumber(ARGV[6]), ARGV[7])
  if refusal then return { nonce, refusal } end
end
store(KEYS[2], ARGV[2], new)
bury(KEYS[1], found, new_field)
if alone then
  if target and target.owner then redis.call('HDEL', owner_name(target.owner), new_field) end
  if found.owner then redis.call('HDEL', owner_name(found.owner), old_field) end
end
if KEYS[3] then
  enter(KEYS[3], new_field, new.created, new.absolute)
  for _, record in ipairs(evicted) do end_session(KEYS[3], record) end
end
return { nonce, 'saved', new.version, found.owner or '' }
