-- Atomic operations. ARGV: verb, prefix of all keys, session ('' for none), arguments of the verb.
-- Keys per session: used, repeats, meters (of quotas), and the older half of each; overlay, journal (stream of
-- entries), ends (their ends), answers (by source and turn), gaps (evidence that is gone).
-- Global keys: sequence, feed (stream of all events), sizes and evicted (by session), size and evictions (the sums of
-- those), sessions (by last use), names, lost (sessions that were evicted), forgotten (names dropped from lost), late
-- (newest evicted entry in an ended session).
-- A value that gemulator did not write ends in the error `DATA session NAME REASON`, if the key NAME is one of the
-- session, or `DATA store NAME REASON`, if it is a global one.
local verb, prefix, session = ARGV[1], ARGV[2], ARGV[3]
local LASTING = {['default'] = true, ['*'] = true} -- sessions that are never evicted
local MAX_LOST = 10000
local ENDED = '"scenario":"session-is-over"'
local MAX_WHOLE = 9007199254740992 -- 2^53: Lua counts exactly up to it

local function key(of, name) return prefix .. 's:' .. of .. ':' .. name end

local function reject(name, reason)
  local own = key(session, '')
  if string.sub(name, 1, #own) == own then
    error('DATA session ' .. string.sub(name, #own + 1) .. ' ' .. reason, 0)
  end
  error('DATA store ' .. string.sub(name, #prefix + 1) .. ' ' .. reason, 0)
end

-- Errors of any other kind, as of a full or read-only server, are no errors of data.
local function call(command, name, ...)
  local reply = redis.pcall(command, name, ...)
  if type(reply) ~= 'table' or not reply.err then return reply end
  local reason = reply.err
  if string.find(reason, 'hash value') then reject(key(session, string.sub(name, #prefix + 1)), reason) end
  if string.find(reason, '^WRONGTYPE') or string.find(reason, 'integer') or string.find(reason, 'stream')
    or string.find(reason, 'overflow') or string.find(reason, 'XADD') then reject(name, reason) end
  error(reply)
end

local function parse_whole(value)
  local number = tonumber(value)
  if number and number >= 0 and number <= MAX_WHOLE and number % 1 == 0 then return number end
end

-- Return a number that `name` has, 0 if it has none.
local function whole(value, name) return parse_whole(value or 0) or reject(name, 'not a count') end

local function format_whole(number) return string.format('%.0f', number) end

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function subtract_size(of, bytes)
  bytes = math.min(bytes, whole(call('GET', prefix .. 'size'), prefix .. 'size'))
  if bytes == 0 then return end
  call('HINCRBY', prefix .. 'sizes', of, -bytes)
  call('DECRBY', prefix .. 'size', bytes)
end

local function evict(of, entries)
  call('HINCRBY', prefix .. 'evicted', of, entries)
  call('INCRBY', prefix .. 'evictions', entries)
end

-- Return the size of a journal; 0 for a value that is none, because this also runs for sessions that others delete.
local function size_of(of) return parse_whole(call('HGET', prefix .. 'sizes', of) or 0) or 0 end

local function delete_keys(of, names)
  for _, name in ipairs(names) do call('DEL', key(of, name)) end
  subtract_size(of, size_of(of))
  call('HDEL', prefix .. 'sizes', of)
end

local STATE = {'used', 'used:older', 'repeats', 'repeats:older', 'meters', 'meters:older', 'journal', 'ends',
  'answers', 'answers:older', 'gaps'}

-- Two hashes approximate an LRU cache: a field that is not set again while one fills is dropped with the other.
local function get(hash, name)
  return call('HGET', hash, name) or call('HGET', hash .. ':older', name)
end

local function put(hash, name, value, max)
  call('HSET', hash, name, value)
  if call('HLEN', hash) * 2 <= tonumber(max) then return end
  if string.find(hash, ':used$') or string.find(hash, ':answers$') then
    if call('EXISTS', hash .. ':older') == 1 then call('HSET', key(session, 'gaps'), 'uncounted', 1) end
  end
  call('RENAME', hash, hash .. ':older')
end

local function drop(of)
  delete_keys(of, STATE)
  local overlay = call('DEL', key(of, 'overlay'))
  call('HDEL', prefix .. 'evicted', of)
  return call('ZREM', prefix .. 'sessions', of) + overlay
end

local function keep_alive(age)
  if LASTING[session] then return end
  for _, name in ipairs(STATE) do call('PEXPIRE', key(session, name), age) end
  call('PEXPIRE', key(session, 'overlay'), age)
end

-- Note an entry that is evicted, if it is a request in an ended session.
local function note_late(row)
  if not row or not string.find(row[2][2] or '', ENDED, 1, true) then return end
  local number = parse_whole(string.match(row[1], '^%d+')) or 0
  if number > (parse_whole(call('GET', prefix .. 'late') or 0) or 0) then
    call('SET', prefix .. 'late', format_whole(number))
  end
end

local function note_lost(of)
  local lost = prefix .. 'lost'
  call('ZADD', lost, now_ms(), of)
  if call('ZCARD', lost) > MAX_LOST then
    call('ZREMRANGEBYRANK', lost, 0, 0)
    call('SET', prefix .. 'forgotten', 1)
  end
end

-- Evict a session that is idle. Its data may be no journal: that is not the error of the session that asks.
local function evict_session(idle)
  local had_evidence = size_of(idle) > 0
  if had_evidence then
    local entries = redis.pcall('XLEN', key(idle, 'journal'))
    if type(entries) == 'number' then
      pcall(evict, idle, entries)
      pcall(function() note_late(call('XREVRANGE', key(idle, 'journal'), '+', '-', 'COUNT', 1)[1]) end)
    end
  end
  drop(idle)
  if had_evidence then note_lost(idle) end
end

-- Return true if the journal of a session has expired with all its keys.
local function has_expired(of) return size_of(of) > 0 and call('EXISTS', key(of, 'journal')) == 0 end

-- Mark a session that begins anew after its evidence was evicted or has expired. Its request does not need the keys
-- that this reads: a value in them that is none is not its error.
local function mark_revived()
  if LASTING[session] then return end
  if has_expired(session) then
    evict_session(session)
    call('ZADD', prefix .. 'sessions', now_ms(), session)
  elseif call('EXISTS', key(session, 'journal')) == 1 then
    return
  end
  if call('ZSCORE', prefix .. 'lost', session) then call('HSET', key(session, 'gaps'), 'lost', 1) end
end

local function revive() pcall(mark_revived) end

-- Update the session's last use, and evict sessions that are idle too long or exceed the maximum.
local function touch(age, max)
  local sessions, now = prefix .. 'sessions', now_ms()
  call('ZADD', sessions, now, session)
  keep_alive(age)
  local excess = call('ZCARD', sessions) - max
  for _, idle in ipairs(call('ZRANGE', sessions, 0, math.max(excess, 1))) do
    local old = tonumber(call('ZSCORE', sessions, idle)) < now - age
    if not LASTING[idle] and idle ~= session and (old or call('ZCARD', sessions) > max) then evict_session(idle) end
  end
end

local verbs = {}

function verbs.touch(age, max)
  revive()
  touch(tonumber(age), tonumber(max))
  return 1
end

-- After the arguments: key, maximum (-1 for unlimited) and '1' if its answer counts, of each turn.
function verbs.claim(fingerprint, dry, age, max)
  revive()
  local used, repeats = key(session, 'used'), key(session, 'repeats')
  local attempt, index = whole(get(repeats, fingerprint), repeats), -1
  local turn, times, counts
  for i = 8, #ARGV, 3 do
    turn, times, counts = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2]
    if times < 0 or whole(get(used, turn), used) < times then
      index = (i - 8) / 3
      break
    end
  end
  if dry == '1' or (index >= 0 and counts ~= '1') then return {index, attempt} end
  put(repeats, fingerprint, attempt + 1, max)
  if index >= 0 and times >= 0 then put(used, turn, whole(get(used, turn), used) + 1, max) end
  keep_alive(tonumber(age))
  return {index, attempt}
end

function verbs.set_counter(turn, count, age, max)
  local used = key(session, 'used')
  if tonumber(count) > 0 then
    put(used, turn, count, max)
  else
    for _, hash in ipairs({used, used .. ':older'}) do call('HDEL', hash, turn) end
  end
  keep_alive(tonumber(age))
  return 1
end

function verbs.unclaim(turn, age, max)
  local used = key(session, 'used')
  return verbs.set_counter(turn, whole(get(used, turn), used) - 1, age, max)
end

function verbs.reset_counters()
  for _, name in ipairs({'used', 'used:older', 'repeats', 'repeats:older'}) do call('DEL', key(session, name)) end
  return 1
end

-- Apply all charges and return -1, or apply none and return the index of a refused one. After the arguments: key,
-- amount, limit (-1 for unlimited), period and renewal of each charge. A meter is "COUNT END_MS".
function verbs.charge(age, max)
  local meters, now, after = key(session, 'meters'), now_ms(), {}
  for i = 6, #ARGV, 5 do
    local amount, limit, period = tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])
    local count, ends = string.match(get(meters, ARGV[i]) or '0 0', '^(%d+) (%d+)$')
    count, ends = whole(count or 'none', meters), whole(ends, meters)
    if ends <= now then count, ends = 0, now + period end
    if limit >= 0 and count + math.max(amount, 1) > limit then return (i - 6) / 5 end
    if ARGV[i + 4] == '1' then ends = now + period end
    after[#after + 1] = ARGV[i]
    after[#after + 1] = format_whole(math.min(MAX_WHOLE, math.max(0, count + amount))) .. ' ' .. format_whole(ends)
  end
  for i = 1, #after, 2 do put(meters, after[i], after[i + 1], max) end
  keep_alive(tonumber(age))
  return -1
end

local function next_number() return whole(call('INCR', prefix .. 'sequence'), prefix .. 'sequence') end

local function add_event(number, of, feed)
  local id = format_whole(number) .. '-0'
  call('XADD', prefix .. 'feed', 'MAXLEN', '~', feed, id, 'session', session, 'of', of)
end

-- Return the size of a row of the journal; 0 if gemulator did not write it.
local function bytes_of(row)
  for i = 1, #row[2] - 1, 2 do
    if row[2][i] == 'bytes' then return parse_whole(row[2][i + 1]) or 0 end
  end
  return 0
end

function verbs.append(entry, bytes, age, sessions, entries, max_bytes, feed, max_answers, ...)
  revive()
  local number, journal = next_number(), key(session, 'journal')
  call('XADD', journal, format_whole(number) .. '-0', 'entry', entry, 'bytes', bytes)
  add_event(number, format_whole(number), feed)
  call('HINCRBY', prefix .. 'sizes', session, bytes)
  call('INCRBY', prefix .. 'size', bytes)
  local count, size = call('XLEN', journal), prefix .. 'size'
  while count > 1 and (count > tonumber(entries) or whole(call('GET', size), size) > tonumber(max_bytes)) do
    local oldest = call('XRANGE', journal, '-', '+', 'COUNT', 1)[1]
    call('XDEL', journal, oldest[1])
    call('HDEL', key(session, 'ends'), (string.gsub(oldest[1], '-0$', '')))
    subtract_size(session, bytes_of(oldest))
    evict(session, 1)
    note_late(oldest)
    count = count - 1
  end
  local answers = key(session, 'answers')
  for _, name in ipairs({...}) do
    put(answers, name, whole(get(answers, name) or 0, answers) + 1, max_answers)
  end
  touch(tonumber(age), tonumber(sessions))
  return number
end

function verbs.finish(number, finish, age, feed)
  local id = number .. '-0'
  if #call('XRANGE', key(session, 'journal'), id, id) == 0 then return 0 end
  local ended = next_number()
  call('HSET', key(session, 'ends'), number, format_whole(ended) .. ' ' .. finish)
  add_event(ended, number, feed)
  keep_alive(tonumber(age))
  return ended
end

-- Note answers that could not be journaled.
function verbs.miss(answers, age)
  call('HINCRBY', key(session, 'gaps'), 'missed', answers)
  keep_alive(tonumber(age))
  return 1
end

-- Return the evidence that is gone: 1 if the session was evicted, answers that were not journaled, 1 if turns have been
-- counted that the counters do not have any more.
function verbs.gaps()
  local gaps = key(session, 'gaps')
  local lost = not LASTING[session] and (call('HGET', gaps, 'lost') or call('ZSCORE', prefix .. 'lost', session)
    or has_expired(session)
    or call('GET', prefix .. 'forgotten') and not call('ZSCORE', prefix .. 'sessions', session))
  return {lost and 1 or 0, whole(call('HGET', gaps, 'missed'), gaps), call('HEXISTS', gaps, 'uncounted')}
end

function verbs.reset()
  delete_keys(session, STATE)
  call('HDEL', prefix .. 'evicted', session)
  call('ZREM', prefix .. 'lost', session)
  return 1
end

function verbs.drop()
  call('ZREM', prefix .. 'lost', session)
  return drop(session)
end

local TYPES = {sequence = 'string', feed = 'stream', sizes = 'hash', evicted = 'hash', size = 'string',
  evictions = 'string', sessions = 'zset', names = 'string', lost = 'zset', forgotten = 'string', late = 'string'}

-- Raise the error of a global key that gemulator did not write, or that it cannot change.
function verbs.check()
  for name, expected in pairs(TYPES) do
    local found = call('TYPE', prefix .. name).ok
    if found ~= 'none' and found ~= expected then reject(prefix .. name, 'holds a ' .. found) end
    if found == 'string' then whole(call('GET', prefix .. name), prefix .. name) end
  end
  local sequence, newest = prefix .. 'sequence', call('XREVRANGE', prefix .. 'feed', '+', '-', 'COUNT', 1)[1]
  local last = newest and parse_whole(string.match(newest[1], '^%d+'))
  if newest and (not last or last > whole(call('GET', sequence), sequence)) then
    reject(prefix .. 'feed', 'has events of another program')
  end
  call('SET', prefix .. 'probe', 1, 'PX', 1000)
  return 1
end

local ok, reply = pcall(verbs[verb], unpack(ARGV, 4, 13))
if ok or type(reply) == 'table' then return reply end
return redis.error_reply(reply)
