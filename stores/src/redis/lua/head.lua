-- What every script begins with: the operation, and for how long the engine keeps a value.
--
-- ARGV: 1 nonce, now, grace, skew (milliseconds), 8 bytes each, then the prefix; then the script's own. Each answer
-- begins with the nonce, so that an answer to another call is known for one.
--
-- A value is 'R', then the header as the library encodes it (a test pins the offsets), then the data; or 'T', the end
-- of the grace, and the successor's field. A field is tag and hash, 34 bytes: how a set names a session.

local nonce, now, grace, skew = struct.unpack('<c8I8I8I8', ARGV[1])
local LONGEST = 400 * 24 * 3600 * 1000
local TOO_LONG = 64 * 1024 * 1024

-- Relative to the caller's time: the engine's clock has no say in when a session ends.
local function ttl(deadline)
  return string.format('%.0f', math.max(1, math.min(deadline - now + skew, 2 * LONGEST)))
end
