local iam = require "lunette.iam"

local A, B = "111111111111", "222222222222"
local ROLE = "arn:aws:iam::" .. A .. ":role/app-server"
local SESSION = "arn:aws:sts::" .. A .. ":assumed-role/app-server/i-0abc"
local USER = "arn:aws:iam::" .. A .. ":user/bob"
local ROOT_A, ROOT_B = "arn:aws:iam::" .. A .. ":root", "arn:aws:iam::" .. B .. ":root"
local NULL = io.stdout

local SESSION_CALLER = { arn = SESSION, account = A, role_arn = ROLE, type = "assumed-role" }
local USER_CALLER = { arn = USER, account = A, type = "user" }
local ROOT_CALLER = { arn = ROOT_A, account = A, type = "root" }

local function entry(statement, name, level)
  return {
    name = name, level = level,
    document = { Version = "2012-10-17", Statement = { statement } },
  }
end

local function st(effect, principal, action)
  return { Effect = effect, Principal = principal, Action = action or "*", Resource = "*" }
end

local ALLOW, DENY = entry(st("Allow"), "allow"), entry(st("Deny"), "deny")
local NOTHING = entry(st("Allow", nil, "iam:GetUser"), "nothing")

local function names(principal, effect)
  return entry(st(effect or "Allow", principal == "*" and "*" or { AWS = principal }))
end

local function request(owner, changes)
  local out = {
    principal = SESSION_CALLER, action = "secretsmanager:GetSecretValue", resource_account = owner,
    resource = "arn:aws:secretsmanager:us-east-1:" .. owner .. ":secret:db-AbCdEf",
  }
  for key, value in pairs(changes or {}) do
    out[key] = value
  end
  return out
end

local function decide(owner, documents, changes)
  local decision = iam.evaluate(request(owner, changes), documents)
  -- what must be true of every decision
  assert.equal(decision.allowed, decision.effect == "allowed")
  assert.equal(decision.allowed, decision.message == nil)
  assert.equal(decision.message, iam.denial_text(decision, request(owner, changes)))
  assert.is_true(utf8.len(iam.explain_line(decision)) <= 100)
  return decision
end

local function outcome(owner, documents, changes)
  local decision = decide(owner, documents, changes)
  return decision.effect .. " " .. decision.layer
end

describe("within one account", function()
  local cases = {
    -- what stands in the policies, what is decided
    { {}, "implicit_deny identity" },
    { { identity = ALLOW }, "allowed identity" },
    { { identity = { NOTHING, ALLOW } }, "allowed identity" },
    { { identity = NOTHING }, "implicit_deny identity" },
    { { identity = { ALLOW, DENY } }, "explicit_deny identity" },
    { { resource = names(SESSION) }, "allowed resource" },
    { { resource = names(ROLE) }, "allowed resource" },
    { { resource = names("*") }, "allowed resource" },
    { { resource = names(ROOT_A) }, "implicit_deny identity" },
    { { resource = names(ROOT_A), identity = ALLOW }, "allowed identity" },
    { { resource = names(ROLE, "Deny"), identity = ALLOW }, "explicit_deny resource" },
    { { resource = names(ROOT_A, "Deny"), identity = ALLOW }, "explicit_deny resource" },
    { { resource = names(ROLE), identity = DENY }, "explicit_deny identity" },
    -- boundary and session policy limit the identity policy and the role, not the session
    { { identity = ALLOW, boundary = NOTHING }, "implicit_deny boundary" },
    { { identity = ALLOW, boundary = ALLOW }, "allowed identity" },
    { { identity = ALLOW, boundary = DENY }, "explicit_deny boundary" },
    { { identity = ALLOW, session = NOTHING }, "implicit_deny session" },
    { { identity = ALLOW, session = ALLOW, boundary = ALLOW }, "allowed identity" },
    { { boundary = ALLOW, session = ALLOW }, "implicit_deny identity" },
    { { resource = names(ROLE), boundary = NOTHING }, "implicit_deny boundary" },
    { { resource = names(ROLE), session = NOTHING }, "implicit_deny session" },
    { { resource = names(SESSION), boundary = NOTHING, session = NOTHING }, "allowed resource" },
    { { resource = names("*"), boundary = NOTHING, session = NOTHING }, "allowed resource" },
    { { resource = names(SESSION), boundary = DENY }, "explicit_deny boundary" },
    { { resource = names(SESSION), session = DENY }, "explicit_deny session" },
    -- organisations
    { { identity = ALLOW, scp = { ALLOW } }, "allowed identity" },
    { { identity = ALLOW, scp = { NOTHING } }, "implicit_deny scp" },
    { { identity = ALLOW, scp = { ALLOW, DENY } }, "explicit_deny scp" },
    { { resource = names(SESSION), scp = { NOTHING } }, "implicit_deny scp" },
    { { identity = ALLOW, scp = { entry(st("Allow"), "a", 1), entry(st("Allow"), "b", 2) } },
      "allowed identity" },
    { { identity = ALLOW,
      scp = { entry(st("Allow"), "a", 1), entry(st("Allow", nil, "s3:*"), "b", 2) } },
      "implicit_deny scp" },
    { { identity = ALLOW, rcp = { names("*", "Deny") } }, "explicit_deny rcp" },
    { { identity = ALLOW, rcp = { entry(st("Deny", "*", "s3:*")) } }, "allowed identity" },
    -- endpoint
    { { identity = ALLOW, endpoint = names("*") }, "allowed identity" },
    { { identity = ALLOW, endpoint = entry(st("Allow", "*", "s3:*")) }, "implicit_deny endpoint" },
    { { identity = ALLOW, endpoint = names("*", "Deny") }, "explicit_deny endpoint" },
    { { resource = names(SESSION), endpoint = names(B) }, "implicit_deny endpoint" },
    -- a document that is null is none, one that is something else allows nothing
    { { identity = ALLOW, boundary = { name = "b", document = NULL } }, "allowed identity" },
    { { identity = ALLOW, boundary = { name = "b", document = "x" } }, "implicit_deny boundary" },
    { { identity = ALLOW, boundary = { name = "b", document = {} } }, "implicit_deny boundary" },
    { { identity = ALLOW, boundary = NULL, resource = NULL, scp = {} }, "allowed identity" },
  }
  for i, case in ipairs(cases) do
    it(("case %d is %s"):format(i, case[2]), function()
      assert.equal(case[2], outcome(A, case[1]))
    end)
  end

  it("a user named directly is beyond the boundary, the root user needs no policy", function()
    local user, root = { principal = USER_CALLER }, { principal = ROOT_CALLER }
    assert.equal("allowed resource", outcome(A, { resource = names(USER), boundary = NOTHING },
      user))
    assert.is_true(decide(A, {}, root).allowed)
    assert.equal("explicit_deny resource", outcome(A, { resource = names(ROOT_A, "Deny") }, root))
    assert.equal("implicit_deny scp", outcome(A, { scp = { NOTHING } }, root))
    assert.equal("allowed: root user", iam.explain_line(decide(A, {}, root)))
  end)

  it("a federated session is limited by its policy unless it is named itself", function()
    local session = "arn:aws:sts::" .. A .. ":federated-user/bob"
    local who = {
      principal = { arn = session, account = A, type = "federated-user", user_arn = USER },
    }
    assert.equal("implicit_deny session",
      outcome(A, { resource = names(USER), session = NOTHING }, who))
    assert.equal("allowed resource",
      outcome(A, { resource = names(session), session = NOTHING }, who))
  end)

  it("organisations do not limit service-linked roles", function()
    local role = "arn:aws:iam::" .. A .. ":role/aws-service-role/x.amazonaws.com/X"
    local who = {
      principal = {
        arn = "arn:aws:sts::" .. A .. ":assumed-role/X/s", account = A, role_arn = role,
        type = "assumed-role",
      },
    }
    assert.equal("allowed identity", outcome(A, {
      identity = ALLOW, scp = { DENY }, rcp = { names("*", "Deny") },
    }, who))
  end)

  it("says what each side contributes", function()
    local function sides(documents)
      local got = decide(A, documents).sides
      return got.identity .. " " .. got.resource
    end
    assert.equal("denied not_needed", sides({}))
    assert.equal("allowed not_needed", sides({ identity = ALLOW }))
    assert.equal("not_needed allowed", sides({ resource = names(ROLE) }))
    assert.equal("allowed allowed", sides({ identity = ALLOW, resource = names(ROLE) }))
    assert.equal("denied allowed", sides({ resource = names(ROOT_A) }))
    assert.equal("allowed denied", sides({ identity = ALLOW, resource = names(ROLE, "Deny") }))
    assert.same({ boundary = "denied", session = "allowed", scp = "allowed", rcp = "allowed" },
      decide(A, {
        identity = ALLOW, boundary = NOTHING, session = ALLOW, scp = ALLOW,
        rcp = entry(st("Deny", "*", "s3:*")),
      }).layers)
    assert.same({ boundary = "not_needed" },
      decide(A, { resource = names(SESSION), boundary = NOTHING }).layers)
  end)
end)

describe("across accounts", function()
  local cases = {
    { {}, "implicit_deny resource", "denied denied" },
    { { identity = ALLOW }, "implicit_deny resource", "allowed denied" },
    { { resource = names(ROLE) }, "implicit_deny identity", "denied allowed" },
    { { resource = names(ROOT_A) }, "implicit_deny identity", "denied allowed" },
    { { resource = names(SESSION) }, "implicit_deny identity", "denied allowed" },
    { { resource = names("*") }, "implicit_deny identity", "denied allowed" },
    { { resource = names(ROOT_B), identity = ALLOW }, "implicit_deny resource", "allowed denied" },
    { { resource = names(ROOT_A), identity = ALLOW }, "allowed identity", "allowed allowed" },
    { { resource = names(ROLE), identity = ALLOW }, "allowed identity", "allowed allowed" },
    { { resource = names("*"), identity = ALLOW }, "allowed identity", "allowed allowed" },
    { { resource = names(ROLE), identity = DENY }, "explicit_deny identity", "denied allowed" },
    { { resource = names(ROLE, "Deny"), identity = ALLOW }, "explicit_deny resource",
      "allowed denied" },
    { { resource = names(SESSION), identity = ALLOW, boundary = NOTHING },
      "implicit_deny boundary", "allowed allowed" },
    { { resource = names(SESSION), identity = ALLOW, session = NOTHING },
      "implicit_deny session", "allowed allowed" },
    { { resource = names(ROLE), identity = ALLOW, scp = NOTHING }, "implicit_deny scp",
      "allowed allowed" },
    { { resource = names(ROLE), identity = ALLOW, rcp = names("*", "Deny") },
      "explicit_deny rcp", "allowed allowed" },
    { { resource = names(ROLE), identity = ALLOW, endpoint = names(ROLE) }, "allowed identity",
      "allowed allowed" },
  }
  for i, case in ipairs(cases) do
    it(("case %d is %s"):format(i, case[2]), function()
      local decision = decide(B, case[1])
      assert.equal(case[2], decision.effect .. " " .. decision.layer)
      assert.equal(case[3], decision.sides.identity .. " " .. decision.sides.resource)
      assert.is_true(decision.across_accounts)
    end)
  end

  it("reads the owner from the ARN when it is not given", function()
    local asked = request(B)
    asked.resource_account = nil
    assert.is_true(iam.evaluate(asked, {}).across_accounts)
    asked.resource = "prod/db"
    assert.is_false(iam.evaluate(asked, {}).across_accounts)
  end)
end)

describe("a KMS key", function()
  local KEY_A = "arn:aws:kms:us-east-1:" .. A .. ":key/k"
  local KEY_B = "arn:aws:kms:us-east-1:" .. B .. ":key/k"
  local function kms(owner, documents, action)
    local decision = decide(owner, documents, {
      kind = "kms", action = action or "kms:Decrypt", resource = owner == A and KEY_A or KEY_B,
      context = {
        ["kms:EncryptionContext:SecretARN"] = "arn:s", ["kms:EncryptionContextKeys"] = "SecretARN",
      },
    })
    return decision.effect .. " " .. decision.layer
  end

  local cases = {
    { A, { identity = ALLOW }, "implicit_deny key" },
    { A, { identity = ALLOW, resource = names(ROOT_A) }, "allowed identity" },
    { A, { resource = names(ROOT_A) }, "implicit_deny identity" },
    { A, { resource = names(ROLE) }, "allowed key" },
    { A, { resource = names(ROLE), boundary = NOTHING }, "implicit_deny boundary" },
    { A, { resource = names(SESSION), boundary = NOTHING }, "allowed key" },
    { A, { resource = names(ROLE), identity = DENY }, "explicit_deny identity" },
    { A, { identity = ALLOW, resource = names(ROOT_A), scp = NOTHING }, "implicit_deny scp" },
    { A, { identity = ALLOW, resource = names(ROOT_B) }, "implicit_deny key" },
    { A, { identity = ALLOW, resource = names(ROLE, "Deny") }, "explicit_deny key" },
    { B, { identity = ALLOW }, "implicit_deny key" },
    { B, { identity = ALLOW, resource = names(ROOT_B) }, "implicit_deny key" },
    { B, { identity = ALLOW, resource = names(ROOT_A) }, "allowed identity" },
    { B, { identity = ALLOW, resource = names(ROLE) }, "allowed identity" },
    { B, { resource = names(ROLE) }, "implicit_deny identity" },
    { B, { resource = names(ROOT_A) }, "implicit_deny identity" },
    { B, { identity = ALLOW, resource = names("*"), boundary = NOTHING },
      "implicit_deny boundary" },
  }
  for i, case in ipairs(cases) do
    it(("case %d is %s"):format(i, case[3]), function()
      assert.equal(case[3], kms(case[1], case[2]))
    end)
  end

  it("opens some operations to other accounts, not all", function()
    local documents = { identity = ALLOW, resource = names(ROLE) }
    for _, name in ipairs({ "Decrypt", "GenerateDataKey", "DescribeKey", "CreateGrant" }) do
      assert.equal("allowed identity", kms(B, documents, "kms:" .. name))
    end
    for _, name in ipairs({ "PutKeyPolicy", "DisableKey", "ScheduleKeyDeletion" }) do
      assert.equal("implicit_deny key", kms(B, documents, "kms:" .. name))
      assert.equal("allowed key", kms(A, documents, "kms:" .. name))
    end
  end)

  it("counts grants beside its policy", function()
    local function grant(changes)
      local out = { name = "g", grantee_principal = ROLE, operations = { "Decrypt" } }
      for name, value in pairs(changes or {}) do
        out[name] = value
      end
      return { out }
    end
    assert.equal("allowed key", kms(A, { grants = grant() }))
    assert.equal("implicit_deny identity", kms(B, { grants = grant() }))
    assert.equal("allowed identity", kms(B, { grants = grant(), identity = ALLOW }))
    assert.equal("implicit_deny key", kms(A, { grants = grant({ operations = { "Encrypt" } }) }))
    assert.equal("implicit_deny key", kms(A, { grants = grant({ grantee_principal = USER }) }))
    local function limited(kind, wanted)
      return kms(A, { grants = grant({ constraints = { [kind] = wanted } }) })
    end
    local equals, subset = "encryption_context_equals", "encryption_context_subset"
    assert.equal("allowed key", limited(equals, { SecretARN = "arn:s" }))
    assert.equal("implicit_deny key", limited(equals, { SecretARN = "arn:other" }))
    assert.equal("implicit_deny key", limited(equals, {}))
    assert.equal("allowed key", limited(subset, {}))
    assert.equal("implicit_deny key", limited(subset, { SecretVersionId = "v" }))
    assert.equal("explicit_deny key", kms(A, { grants = grant(), resource = names(ROLE, "Deny") }))
    assert.equal("implicit_deny key", kms(A, { grants = { "x", {}, NULL } }))
  end)
end)

describe("a role's trust policy", function()
  local function trust(owner, principal, documents, caller)
    documents.resource = {
      document = {
        Statement = { Effect = "Allow", Principal = principal, Action = "sts:AssumeRole" },
      },
    }
    return outcome(owner, documents, {
      kind = "trust", action = "sts:AssumeRole", principal = caller,
      resource = "arn:aws:iam::" .. owner .. ":role/secrets-admin",
    })
  end

  it("is needed, and enough where it names the caller in its account", function()
    assert.equal("allowed trust", trust(A, { AWS = ROLE }, {}))
    assert.equal("implicit_deny trust", trust(A, { AWS = USER }, { identity = ALLOW }))
    assert.equal("implicit_deny identity", trust(A, { AWS = A }, {}))
    assert.equal("allowed identity", trust(A, { AWS = A }, { identity = ALLOW }))
  end)

  it("is needed beside the identity policy across accounts", function()
    assert.equal("implicit_deny identity", trust(B, { AWS = ROLE }, {}))
    assert.equal("implicit_deny trust", trust(B, { AWS = B }, { identity = ALLOW }))
    assert.equal("allowed identity", trust(B, { AWS = ROLE }, { identity = ALLOW }))
  end)

  it("admits services and the tokens of providers by itself", function()
    local ec2 = { type = "service", service = "ec2.amazonaws.com" }
    assert.equal("allowed trust", trust(A, { Service = "ec2.amazonaws.com" }, {}, ec2))
    assert.equal("implicit_deny trust", trust(A, { Service = "ecs.amazonaws.com" }, {}, ec2))
    assert.equal("allowed trust", trust(A, { Service = "ec2.amazonaws.com" }, { scp = DENY }, ec2))
    local token = { type = "federated", federated = "accounts.google.com" }
    assert.equal("allowed trust", trust(A, { Federated = "accounts.google.com" }, {}, token))
  end)
end)

describe("a derivation", function()
  it("has every statement in the order of the layers, and how the caller was named", function()
    local decision = decide(B, {
      identity = { NOTHING, ALLOW }, resource = names(ROLE), scp = { ALLOW }, boundary = ALLOW,
    })
    local seen = {}
    for i, record in ipairs(decision.derivation) do
      seen[i] = ("%s %s#%d %s"):format(record.layer, record.document, record.index, record.matched)
    end
    assert.same({
      "scp allow#1 true", "identity nothing#1 false", "identity allow#1 true",
      "boundary allow#1 true", "resource nil#1 true",
    }, seen)
    assert.equal("role", decision.how)
    assert.same({ document = "allow", index = 1 }, decision.statement)
  end)

  it("points to the statement that came nearest", function()
    local resource = {
      document = {
        Statement = {
          st("Allow", { AWS = ROLE }, "secretsmanager:DescribeSecret"),
          { Sid = "Near", Effect = "Allow", Principal = { AWS = ROLE }, Resource = "*",
            Action = "secretsmanager:GetSecretValue",
            Condition = { StringEquals = { ["secretsmanager:VersionStage"] = "AWSCURRENT" } } },
          st("Allow", { AWS = B }),
          st("Deny", { AWS = B }),
        },
      },
    }
    local decision = decide(B, { identity = ALLOW, resource = resource })
    assert.equal(2, decision.nearest.index)
    assert.equal("secretsmanager:VersionStage", decision.nearest.key)
    assert.is_nil(decision.nearest.had)
  end)

  it("does not depend on how a list of one is written", function()
    local single = { document = { Statement = st("Allow", { AWS = { ROLE } }) } }
    assert.equal("allowed identity", outcome(B, { identity = ALLOW, resource = single }))
    assert.equal("allowed identity", outcome(B, { identity = { ALLOW }, resource = { single } }))
  end)
end)

describe("a request", function()
  it("without a resource fits statements for all resources only", function()
    local asked = { principal = SESSION_CALLER, action = "secretsmanager:ListSecrets" }
    assert.is_true(iam.evaluate(asked, { identity = ALLOW }).allowed)
    local scoped = st("Allow")
    scoped.Resource = "arn:aws:secretsmanager:*:*:secret:*"
    assert.is_false(iam.evaluate(asked, { identity = entry(scoped) }).allowed)
  end)

  it("that is no request is a caller's mistake, and raises", function()
    assert.has_error(function() iam.evaluate({}, {}) end)
    assert.has_error(function() iam.evaluate({ action = "GetSecretValue" }, {}) end)
    assert.has_error(function() iam.evaluate(request(A, { kind = "other" }), {}) end)
    assert.has_error(function() iam.evaluate(request(A, { resource = 5 }), {}) end)
  end)

  it("is decided whatever a document holds", function()
    local state = 7
    local function random(limit)
      state = (state * 1103515245 + 12345) % 2147483648
      return state // 65536 % limit + 1
    end
    local scalars = {
      NULL, true, false, 0, -1.5, "", "*", "x", "${", "${aws:username}", "Allow", "Deny",
      "2012-10-17", "arn:aws:iam::1:root", "10.0.0.0/8",
    }
    local keys = {
      "Version", "Statement", "Effect", "Principal", "NotPrincipal", "Action", "NotAction",
      "Resource", "NotResource", "Condition", "StringEquals", "NumericLessThan", "ArnLike", "Null",
      "ForAllValues:StringLike", "IpAddress", "AWS", "Service", "aws:SourceIp", "Sid", "",
    }
    local function value(depth)
      local kind = depth > 5 and 1 or random(4)
      if kind == 1 then
        return scalars[random(#scalars)]
      end
      local out = {}
      for i = 1, random(4) - 1 do
        out[kind == 2 and i or keys[random(#keys)]] = value(depth + 1)
      end
      return out
    end
    for _ = 1, 3000 do
      local statement = st("Allow", { AWS = ROLE })
      statement[keys[random(#keys)]] = value(1)
      statement[keys[random(#keys)]] = value(1)
      for _, document in ipairs({ { Version = "2012-10-17", Statement = statement }, value(0) }) do
        local given = { name = "x", document = document }
        decide(B, { identity = given, resource = given, scp = given, session = given })
        for _, kind in ipairs({ "identity", "resource", "trust", "rcp" }) do
          for _, finding in ipairs(iam.check_document(document, kind)) do
            assert.equal("string", type(finding.path))
            assert.equal("string", type(finding.message))
          end
        end
      end
    end
  end)
end)
