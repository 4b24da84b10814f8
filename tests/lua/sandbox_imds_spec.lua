local support = require "sandbox_support"

local TTL = "X-aws-ec2-metadata-token-ttl-seconds"

describe("the sandbox's metadata service", function()
  local client

  local function ask(method, target, headers)
    return client:send { method = method, target = target, headers = headers or {}, body = "" }
  end

  local function token()
    return select(2, ask("PUT", "/latest/api/token", { { TTL, "21600" } }))
  end

  local function get(path, with)
    return ask("GET", "/latest/" .. path, { { "X-aws-ec2-metadata-token", with or token() } })
  end

  before_each(function() client = support.new() end)

  it("gives a token for a lifetime of 1 to 21600 seconds only", function()
    for _, ttl in ipairs { "1", "21600" } do
      local status, text, headers = ask("PUT", "/latest/api/token", { { TTL, ttl } })
      assert.equal(200, status)
      assert.is_true(#text > 20)
      assert.same({ TTL:lower(), ttl }, headers[3])
    end
    for _, ttl in ipairs { "0", "21601", "-1", "ten", "", "1.5", ("9"):rep(40) } do
      assert.equal(400, (ask("PUT", "/latest/api/token", { { TTL, ttl } })), ttl)
    end
    assert.equal(400, (ask("PUT", "/latest/api/token")))
    assert.equal(405, (ask("GET", "/latest/api/token", { { TTL, "60" } })))
  end)

  it("gives no token through a proxy", function()
    assert.equal(403, (ask("PUT", "/latest/api/token",
      { { TTL, "60" }, { "X-Forwarded-For", "10.0.0.1" } })))
  end)

  it("gives nothing without a token, with a wrong one, or after its time", function()
    assert.equal(401, (ask("GET", "/latest/meta-data/")))
    assert.equal(401, (get("meta-data/", "made-up")))
    local good = select(2, ask("PUT", "/latest/api/token", { { TTL, "60" } }))
    assert.equal(200, (get("meta-data/", good)))
    client.now = client.now + 60
    assert.equal(401, (get("meta-data/", good)))
  end)

  it("knows the place, the instance and the role", function()
    local function body(path) return select(2, get(path)) end
    assert.equal("ap-northeast-1", body "meta-data/placement/region")
    assert.equal("ap-northeast-1a", body "meta-data/placement/availability-zone")
    assert.equal("ap-northeast-1a", body "meta-data/placement/availability-zone/")
    assert.equal("i-0a1b2c3d4e5f60718", body "meta-data/instance-id")
    assert.equal("app-server", body "meta-data/iam/security-credentials/")
    assert.equal("app-server", body "meta-data/iam/security-credentials")
    assert.equal("availability-zone\nregion", body "meta-data/placement/")
    local document = body "dynamic/instance-identity/document"
    assert.equal("111111111111", document.accountId)
    assert.equal("ap-northeast-1", document.region)
    assert.equal("arn:aws:iam::111111111111:instance-profile/app-server",
      body("meta-data/iam/info").InstanceProfileArn)
  end)

  it("answers 404 for what is not there", function()
    for _, path in ipairs { "meta-data/iam/security-credentials/other", "meta-data/nothing",
      "meta-data/instance-id/more", "meta-data/iam/security-credentials-extended/", "" } do
      assert.equal(path == "" and 200 or 404, (get(path)), path)
    end
    assert.equal(405, (ask("POST", "/latest/meta-data/")))
  end)

  it("gives working keys, the same until they are about to end", function()
    local path = "meta-data/iam/security-credentials/app-server"
    local keys = select(2, get(path))
    assert.equal("Success", keys.Code)
    assert.truthy(keys.AccessKeyId:find "^ASIASANDBOX")
    assert.equal("2026-11-24T03:33:00Z", keys.Expiration)
    assert.same(keys, select(2, get(path)))
    client.now = client.now + 6 * 3600 - 300
    assert.not_equal(keys.AccessKeyId, select(2, get(path)).AccessKeyId)
  end)

  it("has no role where the world gives the instance none", function()
    local world = support.founding()
    world.instance.role = nil
    client = support.new(world)
    assert.equal(404, (get "meta-data/iam/security-credentials/"))
  end)
end)
