-- Removes relays of the consumer group that hold no entry and have been silent for long. Each start of a relay has a
-- new name, so without this a relay that crashes again and again would leave more and more names.
--
-- KEYS  stock, holders, returned, outbox
-- ARGV  consumer group, least idle time in ms
-- Reply how many were removed

if redis.call('EXISTS', KEYS[4]) == 0 then
  return 0
end
local removed = 0
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[4], ARGV[1])) do
  local field = {}
  for i = 1, #consumer, 2 do
    field[consumer[i]] = consumer[i + 1]
  end
  if field.pending == 0 and field.idle >= tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[4], ARGV[1], field.name)
    removed = removed + 1
  end
end
return removed
