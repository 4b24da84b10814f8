-- The truth table: worlds made of symbols, decided twice. The evaluator sees real documents; the
-- second opinion below never does. It reasons about the symbols alone, from AWS's rules as sets:
-- who refuses, who grants, and which grants each kind of resource and each pair of accounts asks
-- for. It shares no code with the evaluator and is written another way on purpose.

local iam = require "lunette.iam"

local CALLER, OTHER = "111111111111", "222222222222"
local ROLE = "arn:aws:iam::" .. CALLER .. ":role/app-server"
local SESSION = "arn:aws:sts::" .. CALLER .. ":assumed-role/app-server/i-0abc"
local SERVICE_HERE = "secretsmanager.ap-northeast-1.amazonaws.com"
local SERVICE_ELSEWHERE = "secretsmanager.us-east-1.amazonaws.com"

local function root(account)
  return { AWS = "arn:aws:iam::" .. account .. ":root" }
end

-- What a symbol puts into the resource's own policy: principal and condition.
local NAMED = {
  role = function() return { AWS = ROLE } end,
  session = function() return { AWS = SESSION } end,
  caller_root = function() return root(CALLER) end,
  other_root = function() return root(OTHER) end,
  star_org = function()
    return "*", { StringEquals = { ["aws:PrincipalOrgID"] = "o-mine" } }
  end,
  star_wrong_org = function()
    return "*", { StringEquals = { ["aws:PrincipalOrgID"] = "o-other" } }
  end,
  star_arn = function() return "*", { ArnLike = { ["aws:PrincipalArn"] = ROLE } } end,
  star_not_arn = function() return "*", { ArnNotLike = { ["aws:PrincipalArn"] = ROLE } } end,
  role_service = function()
    return { AWS = ROLE }, { StringEquals = { ["kms:ViaService"] = SERVICE_HERE } }
  end,
  role_wrong_service = function()
    return { AWS = ROLE }, { StringEquals = { ["kms:ViaService"] = SERVICE_ELSEWHERE } }
  end,
  role_context = function(world)
    return { AWS = ROLE }, { StringLike = { ["kms:EncryptionContext:SecretARN"] = world.secret } }
  end,
  role_key_context = function(world)
    return { AWS = ROLE }, { StringLike = { ["kms:EncryptionContext:SecretARN"] = world.key } }
  end,
  caller_root_service = function()
    return root(CALLER), { StringLike = { ["kms:ViaService"] = "secretsmanager.*.amazonaws.com" } }
  end,
}

local function policy(statements)
  return { name = "p", document = { Version = "2012-10-17", Statement = statements } }
end

-- none, allow, deny, both, or useless (allows something else)
local function ceiling(symbol, action)
  if symbol == "none" then
    return nil
  end
  local statements = { { Effect = "Allow", Action = "iam:GetUser", Resource = "*" } }
  if symbol == "allow" or symbol == "both" then
    table.insert(statements, { Effect = "Allow", Action = action, Resource = "*" })
  end
  if symbol == "deny" or symbol == "both" then
    table.insert(statements, { Effect = "Deny", Action = action, Resource = "*" })
  end
  return policy(statements)
end

local function own_policy(world, action)
  local statements = {}
  for _, symbol in ipairs(world.own) do
    local effect, name = "Allow", symbol
    if symbol:sub(1, 5) == "deny_" then
      effect, name = "Deny", symbol:sub(6)
    end
    local principal, condition = NAMED[name](world)
    table.insert(statements, {
      Effect = effect, Principal = principal, Action = action, Resource = "*",
      Condition = condition,
    })
  end
  return #statements > 0 and policy(statements) or nil
end

local function decide(world)
  local action = world.kms and "kms:Decrypt" or "secretsmanager:GetSecretValue"
  local owner = world.cross and OTHER or CALLER
  world.secret = "arn:aws:secretsmanager:ap-northeast-1:" .. owner .. ":secret:prod/db-AbCdEf"
  world.key = "arn:aws:kms:ap-northeast-1:" .. owner .. ":key/k"
  local request = {
    principal = { arn = SESSION, account = CALLER, role_arn = ROLE, type = "assumed-role" },
    action = action, resource = world.kms and world.key or world.secret, resource_account = owner,
    kind = world.kms and "kms" or "standard",
    context = {
      ["aws:PrincipalOrgID"] = "o-mine", ["kms:ViaService"] = world.kms and SERVICE_HERE or nil,
      ["kms:EncryptionContext:SecretARN"] = world.kms and world.secret or nil,
    },
  }
  return iam.evaluate(request, {
    identity = ceiling(world.identity, action), boundary = ceiling(world.boundary, action),
    session = ceiling(world.session, action), scp = ceiling(world.scp, action),
    resource = own_policy(world, action),
  })
end

-- The second opinion.

local HOLDS = {
  role = true, session = true, caller_root = true, other_root = true, star_org = true,
  star_wrong_org = false, star_arn = true, star_not_arn = false, role_service = true,
  role_wrong_service = false, role_context = true, role_key_context = false,
  caller_root_service = true,
}
-- What being named that way is worth: a grant to the session, to the role behind it, or to its
-- account.
local WORTH = {
  role = "role", session = "session", caller_root = "account", star_org = "session",
  star_arn = "session", role_service = "role", role_context = "role",
  caller_root_service = "account",
}

local function set(list)
  local out = {}
  for _, item in ipairs(list) do
    out[item] = true
  end
  return out
end

-- What the resource's own policy gives, by worth; nil when it refuses.
local function granted(own)
  local grants = {}
  for _, symbol in ipairs(own) do
    local name = symbol:gsub("^deny_", "")
    if HOLDS[name] and WORTH[name] then
      if name ~= symbol then
        return nil
      end
      grants[WORTH[name]] = true
    end
  end
  return grants
end

local function any(ways)
  return ways[1] or ways[2] or ways[3] or false
end

local function second_opinion(world)
  local grants = granted(world.own)
  local refuses = set({ "deny", "both" })
  if not grants or refuses[world.identity] or refuses[world.boundary] or refuses[world.session]
    or refuses[world.scp] then
    return "explicit_deny"
  end
  local passes = set({ "none", "allow" })
  local limits = passes[world.boundary] and passes[world.session]
  local own_rights = world.identity == "allow" and limits
  local some
  if world.cross then
    some = own_rights and any({ grants.session, grants.role, grants.account })
  elseif world.kms then
    some = any({ grants.session, grants.role and limits, grants.account and own_rights })
  else
    some = any({ grants.session, grants.role and limits, own_rights })
  end
  return passes[world.scp] and some and "allowed" or "implicit_deny"
end

-- Whoever is blamed did deny, and across accounts nobody is let through on one side alone.
local function is_consistent(world, decision)
  local sides = decision.sides
  if decision.allowed then
    return not world.cross or (sides.identity == "allowed" and sides.resource == "allowed")
  end
  local blamed = decision.layer == "key" and "resource" or decision.layer
  return (sides[blamed] or decision.layers[blamed]) == "denied"
end

-- The worlds.

local STANDARD = {
  {}, { "role" }, { "session" }, { "caller_root" }, { "other_root" }, { "star_org" },
  { "star_wrong_org" }, { "star_arn" }, { "star_not_arn" }, { "deny_role" },
  { "deny_caller_root", "role" }, { "role", "deny_star_wrong_org" },
  { "role", "deny_star_not_arn" }, { "caller_root", "role" }, { "session", "deny_star_arn" },
  { "deny_other_root", "session" },
}
local KMS = {
  {}, { "role" }, { "session" }, { "caller_root" }, { "other_root" }, { "other_root", "role" },
  { "role_service" }, { "role_wrong_service" }, { "role_context" }, { "role_key_context" },
  { "caller_root_service" }, { "star_arn" }, { "star_wrong_org" }, { "caller_root", "deny_role" },
  { "caller_root", "deny_role_wrong_service" }, { "role_wrong_service", "caller_root" },
  { "role", "deny_role_service" }, { "role_key_context", "role_wrong_service" },
}

local function each(values, step)
  for _, value in ipairs(values) do
    step(value)
  end
end

local function all_worlds(kms, owns)
  local out = {}
  each({ false, true }, function(cross)
    each(owns, function(own)
      each({ "none", "useless", "allow", "deny", "both" }, function(identity)
        each({ "none", "useless", "allow", "deny" }, function(boundary)
          each({ "none", "useless", "allow" }, function(session)
            each({ "none", "useless", "allow", "deny" }, function(scp)
              out[#out + 1] = {
                kms = kms, cross = cross, own = own, identity = identity, boundary = boundary,
                session = session, scp = scp,
              }
            end)
          end)
        end)
      end)
    end)
  end)
  return out
end

local function name_of(world)
  return ("%s, %s: identity %s, boundary %s, session %s, scp %s, own {%s}"):format(
    world.kms and "kms" or "standard", world.cross and "two accounts" or "one account",
    world.identity, world.boundary, world.session, world.scp, table.concat(world.own, " "))
end

describe("the truth table", function()
  for _, kms in ipairs({ false, true }) do
    local worlds = all_worlds(kms, kms and KMS or STANDARD)
    it(("of %d worlds %s keys"):format(#worlds, kms and "with" or "without"), function()
      assert.is_true(#worlds > 600)
      local tally = {}
      for _, world in ipairs(worlds) do
        local expected, decision = second_opinion(world), decide(world)
        if expected ~= decision.effect then
          error(("%s: expected %s, got %s (%s)"):format(name_of(world), expected, decision.effect,
            iam.explain_line(decision)))
        elseif not is_consistent(world, decision) then
          error(("%s: %s is blamed without cause"):format(name_of(world), decision.layer))
        end
        tally[expected] = (tally[expected] or 0) + 1
      end
      -- a table that knows one answer only would prove nothing
      for _, effect in ipairs({ "allowed", "explicit_deny", "implicit_deny" }) do
        assert.is_true(tally[effect] > 50, effect)
      end
    end)
  end
end)
