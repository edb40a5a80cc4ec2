-- Atomic operations. ARGV: verb, prefix of all keys, arguments of the verb.
-- Keys per session: used, repeats, meters (of quotas), and the older half of each; overlay, journal (stream of
-- entries), ends (their ends).
-- Global keys: sequence, feed (stream of all events), sizes and evicted (by session), size and evictions (the sums of
-- those), sessions (by last use), names.
local verb, prefix = ARGV[1], ARGV[2]
local DEFAULT = 'default'

local function key(session, name) return prefix .. 's:' .. session .. ':' .. name end

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function subtract_size(session, bytes)
  if bytes == 0 then return end
  redis.call('HINCRBY', prefix .. 'sizes', session, -bytes)
  redis.call('DECRBY', prefix .. 'size', bytes)
end

local function evict(session, entries)
  redis.call('HINCRBY', prefix .. 'evicted', session, entries)
  redis.call('INCRBY', prefix .. 'evictions', entries)
end

local function delete_keys(session, names)
  for _, name in ipairs(names) do redis.call('DEL', key(session, name)) end
  subtract_size(session, tonumber(redis.call('HGET', prefix .. 'sizes', session) or 0))
  redis.call('HDEL', prefix .. 'sizes', session)
end

local STATE = {'used', 'used:older', 'repeats', 'repeats:older', 'meters', 'meters:older', 'journal', 'ends'}

-- Two hashes approximate an LRU cache: a field that is not set again while one fills is dropped with the other.
local function get(hash, name)
  return redis.call('HGET', hash, name) or redis.call('HGET', hash .. ':older', name)
end

local function put(hash, name, value, max)
  redis.call('HSET', hash, name, value)
  if redis.call('HLEN', hash) * 2 > tonumber(max) then redis.call('RENAME', hash, hash .. ':older') end
end

local function drop(session)
  delete_keys(session, STATE)
  local overlay = redis.call('DEL', key(session, 'overlay'))
  redis.call('HDEL', prefix .. 'evicted', session)
  return redis.call('ZREM', prefix .. 'sessions', session) + overlay
end

local function keep_alive(session, age)
  if session == DEFAULT then return end
  for _, name in ipairs(STATE) do redis.call('PEXPIRE', key(session, name), age) end
  redis.call('PEXPIRE', key(session, 'overlay'), age)
end

-- Update a session's last use, and evict sessions that are idle too long or exceed the maximum.
local function touch(session, age, max)
  local sessions, now = prefix .. 'sessions', now_ms()
  redis.call('ZADD', sessions, now, session)
  keep_alive(session, age)
  local excess = redis.call('ZCARD', sessions) - max
  for position, idle in ipairs(redis.call('ZRANGE', sessions, 0, math.max(excess, 1))) do
    local old = tonumber(redis.call('ZSCORE', sessions, idle)) < now - age
    if idle ~= DEFAULT and idle ~= session and (old or redis.call('ZCARD', sessions) > max) then
      local bytes = tonumber(redis.call('HGET', prefix .. 'sizes', idle) or 0)
      if bytes > 0 then evict(idle, redis.call('XLEN', key(idle, 'journal'))) end
      drop(idle)
    end
  end
end

local verbs = {}

function verbs.touch(session, age, max)
  touch(session, tonumber(age), tonumber(max))
  return 1
end

function verbs.claim(session, fingerprint, dry, age, max, ...)
  local limits, used, repeats = {...}, key(session, 'used'), key(session, 'repeats')
  local attempt, index = tonumber(get(repeats, fingerprint) or 0), -1
  for i = 1, #limits, 2 do
    local times = tonumber(limits[i + 1])
    if times < 0 or tonumber(get(used, limits[i]) or 0) < times then
      index = (i - 1) / 2
      break
    end
  end
  if dry == '1' then return {index, attempt} end
  put(repeats, fingerprint, attempt + 1, max)
  if index >= 0 and tonumber(limits[index * 2 + 2]) >= 0 then
    local turn = limits[index * 2 + 1]
    put(used, turn, tonumber(get(used, turn) or 0) + 1, max)
  end
  keep_alive(session, tonumber(age))
  return {index, attempt}
end

-- Apply all charges and return -1, or apply none and return the index of a refused one. A meter is "COUNT END_MS".
function verbs.charge(session, age, max, ...)
  local charges, meters, now, after = {...}, key(session, 'meters'), now_ms(), {}
  for i = 1, #charges, 5 do
    local amount, limit, period = tonumber(charges[i + 1]), tonumber(charges[i + 2]), tonumber(charges[i + 3])
    local count, ends = string.match(get(meters, charges[i]) or '0 0', '^(%d+) (%d+)$')
    count, ends = tonumber(count), tonumber(ends)
    if ends <= now then count, ends = 0, now + period end
    if limit >= 0 and count + math.max(amount, 1) > limit then return (i - 1) / 5 end
    if charges[i + 4] == '1' then ends = now + period end
    after[#after + 1] = charges[i]
    after[#after + 1] = string.format('%d %.0f', math.max(0, count + amount), ends)
  end
  for i = 1, #after, 2 do put(meters, after[i], after[i + 1], max) end
  keep_alive(session, tonumber(age))
  return -1
end

function verbs.append(session, entry, bytes, age, sessions, entries, max_bytes, feed)
  local number = redis.call('INCR', prefix .. 'sequence')
  local journal, sizes = key(session, 'journal'), prefix .. 'sizes'
  redis.call('XADD', journal, number .. '-0', 'entry', entry, 'bytes', bytes)
  redis.call('XADD', prefix .. 'feed', 'MAXLEN', '~', feed, number .. '-0', 'session', session, 'of', number)
  redis.call('HINCRBY', sizes, session, bytes)
  redis.call('INCRBY', prefix .. 'size', bytes)
  local count = redis.call('XLEN', journal)
  while count > 1 and (count > tonumber(entries) or tonumber(redis.call('GET', prefix .. 'size')) > tonumber(max_bytes)) do
    local oldest = redis.call('XRANGE', journal, '-', '+', 'COUNT', 1)[1]
    redis.call('XDEL', journal, oldest[1])
    redis.call('HDEL', key(session, 'ends'), (string.gsub(oldest[1], '-0$', '')))
    subtract_size(session, tonumber(oldest[2][4]))
    evict(session, 1)
    count = count - 1
  end
  touch(session, tonumber(age), tonumber(sessions))
  return number
end

function verbs.finish(session, number, finish, age, feed)
  local id = number .. '-0'
  if #redis.call('XRANGE', key(session, 'journal'), id, id) == 0 then return 0 end
  local ended = redis.call('INCR', prefix .. 'sequence')
  redis.call('HSET', key(session, 'ends'), number, ended .. ' ' .. finish)
  redis.call('XADD', prefix .. 'feed', 'MAXLEN', '~', feed, ended .. '-0', 'session', session, 'of', number)
  keep_alive(session, tonumber(age))
  return ended
end

function verbs.reset(session)
  delete_keys(session, STATE)
  return 1
end

function verbs.drop(session) return drop(session) end

return verbs[verb](unpack(ARGV, 3))
