-- One call against every window of one token, in one round trip.
--
-- KEYS[1]  the token's log: a sorted set with one member for each call that passed, whose score and
--          name are the instant it passed, in microseconds by this server's clock
-- ARGV     1 to consume a call or 0 to look; then quota and length in microseconds of each window,
--          the longest first
-- Returns  for each window, before this call: calls that passed within it, and microseconds until it
--          has room for one more (0 when none passed)

local log = KEYS[1]
local longest = tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

redis.call('ZREMRANGEBYSCORE', log, '-inf', now - longest)
-- Only a clock that was set back leaves calls this far ahead. They would lock the token out.
redis.call('ZREMRANGEBYSCORE', log, now + longest, '+inf')

local usages = {}
local allowed = true
for i = 2, #ARGV, 2 do
  local quota, length = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
  -- A call leaves the window exactly its length after it passed.
  local used = redis.call('ZCOUNT', log, now - length + 1, '+inf')
  local wait = 0
  if used > 0 then
    -- With a quota lowered since, more than the oldest call must leave before one fits again.
    local rank = -math.max(1, math.min(used, quota))
    wait = redis.call('ZRANGE', log, rank, rank)[1] + length - now
  end
  allowed = allowed and used < quota
  usages[i - 1], usages[i] = used, wait
end

if ARGV[1] == '1' and allowed then
  -- Calls of the same microsecond need names of their own: the later one is logged at the next.
  while redis.call('ZADD', log, now, string.format('%.0f', now)) == 0 do
    now = now + 1
  end
  redis.call('PEXPIRE', log, longest / 1000 + 1000)
end
return usages
