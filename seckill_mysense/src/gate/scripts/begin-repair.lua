-- Closes a product and takes the lease of its repair; with the same token again, it renews the lease.
--
-- KEYS  stock, holders, returned, outbox
-- ARGV  token, lease in ms, the epoch that the caller has found ('' for a product that the gate does not know)
-- Reply {'begun', epoch or '0', sequence, outbox entries} | {'busy', ms until the lease of another repair ends}
--       | {'changed'}: another repair has ended meanwhile

local stock = redis.call('HMGET', KEYS[1], 'epoch', 'sequence', 'repair', 'repairUntilMs')
if (stock[1] or '') ~= ARGV[3] then
  return {'changed'}
end
local time = redis.call('TIME')
local nowMs = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
if stock[3] and stock[3] ~= ARGV[1] and tonumber(stock[4]) > nowMs then
  return {'busy', tostring(tonumber(stock[4]) - nowMs)}
end
-- A restart of the server may undo the last steps of a repair. So a repair belongs to one run of the server.
local server = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
redis.call('HSET', KEYS[1], 'open', '0', 'repair', ARGV[1], 'repairServer', server,
  'repairUntilMs', string.format('%.0f', nowMs + tonumber(ARGV[2])))
if not stock[1] then
  redis.call('PEXPIRE', KEYS[1], 86400000)
end
return {'begun', stock[1] or '0', stock[2] or '0', redis.call('XLEN', KEYS[4])}
