local support = require "sandbox_support"

local READER = "arn:aws:iam::222222222222:role/team/reader"

local function world()
  local out = support.founding()
  table.insert(out.accounts["222222222222"].roles, {
    name = "reader", path = "/team/", max_session = 7200,
    trust = { Version = "2012-10-17", Statement = { {
      Effect = "Allow", Principal = { AWS = support.APP_ROLE }, Action = "sts:AssumeRole",
      Condition = { StringEquals = { ["sts:ExternalId"] = "made-up-id" } },
    } } },
  })
  out.accounts["111111111111"].roles[1].policies.assume = { Version = "2012-10-17", Statement = {
    { Effect = "Allow", Action = "sts:AssumeRole", Resource = READER },
  } }
  out.accounts["222222222222"].users = { {
    name = "operator", access_keys = { { id = "AKIASANDBOXOPERATOR0", secret = "not-a-real-key" } },
    policies = { assume = { Version = "2012-10-17", Statement = {
      { Effect = "Allow", Action = "sts:AssumeRole", Resource = "*" },
    } } },
  } }
  return out
end

local USER = { access_key_id = "AKIASANDBOXOPERATOR0", secret_access_key = "not-a-real-key" }

local function element(xml, name)
  return xml:match(("<%s>([^<]*)</%s>"):format(name, name))
end

local function assume(more, role)
  return ("Action=AssumeRole&RoleArn=%s&%s"):format(role or READER, more)
end

describe("the sandbox's STS", function()
  local client, keys

  before_each(function()
    client = support.new(world())
    keys = client:keys(support.APP_ROLE)
  end)

  it("says who calls, whatever their policies say", function()
    local status, xml = client:sts(keys, "Action=GetCallerIdentity")
    assert.equal(200, status)
    assert.equal("arn:aws:sts::111111111111:assumed-role/app-server/test", element(xml, "Arn"))
    assert.equal("111111111111", element(xml, "Account"))
    assert.truthy(element(xml, "UserId"):find "^AROASANDBOX%w+:test$")
    assert.truthy(xml:find("<GetCallerIdentityResponse xmlns=", 1, true))
    assert.truthy(element(xml, "RequestId"))
    assert.equal("arn:aws:iam::222222222222:user/operator",
      element(select(2, client:sts(USER, "Action=GetCallerIdentity")), "Arn"))
  end)

  it("takes the region from the scope, and any region", function()
    assert.equal(200, (client:sts(keys, "Action=GetCallerIdentity", { region = "us-east-1" })))
  end)

  it("gives keys of the role to those whom its trust policy names", function()
    local status, xml = client:sts(keys,
      assume "RoleSessionName=job&ExternalId=made-up-id&DurationSeconds=900")
    assert.equal(200, status)
    assert.equal("2026-11-23T21:48:00Z", element(xml, "Expiration"))
    -- The session's ARN has no path.
    assert.equal("arn:aws:sts::222222222222:assumed-role/reader/job", element(xml, "Arn"))
    local hop = { access_key_id = element(xml, "AccessKeyId"),
      secret_access_key = element(xml, "SecretAccessKey"),
      session_token = element(xml, "SessionToken") }
    local _, who = client:sts(hop, "Action=GetCallerIdentity")
    assert.equal("arn:aws:sts::222222222222:assumed-role/reader/job", element(who, "Arn"))
    client.now = client.now + 900
    local expired, refusal = client:sts(hop, "Action=GetCallerIdentity")
    assert.equal(403, expired)
    assert.equal("ExpiredToken", element(refusal, "Code"))
  end)

  it("refuses without the external id, and says which policy is to blame", function()
    for _, more in ipairs { "RoleSessionName=job", "RoleSessionName=job&ExternalId=wrong-id" } do
      local status, xml = client:sts(keys, assume(more))
      assert.equal(403, status)
      assert.equal("AccessDenied", element(xml, "Code"))
      assert.truthy(element(xml, "Message"):find(
        "because no role trust policy allows the sts:AssumeRole action", 1, true))
    end
    assert.equal("implicit_deny", client:last().decisions[1].decision.effect)
  end)

  it("does not say whether a role is there", function()
    local status, xml = client:sts(keys,
      assume("RoleSessionName=job", "arn:aws:iam::222222222222:role/nobody"))
    assert.equal(403, status)
    assert.truthy(element(xml, "Message"):find(
      "is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::222222222222:"
        .. "role/nobody", 1, true))
  end)

  it("checks every parameter, and says all that is wrong", function()
    local status, xml = client:sts(keys, assume "RoleSessionName=a&DurationSeconds=899")
    assert.equal(400, status)
    assert.equal("ValidationError", element(xml, "Code"))
    assert.equal("2 validation errors detected: Value 'a' at 'roleSessionName' failed to satisfy "
      .. "constraint: Member must have length greater than or equal to 2; Value '899' at "
      .. "'durationSeconds' failed to satisfy constraint: Member must have value greater than or "
      .. "equal to 900", element(xml, "Message"))
    for form, words in pairs {
      ["Action=AssumeRole&RoleSessionName=job"] = "Value null at 'roleArn'",
      [assume(("RoleSessionName=%s"):format(("s"):rep(65)))] = "less than or equal to 64",
      [assume "RoleSessionName=a+b"] = "regular expression pattern: [\\w+=,.@-]*",
      [assume "RoleSessionName=job&DurationSeconds=43201"] = "less than or equal to 43200",
      [assume "RoleSessionName=job&DurationSeconds=ten"] = "integer",
      [assume("RoleSessionName=job", "arn:aws:iam::222222222222:user/x")] = "is invalid",
      [assume "RoleSessionName=job&PolicyArns.member.1.arn=x"] = "PolicyArns is not there",
    } do
      local code, answer = client:sts(keys, form)
      assert.equal(400, code, form)
      assert.truthy(element(answer, "Message"):find(words, 1, true), form)
    end
  end)

  it("never repeats an external id", function()
    local _, xml = client:sts(keys, assume "RoleSessionName=job&ExternalId=canary%20id")
    assert.truthy(element(xml, "Message"):find("Value at 'externalId'", 1, true))
    assert.is_nil(xml:find("canary", 1, true))
  end)

  it("limits sessions to the role's and, from a role, to an hour", function()
    local _, long = client:sts(keys,
      assume "RoleSessionName=job&ExternalId=made-up-id&DurationSeconds=7201")
    assert.equal("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
      element(long, "Message"))
    local _, chained = client:sts(keys,
      assume "RoleSessionName=job&ExternalId=made-up-id&DurationSeconds=3601")
    assert.truthy(element(chained, "Message"):find("role chaining", 1, true))
  end)

  it("lets a user in the account pass where the trust policy names the account", function()
    local status = client:sts(USER, assume("RoleSessionName=job", support.ADMIN_ROLE))
    assert.equal(200, status)
    assert.equal(403, (client:sts(keys, assume("RoleSessionName=job", support.ADMIN_ROLE))))
  end)

  it("narrows a session by the policy that is passed", function()
    local policy = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A"
      .. "%22Allow%22%2C%22Action%22%3A%22secretsmanager%3ADescribeSecret%22%2C%22Resource%22%3A"
      .. "%22%2A%22%7D%5D%7D"
    local _, xml = client:sts(USER,
      assume("RoleSessionName=job&Policy=" .. policy, support.ADMIN_ROLE))
    local narrow = { access_key_id = element(xml, "AccessKeyId"),
      secret_access_key = element(xml, "SecretAccessKey"),
      session_token = element(xml, "SessionToken") }
    assert.equal(200, (client:secrets(narrow, "DescribeSecret", { SecretId = "prod/db" })))
    local status, answer = client:secrets(narrow, "GetSecretValue", { SecretId = "prod/db" })
    assert.equal(400, status)
    assert.truthy(answer.Message:find("no session policy allows", 1, true))
  end)

  it("refuses a session policy that AWS would refuse", function()
    local ln = require "lunette"
    for text, note in pairs {
      ['{"Version":"2012-10-17","Statement":[{"Effect":"allow","Action":"*","Resource":"*"}]}']
        = "Statement[1].Effect",
      ['{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Actions":"*","Resource":"*"}]}']
        = "Statement[1]",
      ['{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*",'
        .. '"Principal":"*"}]}'] = "Statement[1].Principal",
      ["{}"] = "must be a JSON object",
    } do
      local status, xml = client:sts(USER,
        assume("RoleSessionName=job&Policy=" .. ln.url.encode(text), support.ADMIN_ROLE))
      assert.equal(400, status, text)
      assert.equal("MalformedPolicyDocument", element(xml, "Code"))
      assert.equal("Syntax errors in policy.", element(xml, "Message"))
      assert.truthy(client:last().note:find(note, 1, true), client:last().note)
    end
  end)

  it("knows no other operation, and no other version", function()
    for _, form in ipairs { "Action=Nothing", "Action=GetCallerIdentity&Version=2001-01-01" } do
      local status, xml = client:sts(keys, form)
      assert.equal(400, status)
      assert.equal("InvalidAction", element(xml, "Code"))
    end
  end)
end)
