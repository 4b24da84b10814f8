local iam = require "lunette.iam"

local A, B = "111111111111", "222222222222"
local ROLE = "arn:aws:iam::" .. A .. ":role/app-server"
local SESSION = "arn:aws:sts::" .. A .. ":assumed-role/app-server/i-0abc"
local SECRET = "arn:aws:secretsmanager:ap-northeast-1:" .. B .. ":secret:prod/db-AbCdEf"
local CALLER = { arn = SESSION, account = A, role_arn = ROLE, type = "assumed-role" }

local function doc(effect, principal, more)
  local st = {
    Effect = effect, Principal = principal, Action = "secretsmanager:GetSecretValue",
    Resource = "*",
  }
  for name, value in pairs(more or {}) do
    st[name] = value
  end
  return { name = principal == nil and "read-db" or nil, document = { Statement = { st } } }
end

local function request(changes)
  local out = {
    principal = CALLER, action = "secretsmanager:GetSecretValue", resource = SECRET,
    resource_account = B,
  }
  for name, value in pairs(changes or {}) do
    out[name] = value
  end
  return out
end

local HEAD = "User: " .. SESSION .. " is not authorized to perform: secretsmanager:GetSecretValue"
  .. " on resource: " .. SECRET .. " "

describe("the policy that AWS names across accounts", function()
  local none_allow = "because no %s policy allows the secretsmanager:GetSecretValue action"
  local resource_based, identity_based = none_allow:format("resource-based"),
    none_allow:format("identity-based")
  local rows = {
    -- identity policy in A, resource policy in B, what the text says, whose fault it is
    { nil, doc("Allow", { AWS = A }), resource_based, "identity" },
    { nil, doc("Allow", { AWS = ROLE }), identity_based, "identity" },
    { doc("Allow"), nil, resource_based, "resource" },
    { nil, nil, resource_based, "resource" },
    { doc("Deny"), doc("Allow", { AWS = ROLE }),
      "with an explicit deny in an identity-based policy", "identity" },
    { doc("Allow"), doc("Deny", { AWS = ROLE }),
      "with an explicit deny in a resource-based policy", "resource" },
    { doc("Deny"), doc("Deny", { AWS = ROLE }),
      "with an explicit deny in an identity-based policy", "identity" },
  }
  for i, row in ipairs(rows) do
    it(("in row %d: %s"):format(i, row[3]), function()
      local decision = iam.evaluate(request(), { identity = row[1], resource = row[2] })
      assert.is_false(decision.allowed)
      assert.equal(HEAD .. row[3], decision.message)
      assert.equal(row[4], decision.layer)
    end)
  end

  it("is none when both allow", function()
    local decision = iam.evaluate(request(),
      { identity = doc("Allow"), resource = doc("Allow", { AWS = ROLE }) })
    assert.is_true(decision.allowed)
    assert.is_nil(iam.denial_text(decision, request()))
  end)

  it("is the VPC endpoint policy when that denies", function()
    local documents = { identity = doc("Allow"), resource = doc("Allow", { AWS = ROLE }) }
    documents.endpoint = doc("Allow", "*", { Action = "s3:*" })
    assert.equal(HEAD .. none_allow:format("VPC endpoint"):gsub("policy policy", "policy"),
      iam.evaluate(request(), documents).message)
    documents.endpoint = doc("Deny", "*")
    assert.equal(HEAD .. "with an explicit deny in a VPC endpoint policy",
      iam.evaluate(request(), documents).message)
  end)
end)

describe("denial texts", function()
  local function reason(documents, changes)
    local asked = request(changes)
    asked.resource_account = A
    local message = iam.evaluate(asked, documents).message
    return (message:gsub("^.*prod/db%-AbCdEf ", ""))
  end
  local other = { Action = "s3:*" }

  local cases = {
    { {}, "because no identity-based policy allows the secretsmanager:GetSecretValue action" },
    { { identity = doc("Allow"), session = doc("Allow", nil, other) },
      "because no session policy allows the secretsmanager:GetSecretValue action" },
    { { identity = doc("Allow"), session = doc("Deny") },
      "with an explicit deny in a sessions policy" },
    { { identity = doc("Allow"), boundary = doc("Allow", nil, other) },
      "because no permissions boundary allows the secretsmanager:GetSecretValue action" },
    { { identity = doc("Allow"), boundary = doc("Deny") },
      "with an explicit deny in a permissions boundary" },
    { { identity = doc("Allow"), scp = doc("Deny") },
      "with an explicit deny in a service control policy" },
    { { identity = doc("Allow"), scp = doc("Allow", nil, other) },
      "with an explicit deny in a service control policy" },
    { { identity = doc("Allow"), rcp = doc("Deny", "*") },
      "with an explicit deny in a resource control policy" },
    { { identity = doc("Allow"), resource = doc("Deny", "*") },
      "with an explicit deny in a resource-based policy" },
  }
  for _, case in ipairs(cases) do
    it("say " .. case[2], function() assert.equal(case[2], reason(case[1])) end)
  end

  it("name the role trust policy", function()
    local role = "arn:aws:iam::" .. B .. ":role/secrets-admin"
    local asked = request({ kind = "trust", action = "sts:AssumeRole", resource = role })
    local head = "User: " .. SESSION .. " is not authorized to perform: sts:AssumeRole"
      .. " on resource: " .. role .. " "
    local function trust(effect)
      return {
        document = {
          Statement = { Effect = effect, Principal = { AWS = A }, Action = "sts:AssumeRole" },
        },
      }
    end
    local identity = doc("Allow", nil, { Action = "sts:AssumeRole" })
    assert.equal(head .. "because no role trust policy allows the sts:AssumeRole action",
      iam.evaluate(asked, { identity = identity }).message)
    assert.equal(head .. "with an explicit deny in the role trust policy",
      iam.evaluate(asked, { identity = identity, resource = trust("Deny") }).message)
    assert.equal(head .. "because no identity-based policy allows the sts:AssumeRole action",
      iam.evaluate(asked, { resource = trust("Allow") }).message)
  end)

  it("name no resource where the call has none, and the name where it gave one", function()
    local asked = { principal = CALLER, action = "secretsmanager:ListSecrets" }
    assert.equal("User: " .. SESSION .. " is not authorized to perform: secretsmanager:ListSecrets"
      .. " because no identity-based policy allows the secretsmanager:ListSecrets action",
      iam.evaluate(asked, {}).message)
    asked = request({ resource = "prod/db", resource_account = A })
    assert.is_truthy(iam.evaluate(asked, {}).message:find(" on resource: prod/db because", 1, true))
    asked = request({ resource_shown = "prod/db" })
    assert.is_truthy(iam.evaluate(asked, {}).message:find(" on resource: prod/db because", 1, true))
  end)
end)

describe("the line for a log", function()
  local KEY = "arn:aws:kms:ap-northeast-1:" .. B .. ":key/k"
  local function line(documents, changes, width)
    return iam.explain_line(iam.evaluate(request(changes), documents), width)
  end
  local function key_policy(condition, principal)
    return doc("Allow", principal or { AWS = ROLE }, { Action = "kms:*", Condition = condition })
  end
  local DECRYPT = {
    kind = "kms", action = "kms:Decrypt", resource = KEY,
    context = { ["kms:ViaService"] = "secretsmanager.ap-northeast-1.amazonaws.com" },
  }

  it("names what allowed", function()
    assert.equal('allowed: identity "read-db" #1 + resource policy #1',
      line({ identity = doc("Allow"), resource = doc("Allow", { AWS = ROLE }) }))
    assert.equal("allowed: key policy #1", line({ resource = key_policy() },
      { kind = "kms", action = "kms:Decrypt", resource = KEY, resource_account = A }))
  end)

  it("names what is not there", function()
    assert.equal("denied: no identity policy allows secretsmanager:GetSecretValue",
      line({ resource = doc("Allow", { AWS = ROLE }) }))
    assert.equal("denied: no resource policy allows secretsmanager:GetSecretValue",
      line({ identity = doc("Allow") }))
    assert.equal("denied: no key policy allows kms:Decrypt", line({ resource =
      doc("Allow", { AWS = B }, { Action = "kms:PutKeyPolicy" }) }, DECRYPT))
    assert.equal("denied: KMS never allows kms:DisableKey from another account",
      line({ resource = key_policy() }, { kind = "kms", action = "kms:DisableKey" }))
  end)

  it("names the condition, what it wanted and what it had", function()
    local policy = key_policy({
      StringEquals = { ["kms:ViaService"] = "secretsmanager.us-east-1.amazonaws.com" },
    })
    local short = "denied: key policy #1 needs kms:ViaService …us-east-1…, was …ap-northeast-1…"
    local long = "denied: key policy #1 needs kms:ViaService"
      .. " secretsmanager.us-east-1.amazonaws.com, was secretsmanager.ap-northeast-1.amazonaws.com"
    assert.equal(short, line({ resource = policy }, DECRYPT))
    assert.equal(long, line({ resource = policy }, DECRYPT, 200))
    policy = doc("Allow", { AWS = ROLE },
      { Condition = { StringEquals = { ["secretsmanager:VersionStage"] = "AWSCURRENT" } } })
    assert.equal("denied: resource policy #1 needs secretsmanager:VersionStage AWSCURRENT,"
      .. " was absent", line({ identity = doc("Allow"), resource = policy }))
  end)

  it("names a principal that is another", function()
    assert.equal("denied: resource policy #1 is for …instance-profile/app-server,"
      .. " not …role/app-server", line({ identity = doc("Allow"), resource = doc("Allow",
        { AWS = "arn:aws:iam::" .. A .. ":instance-profile/app-server" }) }))
  end)

  it("counts what else is wrong", function()
    assert.equal("denied: resource policy #1 is for 333333333333, not " .. ROLE .. " (and 1 more)",
      line({ identity = doc("Allow"), resource = doc("Allow", { AWS = "333333333333" },
        { Condition = { Bool = { ["x:y"] = "true" } } }) }, nil, 120))
  end)

  it("names an explicit denial by statement and Sid", function()
    assert.equal('denied: explicit deny in identity "read-db" #1 "NoSecrets"',
      line({ identity = doc("Deny", nil, { Sid = "NoSecrets" }) }))
    assert.equal("denied: explicit deny in SCP #1", line({ scp = doc("Deny") }))
  end)

  it("is never too long, and never cuts a character in two", function()
    local long = ("é"):rep(300)
    local policy = doc("Allow", { AWS = ROLE },
      { Condition = { StringEquals = { ["x:y"] = long } } })
    for width = 20, 120 do
      local got = line({ identity = doc("Allow"), resource = policy },
        { context = { ["x:y"] = "\xff" .. long } }, width)
      assert.is_true(#got <= 120 * 3)
      got = line({ identity = doc("Allow"), resource = policy }, nil, width)
      assert.is_true(utf8.len(got) <= width)
    end
  end)
end)
