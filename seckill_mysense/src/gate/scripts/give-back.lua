-- Puts the units of a reservation back: at most once per reservation and epoch, only in its epoch, never above the total.
--
-- KEYS  stock, holders, returned, outbox
-- ARGV  epoch of the return, user id, reservation id, units
-- Reply {'returned', sequence, epoch of the product} | {'ignored', sequence, epoch of the product}
--       | {'closed'}: the product is to be compared or rebuilt, try again later
--       | {'unknown'}: the gate knows nothing of the product

local stock = redis.call('HMGET', KEYS[1], 'epoch', 'available', 'total', 'expiresAtMs', 'open', 'server', 'sequence')
if not stock[1] then
  return {'unknown'}
end
-- An interrupted repair would otherwise drop the unit: it is counted as one that is still to come.
if stock[5] ~= '1' or tonumber(stock[1]) < tonumber(ARGV[1])
  or stock[6] ~= string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') then
  return {'closed'}
end

-- The ledger has released this reservation, so the user may buy again, whether or not the unit comes back.
local holds = redis.call('HGET', KEYS[2], ARGV[2])
if holds then
  local kept = {}
  for item in string.gmatch(holds, '%S+') do
    -- Behind the id stands {n} for n units: see reserve.lua.
    if string.match(item, '^[^{]+') ~= ARGV[3] then
      kept[#kept + 1] = item
    end
  end
  if #kept == 0 then
    redis.call('HDEL', KEYS[2], ARGV[2])
  else
    redis.call('HSET', KEYS[2], ARGV[2], table.concat(kept, ' '))
  end
end

-- A return of an older epoch must not block one of this epoch.
local before = redis.call('HGET', KEYS[3], ARGV[3])
if before and tonumber(before) >= tonumber(ARGV[1]) then
  return {'ignored', stock[7] or '0', stock[1]}
end
-- Also a return without a unit changes what the user holds: a gate that falls back behind it must be noticed.
local sequence = tostring(redis.call('HINCRBY', KEYS[1], 'sequence', 1))
redis.call('HSET', KEYS[3], ARGV[3], ARGV[1])
if redis.call('HLEN', KEYS[3]) == 1 then
  redis.call('PEXPIREAT', KEYS[3], stock[4])
end
-- This epoch was armed with figures that already count the units released in other epochs.
local units = math.min(tonumber(ARGV[4]), tonumber(stock[3]) - tonumber(stock[2]))
if tonumber(stock[1]) ~= tonumber(ARGV[1]) or units < 1 then
  return {'ignored', sequence, stock[1]}
end
redis.call('HINCRBY', KEYS[1], 'available', units)
return {'returned', sequence, stock[1]}
