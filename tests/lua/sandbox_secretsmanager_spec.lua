local cjson = require "cjson"
local support = require "sandbox_support"

local NOT_FOUND = "Secrets Manager can't find the specified secret."
local TOKEN = support.token

describe("the sandbox's Secrets Manager", function()
  local client, app, admin

  local function start(world)
    client = support.new(world)
    app, admin = client:keys(support.APP_ROLE), client:keys(support.ADMIN_ROLE)
  end

  local function refused(code, text, keys, operation, input, how)
    local status, answer = client:secrets(keys, operation, input, how)
    assert.equal(400, status)
    assert.equal(code, answer.__type)
    if text then assert.equal(text, answer.Message) end
    return answer.Message
  end

  local function done(keys, operation, input)
    local status, answer = client:secrets(keys, operation, input)
    assert.equal(200, status, type(answer) == "table" and answer.Message or answer)
    return answer
  end

  local function create(input)
    input.ClientRequestToken = input.ClientRequestToken or TOKEN()
    return done(admin, "CreateSecret", input)
  end

  before_each(function() start() end)

  describe("in the founding case", function()
    it("gives the secret to the role of the other account", function()
      local answer = done(app, "GetSecretValue", { SecretId = support.SECRET })
      assert.equal("prod/db", answer.Name)
      assert.equal(support.SECRET, answer.ARN)
      assert.same({ "AWSCURRENT" }, answer.VersionStages)
      assert.truthy(answer.SecretString:find('"rate": 1.10,', 1, true))
      assert.truthy(answer.SecretString:find("123456789012345678", 1, true))
      assert.is_nil(answer.SecretBinary)
      local asked = client:last().decisions
      assert.equal("secretsmanager:GetSecretValue", asked[1].action)
      assert.equal("kms:Decrypt", asked[2].action)
      assert.same({ identity = "allowed", resource = "allowed" }, asked[2].decision.sides)
    end)

    it("refuses without the role's permission on the secret", function()
      local world = support.founding()
      table.remove(world.accounts["111111111111"].roles[1].policies["read-db"].Statement, 1)
      start(world)
      refused("AccessDeniedException", "User: arn:aws:sts::111111111111:assumed-role/app-server/"
        .. "test is not authorized to perform: secretsmanager:GetSecretValue on resource: "
        .. support.SECRET .. " because no identity-based policy allows the "
        .. "secretsmanager:GetSecretValue action", app, "GetSecretValue",
        { SecretId = support.SECRET })
    end)

    it("refuses without the secret's policy", function()
      local world = support.founding()
      world.accounts["222222222222"].secrets[1].resource_policy = nil
      start(world)
      local text = refused("AccessDeniedException", nil, app, "GetSecretValue",
        { SecretId = support.SECRET })
      assert.truthy(text:find("because no resource-based policy allows", 1, true))
    end)

    it("says the same for either side of the key", function()
      for _, change in ipairs {
        function(w)
          table.remove(w.accounts["111111111111"].roles[1].policies["read-db"].Statement)
        end,
        function(w) table.remove(w.accounts["222222222222"].keys[1].policy.Statement) end,
        function(w) -- the key's ARN where the secret's belongs
          local condition = w.accounts["222222222222"].keys[1].policy.Statement[2].Condition
          condition.ArnLike["kms:EncryptionContext:SecretARN"] = support.KEY
        end,
        function(w) -- the role of another region's endpoint
          local condition = w.accounts["222222222222"].keys[1].policy.Statement[2].Condition
          condition.StringEquals["kms:ViaService"] = "secretsmanager.us-east-1.amazonaws.com"
        end,
      } do
        local world = support.founding()
        change(world)
        start(world)
        refused("AccessDeniedException", "Access to KMS is not allowed", app, "GetSecretValue",
          { SecretId = support.SECRET })
        assert.is_false(client:last().decisions[2].decision.allowed)
      end
    end)

    it("says that the AWS managed key cannot cross accounts", function()
      local world = support.founding()
      world.accounts["222222222222"].secrets[1].kms_key = nil
      start(world)
      refused("InvalidRequestException", "You can't access a secret from a different AWS account "
        .. "if you encrypt the secret with the default KMS service key.", app, "GetSecretValue",
        { SecretId = support.SECRET })
      -- Within the account it works without any policy on the key.
      local answer = done(admin, "GetSecretValue", { SecretId = "prod/db" })
      assert.equal("prod/db", answer.Name)
      assert.is_nil(done(admin, "DescribeSecret", { SecretId = "prod/db" }).KmsKeyId)
    end)

    it("says what is wrong with the key itself", function()
      for state, words in pairs { Disabled = "is disabled.", PendingDeletion = "is pending" } do
        local world = support.founding()
        world.accounts["222222222222"].keys[1].state = state
        start(world)
        local text = refused("DecryptionFailure", nil, app, "GetSecretValue",
          { SecretId = support.SECRET })
        assert.truthy(text:find(support.KEY, 1, true) and text:find(words, 1, true), text)
      end
    end)

    it("lets a condition on the stage see only what the request carries", function()
      local world = support.founding()
      world.accounts["222222222222"].secrets[1].resource_policy.Statement[1].Condition =
        { StringEquals = { ["secretsmanager:VersionStage"] = "AWSCURRENT" } }
      start(world)
      refused("AccessDeniedException", nil, app, "GetSecretValue", { SecretId = support.SECRET })
      done(app, "GetSecretValue", { SecretId = support.SECRET, VersionStage = "AWSCURRENT" })
    end)
  end)

  describe("looking for a secret", function()
    it("takes a name in the caller's own account and region only", function()
      done(admin, "GetSecretValue", { SecretId = "prod/db" })
      local text = refused("AccessDeniedException", nil, app, "GetSecretValue",
        { SecretId = "prod/db" })
      assert.truthy(text:find("on resource: prod/db because no identity-based policy", 1, true))
      refused("ResourceNotFoundException", NOT_FOUND, admin, "GetSecretValue",
        { SecretId = "prod/db" }, { region = "us-east-1" })
      refused("ResourceNotFoundException", NOT_FOUND, admin, "GetSecretValue",
        { SecretId = support.SECRET }, { region = "us-east-1" })
    end)

    it("takes an ARN without its suffix within the account", function()
      local partial = support.SECRET:sub(1, -8)
      assert.equal(support.SECRET, done(admin, "GetSecretValue", { SecretId = partial }).ARN)
      refused("AccessDeniedException", nil, app, "GetSecretValue", { SecretId = partial })
      refused("ResourceNotFoundException", NOT_FOUND, admin, "GetSecretValue",
        { SecretId = partial .. "-XXXXXX" })
    end)

    it("takes a partial ARN that ends like a suffix for a complete one", function()
      local arn = create({ Name = "my-secret", SecretString = "x" }).ARN
      refused("ResourceNotFoundException", NOT_FOUND, admin, "GetSecretValue",
        { SecretId = arn:sub(1, -8) })
      done(admin, "GetSecretValue", { SecretId = arn })
      done(admin, "GetSecretValue", { SecretId = "my-secret" })
    end)

    it("asks for rights before it says that nothing is there", function()
      refused("ResourceNotFoundException", NOT_FOUND, admin, "GetSecretValue",
        { SecretId = "nothing" })
      refused("AccessDeniedException", nil, app, "GetSecretValue", { SecretId = "nothing" })
    end)

    it("refuses what is neither name nor ARN", function()
      for _, id in ipairs { "a b", "arn:aws:secretsmanager", "arn:aws:s3:::bucket", "ü" } do
        refused("ValidationException", "Invalid name. Must be a valid name containing "
          .. "alphanumeric characters, or any of the following: -/_+=.@!", admin,
          "GetSecretValue", { SecretId = id })
      end
    end)

    it("keeps what is being deleted from being read, not from being described", function()
      local world = support.founding()
      world.accounts["222222222222"].secrets[1].deleted = true
      start(world)
      local text = "You can't perform this operation on the secret because it was marked for "
        .. "deletion."
      refused("InvalidRequestException", text, app, "GetSecretValue", { SecretId = support.SECRET })
      refused("InvalidRequestException", text, admin, "PutSecretValue",
        { SecretId = "prod/db", SecretString = "x", ClientRequestToken = TOKEN() })
      refused("InvalidRequestException", "You can't create this secret because a secret with this "
        .. "name is already scheduled for deletion.", admin, "CreateSecret",
        { Name = "prod/db", SecretString = "x", ClientRequestToken = TOKEN() })
      assert.truthy(done(admin, "DescribeSecret", { SecretId = "prod/db" }).DeletedDate)
    end)
  end)

  describe("versions", function()
    it("move AWSCURRENT to the new one and AWSPREVIOUS to the old", function()
      local one, two, three = TOKEN(), TOKEN(), TOKEN()
      create { Name = "app", SecretString = "first", ClientRequestToken = one }
      assert.same({ "AWSCURRENT" }, done(admin, "PutSecretValue",
        { SecretId = "app", SecretString = "second", ClientRequestToken = two }).VersionStages)
      done(admin, "PutSecretValue",
        { SecretId = "app", SecretBinary = "dGhpcmQ=", ClientRequestToken = three })
      local current = done(admin, "GetSecretValue", { SecretId = "app" })
      assert.equal("dGhpcmQ=", current.SecretBinary)
      assert.is_nil(current.SecretString)
      assert.equal("second", done(admin, "GetSecretValue",
        { SecretId = "app", VersionStage = "AWSPREVIOUS" }).SecretString)
      assert.equal("first",
        done(admin, "GetSecretValue", { SecretId = "app", VersionId = one }).SecretString)
      assert.same({ [two] = { "AWSPREVIOUS" }, [three] = { "AWSCURRENT" } },
        done(admin, "DescribeSecret", { SecretId = "app" }).VersionIdsToStages)
    end)

    it("that are not there are named", function()
      local id = ("0"):rep(32)
      refused("ResourceNotFoundException", "Secrets Manager can't find the specified secret value "
        .. "for VersionId: " .. id, admin, "GetSecretValue",
        { SecretId = "prod/db", VersionId = id })
      refused("ResourceNotFoundException", "Secrets Manager can't find the specified secret value "
        .. "for staging label: AWSPREVIOUS", admin, "GetSecretValue",
        { SecretId = "prod/db", VersionStage = "AWSPREVIOUS" })
      local have = done(admin, "GetSecretValue", { SecretId = "prod/db" }).VersionId
      refused("InvalidRequestException",
        "You provided a VersionStage that is not associated to the provided VersionId.", admin,
        "GetSecretValue", { SecretId = "prod/db", VersionId = have, VersionStage = "AWSPENDING" })
    end)

    it("take the stages that are asked for", function()
      create { Name = "app", SecretString = "first" }
      done(admin, "PutSecretValue", { SecretId = "app", SecretString = "next",
        VersionStages = { "AWSPENDING" }, ClientRequestToken = TOKEN() })
      assert.equal("first", done(admin, "GetSecretValue", { SecretId = "app" }).SecretString)
      assert.equal("next", done(admin, "GetSecretValue",
        { SecretId = "app", VersionStage = "AWSPENDING" }).SecretString)
    end)

    it("are written once for each token", function()
      local token = TOKEN()
      create { Name = "app", SecretString = "first" }
      local write = { SecretId = "app", SecretString = "second", ClientRequestToken = token }
      done(admin, "PutSecretValue", write)
      assert.same({ "AWSCURRENT" }, done(admin, "PutSecretValue", write).VersionStages)
      write.SecretString = "other"
      refused("ResourceExistsException", nil, admin, "PutSecretValue", write)
    end)
  end)

  describe("CreateSecret", function()
    it("makes a secret under the managed key, with an ARN of its own", function()
      local made = create { Name = "team/app", SecretString = "x", Description = "made up",
        Tags = { { Key = "team", Value = "blue" } } }
      assert.truthy(made.ARN:find(
        "^arn:aws:secretsmanager:ap%-northeast%-1:222222222222:secret:team/app%-%w%w%w%w%w%w$"))
      local described = done(admin, "DescribeSecret", { SecretId = "team/app" })
      assert.equal("made up", described.Description)
      assert.same({ { Key = "team", Value = "blue" } }, described.Tags)
      assert.is_nil(described.KmsKeyId)
    end)

    it("can do without a value", function()
      local made = create { Name = "empty" }
      assert.is_nil(made.VersionId)
      refused("ResourceNotFoundException", nil, admin, "GetSecretValue", { SecretId = "empty" })
    end)

    it("is the same secret for the same token and value", function()
      local input = { Name = "app", SecretString = "x", ClientRequestToken = TOKEN() }
      local first = create(input)
      assert.same(first, done(admin, "CreateSecret", input))
      input.ClientRequestToken = TOKEN()
      refused("ResourceExistsException",
        "The operation failed because the secret app already exists.", admin, "CreateSecret", input)
    end)

    it("uses a customer's key by ARN or id, and needs the right to write with it", function()
      for _, id in ipairs { support.KEY, support.KEY:match "[^/]+$" } do
        local made = create { Name = "under-" .. #id, SecretString = "x", KmsKeyId = id }
        assert.equal(support.KEY, done(admin, "DescribeSecret", { SecretId = made.ARN }).KmsKeyId)
      end
      local text = refused("EncryptionFailure", nil, admin, "CreateSecret", { Name = "lost",
        SecretString = "x", KmsKeyId = "made-up", ClientRequestToken = TOKEN() })
      assert.truthy(text:find("Secrets Manager can't encrypt the secret value: Key 'arn:aws:kms:"
        .. "ap-northeast-1:222222222222:key/made-up' does not exist", 1, true))
      refused("ResourceNotFoundException", NOT_FOUND, admin, "DescribeSecret",
        { SecretId = "lost" })
    end)

    it("needs the right, and names the secret by its name", function()
      local text = refused("AccessDeniedException", nil, app, "CreateSecret",
        { Name = "app", SecretString = "x", ClientRequestToken = TOKEN() })
      assert.truthy(text:find("secretsmanager:CreateSecret on resource: app because", 1, true))
    end)

    it("wants one value and a token", function()
      refused("InvalidParameterException", "You can't specify both a binary secret value and a "
        .. "string secret value in the same secret.", admin, "CreateSecret", { Name = "app",
        SecretString = "x", SecretBinary = "eA==", ClientRequestToken = TOKEN() })
      refused("InvalidRequestException",
        "You must provide a ClientRequestToken value. We recommend a UUID-type value.", admin,
        "CreateSecret", { Name = "app", SecretString = "x" })
      refused("InvalidRequestException", "You must provide either SecretString or SecretBinary.",
        admin, "PutSecretValue", { SecretId = "prod/db", ClientRequestToken = TOKEN() })
    end)
  end)

  describe("resource policies", function()
    local function policy(principal, effect)
      return cjson.encode { Version = "2012-10-17", Statement = { { Effect = effect or "Allow",
        Principal = principal, Action = "secretsmanager:GetSecretValue", Resource = "*" } } }
    end

    local function put(text, more)
      local input = { SecretId = "prod/db", ResourcePolicy = text }
      for key, value in pairs(more or {}) do input[key] = value end
      return input
    end

    it("are stored, given back as they were, and enforced", function()
      create { Name = "app", SecretString = "x" }
      assert.is_nil(done(admin, "GetResourcePolicy", { SecretId = "app" }).ResourcePolicy)
      local text = policy { AWS = { support.APP_ROLE } }
      done(admin, "PutResourcePolicy", put(text))
      assert.equal(text, done(admin, "GetResourcePolicy", { SecretId = "prod/db" }).ResourcePolicy)
      done(app, "GetSecretValue", { SecretId = support.SECRET })
      done(admin, "PutResourcePolicy", put(policy({ AWS = support.APP_ROLE }, "Deny")))
      local denial = refused("AccessDeniedException", nil, app, "GetSecretValue",
        { SecretId = support.SECRET })
      assert.truthy(denial:find("with an explicit deny in a resource-based policy", 1, true))
    end)

    it("are refused with a slip in them, and the log says where", function()
      for _, text in ipairs { "{", '{"Version":"2012-10-17","Statement":[],}', "[1,2]", "3",
        policy({ AWS = support.APP_ROLE }, "AllowSomething") } do
        refused("MalformedPolicyDocumentException", "This resource policy contains a syntax error.",
          admin, "PutResourcePolicy", put(text))
        assert.truthy(client:last().note)
      end
    end)

    it("are refused for somebody who is not there", function()
      for _, arn in ipairs { "arn:aws:iam::111111111111:role/nobody",
        "arn:aws:iam::111111111111:instance-profile/app-server", "app-server", "AROAEXAMPLE" } do
        refused("MalformedPolicyDocumentException",
          "This resource policy contains an unsupported principal.", admin, "PutResourcePolicy",
          put(policy { AWS = arn }))
      end
      for _, arn in ipairs { "*", "333333333333", "arn:aws:iam::333333333333:role/unknown" } do
        done(admin, "PutResourcePolicy", put(policy { AWS = arn }))
      end
    end)

    it("for everybody are refused where that is asked", function()
      refused("PublicPolicyException", nil, admin, "PutResourcePolicy",
        put(policy "*", { BlockPublicPolicy = true }))
      done(admin, "PutResourcePolicy", put(policy { AWS = support.APP_ROLE },
        { BlockPublicPolicy = true }))
    end)
  end)

  describe("the input", function()
    it("has its required members, types and lengths", function()
      refused("ValidationException", "1 validation error detected: Value null at 'secretId' failed "
        .. "to satisfy constraint: Member must not be null", admin, "GetSecretValue", {})
      for input, words in pairs {
        [{ SecretId = "" }] = "greater than or equal to 1",
        [{ SecretId = ("a"):rep(2049) }] = "less than or equal to 2048",
        [{ SecretId = "prod/db", VersionId = "short" }] = "greater than or equal to 32",
      } do
        assert.truthy(refused("ValidationException", nil, admin, "GetSecretValue", input)
          :find(words, 1, true))
      end
      for _, input in ipairs { { SecretId = 1 }, { SecretId = true }, { SecretId = { "a" } } } do
        refused("SerializationException", nil, admin, "GetSecretValue", input)
      end
      done(admin, "GetSecretValue", { SecretId = "prod/db", VersionId = cjson.null })
    end)

    it("is never repeated in an error", function()
      local canary = "canary" .. ("-secret"):rep(10000)
      for _, input in ipairs { { SecretString = canary }, { SecretBinary = "canary!" },
        { SecretString = { "canary" } } } do
        input.SecretId, input.ClientRequestToken = "prod/db", TOKEN()
        local _, answer = client:secrets(admin, "PutSecretValue", input)
        assert.is_nil(cjson.encode(answer):find("canary", 1, true))
        assert.is_nil((client:last().note or ""):find("canary", 1, true))
      end
    end)
  end)

  it("knows no other operation", function()
    refused("UnknownOperationException", nil, admin, "Nothing", {})
  end)

  it("enforces service control policies, and boundaries", function()
    local deny = { Version = "2012-10-17", Statement = { { Effect = "Deny", Action = "*",
      Resource = "*" } } }
    local world = support.founding()
    world.accounts["111111111111"].scp = { guard = deny }
    start(world)
    assert.truthy(refused("AccessDeniedException", nil, app, "GetSecretValue",
      { SecretId = support.SECRET }):find("in a service control policy", 1, true))
    world = support.founding()
    world.accounts["111111111111"].roles[1].boundary = { Version = "2012-10-17", Statement = { {
      Effect = "Allow", Action = "s3:*", Resource = "*" } } }
    start(world)
    assert.truthy(refused("AccessDeniedException", nil, app, "GetSecretValue",
      { SecretId = support.SECRET }):find("no permissions boundary allows", 1, true))
  end)
end)
