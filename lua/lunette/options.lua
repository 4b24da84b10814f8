--- Strict option tables: an unknown name is an error that says which one was
-- likely meant, so that a typing mistake never passes for a default.
local core = require "lunette.core"

local options = {}

--- The name among NAMES (a list) that NAME is likely a slip of, or nil.
options.nearest = core.nearest

--- The names of a table with string keys, sorted.
function options.names(spec)
  local list = {}
  for name in pairs(spec) do list[#list + 1] = name end
  table.sort(list)
  return list
end

--- Raises a plain error: a mistake in the script, at the line of the script
-- that calls the library, however deep in the library it is found.
-- @function mistake
-- @tparam string message
options.mistake = core.mistake

local function nearest_hint(name, spec)
  local near = type(name) == "string" and options.nearest(name, options.names(spec))
  return near and (" (did you mean '%s'?)"):format(near) or ""
end

--- Raises unless every option of TABLE_ is in SPEC with the type that it
-- names ("any" takes all).
function options.check(where, table_, spec)
  if type(table_) ~= "table" then
    options.mistake(("%s takes a table of options"):format(where))
  end
  for name, value in pairs(table_) do
    local want = spec[name]
    if not want then
      options.mistake(("%s: unknown option '%s'%s"):format(where, tostring(name),
        nearest_hint(name, spec)))
    end
    if want ~= "any" and type(value) ~= want then
      options.mistake(("%s: option '%s' must be a %s, not a %s"):format(where, name, want,
        type(value)))
    end
  end
end

--- Raises unless VALUE, the argument NAME of WHERE, has the type WANT.
function options.argument(where, name, value, want)
  if type(value) ~= want then
    options.mistake(("%s: %s must be a %s, not %s"):format(where, name, want,
      value == nil and "nil" or "a " .. type(value)))
  end
end

return options
