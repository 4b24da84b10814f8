-- What templates refuse, and what they say: name, line, caret, next step,
-- and never a value.
local ln = require "lunette"

local CANARY = "canary-4711"

local function failure(text, values, settings, options)
  settings = settings or {}
  settings.name = settings.name or "app.yaml.tmpl"
  settings.format = settings.format or "yaml"
  local ok, e = pcall(function()
    return ln.template(text, settings):render(values, options)
  end)
  assert.is_false(ok)
  assert.is_true(ln.is_error(e), tostring(e))
  assert.is_nil(tostring(e):find(CANARY, 1, true))
  assert.is_nil((e.excerpt or ""):find(CANARY, 1, true))
  return e
end

local function db()
  return ln.secret_from(('{"password":"%s\\r","user":"x"}'):format(CANARY))
end

describe("a template's error", function()
  it("names the template, the line and the place", function()
    local e = failure("a: 1\nb: {{ nope }}\n", { node = 1 })
    assert.equal("invalid", e.kind)
    assert.equal("app.yaml.tmpl:2: there is no variable 'nope'", e.message)
    assert.equal("did you mean 'node'?", e.hint)
    assert.equal("    2 | b: {{ nope }}\n      |    ^", e.excerpt)
  end)

  it("names the reference of a value that cannot stand there", function()
    local e = failure("K={{ db.password }}\n", { db = db() }, { format = "dotenv" })
    assert.matches("^app.yaml.tmpl:1: a carriage return cannot stand in a dotenv value "
      .. "%(‹secret .*#password, 12 bytes›, format dotenv%)$", e.message)
  end)

  it("keeps the kind of what a secret raises", function()
    local e = failure("{{ db.pasword }}", { db = db() })
    assert.equal("not_found", e.kind)
    assert.matches("^app.yaml.tmpl:1: .*pasword", e.message)
    e = failure("\n{{ secret 'x' }}", {}, {}, { secret = function()
      error(ln.error { kind = "access_denied", message = "no" }, 0)
    end })
    assert.equal("access_denied", e.kind)
    assert.equal("app.yaml.tmpl:2: no", e.message)
  end)

  it("is about absent values", function()
    assert.matches("{{ x.y }} has no value", failure("a: {{ x.y }}", { x = {} }).message)
    assert.matches("attempt to index", failure("a: {{ x.y.z }}", { x = {} }).message)
    assert.matches("LUNETTE_NOPE is not set", failure("a: {{ env.LUNETTE_NOPE }}").message)
    assert.matches("the name is due",
      failure("a: {{ x | required('the name is due') }}").message)
    assert.matches("cannot be fetched here", failure("{{ secret 'x' }}").message)
  end)

  it("is about code that does not compile", function()
    assert.matches("^app.yaml.tmpl:2: ", failure("\n{{ 1 + }}").message)
    assert.matches("^app.yaml.tmpl:3: ", failure("{% if x\n then %}\n{% en %}").message)
    assert.matches("not closed by }}", failure("a\n{{ x\n").message)
    assert.matches("string is not closed", failure("a {{ 'x }}\n").message)
    assert.matches("comment is not closed", failure("{# x").message)
    assert.matches("the tag is empty", failure("{{ }}").message)
    assert.matches("needs a filter", failure("{{ x | }}").message)
    assert.matches("in %( %)", failure("{{ x | default 'a' }}").message)
    assert.matches("no filter 'uper'", failure("{{ x | uper }}", { x = "a" }).message)
    assert.matches("there is no 'expresion'",
      failure("", {}, { delimiters = { expresion = { "<<", ">>" } } }).message)
  end)

  it("is about code that fails", function()
    local e = failure("a\n{% local x = nil\n  x() %}")
    assert.matches("^app.yaml.tmpl:3: attempt to call", e.message)
  end)

  it("refuses to compare a secret with a string", function()
    for _, text in ipairs {
      "{% if db.user == 'x' then %}{% end %}", "{% if 'x' ~= db['user'] then %}{% end %}",
      "{{ ternary(not x and (db).user == 'x', 1, 2) }}",
      "{% local t = { db.user == [[x]] } %}", "{{ db.user == 'x' | json }}",
    } do
      assert.matches("compared with a string", failure(text, { db = db(), x = false }).message)
    end
    assert.equal("ok", ln.template("{% if s == 'a' and db.user == db.user then %}ok{% end %}")
      :render { s = "a", db = db() })
  end)

  it("refuses the printed form of a secret", function()
    for _, text in ipairs {
      "{{ tostring(db.user) }}", "{{ ('a %s'):format(db.user) }}",
      "{{ tostring(db.user) | base64_decode | default(1) }}", "{{ raw(tostring(db)) }}",
      "{{ tostring(db.user) | upper }}", "{{ { tostring(db.user) } }}",
    } do
      assert.equal("invalid", failure(text, { db = db() }).kind)
    end
  end)

  it("keeps templates away from the system", function()
    for _, name in ipairs { "io", "os", "load", "loadfile", "dofile", "require", "debug", "_G",
      "package", "getmetatable", "setmetatable", "rawset", "collectgarbage", "coroutine" } do
      assert.matches("there is no variable", failure(("{{ %s }}"):format(name)).message)
    end
    failure("{{ string.dump(tostring) }}")
    ln.template("{% string.format = nil; x = 1 %}"):render()
    assert.is_function(string.format)
    assert.is_nil(rawget(_G, "x"))
  end)

  it("says what formats there are", function()
    local e = failure("", {}, { format = "toml" })
    assert.equal("format 'toml' is not there yet; there are dotenv, json, sh, text, yaml",
      e.message)
  end)

  it("is about an output that is not closed", function()
    assert.matches("^app.yaml.tmpl:2: a quoted scalar", failure('a: "x\n').message)
    assert.matches("^app.yaml.tmpl:1: ',' cannot stand",
      failure("[,]", {}, { format = "json" }).message)
  end)
end)

describe("the format of a target", function()
  local template = require "lunette.template"

  it("comes from its name", function()
    local formats = {
      ["/etc/app.yaml"] = "yaml", ["a.yml.tmpl"] = "yaml", ["a.json"] = "json", [".env"] = "dotenv",
      ["x/.env.local"] = "dotenv", ["prod.env"] = "dotenv", ["a.sh"] = "sh", ["motd"] = "text",
      ["a.b/c"] = "text", ["key.pem"] = "text",
    }
    for path, format in pairs(formats) do
      assert.equal(format, template.format_for(path), path)
    end
  end)

  it("is an error where it is not there yet", function()
    for _, path in ipairs { "a.toml", "my.cnf", "nginx.conf", "a.properties", "x.service" } do
      local ok, e = pcall(template.format_for, path)
      assert.is_false(ok)
      assert.equal("invalid", e.kind)
      assert.matches("there are dotenv, json, sh, text, yaml", e.message)
      assert.matches("format text", e.hint)
    end
  end)
end)
