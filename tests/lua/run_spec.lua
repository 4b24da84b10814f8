local ln = require "lunette"
local support = require "binding_support"

local fails, message = support.fails, support.message

local CANARY = "canary-not-a-real-password"

describe("ln.run", function()
  it("takes integers as words, and no secret", function()
    assert.equal("5\n", ln.run { "echo", 5 }.output)
    assert.matches("a secret cannot be an argument: every process may read it",
      message(ln.run, { "echo", ln.secret_from(CANARY) }))
  end)

  it("gives all output, or raises", function()
    local big = { "sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x" }
    assert.equal(300000, #ln.run(big).output)
    big.limit = 1000
    local e = fails("invalid", ln.run, big)
    assert.matches("printed more than 1000 bytes", e.message)
    assert.matches("limit = BYTES", e.hint)
    local before = ln.time.monotonic()
    fails("invalid", ln.run, { "yes", limit = 100000 }) -- ended, not waited for
    assert.is_true(ln.time.monotonic() - before < 20)
    assert.equal(10, #ln.run { "printf", "0123456789", limit = 10 }.output)
  end)

  it("tells an exit status from a signal", function()
    assert.same({ exit = 255, output = "" }, ln.run { "sh", "-c", "exit 255", check = false })
    assert.same({ exit = 137, signal = 9, output = "" },
      ln.run { "sh", "-c", "kill -KILL $$", check = false })
  end)

  it("lets no printed secret into the environment", function()
    local mark = tostring(ln.secret_from(CANARY))
    fails("invalid", ln.run, { "true", env = { [mark] = "x" } })
    fails("invalid", ln.run, { "true", env = { X = mark } })
  end)

  it("names the script's line in what the script got wrong", function()
    local here = debug.getinfo(1, "S").short_src
    local function at(f, ...)
      local line = debug.getinfo(f, "S").linedefined
      local said = message(f, ...)
      assert.equal(("%s:%d:"):format(here, line), said:match "^[^ ]+")
      return said
    end
    assert.matches("list of words", at(function() return (ln.run "true") end))
    assert.matches("no program", at(function() return (ln.run {}) end))
    assert.matches("'timeout'", at(function() return (ln.run { "true", timout = 1 }) end))
    assert.matches("must be a number", at(function() return (ln.run { "true", timeout = "x" }) end))
    assert.matches("0 or more", at(function() return (ln.run { "true", timeout = -1 }) end))
    assert.matches("'limit'", at(function() return (ln.run { "true", limit = 0 }) end))
    assert.matches("'stdin'", at(function() return (ln.run { "true", stdin = {} }) end))
    assert.matches("'X'", at(function() return (ln.run { "true", env = { X = {} } }) end))
    assert.matches("the line of shell", at(function() return (ln.shell {}) end))
    assert.matches("the options", at(function() return (ln.shell("true", 1)) end))
    assert.matches("the path", at(function() return (ln.fs.write(nil, "x")) end))
    assert.matches("the content", at(function() return (ln.fs.write("x", {})) end))
    assert.matches("'mode'", at(function() return (ln.fs.write("x", "x", { mod = 1 })) end))
    assert.matches("'template'", at(function() return (ln.render { templat = "x" }) end))
    assert.matches("the text must", at(function() return (ln.template(nil)) end))
    assert.matches("names as its keys",
      at(function() return (ln.render { text = "", to = "-", values = { 5 } }) end))
    assert.matches("'values' must", at(function() return (ln.render { text = "", values = 5 }) end))
  end)
end)
