-- The state of one product, read at one moment.
--
-- KEYS  stock, holders, returned, outbox
-- Reply {} when the gate knows nothing of the product, else
--       {epoch, open, available, total, startsAtMs, endsAtMs, sequence, 1 if this server may sell it else 0,
--        outbox entries, users with a reservation, returns, the server's time in ms, ms until a repair's lease ends,
--        version, paused, waiting}

local stock = redis.call('HMGET', KEYS[1], 'epoch', 'open', 'available', 'total', 'startsAtMs', 'endsAtMs',
  'sequence', 'server', 'repairUntilMs', 'version', 'paused', 'waiting')
if not stock[1] then
  return {}
end
local time = redis.call('TIME')
local nowMs = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local leaseMs = math.max(0, tonumber(stock[9] or '0') - nowMs)
local server = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
stock[16] = stock[12] or '0'
stock[14] = stock[10] or '0'
stock[15] = stock[11] or '0'
stock[7] = stock[7] or '0'
stock[8] = stock[8] == server and 1 or 0
stock[9] = redis.call('XLEN', KEYS[4])
stock[10] = redis.call('HLEN', KEYS[2])
stock[11] = redis.call('HLEN', KEYS[3])
stock[12] = string.format('%.0f', nowMs)
stock[13] = string.format('%.0f', leaseMs)
return stock
