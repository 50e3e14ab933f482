-- Brings a product to a newer version of the ledger's row: times, limit, pause, waiting list and total. Each version takes effect at
-- most once, and an older one never. More units become available at once. Fewer units are taken out of the available
-- ones, all or none: those that are gone have buyers.
--
-- KEYS  stock, holders, returned, outbox
-- ARGV  epoch, version, total, startsAtMs, endsAtMs, limitPerUser, '1' if paused, retention in ms after the end,
--       '1' if somebody may wait
-- Reply {'amended'} | {'already'} | {'unknown'} | {'other_epoch', the gate's epoch} | {'not_available', units}
--       | {'closed'}: to be compared or rebuilt. The product is then opened with the ledger's figures, and a change that the
--         ledger settled after it had read them would be lost.

local stock = redis.call('HMGET', KEYS[1], 'epoch', 'version', 'total', 'available', 'expiresAtMs', 'open',
  'server')
if not stock[1] then
  return {'unknown'}
end
if tonumber(stock[1]) ~= tonumber(ARGV[1]) then
  return {'other_epoch', stock[1]}
end
if stock[6] ~= '1' or stock[7] ~= string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') then
  return {'closed'}
end
if tonumber(stock[2] or '0') >= tonumber(ARGV[2]) then
  return {'already'}
end
local added = tonumber(ARGV[3]) - tonumber(stock[3])
if tonumber(stock[4]) + added < 0 then
  return {'not_available', stock[4]}
end

redis.call('HSET', KEYS[1], 'version', ARGV[2], 'total', ARGV[3], 'startsAtMs', ARGV[4], 'endsAtMs', ARGV[5],
  'limitPerUser', ARGV[6], 'paused', ARGV[7], 'waiting', ARGV[9])
if added ~= 0 then
  redis.call('HINCRBY', KEYS[1], 'available', string.format('%.0f', added))
end
-- Keys of a longer sale stay longer. They never go earlier than was promised, for the sake of returns on their way.
local expiresAtMs = tonumber(ARGV[5]) + tonumber(ARGV[8])
if expiresAtMs > tonumber(stock[5]) then
  local text = string.format('%.0f', expiresAtMs)
  redis.call('HSET', KEYS[1], 'expiresAtMs', text)
  for i = 1, 4 do
    redis.call('PEXPIREAT', KEYS[i], text)
  end
end
return {'amended'}
