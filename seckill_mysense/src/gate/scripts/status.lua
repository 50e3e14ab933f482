-- The counters of one product, read at one moment.
--
-- KEYS  stock, holders, returned, outbox
-- Reply {} when the gate knows nothing of the product, else
--       {epoch, open, available, total, startsAtMs, endsAtMs, outbox entries, users with a reservation, returns,
--        version, paused}

local stock = redis.call('HMGET', KEYS[1],
  'epoch', 'open', 'available', 'total', 'startsAtMs', 'endsAtMs', 'version', 'paused')
if not stock[1] then
  return {}
end
local version, paused = stock[7] or '0', stock[8] or '0'
stock[7] = redis.call('XLEN', KEYS[4])
stock[8] = redis.call('HLEN', KEYS[2])
stock[9] = redis.call('HLEN', KEYS[3])
stock[10] = version
stock[11] = paused
return stock
