--- What the compiler does to the Lua of a tag: pipes become calls, and so do
-- comparisons, because Lua says "not equal" for a secret value and a string
-- without asking anyone.
local lexer = require "lunette.template.lexer"

local expression = {}

local is = lexer.is

--- Filters that decide about absent values: what stands before them is
-- evaluated inside, and may be absent.
local LAZY = { default = true, required = true }

local COMPARISON = { ["=="] = "__eq", ["~="] = "__ne", ["<"] = true, [">"] = true,
  ["<="] = true, [">="] = true }

--- Where an operand of a comparison begins at the latest. Comparisons group
-- from the left, so that a whole one may be the left operand of the next.
local BOUNDARY = {}
for word in ([[= , ; and or return if elseif while until then do else in repeat local
    ] ) }]]):gmatch("%S+") do
  BOUNDARY[word] = true
end

local BINARY = {}
for word in ("+ - * / // % ^ .. << >> & ~ |"):gmatch("%S+") do BINARY[word] = true end

local UNARY = { ["not"] = true, ["-"] = true, ["#"] = true, ["~"] = true }

local function boundary(t)
  return t == nil or (t.kind ~= "string" and (t.pipe or BOUNDARY[t.text] == true))
end

--- The first token of the operand that ends at LAST.
local function operand_first(tokens, last)
  local depth, i = 0, last
  while i >= 1 do
    local t = tokens[i]
    if t.kind == "operator" and lexer.CLOSING[t.text] then
      depth = depth + 1
    elseif t.kind == "operator" and lexer.OPENING[t.text] then
      if depth == 0 then break end
      depth = depth - 1
    elseif depth == 0 and boundary(t) then
      break
    end
    i = i - 1
  end
  return i + 1
end

--- The position behind the bracket that opens at I.
local function behind_bracket(tokens, i)
  local depth = 0
  repeat
    local t = tokens[i]
    if not t then return i end
    if t.kind == "operator" and lexer.OPENING[t.text] then depth = depth + 1 end
    if t.kind == "operator" and lexer.CLOSING[t.text] then depth = depth - 1 end
    i = i + 1
  until depth == 0
  return i
end

--- The last token of the operand that begins at FIRST.
local function operand_last(tokens, first)
  local i = first
  while tokens[i] do
    while tokens[i] and tokens[i].kind ~= "string" and UNARY[tokens[i].text] do i = i + 1 end
    local t = tokens[i]
    if not t then break end
    i = t.kind == "operator" and lexer.OPENING[t.text] and behind_bracket(tokens, i) or i + 1
    while tokens[i] do -- what may follow a value without an operator
      t = tokens[i]
      if is(t, ".") or is(t, ":") then
        i = i + 2
      elseif t.kind == "string" then
        i = i + 1
      elseif t.kind == "operator" and lexer.OPENING[t.text] then
        i = behind_bracket(tokens, i)
      else
        break
      end
    end
    t = tokens[i]
    if not (t and t.kind == "operator" and BINARY[t.text] and not t.pipe) then break end
    i = i + 1
  end
  return i - 1
end

--- True if a value can end with token T.
local function ends_value(t)
  if t.kind ~= "operator" then return not (UNARY[t.text] or boundary(t)) end
  return lexer.CLOSING[t.text] or t.text == "..."
end

--- Turns `a == b` into `__eq(a, b)` and `a ~= b` into `__ne(a, b)`, which ask
-- whether a secret value is compared with what it never equals.
function expression.guard(tokens)
  for i = 2, #tokens - 1 do
    local call = tokens[i].kind == "operator" and COMPARISON[tokens[i].text]
    local left, right = tokens[i - 1], tokens[i + 1]
    -- a function that is written out is no secret, and its end is hard to find
    if type(call) == "string" and ends_value(left) and not is(left, "end")
        and not is(right, "function") then
      local first, last = operand_first(tokens, i - 1), operand_last(tokens, i + 1)
      if last > i then
        tokens[first].before = call .. "(" .. (tokens[first].before or "")
        tokens[i].code = ","
        tokens[last].behind = (tokens[last].behind or "") .. ")"
      end
    end
  end
end

--- The string that a string token means.
local function literal(text)
  local chunk = load("return " .. text, "=literal", "t", {})
  return chunk and chunk()
end

--- Adds the string arguments of calls of NAME that stand literally in TOKENS
-- to LIST: `secret "REF"` and `secret("REF")`.
function expression.calls(tokens, name, list)
  for i, t in ipairs(tokens) do
    local before, after = tokens[i - 1], tokens[i + 1]
    if t.kind == "name" and t.text == name and not is(before, ".") and not is(before, ":") then
      if is(after, "(") and (is(tokens[i + 3], ")") or is(tokens[i + 3], ",")) then
        after = tokens[i + 2]
      end
      if after and after.kind == "string" then
        list[#list + 1] = literal(after.text)
      end
    elseif t.kind == "operator" and t.text == "|" and is(after, name) and before
        and before.kind == "string" and i == 2 then
      list[#list + 1] = literal(before.text)
    end
  end
end

--- The positions of the pipes: a | outside of all brackets. Lua's "or" of
-- bits is written in brackets, `{{ (a | b) }}`.
local function pipes(tokens)
  local found, depth = {}, 0
  for i, t in ipairs(tokens) do
    if t.kind == "operator" then
      if lexer.OPENING[t.text] then depth = depth + 1 end
      if lexer.CLOSING[t.text] then depth = depth - 1 end
      if t.text == "|" and depth == 0 then found[#found + 1] = i end
    end
  end
  return found
end

--- One filter, tokens FIRST to LAST, around the code HEAD.
local function apply(tokens, first, last, head)
  local name = tokens[first]
  if first > last or name.kind ~= "name" then return nil, "a | needs a filter behind it" end
  local args = ""
  if last > first then
    if not is(tokens[first + 1], "(") or behind_bracket(tokens, first + 1) ~= last + 1 then
      return nil, ("filter '%s' takes its arguments in ( )"):format(name.text)
    end
    args = lexer.code(tokens, first + 2, last - 1)
    if args ~= "" then args = "," .. args end
  end
  if LAZY[name.text] then head = ("function() return %s end"):format(head) end
  -- newlines before the name and before ) keep their places
  return ("__filter[%q](%s%s%s%s)"):format(name.text, head,
    ("\n"):rep(tokens[first - 1].newlines + name.newlines), args,
    ("\n"):rep(last > first and tokens[last].newlines + tokens[first + 1].newlines or 0))
end

--- The Lua code of an expression with its pipes; nil and a message if it is
-- broken.
function expression.compile(tokens)
  if #tokens == 0 then return nil, "the tag is empty" end
  local bars = pipes(tokens)
  for _, bar in ipairs(bars) do tokens[bar].pipe = true end
  expression.guard(tokens)
  local stop = bars[1] or #tokens + 1
  if stop == 1 then return nil, "a | needs a value before it" end
  local code = "(" .. lexer.code(tokens, 1, stop - 1) .. ")"
  for i, bar in ipairs(bars) do
    local message
    code, message = apply(tokens, bar + 1, (bars[i + 1] or #tokens + 1) - 1, code)
    if not code then return nil, message end
  end
  return code .. ("\n"):rep(tokens.newlines)
end

return expression
