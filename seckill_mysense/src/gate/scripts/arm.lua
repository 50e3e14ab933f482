-- Puts the stock of a product in place that the gate does not know.
--
-- KEYS  stock, holders, returned, outbox
-- ARGV  epoch, available, total, startsAtMs, endsAtMs, limitPerUser, retention in ms after the end, consumer group,
--       version, '1' if paused, '1' if somebody may wait
-- Reply {'armed'} | {'already_armed'} | {'other_epoch', the gate's epoch} | {'repairing'}

local stock = redis.call('HMGET', KEYS[1], 'epoch', 'repair')
if stock[1] == ARGV[1] then
  return {'already_armed'}
end
-- Only a repair brings a product into another epoch, since it must know all orders.
if stock[1] then
  return {'other_epoch', stock[1]}
end
if stock[2] then
  return {'repairing'}
end

local time = redis.call('TIME')
local nowMs = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local expiresAtMs = string.format('%.0f', math.max(nowMs, tonumber(ARGV[5])) + tonumber(ARGV[7]))
local server = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')

redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'open', '1', 'available', ARGV[2], 'total', ARGV[3],
  'startsAtMs', ARGV[4], 'endsAtMs', ARGV[5], 'limitPerUser', ARGV[6], 'expiresAtMs', expiresAtMs,
  'sequence', '1', 'server', server, 'version', ARGV[9], 'paused', ARGV[10], 'waiting', ARGV[11])
-- The group may exist; the error BUSYGROUP is then fine.
redis.pcall('XGROUP', 'CREATE', KEYS[4], ARGV[8], '0', 'MKSTREAM')
for i = 1, 4 do
  redis.call('PEXPIREAT', KEYS[i], expiresAtMs)
end
return {'armed'}
