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

--- Raises an argument error unless every option of TABLE_ is in SPEC with the
-- type that it names ("any" takes all).
function options.check(where, table_, spec)
  if type(table_) ~= "table" then
    error(("%s takes a table of options"):format(where), 3)
  end
  for name, value in pairs(table_) do
    local want = spec[name]
    if not want then
      local near = type(name) == "string" and options.nearest(name, options.names(spec))
      error(("%s: unknown option '%s'%s"):format(where, tostring(name),
        near and (" (did you mean '%s'?)"):format(near) or ""), 3)
    end
    if want ~= "any" and type(value) ~= want then
      error(("%s: option '%s' must be a %s, not a %s"):format(where, name, want, type(value)), 3)
    end
  end
end

return options
