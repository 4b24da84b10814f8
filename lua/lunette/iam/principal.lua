--- Who calls, and whether a Principal or NotPrincipal element means them.
--
-- It matters not only that an element matches but how: a policy that names a user or a session
-- grants to it directly, one that names a role grants within the role's limits, and one that names
-- the account only hands the question to that account's own policies.
-- @module lunette.iam.principal

local match = require "lunette.iam.match"
local shape = require "lunette.iam.shape"

local principal = {}

-- The stronger of two ways to be named decides what a policy grants.
local RANK = {
  account = 1, role = 2, federating_user = 2, everyone = 3,
  session = 4, user = 4, root = 4, service = 4, federated = 4,
}

--- How strong a way of being named is; 0 for none.
function principal.rank(how)
  return how and RANK[how] or 0
end

local function issuer_of(given, kind)
  if given.role_arn or given.user_arn then
    return given.role_arn or given.user_arn
  end
  if kind == "assumed-role" and given.arn then
    local parts = match.split_arn(given.arn)
    local name = parts and parts[6]:match("^assumed%-role/([^/]+)/")
    -- STS drops a role's path; without better knowledge the role is taken to have none.
    return name and ("arn:%s:iam::%s:role/%s"):format(parts[2], parts[5], name)
  end
  return nil
end

local function type_of(given, parts)
  if given.type then
    return given.type
  elseif given.service or given.federated then
    return given.service and "service" or "federated"
  elseif not parts then
    return "anonymous"
  elseif parts[6] == "root" then
    return "root"
  end
  return parts[6]:match("^(assumed%-role)/") or parts[6]:match("^(federated%-user)/") or "user"
end

--- What the evaluator needs of a request's principal.
-- @param given `{ arn, account, type, role_arn }`; `user_arn` for a federated user's session,
-- `service` for an AWS service, `federated` for a token of an identity provider
function principal.new(given)
  given = given or {}
  local parts = given.arn and match.split_arn(given.arn)
  local caller = {
    type = type_of(given, parts), arn = given.arn, service = given.service,
    federated = given.federated, account = given.account or (parts and parts[5]),
  }
  if caller.type == "service" or caller.type == "federated" or caller.type == "anonymous" then
    caller.account = nil
  end
  if caller.account then
    local partition = parts and parts[2] or "aws"
    caller.account_arn = ("arn:%s:iam::%s:root"):format(partition, caller.account)
    caller.issuer = issuer_of(given, caller.type)
  end
  return caller
end

local DIRECT = { ["assumed-role"] = "session", ["federated-user"] = "session", user = "user" }

local function aws_names(value, caller)
  if value == "*" then
    return "everyone"
  elseif not caller.account then
    return nil
  elseif value == caller.account or value == caller.account_arn then
    return caller.type == "root" and "root" or "account"
  elseif value == caller.arn then
    return DIRECT[caller.type]
  elseif value == caller.issuer then
    return caller.type == "assumed-role" and "role" or "federating_user"
  end
  return nil
end

local function names(kind, value, caller)
  if kind == "AWS" then
    return aws_names(value, caller)
  elseif kind == "Service" and caller.service then
    return (value == caller.service or value == "*") and "service" or nil
  elseif kind == "Federated" and caller.federated then
    return value == caller.federated and "federated" or nil
  end
  return nil
end

--- The element as text: what a statement wants.
function principal.say(element)
  if not shape.is_object(element) then
    return shape.text(element) or shape.describe(element)
  end
  local out = {}
  for _, kind in ipairs(shape.keys(element)) do
    for _, value in ipairs(shape.strings(element[kind])) do
      out[#out + 1] = value
    end
  end
  return #out > 0 and table.concat(out, " or ") or shape.describe(element)
end

--- How a Principal element names the caller: `user`, `session`, `root`, `service` or `federated`
-- directly, `everyone` by a star, `role` or `federating_user` through what stands behind the
-- session, `account`; nil when it does not. There are no partial wildcards.
function principal.named(element, caller)
  if element == "*" then
    return "everyone"
  elseif not shape.is_object(element) then
    return nil
  end
  local best = nil
  for _, kind in ipairs(shape.keys(element)) do
    for _, value in ipairs(shape.strings(element[kind])) do
      local how = names(kind, value, caller)
      if principal.rank(how) > principal.rank(best) then
        best = how
      end
    end
  end
  return best
end

local function listed(element, wanted)
  for _, value in ipairs(shape.strings(element.AWS)) do
    if value == wanted or value == "*" then
      return true
    end
  end
  return false
end

--- Does a NotPrincipal element exempt the caller? It must list everything that the caller is: the
-- session, the role behind it and the account. One left out, and the statement applies.
function principal.exempt(element, caller)
  if element == "*" then
    return true
  elseif not shape.is_object(element) or not caller.account then
    return principal.named(element, caller) ~= nil
  end
  if not listed(element, caller.account) and not listed(element, caller.account_arn) then
    return false
  end
  return caller.type == "root"
    or (listed(element, caller.arn) and (not caller.issuer or listed(element, caller.issuer)))
end

--- What a policy would have to write to name the caller: the role or user behind a session, since
-- a session's own ARN is rarely what anybody means.
function principal.nameable(caller)
  return caller.issuer or principal.caller(caller)
end

--- The caller as AWS's texts name it.
function principal.caller(caller)
  return caller.arn or caller.service or caller.federated or "anonymous"
end

return principal
