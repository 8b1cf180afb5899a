-- KEYS: record. ARGV: 6 owner, 7 handle or ''. Ends a session of that owner: the one with the handle, or whatever is
-- there or on its way, unless it is somebody else's. Where it has moved on, says whither.
local found = look(KEYS[1])
local tomb = found and found.tomb
local theirs = found and not tomb and not found.problem and found.owner ~= ARGV[6]
local sought = ARGV[7] == '' or tomb or (found and found.live and found.handle == ARGV[7])
if theirs or not sought then return { nonce, 'none' } end
bury(KEYS[1], found)
if tomb then return { nonce, 'moved', found.successor } end
return { nonce, found and found.live and 'ended' or 'none' }
