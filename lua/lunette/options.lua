--- Strict option tables: an unknown name is an error that says which one was
-- likely meant, so that a typing mistake never passes for a default.
local options = {}

--- Levenshtein's distance, for the near name.
local function distance(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local diagonal
    diagonal, row[0] = row[0], i
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      diagonal, row[j] = row[j], math.min(row[j] + 1, row[j - 1] + 1, diagonal + cost)
    end
  end
  return row[#b]
end

--- The name among NAMES (a list) that is nearest to NAME; nil if none is near.
function options.nearest(name, names)
  local best, least
  for _, candidate in ipairs(names) do
    local d = distance(name:lower(), candidate:lower())
    if not least or d < least or (d == least and candidate < best) then
      best, least = candidate, d
    end
  end
  if least and least <= math.max(1, #name // 3) then return best end
end

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
