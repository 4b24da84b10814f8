local core = require "lunette.core"
local ln = require "lunette"
local support = require "binding_support"

local CANARY = "canary-not-a-real-password"

describe("an error object", function()
  it("has the fields it was made with", function()
    local e = ln.error { kind = "access_denied", message = "secret prod/db: no", hint = "ask",
      code = "AccessDeniedException", service = "secretsmanager", operation = "GetSecretValue",
      status = 400, request_id = "r-1", attempts = 1, retryable = false }
    assert.equal("access_denied", e.kind)
    assert.equal(400, e.status)
    assert.is_false(e.retryable)
    assert.is_true(ln.is_error(e))
    assert.is_false(getmetatable(e))
  end)

  it("prints on one line: what, the request, the next step", function()
    local e = ln.error { kind = "access_denied", message = "secret prod/db: no", hint = "ask them",
      request_id = "r-1" }
    assert.equal("access denied: secret prod/db: no (request id r-1); hint: ask them", tostring(e))
    assert.equal("file system: x", tostring(ln.error { kind = "filesystem", message = "x" }))
    assert.equal("x", tostring(ln.error { kind = "usage", message = "x" }))
    local said = ln.error { kind = "service", message = "bad (request r-2)", request_id = "r-2" }
    assert.equal("service: bad (request r-2)", tostring(said))
  end)

  it("prints even if a script has broken it", function()
    local e = ln.error { kind = "invalid", message = "x" }
    e.message, e.kind, e.hint = {}, 1, print
    assert.equal("unknown error", tostring(e))
  end)

  it("is checked when it is made", function()
    assert.matches("no kind of error",
      support.message(ln.error, { kind = "wrong", message = "x" }))
    assert.matches("'message' is missing", support.message(ln.error, { kind = "invalid" }))
    assert.matches("did you mean 'message'",
      support.message(ln.error, { kind = "invalid", mesage = "x" }))
    assert.matches("string expected, got lunette.secret",
      support.message(ln.error, { kind = "invalid", message = ln.secret_from(CANARY) }))
  end)

  it("is raised by core.fail", function()
    local e = support.fails("network", core.fail, { kind = "network", message = "m" })
    assert.equal("m", e.message)
  end)

  it("is not whatever looks like one", function()
    assert.is_false(ln.is_error { kind = "invalid", message = "x" })
    assert.is_false(ln.is_error "x")
    assert.is_false(ln.is_error(setmetatable({}, {})))
  end)
end)

describe("the command", function()
  local statuses = { credentials = 10, access_denied = 11, not_found = 12, service = 13,
    throttled = 13, network = 14, invalid = 15, check = 16, reload = 17, filesystem = 18,
    deadline = 19, usage = 2 }

  it("ends with the status of the kind", function()
    for kind, want in pairs(statuses) do
      local status, said = support.lunette("-e", ([[local ln = require "lunette"
        error(ln.error { kind = %q, message = "the message", hint = "the hint" })]]):format(kind))
      assert.equal(want, status, kind)
      assert.matches("^lunette: .*the message\n  hint: the hint\n$", said)
    end
  end)

  it("ends with 1 for a script's own error", function()
    local status, said = support.lunette("-e", "error 'oops'")
    assert.equal(1, status)
    assert.equal("lunette: -e:1: oops\n", said)
    assert.equal(1, (support.lunette("-e", "error()")))
    assert.equal(1, (support.lunette("-e", "error(setmetatable({}, { __tostring = error }))")))
    assert.equal(1, (support.lunette("-e", "syntax error")))
  end)

  local hold = ([[local ln = require "lunette"
    local s = ln.secret_from(%q, "prod/db")
    local function hold(secret) local copy = secret %%s end
    hold(s)]]):format(CANARY)

  it("never shows a secret", function()
    for _, code in ipairs {
      "print(copy, ('%%s'):format(copy))", "error(copy)", "error('x ' .. copy)",
      "error('x ' .. tostring(copy))", "assert(false, copy)", "local x = copy.field",
      "local x = copy + 1", "copy()", "error { copy }", "io.write(copy)",
      "error(require 'lunette'.error { kind = 'invalid', message = 'x ' .. copy })",
      "require('cjson').encode { copy }", "print(debug.traceback(copy))",
      "ln.log.info('said', { secret = copy })",
    } do
      local _, said = support.lunette("-v", "-e", (hold:gsub("%%s", function() return code end)))
      assert.is_true(#said > 0, code)
      assert.is_false(support.shows(said, CANARY), code)
    end
  end)

  it("shows a traceback with -v alone", function()
    local code = "local function inner() error 'oops' end inner()"
    local _, said = support.lunette("-v", "-e", code)
    assert.matches("stack traceback:", said, 1, true)
    _, said = support.lunette("-e", code)
    assert.is_nil(said:find("traceback", 1, true))
  end)

  it("says which command was meant", function()
    local status, said = support.lunette "rendr"
    assert.equal(2, status)
    assert.matches("did you mean 'render'", said)
    assert.equal(2, (support.lunette "nowhere.lua"))
    assert.equal(2, (support.lunette "--nonsense"))
  end)

  it("fills arg, and reads a script with a first line for the shell", function()
    local path = os.getenv "T" .. "/script.lua"
    local file <close> = assert(io.open(path, "w"))
    file:write "#!/usr/bin/env lunette\nprint(#arg, arg[0], arg[1], ...)\n"
    file:close()
    local status, said = support.lunette(path, "a", "b")
    assert.equal(0, status)
    assert.equal(("2\t%s\ta\ta\tb\n"):format(path), said)
  end)

  it("refuses bytecode", function()
    local path = os.getenv "T" .. "/code.lua"
    local file <close> = assert(io.open(path, "wb"))
    file:write(string.dump(function() return 1 end))
    file:close()
    local status, said = support.lunette(path)
    assert.equal(1, status)
    assert.matches("binary", said)
  end)

  it("says when its output is lost", function()
    local child <close> = require "lunette.os".spawn { argv = { "/bin/sh", "-c",
      'exec "$0" -e "print(1)" >/dev/full', os.getenv "BUILD" .. "/lunette" } }
    assert.equal(1, child:wait(30).exit)
    assert.matches("could not be written", child:output())
  end)
end)
