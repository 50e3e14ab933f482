-- Lets a server sell a product that was found to be complete on it: it has restarted, or a replica was promoted. This
-- begins a new epoch, because an accepted reservation may be lost of which neither the gate nor the ledger knows.
--
-- KEYS  stock, holders, returned, outbox
-- ARGV  epoch, sequence and available units as they were compared, the new epoch and available units, consumer group
-- Reply 'adopted' | 'changed': the product is not in the state that was compared, or it is under repair

local stock = redis.call('HMGET', KEYS[1], 'epoch', 'sequence', 'available', 'open', 'expiresAtMs')
if stock[1] ~= ARGV[1] or (stock[2] or '0') ~= ARGV[2] or stock[3] ~= ARGV[3] or stock[4] ~= '1' then
  return 'changed'
end
local server = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
redis.call('HSET', KEYS[1], 'server', server, 'epoch', ARGV[4], 'available', ARGV[5],
  'sequence', string.format('%.0f', tonumber(ARGV[2]) + 1))
-- The group may exist; the error BUSYGROUP is then fine.
redis.pcall('XGROUP', 'CREATE', KEYS[4], ARGV[6], '0', 'MKSTREAM')
redis.call('PEXPIREAT', KEYS[4], stock[5])
return 'adopted'
