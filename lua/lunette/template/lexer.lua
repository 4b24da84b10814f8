--- Lua's tokens, as far as a template must know them: where a tag ends, where
-- a pipe stands, which strings name secrets, what is compared with a string.
local lexer = {}

local PAIRS = { [".."] = true, ["=="] = true, ["~="] = true, ["<="] = true, [">="] = true,
  ["//"] = true, ["<<"] = true, [">>"] = true, ["::"] = true }
local OPENING = { ["("] = true, ["["] = true, ["{"] = true }
local CLOSING = { [")"] = true, ["]"] = true, ["}"] = true }

--- The last position of the long bracket at AT; nil if there is none, false
-- if it has no end.
local function long_bracket(text, at)
  local equals = text:match("^%[(=*)%[", at)
  if not equals then return nil end
  local _, last = text:find("]" .. equals .. "]", at, true)
  return last or false
end

--- The last position of the quoted string at AT; false if it has no end.
local function quoted(text, at)
  local quote = text:sub(at, at)
  local i = at + 1
  while i <= #text do
    local c = text:sub(i, i)
    if c == quote then return i end
    if c == "\n" then return false end
    i = i + (c == "\\" and 2 or 1)
  end
  return false
end

--- The position behind the comment at AT, which ends before CLOSE at the latest.
local function comment(text, at, close)
  local long = long_bracket(text, at + 2)
  if long then return long + 1 end
  local line = text:find("\n", at, true) or #text + 1
  local stop = text:find(close, at, true) or line
  -- "--%}" is a comment and then a trimming close
  if stop < line and stop > at + 2 and text:sub(stop - 1, stop - 1) == "-" then
    stop = stop - 1
  end
  return math.min(line, stop)
end

local function operator(text, at)
  local two = text:sub(at, at + 1)
  if not PAIRS[two] then return two:sub(1, 1) end
  return text:sub(at, at + 2) == "..." and "..." or two
end

--- The token at AT, which is no blank: kind and last position; nil and a
-- message if it is broken.
local function token(text, at)
  local c = text:sub(at, at)
  local last
  if c == '"' or c == "'" then
    last = quoted(text, at)
    if not last then return nil, "a string is not closed" end
    return "string", last
  end
  if c == "[" then last = long_bracket(text, at) end
  if last then return "string", last end
  if last == false then return nil, "a long string is not closed" end
  last = select(2, text:find("^[%a_][%w_]*", at))
  if last then return "name", last end
  last = select(2, text:find("^%.?%d[%w.]*", at))
  if last then
    if text:sub(last, last):find("[eEpP]") then
      last = select(2, text:find("^[-+]%d+", last + 1)) or last
    end
    return "number", last
  end
  return "operator", at + #operator(text, at) - 1
end

--- Reads the code of a tag.
-- @tparam string text the template
-- @tparam integer at where the code begins
-- @tparam string close the delimiter that ends it; a '-' may stand before it
-- @treturn table tokens: kind, text, newlines (before it), at
-- @treturn integer the position behind the delimiter
-- @treturn boolean if white space behind it goes
-- @return nil, a message and a position if the code is broken
function lexer.read(text, at, close)
  local tokens, depth, newlines = {}, 0, 0
  local first = close:sub(1, 1)
  while at <= #text do
    local c = text:sub(at, at)
    if depth <= 0 and (c == first or c == "-") then
      local trim = text:sub(at, at + #close) == "-" .. close
      if trim or text:sub(at, at + #close - 1) == close then
        tokens.newlines = newlines
        return tokens, at + #close + (trim and 1 or 0), trim
      end
    end
    if c:find("%s") then
      if c == "\n" then newlines = newlines + 1 end
      at = at + 1
    elseif text:sub(at, at + 1) == "--" then
      local behind = comment(text, at, close)
      newlines = newlines + select(2, text:sub(at, behind - 1):gsub("\n", ""))
      at = behind
    else
      local kind, last = token(text, at)
      if not kind then return nil, last, at end
      local word = text:sub(at, last)
      if kind == "operator" and OPENING[word] then depth = depth + 1 end
      if kind == "operator" and CLOSING[word] then depth = depth - 1 end
      tokens[#tokens + 1] = { kind = kind, text = word, newlines = newlines, at = at }
      newlines = 0
      at = last + 1
    end
  end
  return nil, ("the tag is not closed by %s"):format(close), #text
end

--- The code of tokens FIRST to LAST, on the lines that it had.
function lexer.code(tokens, first, last)
  local parts = {}
  for i = first or 1, last or #tokens do
    local t = tokens[i]
    parts[#parts + 1] = t.newlines > 0 and ("\n"):rep(t.newlines) or " "
    parts[#parts + 1] = (t.before or "") .. (t.code or t.text) .. (t.behind or "")
  end
  if not last and tokens.newlines then
    parts[#parts + 1] = ("\n"):rep(tokens.newlines)
  end
  return table.concat(parts)
end

--- True if token T is the operator or keyword TEXT.
function lexer.is(t, text)
  return t ~= nil and t.kind ~= "string" and t.text == text
end

lexer.OPENING, lexer.CLOSING = OPENING, CLOSING

return lexer
