local ln = require "lunette"
local support = require "binding_support"

local fails = support.fails

local T = os.getenv "T"
local SECRET = "it's-hunter22canary"

local function slurp(name)
  local file <close> = assert(io.open(name, "rb"))
  return file:read "a"
end

local function entries()
  local pipe <close> = assert(io.popen(("ls -A '%s'"):format(T)))
  return pipe:read "a"
end

local function target(name, old)
  local path = T .. "/" .. name
  if old then ln.fs.write(path, old) end
  return path
end

describe("ln.render shows no secret", function()
  -- a check that shows the file and fails
  local function shown(name, text, value, check)
    local path = target(name)
    local e = fails("check", ln.render, { text = text, to = path,
      values = { p = ln.secret_from(value), secret = ln.secret_from '{"key": "some-other-one"}' },
      check = check or { "sh", "-c", "cat \"$0\"; exit 1", "%s" } })
    assert.is_nil(io.open(path))
    return tostring(e)
  end

  it("as its own writers quote it", function()
    for name, text in pairs { ["q.sh"] = "P={{ p }}\n", ["q.yaml"] = "P: '{{ p }}'\n",
      ["q.json"] = '{"P": {{ p }}}', ["d.sh"] = 'P="{{ p }}"\n' } do
      local said = shown(name, text, SECRET)
      assert.matches("redacted", said)
      assert.is_nil(said:find("hunter", 1, true), said)
    end
    local said = shown("b.yaml", "P: |\n  {{ p }}\n", "MIIhunter22canary\nLine2canary\n")
    assert.is_nil(said:find("canary", 1, true), said)
    said = shown("c.yaml", "P: {{ p }}\n", "hunter22\1canary")
    assert.is_nil(said:find("canary", 1, true), said)
  end)

  it("as a parser quotes a part of it", function()
    local said = shown("f.txt", "P={{ p }}\n", "abcd;hunter22canary", { "sh", "%s" })
    assert.is_nil(said:find("canary", 1, true), said)
  end)

  it("as the template has changed it", function()
    for _, filter in ipairs { "upper", "replace('2', '3')", "b64enc", "sha256" } do
      local job = ("P: {{ p | %s }}\n"):format(filter)
      local plain = ln.template(job, { format = "yaml" }):render { p = SECRET }
      assert.is_nil(shown("u.yaml", job, SECRET):find(plain:sub(5, -3), 1, true), filter)
    end
  end)
end)

describe("ln.render's reload", function()
  local function fail_reload(path, script)
    return fails("reload", ln.render, { text = "new\n", to = path, format = "text",
      on_change = { "sh", "-c", script .. "; exit 3", path } })
  end

  it("brings the old file back", function()
    local path = target("back", "old\n")
    local e = fail_reload(path, "true")
    assert.matches("exit status 3", e.message)
    assert.matches("the old .*back is back, but its reload failed as well", e.hint)
    assert.equal("old\n", slurp(path))
    os.remove(path)
  end)

  it("removes what is new", function()
    local path = target "new"
    assert.matches("new, which is new, was removed again", fail_reload(path, "true").hint)
    assert.is_nil(io.open(path))
  end)

  it("brings back what the reload removed", function()
    local path = target("gone", "old\n")
    assert.matches("is back", fail_reload(path, '[ -e "$0.x" ] || rm "$0"; touch "$0.x"').hint)
    assert.equal("old\n", slurp(path))
    os.remove(path)
    os.remove(path .. ".x")
  end)

  it("keeps the old file where somebody has replaced the new one", function()
    local path = target("theirs", "old\n")
    local e = fail_reload(path, 'echo theirs >"$0.x"; mv "$0.x" "$0"')
    assert.matches("the reload after .*exit status 3.*somebody has replaced it", e.message)
    local kept = e.hint:match "the old file is kept as (.*)$"
    assert.equal("old\n", slurp(kept))
    assert.equal("theirs\n", slurp(path))
    os.remove(kept)
    os.remove(path)
    assert.equal(0, select(2, entries():gsub("theirs", "")))
  end)
end)

describe("ln.render", function()
  it("takes no option of files for standard output", function()
    for name, value in pairs { check = "true", mode = "0600", owner = "root",
      on_change = "true" } do
      local e = fails("invalid", ln.render, { text = "x", to = "-", [name] = value })
      assert.matches("^" .. name .. " means nothing", e.message)
    end
  end)

  it("says that imds is not there", function()
    local e = fails("invalid", ln.render, { text = '{{ imds "placement/region" }}', to = "-" })
    assert.matches("imds is not there yet", e.message)
    assert.matches("%-%-set", e.hint)
  end)

  it("takes values in a circle", function()
    local values = { a = 1, g = _G }
    values.self = values
    local path = target "circle.yaml"
    ln.render { text = "a: {{ self.self.a }}\n", to = path, values = values }
    assert.equal("a: 1\n", slurp(path))
    os.remove(path)
  end)

  it("leaves nothing alive", function()
    local path = target "alive.yaml"
    support.leaves_nothing(function()
      pcall(ln.render, { text = "a: {{ p }}\n", to = path, check = "false",
        values = { p = ln.secret_from(SECRET) } })
      ln.render { text = "a: {{ p }}\n", to = path, check = "true", on_change = "true",
        values = { p = ln.secret_from(SECRET) } }
    end)
    os.remove(path)
  end)
end)
