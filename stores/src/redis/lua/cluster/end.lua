-- KEYS: record. ARGV: 6 owner, 7 handle or ''. Ends a session of that owner: the one with the handle, or whatever is
-- there or on its way, unless it is somebody else's.
local found = look(KEYS[1])
local theirs = found and not found.tomb and not found.problem and found.owner ~= ARGV[6]
if ARGV[7] ~= '' then
  if found and found.tomb then return { nonce, 'moved', found.successor } end
  if theirs or not (found and found.live and found.handle == ARGV[7]) then return { nonce, 'none' } end
end
if theirs then return { nonce, 'none' } end
bury(KEYS[1], found)
return { nonce, found and found.live and 'ended' or 'none' }
