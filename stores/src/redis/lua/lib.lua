-- What a value is, and how a session ends.

local prefix = ARGV[1]:sub(33)
-- On a single node a script reaches owners and their sessions by name; in a cluster, where it may not, there is no prefix.
local alone = prefix ~= ''
local SEEN = 70

local function failed(reply, pattern)
  return type(reply) == 'table' and reply.err and (not pattern or reply.err:find(pattern)) and true
end

local function hex(bytes)
  return (bytes:gsub('.', function(c) return string.format('%02x', c:byte()) end))
end

local function record_name(field)
  local text = hex(field)
  return prefix .. '{' .. text:sub(1, 4) .. '}:' .. text:sub(5)
end

local function owner_name(owner)
  return prefix .. 'owner:{' .. hex(owner) .. '}'
end

-- What a value says. Tombstones whose grace has passed are nothing; expired records are something that does not live.
local function parse(value)
  if not value then return nil end
  local kind, version = value:byte(1, 2)
  if kind == 84 and #value >= 9 then
    local till = struct.unpack('<I8', value, 2)
    if till <= now then return nil end
    return { tomb = true, till = till, successor = value:sub(10) }
  end
  if kind ~= 82 or #value > TOO_LONG then return { problem = 'damaged' } end
  if version and version > 1 then return { problem = 'newer' } end
  if version ~= 1 or #value < 111 then return { problem = 'damaged' } end
  local found = { value = value, version = value:sub(7, 22), commit = value:sub(23, 38), handle = value:sub(39, 54) }
  found.created, found.authenticated, found.seen, found.idle, found.absolute, found.idle_for =
    struct.unpack('<I8I8I8I8I8I8', value, 55)
  found.live = now < found.idle and now < found.absolute
  local flags = value:byte(111)
  if flags % 4 >= 2 then
    if #value < 147 then return { problem = 'damaged' } end
    found.owner = value:sub(112, 143)
  end
  return found
end

-- A value that is read to be used or ended. GETEX without options reads, but counts as a write: a replica refuses it,
-- so that nobody is signed in by a copy that does not know of a sign-out; and once a script has written, the engine
-- lets it finish though its memory is full (S16).
local function look(key)
  local value = redis.pcall('GETEX', key)
  if failed(value, 'MISCONF') or failed(value, 'NOREPLICAS') then
    value = redis.pcall('GET', key)
  end
  if failed(value, 'WRONGTYPE') then return { problem = 'damaged' } end
  if failed(value) then redis.call('GETEX', key) end
  return parse(value)
end

-- A value that is read to be replaced. To write nothing is refused where the memory is full, before anything is done.
local function look_with_room(key)
  local room = redis.pcall('SETRANGE', key, 0, '')
  if failed(room, 'WRONGTYPE') then return { problem = 'damaged' } end
  if failed(room) then redis.call('SETRANGE', key, 0, '') end
  return parse(redis.call('GET', key))
end

-- The header alone, of a session that a set names. Its `value` may be cut.
local function peek(key)
  local value = redis.pcall('GETRANGE', key, 0, 511)
  if failed(value) then return { problem = 'damaged' } end
  if value == '' then return nil end
  return parse(value)
end

local function store(key, value, record)
  redis.call('SET', key, value, 'PX', ttl(math.min(record.idle, record.absolute)))
end

-- Sets both times in place: version and data stay. Says the value as it stands.
local function renew(key, record, deadline)
  local seen = math.max(record.seen, now)
  local later = math.min(deadline, record.absolute)
  if failed(redis.pcall('PEXPIRE', key, ttl(math.min(math.max(record.idle, later), record.absolute)))) then
    return record.value
  end
  -- What stands there is copied: beyond 2^53 ms a number here is not exact, and might lie past the absolute deadline.
  local idle = record.value:sub(79, 86)
  if record.idle < later then
    idle = deadline < record.absolute and struct.pack('<I8', deadline) or record.value:sub(87, 94)
  end
  local times = struct.pack('<I8', seen) .. idle
  redis.call('SETRANGE', key, SEEN, times)
  return record.value:sub(1, SEEN) .. times .. record.value:sub(SEEN + 17)
end

-- Ends what stands there. The tombstone is best effort where the memory is full, death is not.
local function bury(key, found, successor)
  local till = now + grace
  if found and found.tomb then
    till = math.max(till, found.till)
    successor = successor or found.successor
  end
  -- Not deleted first: a name that is gone from a slot on its way to another node cannot be written there any more.
  local tombstone = 'T' .. struct.pack('<I8', till) .. (successor or '')
  if failed(redis.pcall('SET', key, tombstone, 'PX', ttl(till))) then redis.call('DEL', key) end
end
