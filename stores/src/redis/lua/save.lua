-- KEYS: record. ARGV: 2 value, 3 expected version.
local new = parse(ARGV[2])
local found = look_with_room(KEYS[1])
if found and found.problem == 'newer' then return { nonce, 'newer' } end
if not (found and found.live) then return { nonce, 'gone' } end
if found.version ~= ARGV[3] then return { nonce, 'conflict', found.value } end
-- The owner's key, then the name of the entry that says so: the stored one stays.
local function owner_of(record)
  if not record.owner then return '' end
  return record.value:sub(112, 147 + struct.unpack('<I4', record.value, 144))
end
if owner_of(found) ~= owner_of(new) then return { nonce, 'owner', found.value } end
store(KEYS[1], ARGV[2], new)
return { nonce, 'saved' }
