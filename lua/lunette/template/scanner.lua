--- Takes a template apart: text, expressions, statements.
local lexer = require "lunette.template.lexer"

local scanner = {}

local DEFAULT = {
  expression = { "{{", "}}" },
  statement = { "{%", "%}" },
  comment = { "{#", "#}" },
}

--- The delimiters that OPTION asks for: a pair for expressions, or a table
-- with pairs for `expression`, `statement` and `comment`. Raises a string.
function scanner.delimiters(option)
  local chosen = {}
  option = option or {}
  if option[1] then option = { expression = option } end
  for kind in pairs(option) do
    if not DEFAULT[kind] then
      error(("delimiters: there is no '%s'; there are expression, statement, comment")
        :format(tostring(kind)), 0)
    end
  end
  local seen = {}
  for kind, default in pairs(DEFAULT) do
    local pair = option[kind] or default
    if type(pair) ~= "table" or type(pair[1]) ~= "string" or type(pair[2]) ~= "string"
        or #pair[1] < 2 or #pair[2] < 2 then
      error(("delimiters: '%s' takes two strings of two or more characters"):format(kind), 0)
    end
    if seen[pair[1]] then
      error(("delimiters: '%s' and '%s' begin alike"):format(kind, seen[pair[1]]), 0)
    end
    seen[pair[1]] = kind
    chosen[#chosen + 1] = { kind = kind, open = pair[1], close = pair[2] }
  end
  table.sort(chosen, function(a, b) -- the longer one first: {{{ before {{
    if #a.open ~= #b.open then return #a.open > #b.open end
    return a.kind < b.kind
  end)
  return chosen
end

--- The next tag at or behind AT: its position and its delimiters. AHEAD has
-- where each kind was found, so that no text is searched twice.
local function next_tag(text, at, delimiters, ahead)
  local first, found
  for _, d in ipairs(delimiters) do
    local position = ahead[d]
    if position == nil or position and position < at then
      position = text:find(d.open, at, true) or false
      ahead[d] = position
    end
    if position and (not first or position < first) then first, found = position, d end
  end
  return first, found
end

--- Line and column of a position; FROM is where the line LINE before it
-- begins, if known. Returns where the position's line begins as well.
function scanner.place(text, at, line, from)
  line, from = line or 1, from or 1
  while true do
    local newline = text:find("\n", from, true)
    if not newline or newline >= at then return line, at - from + 1, from end
    line, from = line + 1, newline + 1
  end
end

--- True if the opening delimiter asks to trim: {{- but not {{--.
local function trims(text, at)
  return text:sub(at, at) == "-" and text:sub(at + 1, at + 1) ~= "-"
end

--- Reads the tag at FIRST.
-- @treturn table the piece, or nil
-- @treturn integer the position behind it; or a message
-- @treturn boolean if white space behind it goes; or the message's position
local function read_tag(text, first, d)
  local at = first + #d.open
  if trims(text, at) then at = at + 1 end
  if d.kind == "comment" then
    if d.open == "{#" and text:sub(first - 1, first - 1) == "$" then
      return nil, "{# begins a comment; for ${#x} choose other delimiters", first
    end
    local stop, last = text:find(d.close, at, true)
    if not stop then return nil, ("the comment is not closed by %s"):format(d.close), first end
    local trim = stop > at and text:sub(stop - 1, stop - 1) == "-"
    return { kind = "comment", at = first, source = text:sub(first, last) }, last + 1, trim
  end
  local tokens, behind, trim = lexer.read(text, at, d.close)
  if not tokens then return nil, behind, trim end
  return {
    kind = d.kind, at = first, tokens = tokens, source = text:sub(first, behind - 1),
  }, behind, trim
end

--- Takes TEXT apart.
-- @treturn table pieces: kind (text, expression, statement, comment), at,
--   source (all of its bytes), text or tokens, and a tag's line and column
-- @return nil, a message and its position if the template is broken
function scanner.scan(text, delimiters)
  local pieces, ahead, at, trim = {}, {}, 1, false
  local line, from
  while true do
    local first, d = next_tag(text, at, delimiters, ahead)
    local source = text:sub(at, (first or #text + 1) - 1)
    local plain = source
    if trim then plain = plain:gsub("^%s+", "") end
    if first and trims(text, first + #d.open) then
      plain = plain:gsub("%s+$", "")
    end
    pieces[#pieces + 1] = { kind = "text", at = at, source = source, text = plain }
    if not first then return pieces end
    local piece, behind
    piece, behind, trim = read_tag(text, first, d)
    if not piece then return nil, behind, trim end
    line, piece.column, from = scanner.place(text, first, line, from)
    piece.line = line
    pieces[#pieces + 1] = piece
    at = behind
  end
end

return scanner
