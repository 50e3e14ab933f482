-- Reserves the units of each (user, reservation) pair, all or none of them, in order, as one atomic step.
--
-- KEYS  stock, holders, returned, outbox of one product (product-keys.ts)
-- ARGV  the oldest epoch that the caller accepts, the lowest sequence that it accepts in this epoch,
--       then for each pair: user id, reservation, trace ('' for none)
--       A reservation of one unit is its id; of n units it is id{n}, also among the holders. No id has a brace.
-- Reply {'closed'} | {'not_started', startsAtMs}
--       | {'decided', epoch, sequence before the first outcome, outcome, outcome, ...}, one outcome per pair:
--   'a' .. entry id          accepted; the outbox entry's id carries the moment of acceptance
--   'r' .. reservation       replay: the same reservation again, with its units
--   'h' .. reservations      the user holds as many units as one user may: in these, the latest one last
--   'l' .. units reservations    the user holds some units already, in these, and may have only so many more
--   's' .. units             only so many are left; 's0' also if others wait: then only an offer to one of them takes a unit
--   'e'                      the sale has ended
--   'p'                      the product or its sale is paused
--
-- The writes of a script that fails half-way stay. So the script reads every key, which checks its type, before the
-- first write; and the first write is an XADD, which a full server refuses.

local stock = redis.call('HMGET', KEYS[1],
  'epoch', 'open', 'startsAtMs', 'endsAtMs', 'limitPerUser', 'available', 'expiresAtMs', 'sequence', 'server', 'paused',
  'waiting')
local epoch = tonumber(stock[1])
if not epoch or stock[2] ~= '1' or epoch < tonumber(ARGV[1]) then
  return {'closed'}
end
-- A lower sequence than the caller has seen, or another run of a server: this state may be older than the latest one.
local sequence = tonumber(stock[8] or '0')
if epoch == tonumber(ARGV[1]) and sequence < tonumber(ARGV[2]) then
  return {'closed'}
end
if stock[9] ~= string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') then
  return {'closed'}
end

-- The server's clock decides when the sale starts and ends, because the clocks of gateways may differ.
local time = redis.call('TIME')
local nowMs = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
if nowMs < tonumber(stock[3]) then
  return {'not_started', stock[3]}
end
local ended = nowMs >= tonumber(stock[4])
local paused = stock[10] == '1'
local waiting = stock[11] == '1'
local limitPerUser = tonumber(stock[5])
local available = tonumber(stock[6])

local users, reservations, wanted = {}, {}, {}
for i = 3, #ARGV, 3 do
  local id, brace = ARGV[i + 1], string.find(ARGV[i + 1], '{', 1, true)
  users[#users + 1] = ARGV[i]
  wanted[#users] = 1
  if brace then
    wanted[#users] = tonumber(string.sub(id, brace + 1, -2))
    id = string.sub(id, 1, brace - 1)
  end
  reservations[#users] = id
end
local held = redis.call('HMGET', KEYS[2], unpack(users))
local returned = redis.call('HMGET', KEYS[3], unpack(reservations))

local reply = {'decided', stock[1], stock[8] or '0'}
local accepted, taken = 0, 0
local heldNow = {} -- what users hold by decisions earlier in this very batch
local noted = {} -- the same as arguments of HSET: user, what the user holds, user, ...

for i = 1, #users do
  local user, reservation, units = users[i], reservations[i], wanted[i]
  local holds = heldNow[user] or held[i] or ''
  local count, own = 0, nil
  for item in string.gmatch(holds, '%S+') do
    local brace = string.find(item, '{', 1, true)
    count = count + (brace and tonumber(string.sub(item, brace + 1, -2)) or 1)
    if item == reservation or (brace and string.sub(item, 1, brace - 1) == reservation) then
      own = item
    end
  end

  local outcome
  if own or returned[i] then
    -- The same reservation again, even after the end, or after its units went back: one reservation, one answer.
    outcome = 'r' .. (own or reservation)
  elseif ended then
    outcome = 'e'
  elseif paused then
    outcome = 'p'
  elseif count >= limitPerUser then
    outcome = 'h' .. holds
  elseif count + units > limitPerUser then
    outcome = 'l' .. (limitPerUser - count) .. ' ' .. holds
  elseif waiting and string.sub(reservation, 1, 6) ~= 'offer-' then
    outcome = 's0'
  elseif available < units then
    outcome = 's' .. available
  else
    local entry, trace = nil, ARGV[3 * i + 2]
    local number = sequence + accepted + 1
    if units > 1 then
      entry = redis.call('XADD', KEYS[4], '*', 'e', stock[1], 'u', user, 'r', reservation, 's', number, 'q', units,
        't', trace)
    elseif trace == '' then
      entry = redis.call('XADD', KEYS[4], '*', 'e', stock[1], 'u', user, 'r', reservation, 's', number)
    else
      entry = redis.call('XADD', KEYS[4], '*', 'e', stock[1], 'u', user, 'r', reservation, 's', number, 't', trace)
    end
    outcome = 'a' .. entry
    holds = count == 0 and ARGV[3 * i + 1] or holds .. ' ' .. ARGV[3 * i + 1]
    heldNow[user] = holds
    noted[#noted + 1] = user
    noted[#noted + 1] = holds
    available = available - units
    taken = taken + units
    accepted = accepted + 1
  end
  reply[i + 3] = outcome
end

if accepted > 0 then
  redis.call('HSET', KEYS[2], unpack(noted))
  redis.call('HINCRBY', KEYS[1], 'available', -taken)
  redis.call('HINCRBY', KEYS[1], 'sequence', accepted)
  -- If this batch has just created the holders' hash, the hash needs its expiry.
  if redis.call('HLEN', KEYS[2]) <= accepted then
    redis.call('PEXPIREAT', KEYS[2], stock[7])
  end
end
return reply
