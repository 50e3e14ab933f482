-- Closes a product for repair. Only `arm` with a higher epoch opens it again.
--
-- KEYS  stock, holders, returned, outbox
-- Reply 1 when the gate knows the product, else 0

if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
redis.call('HSET', KEYS[1], 'open', '0')
return 1
