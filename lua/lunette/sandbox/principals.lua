--- Questions about the Principal elements of a policy that somebody wants to store.
-- @module lunette.sandbox.principals

local principals = {}

local function statements(document)
  local list = document.Statement
  if type(list) ~= "table" then return {} end
  return list[1] and list or { list }
end

local function names(element)
  if type(element) == "string" then return { element } end
  local aws = type(element) == "table" and element.AWS or {}
  return type(aws) == "table" and aws or { aws }
end

-- An account that the world does not have may hold anybody.
local function exists(world, name)
  if name == "*" or name:find "^%d%d%d%d%d%d%d%d%d%d%d%d$" then return true end
  local service, account, resource = name:match "^arn:[%w-]+:(%a+)::(%d+):(.+)$"
  if not account or #account ~= 12 then return false end
  local kind = resource:match "^[%a-]+"
  if service == "sts" then return kind == "assumed-role" or kind == "federated-user" end
  if service ~= "iam" then return false end
  if resource == "root" then return true end
  if kind ~= "role" and kind ~= "user" then return false end
  return not world.accounts[account] or (world.roles[name] or world.users[name]) ~= nil
end

--- The first AWS principal of a policy that is nobody: no role or user of an account that the world
-- has, an instance profile, half a name. nil when all are somebody.
function principals.unknown(world, document)
  for _, statement in ipairs(statements(document)) do
    for _, element in ipairs { statement.Principal or false, statement.NotPrincipal or false } do
      for _, name in ipairs(names(element)) do
        if type(name) == "string" and not exists(world, name) then return name end
      end
    end
  end
end

--- True for a policy that allows everybody without a condition.
function principals.is_public(document)
  for _, statement in ipairs(statements(document)) do
    if statement.Effect == "Allow" and statement.Condition == nil then
      for _, name in ipairs(names(statement.Principal)) do
        if name == "*" then return true end
      end
    end
  end
  return false
end

return principals
