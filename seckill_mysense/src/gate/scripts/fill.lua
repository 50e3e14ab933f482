-- One step of filling a product under repair: empties one of its hashes, then adds fields to it.
--
-- KEYS  stock, holders, returned, outbox
-- ARGV  token, lease in ms, the number of the key to fill (2 or 3), '1' to empty it first, then fields and values
-- Reply 'filled' | 'lost': the repair was taken over, or the server has restarted

local stock = redis.call('HMGET', KEYS[1], 'repair', 'repairServer')
if stock[1] ~= ARGV[1] or stock[2] ~= string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') then
  return 'lost'
end
local time = redis.call('TIME')
local nowMs = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('HSET', KEYS[1], 'repairUntilMs', string.format('%.0f', nowMs + tonumber(ARGV[2])))
local key = KEYS[tonumber(ARGV[3])]
if ARGV[4] == '1' then
  redis.call('UNLINK', key)
end
if #ARGV > 4 then
  redis.call('HSET', key, unpack(ARGV, 5))
end
return 'filled'
