-- Gives up the lease of a repair that could not be finished. The product stays closed.
--
-- KEYS  stock, holders, returned, outbox
-- ARGV  token
-- Reply 1 when the lease was this repair's, else 0

if redis.call('HGET', KEYS[1], 'repair') ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], 'repairUntilMs', '0')
return 1
