--- An interpreter of AWS's endpoint rule sets, version 1: the trees of rules
-- that AWS publishes for each service.  It is what the table in
-- core/rules/endpoint.c is compared with, and it reads nothing of lunette's.
local rules = {}

-- ------------------------------------------------------------- partitions --

--- The patterns of Lua that stand for a partition's regular expression, which
-- has alternatives in parentheses, \w+, \d+ and hyphens behind a backslash.
local function patterns_of(regex)
  local before, list, after = regex:match "^(.-)%((.-)%)(.*)$"
  local found = {}
  for word in (list or ""):gmatch "[^|]+" do
    found[#found + 1] = before .. word .. after
  end
  if not list then found[1] = regex end
  for i, text in ipairs(found) do
    found[i] = text:gsub("\\?%-", "%%-"):gsub("\\w", "[%%w_]"):gsub("\\d", "%%d")
  end
  return found
end

local function matches(region, partition)
  if partition.regions[region] then return true end
  for _, pattern in ipairs(patterns_of(partition.regionRegex)) do
    if region:find(pattern) then return true end
  end
  return false
end

--- The partition of a region, by PARTITIONS, the document that AWS publishes.
function rules.partition(partitions, region)
  local default
  for _, partition in ipairs(partitions.partitions) do
    if matches(region, partition) then return partition end
    if partition.id == "aws" then default = partition end
  end
  return default
end

-- -------------------------------------------------------------- functions --

local function host_label(text)
  return #text >= 1 and #text <= 63 and not text:find "[^%w-]" and
    not text:find "^%-" and not text:find "%-$"
end

local function split(text, separators)
  local parts = {}
  for part in (text .. separators:sub(1, 1)):gmatch("(.-)[" .. separators .. "]") do
    parts[#parts + 1] = part
  end
  return parts
end

local function host_labels(text, with_dots)
  if not with_dots then return host_label(text) end
  for _, part in ipairs(split(text, ".")) do
    if not host_label(part) then return false end
  end
  return true
end

local function is_ipv4(host)
  local parts = { host:match "^(%d+)%.(%d+)%.(%d+)%.(%d+)$" }
  for _, part in ipairs(parts) do
    if tonumber(part) > 255 then return false end
  end
  return #parts == 4
end

local function parse_url(_, text)
  local scheme, authority, path = text:match "^(https?)://([^/?#]+)(.*)$"
  if not scheme or path:find "[?#]" then return nil end
  local host, port = authority:match "^(.-):([^%]:]*)$"
  if port and not port:find "^%d+$" then return nil end
  host = host or authority
  return {
    scheme = scheme, authority = authority, path = path,
    normalizedPath = path:find "/$" and path or path .. "/",
    isIp = is_ipv4(host) or host:find "^%[[%x:.]+%]$" ~= nil,
  }
end

local function parse_arn(_, text)
  local partition, service, region, account, resource =
    text:match "^arn:([^:]+):([^:]+):([^:]*):([^:]*):(.+)$"
  return partition and {
    partition = partition, service = service, region = region, accountId = account,
    resourceId = split(resource, ":/"),
  }
end

--- What PATH, "a.b" or "a[0]", leads to in VALUE.
local function attribute(_, value, path)
  for name, index in path:gmatch "([^.%[]*)%[?(%d*)%]?%.?" do
    if name ~= "" then value = value and value[name] end
    if index ~= "" then value = value and value[tonumber(index) + 1] end
  end
  return value
end

local function substring(_, text, first, last, from_end)
  if text:find "[\x80-\xff]" or first >= last or #text < last then return nil end
  if from_end then return text:sub(#text - last + 1, #text - first) end
  return text:sub(first + 1, last)
end

local functions = {
  ["isSet"] = function(_, value) return value ~= nil end,
  ["not"] = function(_, value) return not value end,
  ["stringEquals"] = function(_, a, b) return a == b end,
  ["booleanEquals"] = function(_, a, b) return a == b end,
  ["getAttr"] = attribute,
  ["substring"] = substring,
  ["parseURL"] = parse_url,
  ["aws.parseArn"] = parse_arn,
  ["uriEncode"] = function(_, text)
    return (text:gsub("[^%w%-_.~]", function(c) return ("%%%02X"):format(c:byte()) end))
  end,
  ["isValidHostLabel"] = function(_, text, with_dots)
    return text ~= nil and host_labels(text, with_dots)
  end,
  ["aws.partition"] = function(partitions, region)
    return rules.partition(partitions, region).outputs
  end,
  ["aws.isVirtualHostableS3Bucket"] = function(_, text, with_dots)
    return text ~= nil and #text >= 3 and text == text:lower() and not is_ipv4(text) and
      host_labels(text, with_dots)
  end,
}

-- ------------------------------------------------------------- evaluation --

local value_of

--- A template's text: {Name} and {name#attribute}; {{ and }} are braces.
local function expand(set, scope, text)
  text = text:gsub("{{", "\1"):gsub("}}", "\2")
  text = text:gsub("{([^}#]*)#?([^}]*)}", function(name, path)
    local value = scope[name]
    if path ~= "" then value = attribute(set, value, path) end
    return tostring(value)
  end)
  return (text:gsub("\1", "{"):gsub("\2", "}"))
end

local function call(set, scope, node)
  local run = functions[node.fn] or error("an unknown function: " .. node.fn)
  local arguments = {}
  for i, argument in ipairs(node.argv) do arguments[i] = value_of(set, scope, argument) end
  return run(set.partitions, table.unpack(arguments, 1, #node.argv))
end

function value_of(set, scope, node)
  if type(node) == "string" then return expand(set, scope, node) end
  if type(node) ~= "table" then return node end
  if node.ref then return scope[node.ref] end
  if node.fn then return call(set, scope, node) end
  local copy = {}
  for key, value in pairs(node) do copy[key] = value_of(set, scope, value) end
  return copy
end

--- True if all conditions hold; what they assign is in SCOPE then.
local function hold(set, scope, conditions)
  for _, condition in ipairs(conditions) do
    local value = call(set, scope, condition)
    if value == nil or value == false then return false end
    if condition.assign then scope[condition.assign] = value end
  end
  return true
end

local evaluate

local function apply(set, scope, rule)
  if rule.type == "tree" then return evaluate(set, scope, rule.rules) end
  if rule.type == "error" then return { error = value_of(set, scope, rule.error) } end
  return { endpoint = value_of(set, scope, rule.endpoint) }
end

--- What the first rule whose conditions hold comes to.
function evaluate(set, outer, list)
  for _, rule in ipairs(list) do
    local scope = setmetatable({}, { __index = outer })
    if hold(set, scope, rule.conditions) then
      return apply(set, scope, rule) or { error = "no rule matches" }
    end
  end
  return nil
end

--- {endpoint=} or {error=}: what the rule set RULESET comes to for PARAMS, by
-- the PARTITIONS that AWS publishes.
function rules.resolve(ruleset, partitions, params)
  local scope = {}
  for name, parameter in pairs(ruleset.parameters) do
    scope[name] = params[name]
    if scope[name] == nil then scope[name] = parameter.default end
    if scope[name] == nil and parameter.required then
      return { error = "missing " .. name }
    end
  end
  return evaluate({ partitions = partitions }, scope, ruleset.rules) or
    { error = "no rule matches" }
end

return rules
