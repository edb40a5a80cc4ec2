-- What must happen in one step. ARGV: verb, prefix of all keys, and what the verb takes.
-- Keys of a session: used, repeats, meters (of quotas), and the older half of each; overlay, journal (stream of entries),
-- ends (how they ended).
-- Keys of all: sequence, feed (stream of what happened where), sizes and evicted (by session), size and evictions (the
-- sums of those), sessions (by last use), names.
local verb, prefix = ARGV[1], ARGV[2]
local DEFAULT = 'default'

local function key(session, name) return prefix .. 's:' .. session .. ':' .. name end

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function shrink(session, bytes)
  if bytes == 0 then return end
  redis.call('HINCRBY', prefix .. 'sizes', session, -bytes)
  redis.call('DECRBY', prefix .. 'size', bytes)
end

local function evict(session, entries)
  redis.call('HINCRBY', prefix .. 'evicted', session, entries)
  redis.call('INCRBY', prefix .. 'evictions', entries)
end

local function forget(session, names)
  for _, name in ipairs(names) do redis.call('DEL', key(session, name)) end
  shrink(session, tonumber(redis.call('HGET', prefix .. 'sizes', session) or 0))
  redis.call('HDEL', prefix .. 'sizes', session)
end

local STATE = {'used', 'used:older', 'repeats', 'repeats:older', 'meters', 'meters:older', 'journal', 'ends'}

-- Two halves stand in for a list by last use: what is not noted again while one fills is forgotten with the other.
local function known(hash, name)
  return redis.call('HGET', hash, name) or redis.call('HGET', hash .. ':older', name)
end

local function note(hash, name, value, most)
  redis.call('HSET', hash, name, value)
  if redis.call('HLEN', hash) * 2 > tonumber(most) then redis.call('RENAME', hash, hash .. ':older') end
end

local function drop(session)
  forget(session, STATE)
  local overlay = redis.call('DEL', key(session, 'overlay'))
  redis.call('HDEL', prefix .. 'evicted', session)
  return redis.call('ZREM', prefix .. 'sessions', session) + overlay
end

local function keep_alive(session, age)
  if session == DEFAULT then return end
  for _, name in ipairs(STATE) do redis.call('PEXPIRE', key(session, name), age) end
  redis.call('PEXPIRE', key(session, 'overlay'), age)
end

-- Note that a session is used, and let those go that are idle for too long or too many.
local function touch(session, age, most)
  local sessions, now = prefix .. 'sessions', now_ms()
  redis.call('ZADD', sessions, now, session)
  keep_alive(session, age)
  local excess = redis.call('ZCARD', sessions) - most
  for position, idle in ipairs(redis.call('ZRANGE', sessions, 0, math.max(excess, 1))) do
    local old = tonumber(redis.call('ZSCORE', sessions, idle)) < now - age
    if idle ~= DEFAULT and idle ~= session and (old or redis.call('ZCARD', sessions) > most) then
      local kept = tonumber(redis.call('HGET', prefix .. 'sizes', idle) or 0)
      if kept > 0 then evict(idle, redis.call('XLEN', key(idle, 'journal'))) end
      drop(idle)
    end
  end
end

local verbs = {}

function verbs.touch(session, age, most)
  touch(session, tonumber(age), tonumber(most))
  return 1
end

function verbs.claim(session, fingerprint, dry, age, most, ...)
  local limits, used, repeats = {...}, key(session, 'used'), key(session, 'repeats')
  local attempt, index = tonumber(known(repeats, fingerprint) or 0), -1
  for i = 1, #limits, 2 do
    local times = tonumber(limits[i + 1])
    if times < 0 or tonumber(known(used, limits[i]) or 0) < times then
      index = (i - 1) / 2
      break
    end
  end
  if dry == '1' then return {index, attempt} end
  note(repeats, fingerprint, attempt + 1, most)
  if index >= 0 and tonumber(limits[index * 2 + 2]) >= 0 then
    local turn = limits[index * 2 + 1]
    note(used, turn, tonumber(known(used, turn) or 0) + 1, most)
  end
  keep_alive(session, tonumber(age))
  return {index, attempt}
end

-- A meter is its count and the time at which it ends. All charges are made, or none: then the index of one refused.
function verbs.spend(session, age, most, ...)
  local charges, meters, now, after = {...}, key(session, 'meters'), now_ms(), {}
  for i = 1, #charges, 5 do
    local amount, limit, lasts = tonumber(charges[i + 1]), tonumber(charges[i + 2]), tonumber(charges[i + 3])
    local count, ends = string.match(known(meters, charges[i]) or '0 0', '^(%d+) (%d+)$')
    count, ends = tonumber(count), tonumber(ends)
    if ends <= now then count, ends = 0, now + lasts end
    if limit >= 0 and count + math.max(amount, 1) > limit then return (i - 1) / 5 end
    if charges[i + 4] == '1' then ends = now + lasts end
    after[#after + 1] = charges[i]
    after[#after + 1] = string.format('%d %.0f', math.max(0, count + amount), ends)
  end
  for i = 1, #after, 2 do note(meters, after[i], after[i + 1], most) end
  keep_alive(session, tonumber(age))
  return -1
end

function verbs.append(session, entry, bytes, age, sessions, entries, most, feed)
  local number = redis.call('INCR', prefix .. 'sequence')
  local journal, sizes = key(session, 'journal'), prefix .. 'sizes'
  redis.call('XADD', journal, number .. '-0', 'entry', entry, 'bytes', bytes)
  redis.call('XADD', prefix .. 'feed', 'MAXLEN', '~', feed, number .. '-0', 'session', session, 'of', number)
  redis.call('HINCRBY', sizes, session, bytes)
  redis.call('INCRBY', prefix .. 'size', bytes)
  local kept = redis.call('XLEN', journal)
  while kept > 1 and (kept > tonumber(entries) or tonumber(redis.call('GET', prefix .. 'size')) > tonumber(most)) do
    local oldest = redis.call('XRANGE', journal, '-', '+', 'COUNT', 1)[1]
    redis.call('XDEL', journal, oldest[1])
    redis.call('HDEL', key(session, 'ends'), (string.gsub(oldest[1], '-0$', '')))
    shrink(session, tonumber(oldest[2][4]))
    evict(session, 1)
    kept = kept - 1
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
  forget(session, STATE)
  return 1
end

function verbs.drop(session) return drop(session) end

return verbs[verb](unpack(ARGV, 3))
