--- Wildcards, ARNs and actions.
--
-- A pattern comes as tokens `{ text = ..., literal = bool }`: the wildcards of a policy's own text
-- count, those that a policy variable brought in do not (a user called `*` must not match
-- everyone). It is compiled to the stretches between its stars, which are then found from left to
-- right; the leftmost place for each is always as good as a later one, so nothing is tried twice.
-- No Lua pattern is ever built from a policy's or a request's text. `?` stands for one byte.
-- @module lunette.iam.match

local match = {}

local function add_plain(segment, text)
  segment.parts[#segment.parts + 1] = text
  segment.len = segment.len + #text
end

local function close_segment(pattern, segment)
  segment.text = table.concat(segment.parts)
  segment.parts = nil
  pattern[#pattern + 1] = segment
end

local function open_segment()
  return { parts = {}, len = 0, any = nil }
end

--- One token whose wildcards count.
function match.tokens(text)
  return { { text = text, literal = false } }
end

--- The tokens as plain text, for operators that know no wildcards.
function match.text(tokens)
  local out = {}
  for i, token in ipairs(tokens) do
    out[i] = token.text
  end
  return table.concat(out)
end

--- Compiles tokens for `match.glob`.
function match.compile(tokens)
  local pattern, segment = {}, open_segment()
  for _, token in ipairs(tokens) do
    local text, from = token.text, 1
    while true do
      local at = not token.literal and text:find("[*?]", from)
      add_plain(segment, text:sub(from, at and at - 1 or -1))
      if not at then
        break
      end
      if text:byte(at) == 42 then
        close_segment(pattern, segment)
        segment = open_segment()
      else
        add_plain(segment, "?")
        segment.any = segment.any or {}
        segment.any[segment.len] = true
      end
      from = at + 1
    end
  end
  close_segment(pattern, segment)
  return pattern
end

local function fits_at(segment, subject, pos)
  if not segment.any then
    return subject:sub(pos, pos + segment.len - 1) == segment.text
  end
  for i = 1, segment.len do
    if not segment.any[i] and segment.text:byte(i) ~= subject:byte(pos + i - 1) then
      return false
    end
  end
  return true
end

local function find_between(segment, subject, pos, last)
  if not segment.any then
    local at = subject:find(segment.text, pos, true)
    return at and at + segment.len - 1 <= last and at or nil
  end
  for at = pos, last - segment.len + 1 do
    if fits_at(segment, subject, at) then
      return at
    end
  end
  return nil
end

--- Does the whole subject fit the pattern?
function match.glob(pattern, subject)
  local first, final = pattern[1], pattern[#pattern]
  if #pattern == 1 then
    return #subject == first.len and fits_at(first, subject, 1)
  end
  local last = #subject - final.len
  if first.len > last or not fits_at(first, subject, 1)
    or not fits_at(final, subject, last + 1) then
    return false
  end
  local pos = first.len + 1
  for i = 2, #pattern - 1 do
    local at = find_between(pattern[i], subject, pos, last)
    if not at then
      return false
    end
    pos = at + pattern[i].len
  end
  return true
end

--- Does the subject fit a plain text with wildcards?
function match.wild(text, subject)
  return match.glob(match.compile(match.tokens(text)), subject)
end

--- The six parts of an ARN, the last one holding the rest; nil when there are fewer.
function match.split_arn(arn)
  local parts, from = {}, 1
  for i = 1, 5 do
    local colon = arn:find(":", from, true)
    if not colon then
      return nil
    end
    parts[i] = arn:sub(from, colon - 1)
    from = colon + 1
  end
  parts[6] = arn:sub(from)
  return parts
end

-- Splits tokens at the first five colons, so that each part keeps what is literal in it.
local function split_tokens(tokens)
  local parts = { {} }
  for _, token in ipairs(tokens) do
    local from = 1
    while true do
      local colon = #parts < 6 and token.text:find(":", from, true)
      local piece = token.text:sub(from, colon and colon - 1 or -1)
      table.insert(parts[#parts], { text = piece, literal = token.literal })
      if not colon then
        break
      end
      parts[#parts + 1] = {}
      from = colon + 1
    end
  end
  return #parts == 6 and parts or nil
end

--- Compiles an ARN pattern: six parts, each with wildcards of its own, so that a star stays within
-- its part. Returns nil when the text is not in the form of an ARN.
function match.compile_arn(tokens)
  local parts = split_tokens(tokens)
  if not parts then
    return nil
  end
  for i, part in ipairs(parts) do
    parts[i] = match.compile(part)
  end
  return parts
end

--- Does an ARN fit a pattern made by `match.compile_arn`?
function match.arn(patterns, arn)
  local parts = match.split_arn(arn)
  if not parts then
    return false
  end
  for i = 1, 6 do
    if not match.glob(patterns[i], parts[i]) then
      return false
    end
  end
  return true
end

--- Does an action of a policy cover an action of a request? Neither side's case counts. The service
-- is compared by itself, so that `s*` is not a way to write `s3:GetObject`; only `*` covers all.
function match.action(wanted, action)
  if wanted == "*" then
    return true
  end
  local service, name = wanted:lower():match("^([^:]+):(.*)$")
  local had_service, had_name = action:lower():match("^([^:]+):(.*)$")
  if not service or not had_service then
    return false
  end
  return (service == "*" or service == had_service) and match.wild(name, had_name)
end

return match
