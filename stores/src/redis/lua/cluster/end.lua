-- KEYS: record. ARGV: 2 owner, 3 handle or ''. Ends a session of that owner: the one with the handle, or whatever is
-- there or on its way, unless it is somebody else's. Where it has moved on, says whither.
local found = look(KEYS[1])
local tomb = found and found.tomb
local theirs = found and not tomb and not found.problem and found.owner ~= ARGV[2]
local sought = ARGV[3] == '' or tomb or (found and found.live and found.handle == ARGV[3])
if theirs or not sought then return { nonce, 'none' } end
bury(KEYS[1], found)
if tomb then return { nonce, 'moved', found.successor } end
return { nonce, found and found.live and 'ended' or 'none' }
