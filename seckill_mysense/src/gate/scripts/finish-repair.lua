-- Opens a product that was filled from the ledger.
--
-- KEYS  stock, holders, returned, outbox
-- ARGV  token, epoch, available, total, startsAtMs, endsAtMs, limitPerUser, retention in ms after the end,
--       consumer group, the ledger's sequence, users and decided reservations that were filled in, version, '1' if paused,
--       '1' if somebody may wait
-- Reply {'finished', sequence} | {'lost'}: the repair was taken over, the server has restarted, or fields are missing

local stock = redis.call('HMGET', KEYS[1], 'repair', 'repairServer', 'epoch', 'sequence')
local server = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
if stock[1] ~= ARGV[1] or stock[2] ~= server or tonumber(stock[3] or '0') > tonumber(ARGV[2]) then
  return {'lost'}
end
if redis.call('HLEN', KEYS[2]) ~= tonumber(ARGV[11]) or redis.call('HLEN', KEYS[3]) ~= tonumber(ARGV[12]) then
  return {'lost'}
end

local time = redis.call('TIME')
local nowMs = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local expiresAtMs = string.format('%.0f', math.max(nowMs, tonumber(ARGV[6])) + tonumber(ARGV[8]))
-- The sequence grows across epochs: a message or a gateway may still know a sequence of the old state.
local sequence = string.format('%.0f', math.max(tonumber(stock[4] or '0'), tonumber(ARGV[10])) + 1)

redis.call('HSET', KEYS[1], 'epoch', ARGV[2], 'open', '1', 'available', ARGV[3], 'total', ARGV[4],
  'startsAtMs', ARGV[5], 'endsAtMs', ARGV[6], 'limitPerUser', ARGV[7], 'expiresAtMs', expiresAtMs,
  'sequence', sequence, 'server', server, 'version', ARGV[13], 'paused', ARGV[14], 'waiting', ARGV[15])
redis.call('HDEL', KEYS[1], 'repair', 'repairServer', 'repairUntilMs')
redis.pcall('XGROUP', 'CREATE', KEYS[4], ARGV[9], '0', 'MKSTREAM')
for i = 1, 4 do
  redis.call('PEXPIREAT', KEYS[i], expiresAtMs)
end
return {'finished', sequence}
