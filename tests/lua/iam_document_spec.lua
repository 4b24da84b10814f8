local iam = require "lunette.iam"

local NULL = io.stdout
local ROLE = "arn:aws:iam::111111111111:role/app-server"

local function statement(changes, kind)
  local st = { Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = "*" }
  if kind and kind ~= "identity" then
    st.Principal = { AWS = ROLE }
  end
  for name, value in pairs(changes or {}) do
    st[name] = value ~= "none" and value or nil
  end
  return st
end

local function findings(document, kind)
  local out = {}
  for i, finding in ipairs(iam.check_document(document, kind or "identity")) do
    out[i] = finding.path .. ": " .. finding.message
  end
  return out
end

local function in_statement(changes, kind)
  return findings({
    Version = "2012-10-17", Statement = { statement(changes, kind) },
  }, kind)
end

describe("a well-formed policy has no findings", function()
  it("of any kind", function()
    for _, kind in ipairs({ "resource", "key", "endpoint" }) do
      assert.same({}, in_statement({}, kind))
    end
    for _, kind in ipairs({ "identity", "boundary", "session", "scp" }) do
      assert.same({}, in_statement({}))
      assert.same({}, findings({ Statement = statement() }, kind))
    end
    assert.same({}, in_statement({ Resource = "none", Action = "sts:AssumeRole" }, "trust"))
    assert.same({}, in_statement({ Effect = "Deny", Principal = "*" }, "rcp"))
    assert.same({}, in_statement({ Action = "*", Principal = "*" }, "rcp"))
  end)

  it("with every element and form", function()
    assert.same({}, findings({
      Version = "2012-10-17", Id = "x",
      Statement = {
        statement({ Sid = "One", Action = { "kms:Decrypt", "s3:Get*", "*" } }, "resource"),
        statement({ Sid = "With space", Principal = "*", NotAction = "iam:*", Action = "none" },
          "resource"),
        statement({
          Principal = {
            AWS = {
              "*", "111111111111", "arn:aws:iam::111111111111:root",
              "arn:aws:iam::111111111111:user/a/b", "arn:aws-cn:iam::111111111111:role/r",
              "arn:aws:sts::111111111111:assumed-role/r/s",
              "arn:aws:sts::111111111111:federated-user/f",
            },
            Service = "ec2.amazonaws.com", Federated = "accounts.google.com",
          },
        }, "resource"),
        statement({ Principal = "none", NotPrincipal = { AWS = ROLE }, Effect = "Deny",
          Resource = "none", NotResource = "arn:aws:s3:::b/${aws:username}" }, "resource"),
        statement({
          Condition = {
            StringEquals = { ["aws:PrincipalOrgID"] = "o-1", ["a:n"] = 5, ["a:b"] = true },
            ["ForAllValues:StringLikeIfExists"] = { ["aws:TagKeys"] = { "a*", "${aws:username}" } },
            NumericLessThan = { ["aws:MultiFactorAuthAge"] = "3600" },
            DateGreaterThan = { ["aws:CurrentTime"] = "2026-01-01T00:00:00Z" },
            Bool = { ["aws:SecureTransport"] = "false" }, Null = { ["aws:SourceVpc"] = "true" },
            IpAddress = { ["aws:SourceIp"] = { "10.0.0.0/8", "2001:db8::/32" } },
            ArnLike = { ["aws:SourceArn"] = { "arn:aws:s3:::*", "${aws:SourceArn}" } },
            BinaryEquals = { ["a:bin"] = "Zm9v" },
          },
        }, "resource"),
      },
    }, "resource"))
  end)
end)

describe("a malformed policy is named", function()
  it("as a whole", function()
    assert.same({ ": must be a JSON object, is null" }, findings(NULL))
    assert.same({ ": must be a JSON object, is a text" }, findings("x"))
    assert.same({ ": must be a JSON object, is empty" }, findings({}))
    assert.same({ ": must be a JSON object, is a list" }, findings({ statement() }))
    assert.same({ ": has no Statement" }, findings({ Version = "2012-10-17" }))
    assert.same({ "Statement: is empty" }, findings({ Statement = {} }))
    assert.same({ "Statement: must be a list of statements, is null" },
      findings({ Statement = NULL }))
    assert.same({ "Statement[2]: must be an object, is a text" },
      findings({ Statement = { statement(), "x" } }))
    assert.same({ 'Version: must be 2012-10-17, is "2012-10-18"' },
      findings({ Version = "2012-10-18", Statement = statement() }))
    assert.same({ "statement: unknown element; did you mean Statement?" },
      findings({ statement = {}, Statement = statement() }))
    assert.same({ "Id: must be a text, is a number" },
      findings({ Id = 5, Statement = statement() }))
    assert.same({ "Statement.Effect: must be Allow or Deny, is \"allow\"" },
      findings({ Statement = statement({ Effect = "allow" }) }))
  end)

  local cases = {
    { { Actions = "x" }, "Statement[1].Actions: unknown element; did you mean Action?" },
    { { Comment = "x" }, "Statement[1].Comment: unknown element" },
    { { Effect = "none" }, "Statement[1]: has no Effect" },
    { { Effect = NULL }, "Statement[1].Effect: must be Allow or Deny, is null" },
    { { Sid = 5 }, "Statement[1].Sid: must be a text, is a number" },
    { { Sid = "a b" }, "Statement[1].Sid: must consist of ASCII letters and digits" },
    { { Action = "none" }, "Statement[1]: has no Action" },
    { { NotAction = "s3:*" }, "Statement[1]: has both Action and NotAction" },
    { { Action = {} }, "Statement[1].Action: is empty" },
    { { Action = NULL },
      "Statement[1].Action: must be a text or a list of texts, is null" },
    { { Action = 5 },
      "Statement[1].Action: must be a text or a list of texts, is a number" },
    { { Action = { "s3:*", 5 } }, "Statement[1].Action[2]: must be a text, is a number" },
    { { Action = "GetSecretValue" },
      'Statement[1].Action: must be * or of the form service:Action, is "GetSecretValue"' },
    { { Resource = "none" }, "Statement[1]: has no Resource" },
    { { Resource = "prod/db" }, 'Statement[1].Resource: must be an ARN or *, is "prod/db"' },
    { { Principal = "*" }, "Statement[1].Principal: must not stand in an identity policy" },
    { { Condition = { "x" } },
      "Statement[1].Condition: must be an object of operators, is a list" },
    { { Condition = { stringequals = { ["a:b"] = "c" } } },
      "Statement[1].Condition.stringequals: unknown operator; did you mean StringEquals?" },
    { { Condition = { StringIs = { ["a:b"] = "c" } } },
      "Statement[1].Condition.StringIs: unknown operator" },
    { { Condition = { StringEquals = "x" } },
      "Statement[1].Condition.StringEquals: must be an object of condition keys, is a text" },
    { { Condition = { StringEquals = { SourceIp = "c" } } },
      "Statement[1].Condition.StringEquals.SourceIp: is no condition key: a key is of the form "
      .. "service:Key" },
    { { Condition = { StringEquals = { ["a:b"] = {} } } },
      "Statement[1].Condition.StringEquals.a:b: is empty" },
    { { Condition = { StringEquals = { ["a:b"] = NULL } } },
      "Statement[1].Condition.StringEquals.a:b: must be a value or a list of values, is null" },
    { { Condition = { StringEquals = { ["a:b"] = { "c", { "d" } } } } },
      "Statement[1].Condition.StringEquals.a:b[2]: must be a text, a number or a boolean, "
      .. "is a list" },
    { { Condition = { NumericEquals = { ["a:b"] = "ten" } } },
      'Statement[1].Condition.NumericEquals.a:b: must be a number, is "ten"' },
    { { Condition = { DateLessThan = { ["a:b"] = "soon" } } },
      'Statement[1].Condition.DateLessThan.a:b: must be a date, is "soon"' },
    { { Condition = { Bool = { ["a:b"] = "yes" } } },
      'Statement[1].Condition.Bool.a:b: must be true or false, is "yes"' },
    { { Condition = { Null = { ["a:b"] = "yes" } } },
      'Statement[1].Condition.Null.a:b: must be true or false, is "yes"' },
    { { Condition = { NotIpAddress = { ["a:b"] = "10.0.0.0/99" } } },
      'Statement[1].Condition.NotIpAddress.a:b: must be an address or a network, '
      .. 'is "10.0.0.0/99"' },
    { { Condition = { ArnLike = { ["a:b"] = "app-server" } } },
      'Statement[1].Condition.ArnLike.a:b: must be an ARN, is "app-server"' },
    { { Condition = { BinaryEquals = { ["a:b"] = "!" } } },
      'Statement[1].Condition.BinaryEquals.a:b: must be base64, is "!"' },
    { { Condition = { NumericEquals = { ["a:b"] = "${a:c}" } } },
      "Statement[1].Condition.NumericEquals.a:b: NumericEquals takes no variables" },
  }
  for _, case in ipairs(cases) do
    it(case[2], function() assert.same({ case[2] }, in_statement(case[1])) end)
  end

  local principals = {
    { { AWS = "arn:aws:iam::1:instance-profile/app" },
      "Principal.AWS: is an instance profile; the principal is the role inside it" },
    { { AWS = "AROAEXAMPLEEXAMPLE12" },
      "Principal.AWS: is the unique id of a deleted role or user and matches nobody" },
    { { AWS = "arn:aws:iam::111111111111:role/*" },
      "Principal.AWS: must not have wildcards: a principal is * or one exact ARN" },
    { { AWS = { "*", "app-server" } },
      'Principal.AWS[2]: must be *, an account number or an ARN, is "app-server"' },
    { { AWS = "arn:aws:iam::1:group/g" },
      "Principal.AWS: must be the ARN of an account's root, a user, a role or a session" },
    { { AWS = "arn:aws:sts::1:assumed-role/r" },
      "Principal.AWS: must be the ARN of an account's root, a user, a role or a session" },
    { { aws = "*" }, "Principal.aws: unknown element; did you mean AWS?" },
    { { Service = "ec2" }, "Principal.Service: must be a service such as ec2.amazonaws.com" },
    { { AWS = {} }, "Principal.AWS: is empty" },
    { ROLE, 'Principal: must be "*" or an object such as {"AWS": ...}, is a text' },
    { NULL, 'Principal: must be "*" or an object such as {"AWS": ...}, is null' },
  }
  for _, case in ipairs(principals) do
    it(case[2], function()
      assert.same({ "Statement[1]." .. case[2] },
        in_statement({ Principal = case[1] }, "resource"))
    end)
  end

  it("by the rules of its kind", function()
    assert.same({ "Statement[1]: has no Principal" },
      in_statement({ Principal = "none" }, "resource"))
    assert.same({ "Statement[1].Resource: must not stand in a role trust policy" },
      in_statement({}, "trust"))
    assert.same({ "Statement[1].NotPrincipal: must not stand in a role trust policy" },
      in_statement({ Resource = "none", Principal = "none", NotPrincipal = { AWS = ROLE } },
        "trust"))
    assert.same({
      "Statement[1].Effect: must be Deny in a resource control policy",
      'Statement[1].Principal: must be "*" in a resource control policy',
    }, in_statement({}, "rcp"))
    assert.has_error(function() iam.check_document({}, "bucket") end)
  end)

  it("when a Sid stands twice, or variables in an old Version", function()
    assert.same({ 'Statement[2].Sid: "One" is used twice' }, findings({
      Statement = { statement({ Sid = "One" }), statement({ Sid = "One" }) },
    }))
    assert.same({
      'Statement.Resource: has a variable, which is plain text without "Version": "2012-10-17"',
      'Statement.Condition.StringLike.a:b: has a variable, which is plain text without'
        .. ' "Version": "2012-10-17"',
    }, findings({
      Statement = statement({
        Resource = "arn:aws:s3:::${a:b}", Condition = { StringLike = { ["a:b"] = "${a:c}" } },
      }),
    }))
  end)
end)
