-- Acknowledges outbox entries and deletes them, in one step: an entry that was acknowledged but not deleted would never
-- be read again, and would stay for ever.
--
-- KEYS  stock, holders, returned, outbox
-- ARGV  consumer group, entry ids
-- Reply how many entries were deleted

redis.call('XACK', KEYS[4], unpack(ARGV))
return redis.call('XDEL', KEYS[4], unpack(ARGV, 2))
