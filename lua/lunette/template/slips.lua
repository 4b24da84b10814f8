--- What people write who know other template languages, and what it is here.
-- Lua's own words about such code name tokens that the compiler put there.
local lexer = require "lunette.template.lexer"

local slips = {}

local is = lexer.is

local MISSING = {
  ["if"] = { "then", "'then' is missing behind the condition: {% if x then %}" },
  ["elseif"] = { "then", "'then' is missing behind the condition: {% elseif x then %}" },
  ["while"] = { "do", "'do' is missing behind the condition: {% while x do %}" },
  ["for"] = { "do", "'do' is missing behind the loop's head: {% for _, x in ipairs(list) do %}" },
}

local OTHERS = {
  elif = "'elif' is 'elseif' in Lua: {% elseif x then %}",
  set = "an assignment needs no 'set': {% x = 1 %}",
}

local STATEMENTS = {}
for word in ("if elseif else for while repeat until local end"):gmatch("%S+") do
  STATEMENTS[word] = true
end

local KEYWORDS = {}
for word in ([[and or not return if elseif while until then do else in repeat
    local]]):gmatch("%S+") do
  KEYWORDS[word] = true
end

local function has(tokens, word)
  for _, t in ipairs(tokens) do
    if is(t, word) then return true end
  end
  return false
end

local function in_statement(tokens)
  local first = tokens[1]
  if not first or first.kind ~= "name" then return nil end
  if #tokens == 1 and first.text:find("^end%a+$") then
    return "a block is closed by {% end %}"
  end
  local missing = MISSING[first.text]
  if missing and not has(tokens, missing[1]) then return missing[2] end
  return tokens[2] and tokens[2].kind == "name" and OTHERS[first.text] or nil
end

--- True if a value may end with T, so that a dot may follow it.
local function before_dot(t)
  if t.kind == "operator" then return lexer.CLOSING[t.text] end
  return t.kind == "string" or not KEYWORDS[t.text]
end

--- The names behind the dot at I, as in .Values.x
local function dotted(tokens, i)
  local names = {}
  while is(tokens[i], ".") and tokens[i + 1] and tokens[i + 1].kind == "name" do
    names[#names + 1] = tokens[i + 1].text
    i = i + 2
  end
  return table.concat(names, ".")
end

--- What is wrong with the code of a tag of this KIND; nil if nothing is known.
function slips.find(kind, tokens)
  if kind == "statement" then
    local message = in_statement(tokens)
    if message then return message end
  elseif tokens[1] and tokens[1].kind == "name" and STATEMENTS[tokens[1].text] then
    return ("'%s' is a statement, which stands in {%% %%}"):format(tokens[1].text)
  end
  for i, t in ipairs(tokens) do
    local after = tokens[i + 1]
    if is(t, ".") and after and after.kind == "name"
        and not (tokens[i - 1] and before_dot(tokens[i - 1])) then
      return ("names have no leading dot: {{ %s }}"):format(dotted(tokens, i))
    end
  end
  return nil
end

return slips
