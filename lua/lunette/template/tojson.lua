--- JSON of plain Lua tables, with secret values anywhere inside: the writer
-- takes those in C, and what comes out is then a secret value.
local core = require "lunette.core"

local DEPTH = 100

--- True if T is a list: marked as an array, or with the keys 1 to n.
local function is_list(t)
  if core.json_is_array(t) then return true end
  local n = #t
  if n == 0 then return false end
  local count = 0
  for _ in pairs(t) do count = count + 1 end
  return count == n
end

local function sorted_keys(t)
  local keys = {}
  for key in pairs(t) do
    if type(key) ~= "string" then
      error(core.error { kind = "invalid",
        message = ("a table with a key that is a %s cannot be written"):format(type(key)),
        hint = "a list has the keys 1 to n, a map has strings" })
    end
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

local put

local function put_list(w, t, depth)
  w:text("[")
  for i, item in ipairs(t) do
    if i > 1 then w:text(",") end
    put(w, item, depth)
  end
  w:text("]")
end

local function put_map(w, t, depth)
  local keys = sorted_keys(t)
  if #keys == 0 and getmetatable(t) == nil then
    error(core.error { kind = "invalid", message = "an empty table could be [] or {}",
      hint = "ln.json.array {} is a list; leave a map out with {% if next(t) then %}" })
  end
  w:text("{")
  for i, key in ipairs(keys) do
    if i > 1 then w:text(",") end
    w:value(key)
    w:text(":")
    put(w, t[key], depth)
  end
  w:text("}")
end

function put(w, value, depth)
  if type(value) ~= "table" then return w:value(value) end
  if depth > DEPTH then
    error(core.error { kind = "invalid",
      message = ("a table of more than %d levels cannot be written"):format(DEPTH) })
  end
  if is_list(value) then return put_list(w, value, depth + 1) end
  return put_map(w, value, depth + 1)
end

--- The JSON text of table T: a string, or a secret value.
return function(t)
  local w <close> = core.writer("json")
  put(w, t, 1)
  return w:finish("table")
end
