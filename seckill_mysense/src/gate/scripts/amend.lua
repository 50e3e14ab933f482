-- Brings a product to a newer version of the ledger's row: times, limit, pause, waiting list and total. Each version takes effect at
-- most once, and an older one never. More units become available at once. Fewer units are taken out of the available
-- ones, all or none: those that are gone have buyers. A lower total that is asked for has a mark of its own, 'lowered':
-- it may still wait when later versions have taken effect.
--
-- KEYS  stock, holders, returned, outbox
-- ARGV  epoch, version, total, startsAtMs, endsAtMs, limitPerUser, '1' if paused, retention in ms after the end,
--       the version at which this total was asked for as a lower one, or 0, '1' if somebody may wait
-- Reply {'amended'} | {'already'} | {'unknown'} | {'other_epoch', the gate's epoch} | {'not_available', units}
--       | {'closed'}: to be compared or rebuilt. The product is then opened with the ledger's figures, and a change that the
--         ledger settled after it had read them would be lost.

local stock = redis.call('HMGET', KEYS[1], 'epoch', 'version', 'total', 'available', 'expiresAtMs', 'open',
  'server', 'lowered')
if not stock[1] then
  return {'unknown'}
end
if tonumber(stock[1]) ~= tonumber(ARGV[1]) then
  return {'other_epoch', stock[1]}
end
if stock[6] ~= '1' or stock[7] ~= string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') then
  return {'closed'}
end
local version = tonumber(stock[2] or '0')
local isNewer = version < tonumber(ARGV[2])
-- A product that an older program armed has no mark. Its version is then lower than that of a total that waits.
local lowered = tonumber(stock[8] or version)
local askedFor = tonumber(ARGV[9])
local lowers = askedFor > lowered
if not isNewer and not lowers then
  return {'already'}
end
local added = tonumber(ARGV[3]) - tonumber(stock[3])
local isAvailable = tonumber(stock[4]) + added >= 0
if not isAvailable and not (isNewer and lowers) then
  return {'not_available', stock[4]}
end

if isAvailable then
  local mark = askedFor > 0 and math.max(askedFor, lowered) or tonumber(ARGV[2])
  redis.call('HSET', KEYS[1], 'total', ARGV[3], 'lowered', string.format('%.0f', mark))
  if added ~= 0 then
    redis.call('HINCRBY', KEYS[1], 'available', string.format('%.0f', added))
  end
end
if not isNewer then
  return {'amended'}
end
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'startsAtMs', ARGV[4], 'endsAtMs', ARGV[5], 'limitPerUser', ARGV[6],
  'paused', ARGV[7], 'waiting', ARGV[10])
if not isAvailable then
  -- Without a mark the version would count as one, and the total would never be lowered.
  redis.call('HSET', KEYS[1], 'lowered', string.format('%.0f', lowered))
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
if not isAvailable then
  return {'not_available', stock[4]}
end
return {'amended'}
