--- Decoded JSON as a policy reader meets it: what is a text, a list, an object, nothing.
--
-- Policies reach us as plain Lua tables, where an empty list and an empty object look alike and a
-- JSON null is some decoder's sentinel. Everything that depends on those facts is here, so that the
-- rest of the evaluator asks questions about policies and not about decoders. Nothing here raises:
-- a value of the wrong type answers nil, and `lunette.iam.document` is what names it.
-- @module lunette.iam.shape

local shape = {}

--- Which elements each kind of policy must have, may have or must not have. The evaluator ignores
-- statements that break these rules, because AWS refuses to store them.
shape.rules = {
  identity = { principal = "forbidden", resource = "required", title = "an identity policy" },
  boundary = { principal = "forbidden", resource = "required", title = "a permissions boundary" },
  session = { principal = "forbidden", resource = "required", title = "a session policy" },
  scp = { principal = "forbidden", resource = "required", title = "a service control policy" },
  rcp = { principal = "required", resource = "required", title = "a resource control policy" },
  resource = { principal = "required", resource = "required", title = "a resource policy" },
  key = { principal = "required", resource = "required", title = "a key policy" },
  endpoint = { principal = "required", resource = "required", title = "a VPC endpoint policy" },
  trust = {
    principal = "required",
    resource = "forbidden",
    not_principal = "forbidden",
    title = "a role trust policy",
  },
}

--- True for nil and for a decoder's null, which is userdata of either kind.
function shape.is_null(value)
  return value == nil or type(value) == "userdata"
end

--- True for a table with at least one key that is a string. An empty table is neither, and both.
function shape.is_object(value)
  return type(value) == "table" and type(next(value)) == "string"
end

--- True for a table that can be read as a list: empty, or numbered from 1.
function shape.is_list(value)
  return type(value) == "table" and (next(value) == nil or value[1] ~= nil)
end

--- A JSON text, number or boolean as the text that conditions compare; nil for anything else.
-- A number without a fraction has none in its text either: a decoder's 5432.0 is "5432".
function shape.text(value)
  local kind = type(value)
  if kind == "string" then
    return value
  elseif kind == "boolean" then
    return tostring(value)
  elseif kind == "number" then
    local whole = math.tointeger(value)
    if whole then
      return string.format("%d", whole)
    end
    return string.format("%.14g", value)
  end
  return nil
end

--- A text or a list as a list; nil when it is neither. Elements are not looked at.
function shape.list(value)
  if shape.text(value) then
    return { value }
  elseif shape.is_list(value) then
    return value
  end
  return nil
end

--- Only the texts of a text or a list; other elements are left out, since they match nothing.
function shape.strings(value)
  local out = {}
  for _, item in ipairs(shape.list(value) or {}) do
    if type(item) == "string" then
      out[#out + 1] = item
    end
  end
  return out
end

--- The statements of a document as a list: the element may be one object or a list of them.
function shape.statements(document)
  local element = type(document) == "table" and document.Statement or nil
  if shape.is_object(element) then
    return { element }
  elseif shape.is_list(element) then
    return element
  end
  return nil
end

--- The text keys of an object in a fixed order, so that derivations do not change between runs.
function shape.keys(object)
  local out = {}
  for key in pairs(object) do
    if type(key) == "string" then
      out[#out + 1] = key
    end
  end
  table.sort(out)
  return out
end

local function escape(char)
  return char:find("%c") and ("\\u%04x"):format(char:byte()) or "\\" .. char
end

--- A text in quotes, on one line whatever it holds.
function shape.quote(text)
  return '"' .. text:gsub('[%c"\\]', escape) .. '"'
end

--- What a value is, in the words of JSON, for messages.
function shape.describe(value)
  if shape.is_null(value) then
    return "null"
  elseif type(value) == "table" then
    if next(value) == nil then
      return "empty"
    end
    return shape.is_object(value) and "an object" or "a list"
  elseif type(value) == "boolean" or type(value) == "number" then
    return "a " .. type(value)
  end
  return "a text"
end

return shape
