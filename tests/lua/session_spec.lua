local ln = require "lunette"
local support = require "binding_support"

local fails, message = support.fails, support.message

describe("a session", function()
  local aws, options

  local function requests() return aws:requests() end

  setup(function()
    aws = support.fake_aws()
    options = { region = "eu-west-1", endpoint_url = aws.url,
      credentials = { access_key_id = "AKIDEXAMPLE", secret_access_key = "not-a-real-key" } }
  end)

  teardown(function() aws:stop() end)

  it("gets a secret, and a field of it", function()
    local s = ln.session(options)
    local db = s:secret "prod/db"
    assert.equal("prod/db", ln.meta(db).name)
    assert.equal("canary-pw", ln.reveal(db.password))
    assert.equal("‹secret prod/db#port, 4 bytes›", tostring(s:secret "prod/db#port"))
    assert.is_true(s:secret "prod/db#on")
    assert.equal(ln.null, s:secret "prod/db#none")
    assert.equal("get prod/db AWSCURRENT\n", requests())
  end)

  it("tells where a secret comes from", function()
    local meta = ln.meta(ln.session(options):secret "prod/db#port")
    assert.matches("^%d+$", meta.version_id)
    meta.version_id = nil
    assert.same({ reference = "prod/db#port", name = "prod/db", binary = false,
      arn = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:prod/db-AbCdEf",
      created = 1795469580, stages = { "AWSCURRENT" } }, meta)
    requests()
  end)

  it("asks again when a secret was wiped or collected", function()
    local s = ln.session(options)
    ln.wipe(s:secret "prod/db")
    do
      local _ <close> = s:secret "prod/db"
    end
    s:secret "prod/db"
    support.live()
    s:secret "prod/db"
    assert.equal(("get prod/db AWSCURRENT\n"):rep(4), requests())
  end)

  it("keeps a secret while another handle needs it", function()
    local s = ln.session(options)
    local password = s:secret "prod/db".password
    support.live()
    s:secret "prod/db"
    assert.equal("get prod/db AWSCURRENT\n", requests())
    assert.equal("canary-pw", ln.reveal(password))
  end)

  it("gets many at the same time, each once", function()
    local s = ln.session(options)
    local start = ln.time.monotonic()
    local values = s:secrets { "a", "b#port", "c", "b#password", "a?stage=AWSPREVIOUS" }
    assert.is_true(ln.time.monotonic() - start < 1.0)
    assert.equal("5432", ln.reveal(values["b#port"]))
    assert.equal("canary-pw", ln.reveal(values["b#password"]))
    assert.equal("canary-pw", ln.reveal(values.a.password))
    local _, count = requests():gsub("\n", "")
    assert.equal(4, count)
  end)

  it("names every secret that is not there", function()
    local s = ln.session(options)
    local e = fails("not_found", s.secrets, s, { "none-1", "a", "none-2", "b#nope", "none-1" })
    assert.matches("3 secrets are not there: none%-1, none%-2, b#nope", e.message)
    e = fails("not_found", s.secrets, s, { "a", "none-1" })
    assert.matches("none%-1", e.message)
    assert.equal("ResourceNotFoundException", e.code)
    assert.equal("request-1", e.request_id)
    assert.same({ "none-1" }, e.missing)
    fails("invalid", s.secrets, s, { "a", "b#[" })
    requests()
  end)

  it("names them however many there are", function()
    local s, refs = ln.session(options), {}
    for i = 1, 60 do refs[i] = "none/some-rather-long-name-of-a-service-" .. i end
    refs[61] = 'b#["odd\u{202E}key"]'
    local e = fails("not_found", s.secrets, s, refs)
    assert.same(refs, e.missing)
    for i = 1, 60 do assert.matches(refs[i], e.message, 1, true) end
    assert.matches("^61 secrets are not there: ", e.message)
    assert.is_nil(e.message:find("\u{202E}", 1, true))
    requests()
  end)

  it("gives each its own outcome", function()
    local s = ln.session(options)
    local found = s:try_secrets { "a#port", "none", "b#[" }
    assert.equal("5432", ln.reveal(found["a#port"].value))
    assert.equal("not_found", found.none.error.kind)
    assert.equal("invalid", found["b#["].error.kind)
    requests()
  end)

  it("says who it is, and with what", function()
    local s = ln.session(options)
    assert.same({ account = "111111111111", arn = "arn:aws:iam::111111111111:user/AKIDEXAMPLE",
      user_id = "U" }, s:identity())
    local credentials = s:credentials()
    assert.equal("AKIDEXAMPLE", credentials.access_key_id)
    assert.equal("not-a-real-key", ln.reveal(credentials.secret_access_key))
    assert.is_nil(credentials.session_token)
    assert.same({ "eu-west-1", "the region option" }, { s:region() })
    assert.same({}, { ln.session { endpoint_url = options.endpoint_url }:region() })
    requests()
  end)

  it("shares its connections with others, and nothing else", function()
    local function connections(s) return tonumber(ln.meta(s:secret "a").version_id) end
    local one = ln.session(options)
    local before = connections(one)
    do
      local _ <close> = ln.session(options)
      pcall(ln.session, { profile = "nobody" })
    end
    local two = ln.session(options)
    assert.equal(before, connections(two))
    one = nil -- luacheck: ignore 311
    support.live()
    two:secret "prod/db"
    local three = ln.session(options)
    three:secret "prod/db"
    assert.equal(before, connections(three))
    local _, count = requests():gsub("get prod/db", "")
    assert.equal(2, count)
  end)

  it("is strict about its options", function()
    assert.matches("did you mean 'region'", message(ln.session, { regoin = "x" }))
    assert.matches("did you mean 'role_arn'", message(function()
      ln.session(options):assume_role { role_anr = "x" }
    end))
    assert.matches("'role_arn' is missing", message(function()
      ln.session(options):assume_role {}
    end))
    assert.matches("above 0", message(ln.session, { deadline = 0 }))
    assert.matches("string expected, got number", message(ln.session, { profile = 1 }))
    assert.matches("got lunette.secret", message(ln.session, { profile = ln.secret_from "x" }))
    assert.matches("from 1 to 100", message(ln.session, { max_attempts = 0 }))
    fails("credentials", ln.session, { profile = "nobody" })
  end)

  it("runs no metamethod of them", function()
    local meta = { __index = function() error "called" end }
    assert.equal("eu-west-1", ln.session(setmetatable({ region = "eu-west-1" }, meta)):region())
    local child <close> = require "lunette.os".spawn(setmetatable({ argv = { "true" } }, meta))
    assert.same({ exit = 0 }, child:wait(10))
  end)

  it("never shows a secret in an error", function()
    local s = ln.session(options)
    for _, ref in ipairs { "prod/db#nope", "prod/db#password.x", "none", "prod/db#port[0]" } do
      local _, e = pcall(s.secret, s, ref)
      assert.is_false(support.shows(tostring(e), "canary"), tostring(e))
    end
    requests()
  end)

  it("gives up at its deadline", function()
    local slow = { deadline = 0.1 }
    for name, value in pairs(options) do slow[name] = value end
    fails("deadline", function() ln.session(slow):secret "prod/db" end)
    requests()
  end)

  it("leaves nothing behind", function()
    support.leaves_nothing(function()
      local s = ln.session(options)
      local role = s:assume_role { role_arn = "arn:aws:iam::222222222222:role/reader" }
      role:secrets { "a", "b#port" }
      pcall(s.secret, s, "none")
      pcall(s.secrets, s, { "none", "x#[" })
      s:credentials()
      s:identity()
    end)
    requests()
  end)
end)
