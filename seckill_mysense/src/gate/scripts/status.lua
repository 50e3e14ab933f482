-- The counters of one product, read at one moment.
--
-- KEYS  stock, holders, returned, outbox
-- Reply {} when the gate knows nothing of the product, else
--       {epoch, open, available, total, startsAtMs, endsAtMs, outbox entries, users with a reservation, returns}

local stock = redis.call('HMGET', KEYS[1], 'epoch', 'open', 'available', 'total', 'startsAtMs', 'endsAtMs')
if not stock[1] then
  return {}
end
stock[7] = redis.call('XLEN', KEYS[4])
stock[8] = redis.call('HLEN', KEYS[2])
stock[9] = redis.call('HLEN', KEYS[3])
return stock
