local support = require "sandbox_support"
local world = require "lunette.sandbox.world"
local worldfile = require "lunette.sandbox.worldfile"

local function refused(text, words, hint)
  local ok, problem = pcall(worldfile.parse, text, "w.lua")
  assert.is_false(ok, text)
  assert.equal("invalid", problem.kind)
  assert.truthy(problem.message:find(words, 1, true), problem.message)
  assert.is_nil(problem.message:find "\n")
  if hint then assert.truthy(problem.hint:find(hint, 1, true), problem.hint) end
end

local function role(more)
  return 'return { region = "eu-west-1", accounts = { ["111111111111"] = { roles = { { '
    .. more .. " } } } } }"
end

local function secret(more)
  return 'return { region = "eu-west-1", accounts = { ["111111111111"] = { secrets = { { '
    .. 'name = "a", ' .. more .. " } } } } }"
end

describe("a world file", function()
  it("is Lua that returns a table, and may change the built-in one", function()
    local spec = worldfile.parse([[
      local world = founding()
      world.accounts["222222222222"].secrets[1].resource_policy = nil
      return world]], "w.lua")
    local built = world.new(spec, 0)
    assert.is_nil(built.secrets[support.SECRET].policy)
    assert.truthy(world.new(nil, 0).secrets[support.SECRET].policy)
  end)

  it("is JSON as well", function()
    local spec = worldfile.parse([[ {
      "region": "eu-west-1", "instance": {"role": "arn:aws:iam::111111111111:role/a"},
      "accounts": {"111111111111": {
        "roles": [{"name": "a", "trust": "{\"Statement\":[]}", "policies": {}}],
        "users": [{"name": "u", "access_keys": [{"id": "AKIASANDBOX", "secret": "s"}]}],
        "keys": [{"id": "k", "policy": {"Statement": []}, "aliases": ["alias/k"]}],
        "secrets": [{"name": "s", "versions": [
          {"stages": ["AWSCURRENT"], "string": "1.10"}, {"stages": [], "binary": "AA=="}]}]
      }} } ]], "w.json")
    local built = world.new(spec, 0)
    local found = built:find_secrets("111111111111", "eu-west-1", { name = "s" })
    assert.equal(1, #found)
    assert.equal(built:find_key("alias/k", "111111111111", "eu-west-1"),
      built.keys["arn:aws:kms:eu-west-1:111111111111:key/k"])
  end)

  it("touches nothing: no files, no modules, no binary chunks", function()
    for _, code in ipairs { 'io.open("x")', 'os.execute("x")', 'require "x"', "print(1)",
      'load("x")', "debug.traceback()", "_G.x = 1" } do
      refused(code, "does not run")
    end
    refused(string.dump(function() return {} end), "w.lua: ")
  end)

  it("with a slip in it is named with its line", function()
    refused("return {\n  region = ,\n}", "w.lua: line 2: unexpected symbol near ','")
    refused('{\n  "region": "eu-west-1",\n  "accounts": {},\n}', "w.lua: line 4, column 1: ")
    refused("return 1", "returns a number, not a table", "return world")
    refused("error 'oh'", "does not run: w.lua:1: oh")
  end)

  it("with a wrong name is named with its place, and the near name", function()
    refused(role 'name = "a", trust = { x = 1 }, polices = {}',
      'accounts["111111111111"].roles[1].polices is not known', "did you mean policies?")
    refused('return { region = "eu-west-1" }', "the world has no accounts")
    refused('return { region = "Europe", accounts = {} }', "region must be a region, such as")
    refused('return { region = "eu-west-1", accounts = { ["12"] = {} } }',
      'accounts has the key "12", which must be an account id of twelve digits')
    refused(role 'name = "a b", trust = { x = 1 }', "roles[1].name must be a name of letters")
    refused(role 'name = "a"', "roles[1] has no trust")
    refused(role 'name = "a", trust = "{,}"', "roles[1].trust is no JSON: ")
    refused(role 'name = "a", trust = {}', "roles[1].trust must be a policy")
    refused(role 'name = "a", trust = { x = 1 }, max_session = 60', "must be 3600 to 43200")
    refused('return { region = "eu-west-1", accounts = {}, instance = { role = '
      .. '"arn:aws:iam::1:instance-profile/a" } }', "instance.role must be a role's ARN, not an")
  end)

  it("gives a secret exactly one value, as a text", function()
    refused(secret "description = 'x'", "secrets[1] needs either string or binary")
    refused(secret "string = 'x', binary = 'AA=='", "secrets[1] needs either string or binary")
    refused(secret "string = { port = 1 }", "string must be the secret's text, not empty; JSON")
    refused(secret "string = ''", "string must be the secret's text")
    refused(secret "string = 'x', suffix = 'abc'", "suffix must be six letters or digits")
    refused(secret "string = 'x', kms_key = 'alias/x'", "kms_key must be the ARN of a key")
    refused(secret "string = 'x', versions = {}", "has versions, and a value beside them")
  end)

  it("may name only what it has", function()
    local spec = support.founding()
    spec.instance.role = "arn:aws:iam::111111111111:role/nobody"
    assert.has_error(function() world.new(spec, 0, "w.lua") end)
    spec = support.founding()
    spec.accounts["222222222222"].keys = nil
    local ok, problem = pcall(world.new, spec, 0, "w.lua")
    assert.is_false(ok)
    assert.truthy(problem.message:find("w.lua: the secret arn:", 1, true))
  end)

  it("that cannot be read is named", function()
    local ok, problem = pcall(worldfile.load, "/nowhere/w.lua")
    assert.is_false(ok)
    assert.equal("filesystem", problem.kind)
    assert.truthy(problem.message:find("/nowhere/w.lua: No such file", 1, true))
    assert.equal("filesystem", select(2, pcall(worldfile.load, "/")).kind)
  end)
end)

describe("the sandbox", function()
  it("says which roles there are when asked for another's keys", function()
    local sandbox = require("lunette.sandbox").new {}
    local ok, problem = pcall(sandbox.credentials, sandbox, "arn:aws:iam::111111111111:role/x")
    assert.is_false(ok)
    assert.equal("invalid", problem.kind)
    assert.truthy(problem.hint:find(support.ADMIN_ROLE, 1, true))
  end)

  it("answers 500 for a fault of its own, and logs it", function()
    local client = support.new()
    client.sandbox.imds = nil
    local status, answer = client:send { method = "GET", target = "/latest/", headers = {},
      body = "" }
    assert.equal(500, status)
    assert.equal("InternalFailure", answer.__type)
    assert.truthy(client:last().note:find "stack traceback")
  end)

  it("has no stars in what its log lets through to a terminal", function()
    local client = support.new()
    client:send { method = "GET", target = "/latest/\27[2J\nx", headers = {}, body = "" }
    local text = require("lunette.sandbox.log").text(client:last())
    assert.is_nil(text:find "[\27]")
    assert.equal(1, select(2, text:gsub("\n", "")))
  end)

  it("logs a line of JSON with the derivation of each decision", function()
    local client = support.new()
    client:secrets(client:keys(support.APP_ROLE), "GetSecretValue", { SecretId = support.SECRET })
    local line = require("lunette.sandbox.log").json(client:last())
    assert.equal("\n", line:match "\n.*$")
    local entry = require("cjson").decode(line)
    assert.equal("GetSecretValue", entry.operation)
    assert.equal(200, entry.status)
    assert.equal("kms:Decrypt", entry.decisions[2].action)
    assert.is_true(entry.decisions[2].allowed)
    assert.equal("identity", entry.decisions[2].derivation[1].layer)
    assert.is_nil(line:find("made-up", 1, true))
  end)
end)
