local ln = require "lunette"
local os_ = require "lunette.os"
local support = require "binding_support"

local fails, message = support.fails, support.message

local CANARY = "canary-not-a-real-password"
local T = os.getenv "T"
local valgrind = (os.getenv "VALGRIND" or "") ~= ""

local function path(name) return T .. "/" .. name end

local function slurp(name)
  local file <close> = assert(io.open(name, "rb"))
  return file:read "a"
end

local function mode_of(name)
  local pipe <close> = assert(io.popen(("stat -c %%a '%s'"):format(name)))
  return pipe:read "l"
end

local function entries()
  local pipe <close> = assert(io.popen(("ls -A '%s'"):format(T)))
  return pipe:read "a"
end

describe("os.stage", function()
  it("replaces a file as a whole, and keeps its mode", function()
    local target = path "staged"
    local before = entries()
    do
      local stage <close> = os_.stage(target, { mode = "0640" })
      assert.is_false(stage:same "one")
      stage:write "one"
      assert.equal("one", slurp(stage:path()))
      assert.is_nil(io.open(target))
      stage:commit()
    end
    assert.equal("one", slurp(target))
    assert.equal("640", mode_of(target))
    do
      local stage <close> = os_.stage(target)
      assert.is_true(stage:same "one")
      assert.is_false(stage:same(ln.secret_from(CANARY)))
      stage:write(ln.secret_from(CANARY))
      stage:commit { keep = true }
      assert.equal(CANARY, slurp(target))
      stage:restore()
    end
    assert.equal("one", slurp(target))
    assert.equal("640", mode_of(target))
    os.remove(target)
    assert.equal(before, entries())
  end)

  it("leaves nothing where it is dropped", function()
    local before = entries()
    local stage = os_.stage(path "dropped")
    stage:write "x"
    stage:drop()
    assert.equal(before, entries())
    assert.matches("is closed", message(stage.path, stage))
    support.leaves_nothing(function() pcall(os_.stage, path "none/none") end)
  end)

  it("says what is wrong", function()
    fails("invalid", os_.stage, path "x", { mode = "9999" })
    fails("invalid", os_.stage, path "x", { mode = "4755" })
    fails("invalid", os_.stage, path "x", { mode = 1.5 })
    assert.matches("no user \"nobody%-at%-all\"",
      fails("invalid", os_.stage, path "x", { owner = "nobody-at-all" }).message)
    assert.matches("no group",
      fails("invalid", os_.stage, path "x", { owner = ":no-group" }).message)
    fails("invalid", os_.stage, path "x", { owner = ":" })
    assert.matches("did you mean 'owner'", message(os_.stage, path "x", { onwer = "root" }))
    fails("filesystem", os_.stage, T)
    local stage <close> = os_.stage(path "x")
    fails("invalid", stage.write, stage, "x " .. tostring(ln.secret_from(CANARY)))
    assert.matches("string, integer or secret", message(stage.write, stage, {}))
  end)

  it("takes owners by number", function()
    local stage <close> = os_.stage(path "owned", { owner = "0:0" })
    assert.is_false(stage:same "x")
  end)
end)

describe("ln.fs", function()
  it("writes what has changed, and reads", function()
    local target = path "plain"
    assert.is_true(ln.fs.write(target, "text"))
    assert.is_false(ln.fs.write(target, "text"))
    assert.equal("600", mode_of(target))
    assert.equal("text", ln.fs.read(target))
    local secret = ln.fs.read(target, { secret = true })
    assert.is_true(ln.is_secret(secret))
    assert.equal("text", ln.reveal(secret))
    assert.is_true(ln.fs.exists(target))
    os.remove(target)
    assert.is_false(ln.fs.exists(target))
    fails("filesystem", ln.fs.read, target)
  end)
end)

describe("os.write", function()
  it("writes all, secrets as they are", function()
    local target = path "written"
    local status = support.lunette("-e", ([[
      local ln, os_ = require "lunette", require "lunette.os"
      io.stdout:setvbuf "full"
      io.write "first "
      os_.write(1, ln.secret_from %q, " ", 7)]]):format(CANARY))
    assert.equal(0, status)
    local _, said = support.lunette("-e", ([[
      io.write "first "
      require "lunette.os".write(1, require "lunette".secret_from %q, " ", 7)]]):format(CANARY))
    assert.equal("first " .. CANARY .. " 7", said)
    os.remove(target)
  end)

  it("says when it cannot", function()
    assert.matches("cannot write", fails("filesystem", os_.write, 9999, "x").message)
  end)
end)

describe("os.spawn", function()
  local function sh(line, more)
    local given = { argv = { "/bin/sh", "-c", line } }
    for name, value in pairs(more or {}) do given[name] = value end
    return os_.spawn(given)
  end

  it("runs a program and tells how it ended", function()
    local child <close> = sh "echo out; echo err >&2; exit 3"
    assert.same({ exit = 3 }, child:wait(10))
    assert.is_false(child:cut())
    assert.equal("out\nerr\n", child:output())
    assert.is_true(child:pid() > 0)
  end)

  it("waits no longer than it is told, and kills", function()
    local child <close> = sh "sleep 30"
    assert.is_nil(child:wait(0.05))
    child:kill "TERM"
    assert.same({ exit = 143, signal = 15 }, child:wait(10))
    assert.matches("neither the name", message(child.kill, child, "NOSUCH"))
  end)

  it("can be polled for", function()
    local child <close> = sh "exit 0"
    if valgrind then
      pending "valgrind has no pidfd_open"
    end
    assert.same({ child:fd() }, os_.poll({ child:fd() }, 10))
    assert.same({ exit = 0 }, child:wait(10))
    assert.same({}, os_.poll({}, 0.01))
  end)

  it("gives secrets by input and environment, never by an argument", function()
    local secret = ln.secret_from(CANARY)
    local child <close> = sh('cat; printf "%s" "$S"', { input = secret, env = { S = secret } })
    child:wait(10)
    assert.equal(CANARY .. CANARY, child:output())
    assert.matches("cannot be an argument", message(os_.spawn, { argv = { "echo", secret } }))
    fails("invalid", os_.spawn, { argv = { "echo", tostring(secret) } })
    fails("invalid", os_.spawn, { argv = { "true" }, env = { X = tostring(secret) } })
    fails("invalid", os_.spawn, { argv = { "true" }, env = { X = "a\0b" } })
  end)

  it("hands on no credentials unless it is told to", function()
    local line = 'echo "<$AWS_SECRET_ACCESS_KEY><$OTHER>"'
    local code = ([[local os_ = require "lunette.os"
      local child = os_.spawn { argv = { "/bin/sh", "-c", %q } }
      child:wait(10)
      io.write(child:output())]]):format(line)
    local child <close> = sh(('AWS_SECRET_ACCESS_KEY=%s OTHER=x exec "$0" -e "$1"'):format(CANARY)
      :gsub("%$0", "$L"):gsub("%$1", "$CODE"),
      { env = { L = os.getenv "BUILD" .. "/lunette", CODE = code, PATH = os.getenv "PATH" } })
    child:wait(20)
    assert.equal("<><x>\n", child:output())
  end)

  it("says what cannot be run", function()
    if valgrind then
      pending "valgrind makes a fork of vfork, and the child's errno is lost"
    end
    assert.matches("not%-a%-command", fails("filesystem", os_.spawn,
      { argv = { "not-a-command" } }).message)
    assert.matches("no program", message(os_.spawn, { argv = {} }))
    assert.matches("list of strings", message(os_.spawn, { argv = { "x", 1 } }))
    assert.matches("did you mean 'argv'", message(os_.spawn, { arg = {} }))
    support.leaves_nothing(function() pcall(os_.spawn, { argv = { "not-a-command" } }) end)
  end)
end)

describe("ln.run", function()
  it("runs without a shell, ln.shell with one", function()
    assert.equal("$HOME;x\n", ln.run { "echo", "$HOME;x" }.output)
    assert.equal("2\n", ln.shell "echo $((1 + 1))".output)
    assert.equal("in", ln.run { "cat", stdin = "in" }.output)
    assert.equal("e", ln.shell("printf %s \"$E\"", { env = { E = "e" } }).output)
  end)

  it("raises if the program fails, with what it said", function()
    local e = fails("check", ln.shell, "echo oops >&2; exit 4")
    assert.matches("exit status 4%): oops", e.message)
    assert.equal(4, ln.shell("exit 4", { check = false }).exit)
    fails("deadline", ln.run, { "sleep", "10", timeout = 0.05 })
    assert.matches("did you mean 'timeout'", message(ln.run, { "true", timout = 1 }))
  end)

  it("shows no secret that the program was given", function()
    local secret = ln.secret_from(CANARY)
    local e = fails("check", ln.run, { "/bin/sh", "-c", "cat; exit 1", stdin = secret })
    assert.is_false(support.shows(tostring(e), CANARY))
    assert.is_false(support.shows(ln.shell("echo $S", { env = { S = secret } }).output, CANARY))
  end)
end)

describe("lunette.os", function()
  it("splits words as a shell does, and expands nothing", function()
    assert.same({ "a b", "c", "$D", "*" }, os_.split [["a b" 'c' $D *]])
    fails("invalid", os_.split, "a 'b")
  end)

  it("gives signals to be read", function()
    local signals <close> = os_.signals { "USR1", "TERM" }
    assert.is_nil(signals:read())
    local child <close> = os_.spawn { argv = { "/bin/sh", "-c", "kill -USR1 $PPID" } }
    assert.same({ signals:fd() }, os_.poll({ signals:fd() }, 10))
    assert.equal("USR1", signals:read())
    child:wait(10)
    assert.matches("neither the name", message(os_.signals, { "NOSUCH" }))
  end)

  it("leaves an ignored signal ignored", function()
    local code = [[
      local os_ = require "lunette.os"
      local signals <close> = os_.signals { "USR1" }
      os_.spawn { argv = { "/bin/sh", "-c", "kill -USR1 $PPID" } }:wait(10)
      print((signals:read()))]]
    local child <close> = os_.spawn { argv = { "/bin/sh", "-c",
      'trap "" USR1; exec "$0" -e "$1"', os.getenv "BUILD" .. "/lunette", code } }
    assert.same({ exit = 0 }, child:wait(20))
    assert.equal("nil\n", child:output())
  end)

  it("knows files by their descriptors", function()
    assert.is_true(os_.same_file(1, 1))
    assert.is_false(os_.isatty(9999))
    assert.is_false(os_.same_file(1, 9999))
  end)

  it("asks no terminal where there is none", function()
    assert.is_nil(os_.columns(9999))
    local answer, why = os_.ask("? ", 5)
    assert.is_nil(answer)
    assert.equal("terminal", why)
    assert.matches("a day's seconds", message(os_.ask, "? ", 0))
  end)

  it("lists the environment, for a child without credentials", function()
    assert.equal(T, os_.environ().T)
    assert.equal(T, os_.environ(true).T)
    assert.is_nil(os_.environ(true).AWS_EC2_METADATA_DISABLED)
  end)
end)
