local core = require "lunette.core"
local ln = require "lunette"
local support = require "binding_support"

local fails, message = support.fails, support.message

local CANARY = 'canary-\u{e9} "quoted"\n+/='
local DOCUMENT = [[{"username": "app", "password": "canary-\u00e9 \"quoted\"\n+/=", "port": 5432,
  "big": 123456789012345678, "rate": 1.10, "on": true, "off": false, "none": null,
  "replicas": [{"host": "a"}, {"host": "b", "port": 1}], "odd.key": "o", "empty": {},
  "twice": 1, "zero": [], "twice": 2}]]

local function document()
  return ln.secret_from(DOCUMENT, "prod/db")
end

describe("a secret value", function()
  local boxes, secrets
  before_each(function() boxes, secrets = support.live() end)
  after_each(function()
    local boxes_after, secrets_after = support.live()
    assert.equal(boxes, boxes_after)
    assert.equal(secrets, secrets_after)
  end)

  it("prints as its name and size", function()
    local db = document()
    assert.equal(("‹secret prod/db, %d bytes›"):format(#DOCUMENT), tostring(db))
    assert.equal(("‹secret prod/db#password, %d bytes›"):format(#CANARY), tostring(db.password))
    assert.equal("‹secret prod/db#replicas[1].host, 1 bytes›", tostring(db.replicas[2].host))
    assert.equal('‹secret prod/db#["odd.key"], 1 bytes›', ("%s"):format(db["odd.key"]))
    assert.equal("‹secret unnamed, 1 bytes›", tostring(ln.secret_from "x"))
  end)

  it("cannot break a line with its name", function()
    assert.equal("‹secret a b c, 1 bytes›", tostring(ln.secret_from("x", "a\nb\27c")))
  end)

  it("opens by one function alone", function()
    assert.equal(CANARY, ln.reveal(document().password))
    assert.equal("text", ln.reveal "text")
    assert.matches("secret value or string expected", message(ln.reveal, 1))
    assert.equal("", ln.reveal(ln.secret_from ""))
    assert.equal("a\0b", ln.reveal(ln.secret_from "a\0b"))
  end)

  it("gives fields as they are in JSON", function()
    local db = document()
    assert.equal("5432", ln.reveal(db.port))
    assert.equal("123456789012345678", ln.reveal(db.big))
    assert.equal("1.10", ln.reveal(db.rate))
    assert.is_true(db.on)
    assert.is_false(db.off)
    assert.equal(ln.null, db.none)
    assert.equal(require "cjson".null, ln.null)
    assert.equal("2", ln.reveal(db.twice))
    assert.equal("b", ln.reveal(db.replicas[2].host))
    assert.equal('{"host": "a"}', ln.reveal(db.replicas[1]))
  end)

  it("names what is absent, and never a value", function()
    local db = document()
    local e = fails("not_found", function() return db.pasword end)
    assert.matches("prod/db#pasword", e.message, 1, true)
    assert.equal('did you mean "password"?', e.hint)
    assert.matches("prod/db#password.x", fails("not_found", function()
      return db.password.x
    end).message, 1, true)
    assert.matches("not JSON", fails("not_found", function()
      return ln.secret_from("plain", "p").x
    end).message)
    fails("not_found", function() return db[1] end)
    fails("not_found", function() return db.replicas[0] end)
    fails("not_found", function() return db.replicas.host end)
    assert.is_nil(db.replicas[3])
    assert.matches("not by a boolean", message(function() return db[true] end))
    assert.matches("not by a userdata", message(function() return db[db.port] end))
  end)

  it("is not JSON for being a number or a word", function()
    assert.equal(5, #ln.secret_from "12345")
    fails("not_found", function() return ln.secret_from("true").x end)
  end)

  it("has the length of its bytes, or of an array's elements", function()
    local db = document()
    assert.equal(#DOCUMENT, #db)
    assert.equal(#CANARY, #db.password)
    assert.equal(2, #db.replicas)
    assert.equal(0, #db.zero)
  end)

  it("is walked in document order", function()
    local keys, hosts = {}, {}
    for key in pairs(document()) do keys[#keys + 1] = key end
    assert.equal("username password port big rate on off none replicas odd.key empty zero twice",
      table.concat(keys, " "))
    for i, replica in ipairs(document().replicas) do hosts[i] = ln.reveal(replica.host) end
    assert.same({ "a", "b" }, hosts)
    for i, replica in pairs(document().replicas) do
      assert.equal(hosts[i], ln.reveal(replica.host))
    end
    for _ in pairs(document().empty) do error "there is nothing in it" end
    fails("invalid", pairs, document().password)
  end)

  it("is joined to strings, integers and secrets", function()
    local db = document()
    local url = "postgres://" .. db.username .. ":" .. db.port .. "/" .. 1 .. db.replicas[1].host
    assert.equal("postgres://app:5432/1a", ln.reveal(url))
    assert.equal("‹secret text with prod/db#username, 22 bytes›", tostring(url))
    assert.matches("a float", message(function() return 1.5 .. db.port end))
    assert.matches("a nil", message(function() return db.port .. nil end))
    assert.matches("a boolean", message(function() return true .. db.port end))
  end)

  it("is equal by its content", function()
    local db = document()
    assert.is_true(db.username == ln.secret_from "app")
    assert.is_false(db.username == db.password)
    assert.is_false(db.username == "app")
    assert.is_false(db.username == io.stdout)
    assert.is_true(ln.equal(db.username, "app"))
    assert.is_true(ln.equal(5432, db.port))
    assert.is_false(ln.equal(db.port, "5433"))
    assert.is_true(ln.equal("a", "a"))
    assert.is_true(ln.equal(nil, nil))
    assert.is_false(ln.equal(db.port, nil))
    assert.is_true(ln.equal(1, 1.0))
  end)

  it("has no order, no arithmetic and no assignment", function()
    local db = document()
    assert.matches("ln.number to put in order secret prod/db#port",
      message(function() return db.port < db.big end), 1, true)
    assert.matches("ln.number", message(function() return 1 <= db.port end))
    assert.matches("ln.number to calculate", message(function() return db.port + 1 end))
    assert.matches("ln.number to calculate", message(function() return -db.port end))
    assert.matches("assigned", message(function() db.port = 1 end))
    assert.matches("call a lunette.secret", message(function() db() end))
  end)

  it("is not found again as a table key", function()
    local db = document()
    assert.is_nil(({ [db.port] = true })[db.port])
  end)

  it("is refused by what wants a string", function()
    local password = document().password
    message(string.rep, password, 2)
    message(table.concat, { password })
    message(string.upper, password)
    message(io.write, password)
    message(require "cjson".encode, { password })
    message(os.getenv, password)
    message(load, password)
  end)

  it("hides its metatable", function()
    assert.is_false(getmetatable(document()))
    message(setmetatable, document(), {})
  end)

  it("ends when it is wiped", function()
    local db = document()
    local password = db.password
    ln.wipe(db)
    ln.wipe(db)
    assert.matches("secret prod/db was wiped", message(function() return db.password end))
    assert.matches("was wiped", message(ln.reveal, db))
    assert.matches("was wiped", message(function() return "a" .. db end))
    assert.matches("was wiped", message(function() return #db end))
    assert.equal("‹secret prod/db, wiped›", tostring(db))
    assert.equal(CANARY, ln.reveal(password))
    local outside
    do
      local inside <close> = password
      outside = inside
    end
    assert.matches("was wiped", message(ln.reveal, outside))
  end)

  it("says where it comes from", function()
    assert.same({ reference = "prod/db#port" }, ln.meta(document().port))
    assert.matches("lunette.secret expected", message(ln.meta, "x"))
    assert.is_true(ln.is_secret(document()))
    assert.is_false(ln.is_secret "x")
  end)
end)

describe("ln.get", function()
  it("follows a path, counting as paths do", function()
    local db = document()
    assert.equal("b", ln.reveal(ln.get(db, "replicas[1].host")))
    assert.equal("o", ln.reveal(ln.get(db, '["odd.key"]')))
    assert.equal("o", ln.reveal(ln.get({ list = { { db = db } } }, 'list[0].db["odd\\u002ekey"]')))
    assert.is_false(ln.get(db, "off", 1))
    assert.equal(1, ln.get(db, "none", 1))
    assert.equal(ln.null, ln.get(db, "none"))
  end)

  it("gives the default for what is absent", function()
    local db = document()
    for _, path in ipairs { "x", "x.y", "port.x", "replicas[2]", "replicas.x", "[0]", "on.x" } do
      assert.equal("default", ln.get(db, path, "default"))
    end
    assert.is_nil(ln.get({}, "a.b"))
    assert.equal(1, ln.get(nil, "a", 1))
    assert.equal(1, ln.get("text", "a", 1))
  end)

  it("refuses what is no path", function()
    fails("invalid", ln.get, {}, "a[")
    fails("invalid", ln.get, {}, "a..b")
  end)
end)

describe("ln.number", function()
  local function number(text) return ln.number(ln.secret_from(text, "n")) end

  it("is exact or raises", function()
    assert.equal(5432, number "5432")
    assert.equal("integer", math.type(number "5432"))
    assert.equal(math.maxinteger, number "9223372036854775807")
    assert.equal(1.1, number "1.10")
    assert.equal(-1000.0, number "-1e3")
    assert.equal(7, ln.number "7")
    assert.equal(1.5, ln.number(1.5))
    fails("invalid", number, "9223372036854775808")
    fails("invalid", number, "1e999")
  end)

  it("refuses what is none, without showing it", function()
    for _, text in ipairs { "", "0x10", "nan", "inf", " 1", "1 ", "1\0", "canary", "1_000" } do
      assert.equal("secret n is not a number", fails("invalid", number, text).message)
    end
  end)
end)

describe("ln.format", function()
  it("keeps a secret one", function()
    local db = document()
    local text = ln.format("%s:%d@%s %%", db.username, db.port, "host")
    assert.is_true(ln.is_secret(text))
    assert.equal("app:5432@host %", ln.reveal(text))
  end)

  it("is string.format for all else", function()
    assert.equal(("%5.2f|%-4d|%q|%s|%x"):format(1.5, 3, "a\n", nil, 255),
      ln.format("%5.2f|%-4d|%q|%s|%x", 1.5, 3, "a\n", nil, 255))
    assert.equal("plain", ln.format "plain")
  end)

  it("refuses what would lose one", function()
    local port = document().port
    assert.matches("plain %s", message(ln.format, "%q", port), 1, true)
    assert.matches("plain %s", message(ln.format, "%5s", port), 1, true)
    assert.matches("no value", message(ln.format, "%s %s", port))
    assert.matches("no conversion", message(ln.format, "%"))
    fails("invalid", ln.format, "%d", document().password)
    fails("invalid", ln.format, "%s", tostring(port))
  end)
end)

describe("the printed form of a secret", function()
  local mark = tostring(ln.secret_from("x", "prod/db#a"))

  it("is known as a whole, and only as one", function()
    for _, text in ipairs { mark, "x " .. mark, mark .. mark, "‹secret " .. mark,
      "‹secret prod/db, wiped›", "‹secret a›b, 3 bytes›", "‹secret x›" .. mark } do
      assert.is_true(core.marked(text), text)
    end
    for _, text in ipairs { "", "‹secret", "‹", "›", "‹secret x›", "‹secret x, bytes›",
      "‹secret x, 1 byte›", "secret x, 1 bytes", "‹secret , 1 bytes" } do
      assert.is_false(core.marked(text), text)
    end
  end)

  it("is refused where it would pass for the value", function()
    local port = document().port
    fails("invalid", function() return ("x %s"):format(port) .. port end)
    fails("invalid", ln.secret_from, mark)
    fails("invalid", ln.concat, { mark, port })
    fails("invalid", ln.fs.write, "never-written", mark)
    fails("invalid", ln.run, { "true", mark })
    fails("invalid", ln.session, { profile = mark })
  end)

  it("is an ordinary text in a message", function()
    assert.matches("canary", tostring(ln.error { kind = "invalid", message = "canary " .. mark }))
  end)
end)

describe("text work", function()
  it("keeps a secret one", function()
    local password = document().password
    for name, f in pairs { base64 = ln.base64.encode, url = ln.url.encode, sha256 = ln.sha256 } do
      assert.is_true(ln.is_secret(f(password)), name)
      assert.equal(f(CANARY), ln.reveal(f(password)), name)
    end
    assert.equal(CANARY, ln.reveal(ln.base64.decode(ln.base64.encode(password))))
    assert.is_true(ln.is_secret(ln.hmac_sha256(password, "x")))
    assert.is_true(ln.is_secret(ln.json.encode { password }))
    assert.equal(ln.json.encode { CANARY }, ln.reveal(ln.json.encode { password }))
    assert.equal("[1.10,5432]", ln.reveal(ln.json.encode { document().rate, document().port }))
  end)

  it("computes what others compute", function()
    assert.equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      ln.sha256 "abc")
    assert.equal("f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8",
      ln.hmac_sha256("key", "The quick brown fox jumps over the lazy dog"))
    assert.equal("YWJj", ln.base64.encode "abc")
    fails("invalid", ln.base64.decode, "a")
    assert.equal("a%20b%2F", ln.url.encode "a b/")
    assert.equal("a b/", ln.url.decode "a%20b%2F")
    fails("invalid", ln.url.decode, "%2")
    assert.equal(1795469580, ln.time.parse "2026-11-23T21:33:00Z")
    assert.equal("2026-11-23T21:33:00Z", ln.time.format(1795469580))
    fails("invalid", ln.time.parse, "yesterday")
  end)

  it("takes known secrets out of a text", function()
    local password = document().password
    local said = "said: " .. CANARY .. " and " .. ln.base64.encode(CANARY)
    assert.is_false(support.shows(core.redact(said, { password }), CANARY))
  end)
end)

describe("JSON", function()
  it("keeps integers exact", function()
    local t = ln.json.decode '{"a": [1, -9223372036854775808, 2.5, 1e2], "n": null, "a2": []}'
    assert.equal("integer", math.type(t.a[1]))
    assert.equal(math.mininteger, t.a[2])
    assert.equal(2.5, t.a[3])
    assert.equal("float", math.type(t.a[4]))
    assert.equal(ln.null, t.n)
    assert.equal('{"a":[1,-9223372036854775808,2.5,100],"a2":[],"n":null}', ln.json.encode(t))
  end)

  it("says what to do with larger ones", function()
    local text = "[123456789012345678901]"
    assert.matches("big_integers", fails("invalid", ln.json.decode, text).hint)
    assert.equal("123456789012345678901", ln.json.decode(text, { big_integers = "string" })[1])
    assert.equal(123456789012345678901.0, ln.json.decode(text, { big_integers = "float" })[1])
    fails("invalid", ln.json.decode, "1e999")
    assert.matches("did you mean 'big_integers'",
      message(ln.json.decode, text, { big_integer = "float" }))
  end)

  it("refuses what is none, with its place and without its bytes", function()
    local e = fails("invalid", ln.json.decode, '{"canary": 01}')
    assert.is_nil(tostring(e):find("canary", 1, true))
    fails("invalid", ln.json.decode, "")
    fails("invalid", ln.json.decode, ln.secret_from("canary{", "s"))
  end)

  it("encodes what it can, and names what it cannot", function()
    assert.equal('{"a":{},"b":[],"c":"\\u0001\\"","d":[true,false]}',
      ln.json.encode { a = {}, b = ln.json.array {}, c = '\1"', d = { true, false } })
    assert.equal(0.1, ln.json.decode(ln.json.encode(0.1)))
    for _, value in ipairs { print, { [1.5] = 1 }, { 1, nil, 3 }, 0 / 0, math.huge, "\xff" } do
      fails("invalid", ln.json.encode, value)
    end
    local loop = {}
    loop.loop = loop
    fails("invalid", ln.json.encode, loop)
    local e = fails("invalid", ln.json.encode, { a = { 1, print } })
    assert.matches("the value.a%[2%]", e.message)
  end)

  it("leaves a secret document a secret", function()
    local db = ln.json.decode(document())
    assert.is_true(ln.is_secret(db))
    assert.equal("5432", ln.reveal(db.port))
  end)
end)
