-- Lets a server sell a product that was found to be complete on it: it has restarted, or a replica was promoted. This
-- begins a new epoch, because an accepted reservation may be lost of which neither the gate nor the ledger knows.
--
-- KEYS  stock, holders, returned, outbox
-- ARGV  epoch, sequence and available units as they were compared; then, as in arm.lua: epoch, available, total, startsAtMs,
--       endsAtMs, limitPerUser, retention in ms after the end, consumer group, version, '1' if paused, '1' if somebody may wait
-- Reply 'adopted' | 'changed': the product is not in the state that was compared, or it is under repair

local stock = redis.call('HMGET', KEYS[1], 'epoch', 'sequence', 'available', 'open', 'expiresAtMs')
if stock[1] ~= ARGV[1] or (stock[2] or '0') ~= ARGV[2] or stock[3] ~= ARGV[3] or stock[4] ~= '1' then
  return 'changed'
end
local server = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
-- All figures are of one moment of the ledger. Otherwise a change that the gate has not seen yet would count twice: in
-- the available units here, and again when the product is amended.
redis.call('HSET', KEYS[1], 'server', server, 'epoch', ARGV[4], 'available', ARGV[5], 'total', ARGV[6],
  'startsAtMs', ARGV[7], 'endsAtMs', ARGV[8], 'limitPerUser', ARGV[9], 'version', ARGV[12], 'paused', ARGV[13], 'waiting', ARGV[14],
  'sequence', string.format('%.0f', tonumber(ARGV[2]) + 1))
local expiresAtMs = string.format('%.0f', math.max(tonumber(stock[5]), tonumber(ARGV[8]) + tonumber(ARGV[10])))
redis.call('HSET', KEYS[1], 'expiresAtMs', expiresAtMs)
-- The group may exist; the error BUSYGROUP is then fine.
redis.pcall('XGROUP', 'CREATE', KEYS[4], ARGV[11], '0', 'MKSTREAM')
for i = 1, 4 do
  redis.call('PEXPIREAT', KEYS[i], expiresAtMs)
end
return 'adopted'
