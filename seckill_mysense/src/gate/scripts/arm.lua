-- Puts a product's stock in place, once per epoch.
--
-- KEYS  stock, holders, returned, outbox
-- ARGV  epoch, available, total, startsAtMs, endsAtMs, limitPerUser, retention in ms after the end, consumer group,
--       version, '1' if paused
-- Reply {'armed'} | {'already_armed'} | {'older_epoch', the gate's epoch} | {'not_drained', entries in the outbox}

local epoch = tonumber(ARGV[1])
local current = tonumber(redis.call('HGET', KEYS[1], 'epoch') or '0')
if current == epoch then
  return {'already_armed'}
end
if current > epoch then
  return {'older_epoch', tostring(current)}
end
-- Entries in the outbox are not in the ledger yet, so arming with the ledger's figures would sell those units again.
local waiting = redis.call('XLEN', KEYS[4])
if waiting > 0 then
  return {'not_drained', tostring(waiting)}
end

local time = redis.call('TIME')
local nowMs = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local expiresAtMs = string.format('%.0f', math.max(nowMs, tonumber(ARGV[5])) + tonumber(ARGV[7]))

redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'open', '1', 'available', ARGV[2], 'total', ARGV[3],
  'startsAtMs', ARGV[4], 'endsAtMs', ARGV[5], 'limitPerUser', ARGV[6], 'expiresAtMs', expiresAtMs, 'version', ARGV[9], 'paused', ARGV[10])
-- The group may exist from an earlier epoch; the error BUSYGROUP is then fine.
redis.pcall('XGROUP', 'CREATE', KEYS[4], ARGV[8], '0', 'MKSTREAM')
for i = 1, 4 do
  redis.call('PEXPIREAT', KEYS[i], expiresAtMs)
end
return {'armed'}
