--- JSON with exact integers. What holds a secret value becomes one.
-- @module lunette.json
local core = require "lunette.core"

local json = {}

local DEPTH = 64 -- as the scanner reads

--- Lua values of a JSON text: integers are exact, null is ln.null, an array
-- remembers that it is one. A secret value stays one, checked to be JSON.
-- @function decode
-- @param text
-- @tparam[opt] table options big_integers: what becomes of integers with more
--   than 64 bits, "error" (default), "string" or "float"
json.decode = core.json_decode

--- Marks a table as an array, so that it is one even if it is empty.
-- @function array
json.array = core.json_array

local function refuse(path, message)
  core.fail { kind = "invalid", message = ("JSON: %s: %s"):format(path, message) }
end

-- Integers as they are, floats so that they read back as the same.
local function number(value, path)
  if math.type(value) == "integer" then return ("%d"):format(value) end
  if value ~= value or value == math.huge or value == -math.huge then
    refuse(path, "JSON has no such number")
  end
  for digits = 15, 17 do
    local text = ("%%.%dg"):format(digits):format(value)
    if tonumber(text) == value then return text end
  end
end

-- A table is an array if it is marked as one, or has the keys 1..n and no
-- other; an empty one that is not marked is an object.
local function is_array(value, path)
  local size, count = #value, 0
  for key in pairs(value) do
    if math.type(key) ~= "integer" or key < 1 or key > size then
      if core.json_is_array(value) then refuse(path, "an array with the key " .. tostring(key)) end
      return false
    end
    count = count + 1
  end
  if count ~= size then refuse(path, "an array with holes") end
  return size > 0 or core.json_is_array(value)
end

local encode

local function encode_array(out, value, path, depth)
  for i = 1, #value do
    out[#out + 1] = i == 1 and "[" or ","
    encode(out, value[i], ("%s[%d]"):format(path, i), depth + 1)
  end
  out[#out + 1] = #value == 0 and "[]" or "]"
end

local function encode_object(out, value, path, depth)
  local keys = {}
  for key in pairs(value) do
    if type(key) ~= "string" then
      refuse(path, ("an object with a %s as a key"):format(type(key)))
    end
    keys[#keys + 1] = key
  end
  table.sort(keys) -- the same text each time
  for i, key in ipairs(keys) do
    out[#out + 1] = i == 1 and "{" or ","
    out[#out + 1] = core.json_text(key)
    out[#out + 1] = ":"
    encode(out, value[key], path .. "." .. key, depth + 1)
  end
  out[#out + 1] = #keys == 0 and "{}" or "}"
end

local null = core.public.null

function encode(out, value, path, depth)
  local kind = type(value)
  if kind == "string" or core.is_secret(value) then
    out[#out + 1] = core.json_text(value)
  elseif kind == "number" then
    out[#out + 1] = number(value, path)
  elseif kind == "boolean" or value == null then
    out[#out + 1] = value == null and "null" or tostring(value)
  elseif kind ~= "table" then
    refuse(path, ("a %s has no form in JSON"):format(kind))
  elseif depth > DEPTH then
    refuse(path:sub(1, 80), "too deep, or a table inside itself")
  elseif is_array(value, path) then
    encode_array(out, value, path, depth)
  else
    encode_object(out, value, path, depth)
  end
end

--- The JSON of a value, on one line, with an object's keys in order. It is a
-- secret value if one is in it.
function json.encode(value)
  local out = {}
  encode(out, value, "the value", 1)
  return core.public.concat(out)
end

return json
