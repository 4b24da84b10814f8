--- The members of an operation's input, checked as the service's model has them.
--
-- Values never come back in an error: one of them is the secret.
-- @module lunette.sandbox.members

local cjson = require "cjson"
local wire = require "lunette.sandbox.wire"

local members = {}

local function text(min, max)
  return { type = "string", min = min, max = max }
end

-- Secrets Manager's common members; an operation names the ones it takes.
local KNOWN = {
  SecretId = text(1, 2048), Name = text(1, 512), ClientRequestToken = text(32, 64),
  VersionId = text(32, 64), VersionStage = text(1, 256), Description = text(0, 2048),
  KmsKeyId = text(0, 2048), SecretString = text(1, 65536), ResourcePolicy = text(1, 20480),
  SecretBinary = { type = "string", blob = true, min = 1, max = 65536 },
  BlockPublicPolicy = { type = "boolean" },
  VersionStages = { type = "list", of = text(1, 256), min = 1, max = 20 },
  Tags = { type = "list", of = { type = "structure", fields = {
    Key = text(1, 128), Value = text(0, 256) } }, min = 0, max = 50 },
  AddReplicaRegions = { type = "list", of = { type = "structure", fields = {} },
    min = 1, max = 50 },
}

local check

local function wrong_type(kind)
  wire.fail("SerializationException", ("a member of the request is not a %s"):format(kind), 400,
    true)
end

local function size(member, length, rule, unit)
  local function refuse(word, limit)
    wire.fail("ValidationException", ("1 validation error detected: Value at '%s' failed to "
      .. "satisfy constraint: Member must have length %s than or equal to %d%s"):format(
        member:sub(1, 1):lower() .. member:sub(2), word, limit, unit or ""))
  end
  if length < rule.min then refuse("greater", rule.min) end
  if length > rule.max then refuse("less", rule.max) end
end

-- How many bytes a base64 text stands for; nil if it is none.
local function decoded_size(value)
  local body, padding = value:match "^([%w+/]*)(=?=?)$"
  if not body or (#body + #padding) % 4 ~= 0 then return nil end
  return (#body + #padding) // 4 * 3 - #padding
end

local checks = {}

function checks.string(member, value, rule)
  if type(value) ~= "string" then wrong_type "text" end
  if rule.blob then
    local length = decoded_size(value)
    if not length then wrong_type "base64 text" end
    return size(member, length, rule)
  end
  size(member, utf8.len(value) or #value, rule)
end

function checks.boolean(_, value)
  if type(value) ~= "boolean" then wrong_type "boolean" end
end

function checks.list(member, value, rule)
  if type(value) ~= "table" or (next(value) ~= nil and value[1] == nil) then
    wrong_type "list"
  end
  size(member, #value, rule)
  for _, item in ipairs(value) do check(member, item, rule.of) end
end

function checks.structure(_, value, rule)
  if type(value) ~= "table" or value[1] ~= nil then wrong_type "structure" end
  for name, field in pairs(rule.fields) do
    if value[name] ~= nil then check(name, value[name], field) end
  end
end

function check(member, value, rule)
  checks[rule.type](member, value, rule)
end

--- The input in the JSON text BODY, with the members that OPERATION takes; raises AWS's refusal of
-- what is missing, of the wrong type or of the wrong length.
-- @param operation a row of the operations' table: `takes` and `needs`, lists of member names
function members.read(body, operation)
  local ok, given = pcall(cjson.decode, body)
  if not ok or type(given) ~= "table" or given[1] ~= nil then
    wire.fail("SerializationException", "the body is no JSON object", 400, true)
  end
  local input = {}
  for _, name in ipairs(operation.takes) do
    local value = given[name]
    if value == cjson.null then value = nil end
    if value ~= nil then check(name, value, KNOWN[name]) end
    input[name] = value
  end
  for _, name in ipairs(operation.needs) do
    if input[name] == nil then
      wire.fail("ValidationException", ("1 validation error detected: Value null at '%s' failed to "
        .. "satisfy constraint: Member must not be null"):format(
          name:sub(1, 1):lower() .. name:sub(2)))
    end
  end
  return input
end

return members
