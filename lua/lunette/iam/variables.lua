--- Policy variables: `${aws:username}`, `${key, 'default'}`, and the literals `${*}` `${?}` `${$}`.
--
-- A variable's value is data, so its own wildcards count for nothing: expanding gives the tokens
-- that `lunette.iam.match` reads, with the substituted stretches marked literal.
-- @module lunette.iam.variables

local variables = {}

local LITERALS = { ["*"] = true, ["?"] = true, ["$"] = true }

-- The place after the fifth colon, where alone a Resource may have variables.
local function resource_part(text)
  local from = 1
  for _ = 1, 5 do
    local colon = text:find(":", from, true)
    if not colon then
      return #text + 1
    end
    from = colon + 1
  end
  return from
end

-- What stands between the braces: a key and its default, if it has one.
local function parse_body(body)
  local key, default = body:match("^%s*(.-)%s*,%s*'(.*)'%s*$")
  if key then
    return key, default
  end
  return body, nil
end

local function value_of(body, ctx)
  if LITERALS[body] then
    return body
  end
  local key, default = parse_body(body)
  local had = ctx:get(key)
  -- A key of several values names no single text, so it counts as one without a value.
  if had and #had == 1 then
    return had[1]
  end
  return default
end

--- Expands a text of a policy. `enabled` says that the document's Version knows variables; without
-- it every character stands for itself and only wildcards count. `part` is "resource" for the
-- Resource element.
-- @return tokens, or nil and the variable that has no value
function variables.expand(text, ctx, enabled, part)
  local start = part == "resource" and resource_part(text) or 1
  local opening = enabled and text:find("${", start, true)
  if not opening then
    return { { text = text, literal = false } }
  end
  local tokens, from = {}, 1
  while opening do
    local closing = text:find("}", opening, true)
    if not closing then
      break
    end
    local body = text:sub(opening + 2, closing - 1)
    local value = value_of(body, ctx)
    if not value then
      return nil, "${" .. body .. "}"
    end
    tokens[#tokens + 1] = { text = text:sub(from, opening - 1), literal = false }
    tokens[#tokens + 1] = { text = value, literal = true }
    from = closing + 1
    opening = text:find("${", from, true)
  end
  tokens[#tokens + 1] = { text = text:sub(from), literal = false }
  return tokens
end

return variables
