local support = require "sandbox_support"

local TARGET = { "X-Amz-Target", "secretsmanager.GetSecretValue" }

describe("the sandbox's signature check", function()
  local client, keys

  before_each(function()
    client = support.new()
    keys = client:keys(support.APP_ROLE)
  end)

  local function request(how)
    how = how or {}
    return client:signed { service = how.service or "secretsmanager", keys = how.keys or keys,
      region = how.region, time = how.time, headers = { TARGET, { "X-Amz-Custom", "a" } },
      body = '{"SecretId":"' .. support.SECRET .. '"}' }
  end

  local function without(given, name)
    for i, pair in ipairs(given.headers) do
      if pair[1]:lower() == name then return table.remove(given.headers, i) and given end
    end
    return given
  end

  local function set(given, name, change)
    for _, pair in ipairs(given.headers) do
      if pair[1]:lower() == name then pair[2] = change(pair[2]) end
    end
    return given
  end

  local function refused(given, code, words)
    local status, answer = client:send(given)
    assert.equal(400, status)
    assert.equal(code, answer.__type)
    assert.truthy(answer.message:find(words, 1, true), answer.message)
  end

  local function query(how)
    return client:signed { service = how.service or "sts", keys = how.keys or keys,
      time = how.time, region = how.region, body = "Action=GetCallerIdentity&Version=2011-06-15",
      headers = { { "Content-Type", "application/x-www-form-urlencoded" } } }
  end

  local function query_refused(given, status, code)
    local got, xml = client:send(given)
    assert.equal(status, got)
    assert.equal(code, xml:match "<Code>(.-)</Code>")
  end

  it("accepts what is well signed", function()
    assert.equal(200, (client:send(request())))
    assert.equal(200, (client:send(query {})))
  end)

  it("names a missing signature as either protocol does", function()
    refused(without(request(), "authorization"), "MissingAuthenticationTokenException",
      "Missing Authentication Token")
    query_refused(without(query {}, "authorization"), 403, "MissingAuthenticationToken")
  end)

  it("names a signature that lacks a part", function()
    refused(set(request(), "authorization", function() return "AWS4-HMAC-SHA256 nothing" end),
      "IncompleteSignatureException", "")
    query_refused(set(query {}, "authorization", function() return "AWS4-HMAC-SHA256 nothing" end),
      400, "IncompleteSignature")
  end)

  it("knows no key that it has not given", function()
    local other = { access_key_id = "ASIASANDBOXNOBODY000", session_token = keys.session_token,
      secret_access_key = keys.secret_access_key }
    refused(request { keys = other }, "UnrecognizedClientException",
      "The security token included in the request is invalid.")
    query_refused(query { keys = other }, 403, "InvalidClientTokenId")
  end)

  it("wants the token of the key", function()
    for _, token in ipairs { "made-up", false } do
      refused(request { keys = { access_key_id = keys.access_key_id,
        secret_access_key = keys.secret_access_key, session_token = token or nil } },
        "UnrecognizedClientException", "The security token included in the request is invalid.")
    end
  end)

  it("refuses keys after their time", function()
    client.now = client.now + 43200
    refused(request(), "ExpiredTokenException",
      "The security token included in the request is expired")
    query_refused(query {}, 403, "ExpiredToken")
  end)

  it("refuses the wrong secret key, and shows in the log what was expected", function()
    local wrong = { access_key_id = keys.access_key_id, session_token = keys.session_token,
      secret_access_key = "not-the-key" }
    refused(request { keys = wrong }, "InvalidSignatureException",
      "The request signature we calculated does not match")
    assert.truthy(client:last().expected.canonical_request)
    local text = require("lunette.sandbox.log").text(client:last())
    assert.is_nil(text:find(keys.session_token, 1, true))
    query_refused(query { keys = wrong }, 403, "SignatureDoesNotMatch")
  end)

  it("refuses what was changed after signing", function()
    for _, change in ipairs {
      function(r) r.body = r.body .. " " end,
      function(r) r.method = "PUT" end,
      function(r) r.target = "/?a=b" end,
      function(r) set(r, "x-amz-custom", function() return "b" end) end,
      function(r) set(r, "authorization", function(v)
        return (v:gsub("(%x)$", function(digit) return digit == "0" and "1" or "0" end))
      end) end,
    } do
      local changed = request()
      change(changed)
      refused(changed, "InvalidSignatureException", "does not match")
    end
  end)

  it("allows five minutes either way", function()
    local now = client.now
    assert.equal(200, (client:send(request { time = now - 300 })))
    assert.equal(200, (client:send(request { time = now + 300 })))
    refused(request { time = now - 301 }, "InvalidSignatureException", "Signature expired: "
      .. "20261123T212759Z is now earlier than 20261123T212800Z (20261123T213300Z - 5 min.)")
    refused(request { time = now + 301 }, "InvalidSignatureException", "Signature not yet current: "
      .. "20261123T213801Z is still later than 20261123T213800Z (20261123T213300Z + 5 min.)")
    query_refused(query { time = now - 301 }, 403, "SignatureDoesNotMatch")
  end)

  it("wants the scope of the service, and a region", function()
    refused(request { service = "sts" }, "InvalidSignatureException",
      "Credential should be scoped to correct service: 'secretsmanager'.")
    refused(request { region = "nowhere" }, "InvalidSignatureException",
      "Credential should be scoped to a valid region, not 'nowhere'.")
    query_refused(query { service = "secretsmanager" }, 403, "SignatureDoesNotMatch")
  end)

  it("wants the host and every x-amz- header under the signature", function()
    local added = request()
    table.insert(added.headers, { "X-Amz-Added", "later" })
    refused(added, "InvalidSignatureException",
      "'x-amz-added' must be a 'SignedHeader' in the AWS Authorization.")
    local unsigned = set(request(), "authorization", function(value)
      return (value:gsub("([=;])host;", "%1"))
    end)
    refused(unsigned, "InvalidSignatureException", "'Host' or ':authority' must be")
  end)

  it("verifies what goes to no service that is here, and says so", function()
    local given = client:signed { service = "s3", keys = keys, method = "GET",
      target = "/a%20b//c?x=%2F" }
    local status, answer = client:send(given)
    assert.equal(404, status)
    assert.equal("UnknownOperationException", answer.__type)
    given.target = "/a"
    refused(given, "InvalidSignatureException", "does not match")
  end)
end)
