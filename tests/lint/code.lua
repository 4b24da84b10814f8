-- Prints C and Lua files as FILE:LINE:CODE, without comments and without what
-- stands between quotes, for rules that are about code.  A comment that begins
-- with two slashes leaves these two behind, to be complained of.

local function blank(text)
  return (text:gsub("[^\n]", ""))
end

-- Each rule is a pattern at whose match something begins, and a function from
-- the text and the match to what is left and where to go on.
local function upto(pattern)
  return function(text, _, last)
    local _, stop = text:find(pattern, last + 1)
    stop = stop or #text
    return blank(text:sub(last + 1, stop)), stop + 1
  end
end

local function quoted(quote)
  return function(text, _, last)
    local at = last + 1
    while at <= #text do
      local c = text:sub(at, at)
      if c == quote or c == "\n" then
        break
      end
      at = at + (c == "\\" and 2 or 1)
    end
    return quote .. blank(text:sub(last + 1, at)) .. quote, at + 1
  end
end

local function long_bracket(text, first, last)
  local level = text:match("^%-?%-?%[(=*)%[", first)
  local _, stop = text:find("]" .. level .. "]", last + 1, true)
  stop = stop or #text
  return blank(text:sub(first, stop)), stop + 1
end

local c_rules = {
  { "/%*", upto("%*/") },
  { "//", function(text, _, last)
    return "//", text:find("\n", last, true) or #text + 1
  end },
  { '"', quoted('"') },
  { "'", quoted("'") },
}

local lua_rules = {
  { "%-%-%[=*%[", long_bracket },
  { "%-%-", function(text, _, last)
    return "", text:find("\n", last, true) or #text + 1
  end },
  { "%[=*%[", long_bracket },
  { '"', quoted('"') },
  { "'", quoted("'") },
}

-- The rule whose pattern matches first; of two that match at the same place,
-- the one that stands first.  SEEN keeps where each matched last, so that what
-- lies far ahead is not looked for again and again.
local function next_rule(text, rules, from, seen)
  local best
  for i, rule in ipairs(rules) do
    local match = seen[i]
    if not match or match.first < from then
      local first, last = text:find(rule[1], from)
      match = { first = first or math.huge, last = last, action = rule[2] }
      seen[i] = match
    end
    if match.last and (not best or match.first < best.first) then
      best = match
    end
  end
  return best
end

local function strip(text, rules)
  local parts, from, seen = {}, 1, {}
  local match = next_rule(text, rules, from, seen)
  while match do
    parts[#parts + 1] = text:sub(from, match.first - 1)
    parts[#parts + 1], from = match.action(text, match.first, match.last)
    match = next_rule(text, rules, from, seen)
  end
  parts[#parts + 1] = text:sub(from)
  return table.concat(parts)
end

for _, path in ipairs(arg) do
  local file <close> = assert(io.open(path))
  local code = strip(file:read("a"), path:find("%.lua$") and lua_rules or c_rules)
  local number = 0
  for line in code:gmatch("([^\n]*)\n?") do
    number = number + 1
    if line:find("%S") then
      print(path .. ":" .. number .. ":" .. line)
    end
  end
end
