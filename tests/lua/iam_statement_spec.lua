local context = require "lunette.iam.context"
local principal = require "lunette.iam.principal"
local shape = require "lunette.iam.shape"
local statement = require "lunette.iam.statement"

local A, B = "111111111111", "222222222222"
local ROLE = "arn:aws:iam::" .. A .. ":role/app-server"
local SESSION = "arn:aws:sts::" .. A .. ":assumed-role/app-server/i-0abc"
local ROOT = "arn:aws:iam::" .. A .. ":root"
local SECRET = "arn:aws:secretsmanager:ap-northeast-1:" .. B .. ":secret:prod/db-AbCdEf"
local NULL = io.stdout

local CALLERS = {
  session = { arn = SESSION, account = A, role_arn = ROLE, type = "assumed-role" },
  user = { arn = "arn:aws:iam::" .. A .. ":user/ops/Bob", account = A, type = "user" },
  root = { arn = ROOT, account = A, type = "root" },
  federated_user = {
    arn = "arn:aws:sts::" .. A .. ":federated-user/bob", account = A, type = "federated-user",
    user_arn = "arn:aws:iam::" .. A .. ":user/ops/Bob",
  },
  service = { type = "service", service = "ec2.amazonaws.com" },
  token = { type = "federated", federated = "accounts.google.com" },
  nobody = { type = "anonymous" },
}

local function check(st, changes)
  changes = changes or {}
  local caller = principal.new(changes.caller or CALLERS.session)
  local layer = changes.layer or "resource"
  return statement.check(st, {
    layer = layer, rules = shape.rules[layer], document = "doc", index = 3, caller = caller,
    action = changes.action or "secretsmanager:GetSecretValue",
    resource = changes.resource or SECRET, variables = changes.variables ~= false,
    ctx = context.new({ context = changes.context }, caller, B),
    has_boundary = changes.has_boundary,
  })
end

describe("Principal", function()
  local function named(element, who)
    return principal.named(element, principal.new(CALLERS[who or "session"]))
  end

  local cases = {
    -- element, caller, how it is named
    { "*", "session", "everyone" }, { { AWS = "*" }, "user", "everyone" },
    { "*", "nobody", "everyone" }, { { AWS = "*" }, "nobody", "everyone" },
    { { AWS = A }, "session", "account" }, { { AWS = ROOT }, "user", "account" },
    { { AWS = ROOT }, "root", "root" }, { { AWS = B }, "session", nil },
    { { AWS = ROLE }, "session", "role" }, { { AWS = SESSION }, "session", "session" },
    { { AWS = { B, ROLE, ROOT } }, "session", "role" },
    { { AWS = { ROOT, SESSION } }, "session", "session" },
    { { AWS = { ROLE, "*" } }, "session", "everyone" },
    { { AWS = ROLE }, "user", nil },
    { { AWS = "arn:aws:iam::" .. A .. ":user/ops/Bob" }, "user", "user" },
    { { AWS = "arn:aws:iam::" .. A .. ":user/ops/bob" }, "user", nil },
    { { AWS = "arn:aws:iam::" .. A .. ":user/Bob" }, "user", nil },
    { { AWS = "arn:aws:iam::" .. A .. ":user/ops/Bob" }, "federated_user", "federating_user" },
    { { AWS = "arn:aws:sts::" .. A .. ":federated-user/bob" }, "federated_user", "session" },
    -- no partial wildcards, no unique ids, no instance profiles, no other partition
    { { AWS = "arn:aws:iam::" .. A .. ":role/*" }, "session", nil },
    { { AWS = "arn:aws:sts::" .. A .. ":assumed-role/app-server/*" }, "session", nil },
    { { AWS = "AROAEXAMPLEEXAMPLE12" }, "session", nil },
    { { AWS = "arn:aws:iam::" .. A .. ":instance-profile/app-server" }, "session", nil },
    { { AWS = "arn:aws-cn:iam::" .. A .. ":root" }, "session", nil },
    { { AWS = "arn:aws:iam::" .. A .. ":role/App-Server" }, "session", nil },
    { { Service = "ec2.amazonaws.com" }, "service", "service" },
    { { Service = { "a.amazonaws.com", "ec2.amazonaws.com" } }, "service", "service" },
    { { Service = "ec2.amazonaws.com" }, "session", nil },
    { { Service = "lambda.amazonaws.com" }, "service", nil },
    { { Federated = "accounts.google.com" }, "token", "federated" },
    { { Federated = "accounts.google.com" }, "session", nil },
    { { AWS = ROOT, Service = "ec2.amazonaws.com" }, "service", "service" },
    { { CanonicalUser = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be" },
      "session", nil },
    { { AWS = {} }, "session", nil }, { {}, "session", nil }, { ROLE, "session", nil },
    { NULL, "session", nil }, { { AWS = NULL }, "session", nil },
    { { AWS = { NULL, 5, ROLE } }, "session", "role" }, { { ROLE }, "session", nil },
  }
  for i, case in ipairs(cases) do
    it(("%d: %s names a %s as %s"):format(i, principal.say(case[1]), case[2], tostring(case[3])),
      function()
        assert.equal(case[3], named(case[1], case[2]))
      end)
  end

  it("takes a role without a known path to have none", function()
    local caller = principal.new({ arn = SESSION })
    assert.equal("assumed-role", caller.type)
    assert.equal(A, caller.account)
    assert.equal("role", principal.named({ AWS = ROLE }, caller))
  end)

  it("tells the caller's kind from its ARN", function()
    for name, given in pairs(CALLERS) do
      if given.arn then
        assert.equal(given.type, principal.new({ arn = given.arn }).type, name)
      end
    end
    assert.equal("anonymous", principal.new(nil).type)
  end)
end)

describe("NotPrincipal", function()
  local function applies(list, who)
    return not principal.exempt({ AWS = list }, principal.new(CALLERS[who or "session"]))
  end

  it("exempts a session only with session, role and account", function()
    assert.is_false(applies({ SESSION, ROLE, ROOT }))
    assert.is_false(applies({ SESSION, ROLE, A }))
    assert.is_true(applies({ ROLE, ROOT }))
    assert.is_true(applies({ SESSION, ROOT }))
    assert.is_true(applies({ SESSION, ROLE }))
    assert.is_true(applies({ SESSION }))
    assert.is_true(applies({}))
  end)

  it("exempts a user with user and account, the root user with the account", function()
    assert.is_false(applies({ CALLERS.user.arn, ROOT }, "user"))
    assert.is_true(applies({ CALLERS.user.arn }, "user"))
    assert.is_false(applies({ ROOT }, "root"))
    assert.is_true(applies({ B }, "root"))
  end)

  it("exempts a service by its name and nobody by anything but a star", function()
    local service = principal.new(CALLERS.service)
    assert.is_true(principal.exempt({ Service = "ec2.amazonaws.com" }, service))
    assert.is_false(principal.exempt({ AWS = ROOT }, service))
    local nobody = principal.new(CALLERS.nobody)
    assert.is_false(principal.exempt({ AWS = ROOT }, nobody))
    assert.is_true(principal.exempt("*", nobody))
  end)

  it("cannot exempt from a denial who has a permissions boundary", function()
    local st = {
      Effect = "Deny", NotPrincipal = { AWS = { SESSION, ROLE, ROOT } }, Action = "*",
      Resource = "*",
    }
    assert.is_false(check(st).matched)
    assert.is_true(check(st, { has_boundary = true }).matched)
    st.Effect = "Allow"
    assert.is_false(check(st, { has_boundary = true }).matched)
  end)
end)

describe("a statement", function()
  local function allow(changes)
    local st = {
      Sid = "Read", Effect = "Allow", Principal = { AWS = ROLE },
      Action = "secretsmanager:GetSecretValue", Resource = SECRET,
    }
    for name, value in pairs(changes or {}) do
      st[name] = value ~= "none" and value or nil
    end
    return st
  end

  it("applies when all its elements do", function()
    assert.same({
      layer = "resource", document = "doc", index = 3, sid = "Read", effect = "Allow",
      matched = true, how = "role", failures = {},
    }, check(allow()))
  end)

  local cases = {
    { "Action lists", { Action = { "kms:Decrypt", "secretsmanager:Get*" } } },
    { "Action", { Action = "kms:Decrypt" }, "Action" },
    { "Action empty", { Action = {} }, "Action" },
    { "Action null", { Action = NULL }, "Action" },
    { "Action number", { Action = 5 }, "Action" },
    { "Action object", { Action = { a = "b" } }, "Action" },
    { "Action with a null in it", { Action = { NULL, "secretsmanager:GetSecretValue" } } },
    { "NotAction", { Action = "none", NotAction = "kms:*" } },
    { "NotAction hit", { Action = "none", NotAction = { "kms:*", "SecretsManager:*" } },
      "NotAction" },
    { "NotAction unreadable", { Action = "none", NotAction = { NULL } }, "NotAction" },
    { "Action and NotAction", { NotAction = "kms:*" }, "Action" },
    { "no Action", { Action = "none" }, "Action" },
    { "Resource star", { Resource = "*" } },
    { "Resource wildcards", { Resource = "arn:aws:secretsmanager:*:secret:prod/*" } },
    { "Resource case", { Resource = SECRET:gsub("prod", "Prod") }, "Resource" },
    { "Resource without its suffix", { Resource = SECRET:sub(1, -8) }, "Resource" },
    { "Resource with a suffix pattern", { Resource = SECRET:sub(1, -8) .. "-??????" } },
    { "Resource null", { Resource = NULL }, "Resource" },
    { "no Resource", { Resource = "none" }, "Resource" },
    { "NotResource", { Resource = "none", NotResource = "arn:aws:s3:::*" } },
    { "NotResource hit", { Resource = "none", NotResource = { SECRET } }, "NotResource" },
    { "NotResource without a value", { Resource = "none",
      NotResource = "arn:aws:s3:::b/${aws:username}" }, "NotResource" },
    { "Resource variable", { Resource = SECRET:gsub("prod", "${aws:PrincipalTag/stage}") } },
    { "Resource variable without a value", { Resource = SECRET:gsub("prod", "${aws:none}") },
      "Resource" },
    { "Principal", { Principal = { AWS = B } }, "Principal" },
    { "no Principal", { Principal = "none" }, "Principal" },
    { "Principal and NotPrincipal", { NotPrincipal = { AWS = B } }, "Principal" },
    { "NotPrincipal", { Principal = "none", NotPrincipal = { AWS = B } } },
    { "NotPrincipal hit", { Principal = "none",
      NotPrincipal = { AWS = { SESSION, ROLE, ROOT } } }, "NotPrincipal" },
    { "NotPrincipal malformed", { Principal = "none", NotPrincipal = "nobody" }, "NotPrincipal" },
    { "Condition", { Condition = { StringEquals = { ["AWS:principaltag/Stage"] = "prod" } } } },
    { "Condition unmet", { Condition = { StringEquals = { ["a:b"] = "c" } } }, "Condition" },
    { "Condition null", { Condition = NULL }, "Condition" },
    { "Effect case", { Effect = "allow" }, "Effect" },
    { "Effect null", { Effect = NULL }, "Effect" },
    { "no Effect", { Effect = "none" }, "Effect" },
    { "Sid null", { Sid = NULL } },
  }
  for _, case in ipairs(cases) do
    it(("%s: %s"):format(case[1], case[3] and "fails by " .. case[3] or "applies"), function()
      local record = check(allow(case[2]), { context = { ["aws:PrincipalTag/stage"] = "prod" } })
      assert.equal(case[3], record.failed_element)
      assert.equal(case[3] == nil, record.matched)
    end)
  end

  it("that is no object applies to nothing", function()
    for _, wrong in ipairs({ NULL, "x", 1, {}, { 1 } }) do
      assert.equal("Statement", check(wrong).failed_element)
    end
  end)

  it("names the element, what it wanted and what it had", function()
    local record = check(allow({ Principal = { AWS = { B, "333333333333" } } }))
    assert.equal("222222222222 or 333333333333", record.wanted)
    assert.equal(ROLE, record.had)
    record = check(allow({ Action = "kms:*" }))
    assert.equal("kms:*", record.wanted)
    assert.equal("secretsmanager:GetSecretValue", record.had)
    record = check(allow({ Condition = { StringEquals = { ["a:b"] = { "c", "d" } } } }))
    assert.same({ "StringEquals", "a:b", "c or d", nil },
      { record.operator, record.key, record.wanted, record.had })
  end)

  it("lists every element that failed", function()
    local record = check(allow({
      Principal = { AWS = B }, Resource = "arn:aws:s3:::*",
      Condition = { StringEquals = { ["a:b"] = "c", ["a:d"] = "e" } },
    }))
    local elements = {}
    for i, failure in ipairs(record.failures) do
      elements[i] = failure.element
    end
    assert.same({ "Principal", "Resource", "Condition", "Condition" }, elements)
  end)

  it("has no principal in identity policies, and no resource in trust policies", function()
    local identity = { layer = "identity" }
    assert.equal("Principal", check(allow(), identity).failed_element)
    assert.is_true(check(allow({ Principal = "none" }), identity).matched)
    local trust = { layer = "trust", action = "sts:AssumeRole" }
    local st = { Effect = "Allow", Principal = { AWS = ROLE }, Action = "sts:AssumeRole" }
    assert.is_true(check(st, trust).matched)
    st.Resource = "*"
    assert.equal("Resource", check(st, trust).failed_element)
    st.Resource, st.Principal, st.NotPrincipal = nil, nil, { AWS = B }
    assert.equal("NotPrincipal", check(st, trust).failed_element)
  end)

  it("reads variables under the new Version alone", function()
    local st = allow({ Resource = SECRET:gsub("prod", "${aws:PrincipalTag/stage}") })
    local with = { context = { ["aws:PrincipalTag/stage"] = "prod" }, variables = false }
    assert.equal("Resource", check(st, with).failed_element)
  end)
end)

describe("keys that follow from the caller", function()
  local function ctx(who, values)
    return context.new({ context = values }, principal.new(CALLERS[who]), B)
  end

  it("are filled in", function()
    assert.same({ ROLE }, ctx("session"):get("AWS:PRINCIPALARN"))
    assert.same({ A }, ctx("session"):get("aws:PrincipalAccount"))
    assert.same({ "AssumedRole" }, ctx("session"):get("aws:PrincipalType"))
    assert.same({ B }, ctx("session"):get("aws:ResourceAccount"))
    assert.same({ "Bob" }, ctx("user"):get("aws:username"))
    assert.is_nil(ctx("session"):get("aws:username"))
    assert.is_nil(ctx("service"):get("aws:PrincipalArn"))
    assert.same({ "true" }, ctx("service"):get("aws:PrincipalIsAWSService"))
  end)

  it("give way to what the request says", function()
    assert.same({ "x" }, ctx("session", { ["AWS:PrincipalArn"] = "x" }):get("aws:principalarn"))
  end)
end)
