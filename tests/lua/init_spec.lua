local core = require "lunette.core"
local ln = require "lunette"
local support = require "binding_support"

describe("the module", function()
  it("has what the documents say", function()
    for _, name in ipairs { "session", "sign", "presign", "template", "render", "run", "shell",
      "reveal", "meta", "wipe", "secret_from", "get", "equal", "number", "format", "sha256",
      "hmac_sha256" } do
      assert.is_true(ln[name] ~= nil, name)
    end
    for _, name in ipairs { "json", "base64", "url", "time", "log", "fs" } do
      assert.equal("table", type(ln[name]), name)
    end
    assert.matches("^%d+%.%d+%.%d+$", ln._VERSION)
    assert.is_nil(ln.nothing_of_that_name)
  end)

  it("is one, however it is reached", function()
    assert.equal(ln, require "lunette")
    assert.equal(require "lunette.template".compile, ln.template)
  end)

  it("calls its functions by one name", function()
    local e = support.message(ln.session, { x = 1 })
    assert.matches("'lunette.session'", e, 1, true)
  end)

  it("reads no more than a script uses", function()
    local _, said = support.lunette("-e", [[require "lunette"
      for name in pairs(package.loaded) do
        if name:find "^lunette" then io.write(name, " ") end
      end]])
    local names = {}
    for name in said:gmatch "%S+" do names[#names + 1] = name end
    table.sort(names)
    assert.same({ "lunette", "lunette.core" }, names)
  end)

  -- Stock Lua, with the module of the build, as a user has it.
  local function stock(code)
    local build = os.getenv "BUILD"
    local child <close> = require "lunette.os".spawn {
      argv = { "lua5.4", "-e", code },
      env = { PATH = os.getenv "PATH", LUA_CPATH = build .. "/lua/?.so;;",
        LD_PRELOAD = os.getenv "LUN_PRELOAD" or "" },
    }
    return child:wait(60).exit, child:output()
  end

  it("works in stock Lua", function()
    local status, said = stock [[
      local ln = require "lunette"
      local s = ln.secret_from('{"a": 1.10}', "x")
      print(s.a, ln.reveal(s.a), require "lunette.os".exists "/")]]
    assert.equal("‹secret x#a, 4 bytes›\t1.10\ttrue\n", said)
    assert.equal(0, status)
  end)

  it("lives on while finalizers run, and then says that it is gone", function()
    local status, said = stock [[
      early = setmetatable({}, { __gc = function() print(pcall(ln.secret_from, "x")) end })
      ln = require "lunette"
      kept = ln.secret_from "kept"
      late = setmetatable({}, { __gc = function() print(ln.secret_from("x", "late")) end })]]
    assert.matches("^‹secret late, 1 bytes›\nfalse\t.*being closed\n$", said)
    assert.equal(0, status)
  end)

  it("leaves nothing behind in a dead coroutine", function()
    support.leaves_nothing(function()
      local co = coroutine.wrap(function()
        local secret <close> = ln.secret_from "x"
        coroutine.yield(secret)
      end)
      co()
    end)
  end)

  it("counts what lives", function()
    local boxes, secrets = support.live()
    local one = ln.secret_from "x"
    assert.same({ boxes + 1, secrets + 1 }, { core.live() })
    ln.wipe(one)
    assert.same({ boxes, secrets }, { core.live() })
  end)
end)

describe("ln.log", function()
  local function said(code)
    local _, text = support.lunette("-e", "local ln = require 'lunette' " .. code)
    return text
  end

  it("writes a line for each event", function()
    assert.matches("^time=%S+ level=info event=started count=3\n$",
      said [[ln.log.info("started", { count = 3 })]])
    assert.matches('file="a b"', said [[ln.log.warn("x", { file = "a b" })]], 1, true)
    assert.matches('s="‹secret s, 1 bytes›"',
      said [[ln.log.info("x", { s = ln.secret_from("c", "s") })]], 1, true)
  end)

  it("shows debug events when it is told to", function()
    assert.equal("", said [[ln.log.debug "x"]])
    assert.matches("level=debug event=x", said [[ln.log.to_stderr() ln.log.debug "x"]])
  end)

  it("writes JSON", function()
    local line = said [[ln.log.to_stderr "json" ln.log.info("a\nb", { n = 1, t = 'q"' })]]
    local event = ln.json.decode(line)
    assert.equal("a b", event.event)
    assert.equal(1, event.n)
    assert.equal('q"', event.t)
    assert.equal("info", event.level)
  end)
end)
