--- What a world file may say, checked before anything is built from it.
--
-- A shape is a small table: `{ type = "text", required = true, match = "..." }`. The first value
-- that does not fit is reported with the place it stands at, in the words of the file, so that
-- `accounts["111111111111"].roles[2].polices` can be found without reading any code.
-- @module lunette.sandbox.schema

local cjson = require "cjson"
local options = require "lunette.options"

local schema = {}

local check

local function describe(value)
  if value == cjson.null then return "null" end
  if type(value) == "string" then return "a text" end
  if type(value) == "table" then return "a table" end
  return "a " .. type(value)
end

local function place_of(place, key)
  if type(key) == "number" then return ("%s[%d]"):format(place, key) end
  if key:find "^[%a_][%w_]*$" then return place == "" and key or place .. "." .. key end
  return ("%s[%q]"):format(place, key)
end

local function problem(place, text, hint)
  return { place = place == "" and "the world" or place, text = text, hint = hint }
end

local function expected(place, shape, value)
  local what = shape.what or ("a " .. shape.type)
  return problem(place, ("must be %s, not %s"):format(what, describe(value)))
end

local checks = {}

function checks.text(value, shape, place)
  if type(value) ~= "string" then return expected(place, shape, value) end
  if shape.match and not value:find(shape.match) then
    return problem(place, "must be " .. shape.what)
  end
  if shape.one_of then
    for _, word in ipairs(shape.one_of) do
      if word == value then return nil end
    end
    return problem(place, "must be one of " .. table.concat(shape.one_of, ", "))
  end
end

function checks.integer(value, shape, place)
  local whole = math.tointeger(value)
  if not whole then return expected(place, { what = "an integer" }, value) end
  if whole < shape.min or whole > shape.max then
    return problem(place, ("must be %d to %d"):format(shape.min, shape.max))
  end
end

function checks.boolean(value, _, place)
  if type(value) ~= "boolean" then return expected(place, { what = "true or false" }, value) end
end

local function names(fields)
  return options.names(fields)
end

function checks.record(value, shape, place)
  if type(value) ~= "table" then return expected(place, { what = "a table" }, value) end
  for _, key in ipairs(options.names(shape.fields)) do
    local field = shape.fields[key]
    if value[key] == nil then
      if field.required then return problem(place, ("has no %s"):format(key)) end
    else
      local wrong = check(value[key], field, place_of(place, key))
      if wrong then return wrong end
    end
  end
  for key in pairs(value) do
    if not shape.fields[key] then
      if type(key) ~= "string" then return problem(place, "is a list, not a table of names") end
      local near = options.nearest(key, names(shape.fields))
      return problem(place_of(place, key), "is not known",
        near and ("did you mean %s?"):format(near)
          or "known are " .. table.concat(names(shape.fields), ", "))
    end
  end
  return shape.check and shape.check(value, place, problem)
end

function checks.list(value, shape, place)
  if type(value) ~= "table" or (next(value) ~= nil and value[1] == nil) then
    return expected(place, { what = "a list" }, value)
  end
  for i, item in ipairs(value) do
    local wrong = check(item, shape.of, place_of(place, i))
    if wrong then return wrong end
  end
end

--- A table from names to values, all of one shape.
function checks.map(value, shape, place)
  if type(value) ~= "table" then return expected(place, { what = "a table" }, value) end
  for key, item in pairs(value) do
    if type(key) ~= "string" or not key:find(shape.match or "^.") then
      return problem(place, ("has the key %s, which must be %s"):format(
        type(key) == "string" and ("%q"):format(key) or tostring(key), shape.what or "a text"))
    end
    local wrong = check(item, shape.of, place_of(place, key))
    if wrong then return wrong end
  end
end

--- A policy: its JSON text, or the document itself.
function checks.policy(value, _, place)
  if type(value) == "table" and next(value) ~= nil then return nil end
  if type(value) ~= "string" then
    return expected(place, { what = "a policy (its JSON, or a table)" }, value)
  end
  local ok, document = pcall(cjson.decode, value)
  if not ok then
    return problem(place, "is no JSON: " .. document, "`lunette policy lint` shows the place")
  end
  if type(document) ~= "table" then return problem(place, "is JSON, but no policy") end
end

function check(value, shape, place)
  return checks[shape.type](value, shape, place)
end

--- What is wrong with VALUE: nil, or `{ place, text, hint }` for the first thing.
function schema.check(value, shape)
  return check(value, shape, "")
end

return schema
