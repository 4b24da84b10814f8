local ln = require "lunette"
local sigv4 = require "lunette.sigv4"
local support = require "binding_support"

local KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" -- AWS's published example

local function options(more)
  local all = {
    method = "GET", url = "https://example.amazonaws.com/", service = "service",
    region = "us-east-1", time = "20150830T123600Z",
    credentials = { access_key_id = "AKIDEXAMPLE", secret_access_key = KEY },
  }
  for name, value in pairs(more or {}) do all[name] = value end
  return all
end

describe("ln.sign", function()
  it("signs as AWS's example says", function()
    local signed = ln.sign(options())
    assert.equal("5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
      signed.signature)
    assert.equal("example.amazonaws.com", signed.headers.Host)
    assert.equal("20150830T123600Z", signed.headers["X-Amz-Date"])
    assert.equal("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
      .. "SignedHeaders=host;x-amz-date, Signature=" .. signed.signature,
      signed.headers.Authorization)
    assert.matches("^GET\n/\n\nhost:example.amazonaws.com\n", signed.canonical_request)
    assert.matches("^AWS4%-HMAC%-SHA256\n20150830T123600Z\n", signed.string_to_sign)
  end)

  it("takes headers as a table or as a list, and gives them back so", function()
    local map = ln.sign(options { headers = { ["X-Thing"] = "a" } })
    local list = ln.sign(options { headers = { { "X-Thing", "a" } } })
    assert.equal(map.signature, list.signature)
    assert.equal("a", map.headers["X-Thing"])
    assert.same({ "X-Thing", "a" }, list.headers[1])
    assert.same({ "Host", "example.amazonaws.com" }, list.headers[2])
  end)

  it("takes the time as seconds or as a date", function()
    local a = ln.sign(options { time = 1440938160 })
    assert.equal(a.signature, ln.sign(options { time = "2015-08-30T12:36:00Z" }).signature)
    assert.equal(a.signature, ln.sign(options()).signature)
    assert.matches("neither seconds nor a date", support.message(ln.sign, options { time = "now" }))
  end)

  it("takes a request target in place of a URL", function()
    local signed = ln.sign(options { url = false } and {
      target = "/?a=b", headers = { Host = "example.amazonaws.com" }, service = "service",
      region = "us-east-1", time = "20150830T123600Z", credentials = options().credentials })
    assert.equal(ln.sign(options { url = "https://example.amazonaws.com/?a=b" }).signature,
      signed.signature)
    assert.equal("/?a=b", signed.url)
  end)

  it("keeps secret keys and tokens secret", function()
    local credentials = { access_key_id = "AKIDEXAMPLE", secret_access_key = ln.secret_from(KEY),
      session_token = ln.secret_from("canary-token", "token") }
    local signed = ln.sign(options { credentials = credentials })
    local plain = ln.sign(options { credentials = { access_key_id = "AKIDEXAMPLE",
      secret_access_key = KEY, session_token = "canary-token" } })
    assert.equal(plain.signature, signed.signature)
    assert.is_true(ln.is_secret(signed.headers["X-Amz-Security-Token"]))
    assert.is_true(ln.is_secret(signed.canonical_request))
    assert.equal(plain.canonical_request, ln.reveal(signed.canonical_request))
    local presigned = ln.presign(options { credentials = credentials })
    assert.is_true(ln.is_secret(presigned.url))
    assert.matches("X%-Amz%-Security%-Token=canary%-token", ln.reveal(presigned.url))
  end)

  it("writes over what is stale", function()
    local first = ln.sign(options())
    local again = ln.sign(options { headers = first.headers })
    assert.equal(first.signature, again.signature)
    assert.same(first.headers, again.headers)
  end)

  it("says what is wrong with its options", function()
    assert.matches("did you mean 'region'", support.message(ln.sign, options { regoin = "x" }))
    assert.matches("'url' or option 'target'", support.message(ln.sign, options { target = "/" }))
    assert.matches("'secret_access_key' is missing",
      support.message(ln.sign, options { credentials = { access_key_id = "x" } }))
    assert.matches("SigV4a", support.fails("invalid", ln.sign,
      options { region_set = { "*" } }).message)
    support.fails("invalid", ln.sign, options { url = "ftp://x/" })
    support.fails("invalid", ln.sign, options { url = "https://user:canary@x/" })
    assert.matches("neither a string nor a secret", support.message(ln.sign,
      options { headers = { A = 1 } }))
    local _, e = pcall(ln.sign, options { url = "https://user:canary@x/" })
    assert.is_nil(tostring(e):find("canary", 1, true))
  end)

  it("leaves nothing behind", function()
    support.leaves_nothing(function()
      ln.sign(options())
      pcall(ln.sign, options { url = "ftp://x/" })
      pcall(sigv4.parse, {})
    end)
  end)
end)

-- A request as a server has it.
local function received(signed, more)
  local request = { method = "GET", target = "/", headers = {}, body = "" }
  for name, value in pairs(signed.headers) do
    request.headers[#request.headers + 1] = { name, value }
  end
  for name, value in pairs(more or {}) do request[name] = value end
  return request
end

describe("sigv4.verify", function()
  it("accepts what was signed", function()
    local signed = ln.sign(options())
    local good, computed = sigv4.verify(received(signed), ln.secret_from(KEY))
    assert.is_true(good)
    assert.equal(signed.canonical_request, computed.canonical_request)
    assert.equal(signed.string_to_sign, computed.string_to_sign)
    assert.equal(signed.signature, computed.signature)
  end)

  it("refuses one flipped bit, anywhere", function()
    local request = received(ln.sign(options { body = "body", method = "POST",
      url = "https://example.amazonaws.com/p?a=b" }),
      { method = "POST", target = "/p?a=b", body = "body" })
    assert.is_true((sigv4.verify(request, KEY)))
    for _, change in ipairs { { method = "PUT" }, { target = "/p?a=c" }, { target = "/q?a=b" },
      { body = "bodx" } } do
      local other = setmetatable(change, { __index = request })
      assert.is_false((sigv4.verify(other, KEY)))
    end
    assert.is_false((sigv4.verify(request, KEY .. "x")))
  end)

  it("accepts a presigned URL", function()
    local signed = ln.presign(options { expires = 60,
      url = "https://example.amazonaws.com/a/b?x=y" })
    local request = { method = "GET", target = signed.url:match "^https://[^/]+(/.*)$",
      headers = { { "Host", "example.amazonaws.com" } }, body = "" }
    local claim = sigv4.parse(request)
    assert.is_true(claim.presigned)
    assert.equal(60, claim.expires)
    assert.is_true((sigv4.verify(request, KEY)))
  end)

  it("tells who says to have signed", function()
    local claim = sigv4.parse(received(ln.sign(options())))
    assert.equal("AKIDEXAMPLE", claim.access_key_id)
    assert.equal("us-east-1", claim.region)
    assert.equal("service", claim.service)
    assert.equal("20150830T123600Z", claim.date)
    assert.equal(1440938160, claim.time)
    assert.same({ "host", "x-amz-date" }, claim.signed_headers)
    assert.is_nil(claim.session_token)
    assert.is_false(claim.presigned)
  end)

  it("raises invalid for what does not say so properly", function()
    support.fails("invalid", sigv4.parse, { method = "GET", target = "/", headers = {}, body = "" })
    support.fails("invalid", sigv4.parse, { method = "GET", target = "/",
      headers = { { "Host", "x" }, { "Authorization", "Basic canary" } }, body = "" })
  end)
end)
