local command = require "lunette.command"
local ln = require "lunette"
local support = require "binding_support"

local fails = support.fails

describe("a command", function()
  it("is a line, a list of words or a unit", function()
    for _, good in ipairs { "true", { "test", 5 }, { reload_unit = "app@1.service" } } do
      command.validate(good, "check")
    end
    command.validate(nil, "check")
    assert.same({ "test", "5", "-lt", "7" }, command.words { "test", 5, "-lt", 7 })
  end)

  it("is refused with a reason", function()
    local secret = ln.secret_from "canary-not-a-real-password"
    for _, case in ipairs {
      { { "app", secret }, "word 2: a secret cannot be an argument.*standard input" },
      { { "app", 1.5 }, "word 2 is a number" }, { { "app", false }, "word 2 is a boolean" },
      { { "app", "a\0b" }, "word 2 has a NUL" },
      { { "app", nil, "x" }, "word 2 is a nil" }, { { "app", x = 1 }, "no field 'x'" },
      { { "" }, "no program" }, { {}, "no command" }, { "  ", "no command" }, { 5, "no command" },
      { { reload_unit = "-x" }, "no command" }, { { reload_unit = "x", y = 1 }, "no command" },
    } do
      assert.matches("^check.*" .. case[2], fails("invalid", command.validate, case[1],
        "check").message)
    end
  end)

  it("tells an exit status from a signal", function()
    assert.equal("exit status 255", command.run("sh -c 'exit 255'", {}).how)
    assert.equal("signal 9", command.run("sh -c 'kill -KILL $$'", {}).how)
    assert.equal("timed out", command.run("sleep 20", { timeout = 0.05 }).how)
  end)

  -- Under valgrind a child that cannot exec does not say why.
  local it_starts = (os.getenv "VALGRIND" or "") ~= "" and pending or it
  it_starts("says what could not be started", function()
    assert.equal("not started", command.run("not-a-command", {}).how)
  end)

  it("gives a line of what was printed", function()
    local function said(script) return command.run({ "sh", "-c", script }, {}).output end
    assert.equal("a | b", said "echo; echo a; echo; echo ' b '; echo")
    assert.equal("it printed nothing", said "echo; echo")
    assert.equal(("x"):rep(400) .. "...", said "head -c 5000 /dev/zero | tr '\\0' x")
    local before = ln.time.monotonic() -- in a time that blanks do not make long
    assert.equal("...", said "head -c 100000 /dev/zero | tr '\\0' ' '; echo x")
    assert.is_true(ln.time.monotonic() - before < 5)
  end)
end)

describe("secrets_of", function()
  it("finds them all, and ends in a circle", function()
    local one, two = ln.secret_from "canary-one", ln.secret_from "canary-two"
    local values = { a = one, b = { { two } }, c = "text" }
    values.b.again = values
    assert.equal(2, #command.secrets_of(values, {}))
    local deep = {}
    for _ = 1, 100000 do deep = { deep } end
    assert.equal(0, #command.secrets_of(deep, {}))
    assert.is_true(#command.secrets_of(_G, {}) >= 0)
  end)
end)
