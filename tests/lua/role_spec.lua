local ln = require "lunette"
local support = require "binding_support"

local fails, message = support.fails, support.message

local READER = "arn:aws:iam::222222222222:role/reader"
local DEVICE = "arn:aws:iam::111111111111:mfa/me"

describe("a session on a role", function()
  local aws, options

  local function requests() return aws:requests() end
  local function session() return ln.session(options) end

  -- A session on a role that wants a code.
  local function device(code)
    return session():assume_role { role_arn = READER, mfa_serial = DEVICE, mfa_code = code }
  end

  setup(function()
    aws = support.fake_aws()
    options = { region = "eu-west-1", endpoint_url = aws.url,
      credentials = { access_key_id = "AKIDEXAMPLE", secret_access_key = "not-a-real-key" } }
  end)

  teardown(function() aws:stop() end)

  it("asks STS once, when something is asked of it", function()
    local s = session()
    local role = s:assume_role { role_arn = READER, external_id = "made-up" }
    assert.equal("", requests())
    local credentials = role:credentials()
    assert.equal("ASIAROLE", credentials.access_key_id)
    assert.is_true(ln.is_secret(credentials.session_token))
    assert.equal(ln.time.parse "2099-01-01T00:00:00Z", credentials.expiration)
    assert.equal("222222222222", credentials.account_id)
    assert.equal("assume-role", credentials.provider)
    role:secret "prod/db"
    s:assume_role { role_arn = READER, external_id = "made-up" }:credentials()
    assert.equal("AssumeRole AKIDEXAMPLE\nget prod/db AWSCURRENT\n", requests())
    s:assume_role { role_arn = READER, external_id = "another" }:credentials()
    assert.equal("AssumeRole AKIDEXAMPLE\n", requests())
    local again = ln.session { region = "eu-west-1", endpoint_url = options.endpoint_url,
      credentials = credentials }
    assert.equal("ASIAROLE", again:credentials().access_key_id)
  end)

  it("is as its options say", function()
    session():assume_role { role_arn = READER, duration_seconds = 900, source_identity = "me",
      policy = { Version = "2012-10-17", Statement = {} },
      policy_arns = { "arn:aws:iam::aws:policy/A", "arn:aws:iam::aws:policy/B" },
      tags = { Team = "db", App = "web" }, transitive_tag_keys = { "Team" } }:credentials()
    assert.equal("AssumeRole AKIDEXAMPLE DurationSeconds=900"
      .. ' Policy={"Statement":{},"Version":"2012-10-17"}'
      .. " PolicyArns.member.1.arn=arn:aws:iam::aws:policy/A"
      .. " PolicyArns.member.2.arn=arn:aws:iam::aws:policy/B SourceIdentity=me"
      .. " Tags.member.1.Key=App Tags.member.1.Value=web"
      .. " Tags.member.2.Key=Team Tags.member.2.Value=db"
      .. " TransitiveTagKeys.member.1=Team\n", requests())
    session():assume_role { role_arn = READER, policy = "{}", policy_arns = {}, tags = {},
      transitive_tag_keys = {} }:credentials()
    assert.equal("AssumeRole AKIDEXAMPLE Policy={}\n", requests())
  end)

  it("is strict about them", function()
    local s = session()
    local function role(more)
      more.role_arn = more.role_arn or READER
      return s:assume_role(more)
    end
    assert.matches("did you mean 'transitive_tag_keys'", message(role, { transitive_tag_key = {} }))
    assert.matches("did you mean 'mfa_serial'", message(role, { mfa_seriel = "x" }))
    assert.matches("'tags': a string expected, got number", message(role, { tags = { "x" } }))
    assert.matches("'tags': a string expected, got boolean", message(role, { tags = { x = true } }))
    assert.matches("'policy_arns': a string expected", message(role, { policy_arns = { 1 } }))
    assert.matches("'policy': JSON or a table", message(role, { policy = 1 }))
    assert.matches("'policy': JSON or a table",
      message(role, { policy = { Version = ln.secret_from "x" } }))
    assert.matches("'mfa_code': function or string expected", message(role, { mfa_code = 123456 }))
    assert.matches("'mfa_code': function or string expected, got userdata",
      message(role, { mfa_code = ln.secret_from "123456" }))
    fails("invalid", role, { policy = { x = print } })
    fails("invalid", role, { tags = { x = tostring(ln.secret_from "y") } })
    fails("invalid", role, { role_arn = "arn:aws:iam::222222222222:instance-profile/x" })
    assert.equal("", requests())
  end)

  it("are read when no code of Lua's runs any more", function()
    local encode <const> = ln.json.encode
    local given = { role_arn = READER, policy = {} }
    ln.json.encode = function(value)
      given.role_arn = nil
      return encode(value)
    end
    local said = message(session().assume_role, session(), given)
    ln.json.encode = encode
    assert.matches("'role_arn' is missing", said)
  end)

  it("says why it is denied", function()
    local closed = session():assume_role { role_arn = "arn:aws:iam::222222222222:role/closed" }
    local e = fails("access_denied", closed.credentials, closed)
    assert.matches("role/closed.*closed to you", e.message)
    assert.equal("AccessDenied", e.code)
    requests()
  end)

  it("asks for the code of a device", function()
    local asked
    local role = device(function(serial)
      asked = serial
      return "123456"
    end)
    support.live()
    assert.equal("ASIAROLE", role:credentials().access_key_id)
    assert.equal(DEVICE, asked)
    assert.equal(("AssumeRole AKIDEXAMPLE SerialNumber=%s TokenCode=123456\n"):format(DEVICE),
      requests())
    device("654321"):credentials()
    assert.matches("TokenCode=654321\n$", requests())
  end)

  it("asks what the session was made with", function()
    local with = { mfa_code = function() return "111111" end }
    for name, value in pairs(options) do with[name] = value end
    ln.session(with):assume_role { role_arn = READER, mfa_serial = DEVICE }:credentials()
    assert.matches("TokenCode=111111\n$", requests())
  end)

  it("keeps the function as long as a session needs it", function()
    local function through(code)
      local with = { mfa_code = code }
      for name, value in pairs(options) do with[name] = value end
      return ln.session(with):assume_role { role_arn = READER }
        :assume_role { role_arn = READER, mfa_serial = DEVICE }
    end
    local role = through(function() return "222222" end)
    support.live()
    role:credentials()
    assert.matches("TokenCode=222222\n$", requests())
    local gone = setmetatable({}, { __mode = "v" })
    do
      local mine
      gone[1] = function() return mine and "333333" end
      mine = through(gone[1])
      mine:credentials()
    end
    role = nil -- luacheck: ignore 311
    support.live()
    assert.is_nil(gone[1])
    requests()
  end)

  it("asks in a coroutine as well", function()
    local role = device(function() return "123456" end)
    local co = coroutine.wrap(function() return role:credentials().access_key_id end)
    assert.equal("ASIAROLE", co())
    co = nil -- luacheck: ignore 311
    support.live()
    role:secret "prod/db"
    requests()
  end)

  it("goes on if the function for the code lets go of it", function()
    local with, s = {}, nil
    for name, value in pairs(options) do with[name] = value end
    with.mfa_code = function()
      local _ <close> = s
      return "123456"
    end
    s = ln.session(with):assume_role { role_arn = READER, mfa_serial = DEVICE }
    assert.equal("ASIAROLE", s:credentials().access_key_id)
    assert.matches("TokenCode=123456\n$", requests())
    assert.has_error(function() s:credentials() end)
  end)

  it("fails as the function for the code does", function()
    local function of(code)
      local role = device(code)
      return fails("credentials", role.credentials, role)
    end
    assert.matches("mfa_code: .*the device is at home", of(function()
      error "the device is at home"
    end).message)
    assert.matches("mfa_code: .*it gave a nil, not the six digits",
      of(function() end).message)
    assert.matches("it gave a number", of(function() return 123456 end).message)
    assert.matches("it gave a userdata",
      of(function() return ln.secret_from "123456" end).message)
    of(function() return ("1"):rep(5000) end)
    of(function() return "12345\0" end)
    of(function() return "12345x" end)
    assert.matches("mfa_code: .*yield", of(function() coroutine.yield() end).message)
    assert.matches("mfa_code: its error cannot be shown", of(function()
      error(setmetatable({}, { __tostring = function() error "no" end }))
    end).message)
    local mine = device(function()
      error(ln.error { kind = "deadline", message = "too late", hint = "hurry" })
    end)
    local e = fails("deadline", mine.credentials, mine)
    assert.matches("too late", e.message)
    assert.equal("hurry", e.hint)
    assert.equal("", requests())
  end)

  it("cannot call AWS while it waits for a code", function()
    local s = session()
    local role = device(function() return s:identity().account end)
    local e = fails("credentials", role.credentials, role)
    assert.matches("mfa_code cannot use a session: a call of AWS is under way", e.message)
    assert.equal("", requests())
    assert.equal("111111111111", s:identity().account)
    requests()
  end)

  it("says that there is nobody to ask", function()
    local role = session():assume_role { role_arn = READER, mfa_serial = DEVICE }
    local e = fails("credentials", role.credentials, role)
    assert.matches(DEVICE, e.message, 1, true)
    assert.equal("", requests())
  end)

  it("comes of an identity provider's token", function()
    local path = os.tmpname()
    local file <close> = assert(io.open(path, "w"))
    file:write "made-up-token"
    file:flush()
    local s = session()
    local role = s:web_identity { role_arn = READER, token_file = path,
      role_session_name = "job-1", policy_arns = { "arn:aws:iam::aws:policy/A" } }
    assert.equal("ASIAROLE", role:credentials().access_key_id)
    assert.equal("AssumeRoleWithWebIdentity nobody"
      .. " PolicyArns.member.1.arn=arn:aws:iam::aws:policy/A WebIdentityToken=made-up-token\n",
      requests())
    os.remove(path)
    local gone = s:web_identity { role_arn = READER, token_file = path,
      role_session_name = "job-2" }
    assert.matches(path, fails("credentials", gone.credentials, gone).message, 1, true)
    assert.matches("'token_file' is missing", message(s.web_identity, s, { role_arn = READER }))
    assert.matches("did you mean 'token_file'", message(s.web_identity, s, { tokenfile = "x" }))
  end)

  it("leaves nothing behind", function()
    support.leaves_nothing(function()
      local role = device(function() return "123456" end)
      role:credentials()
      role:why()
      local bad = device(function() error "no" end)
      pcall(bad.credentials, bad)
      pcall(bad.assume_role, bad, { role_arn = READER, tags = { a = "b", c = 1 } })
    end)
    requests()
  end)
end)

describe("a session's reasons", function()
  local aws, options

  setup(function()
    aws = support.fake_aws()
    options = { region = "eu-west-1", endpoint_url = aws.url,
      credentials = { access_key_id = "AKIDEXAMPLE", secret_access_key = "not-a-real-key" } }
  end)

  teardown(function() aws:stop() end)

  it("are every step to its credentials", function()
    local why = ln.session(options):why()
    assert.is_nil(why.error)
    assert.equal("AKIDEXAMPLE", why.credentials.access_key_id)
    assert.is_true(ln.is_secret(why.credentials.secret_access_key))
    assert.equal(1, #why.steps)
    assert.same({ depth = 0, name = "session", looked = "the session's options",
      result = "found", reason = "keys given in code", seconds = 0 }, why.steps[1])
    local role = ln.session(options):assume_role { role_arn = READER }
    why = role:why()
    assert.equal("ASIAROLE", why.credentials.access_key_id)
    local last = why.steps[#why.steps]
    assert.equal("AssumeRole", last.name)
    assert.equal("found", last.result)
    assert.matches(READER, last.looked, 1, true)
    assert.is_true(#why.steps >= 2)
    aws:requests()
    role:credentials()
    assert.equal("", aws:requests())
  end)

  it("are there when it fails", function()
    local closed = ln.session(options):assume_role {
      role_arn = "arn:aws:iam::222222222222:role/closed" }
    local why = closed:why()
    assert.is_nil(why.credentials)
    assert.equal("access_denied", why.error.kind)
    local last = why.steps[#why.steps]
    assert.equal("failed", last.result)
    assert.matches("closed to you", last.reason)
    -- Without any source: tests/run has switched the metadata service off.
    why = ln.session():why()
    assert.equal("credentials", why.error.kind)
    assert.is_true(#why.steps > 5)
    for _, step in ipairs(why.steps) do
      assert.equal("passed", step.result)
      assert.is_string(step.reason, step.name)
      assert.is_true(step.seconds >= 0)
    end
    aws:requests()
  end)

  it("hold no secret", function()
    local why = ln.session(options):assume_role { role_arn = READER }:why()
    for _, step in ipairs(why.steps) do
      for _, value in pairs(step) do
        assert.is_false(support.shows(tostring(value), "canary"))
        assert.is_nil(tostring(value):find("ASIAROLE", 1, true))
      end
    end
    aws:requests()
  end)
end)
