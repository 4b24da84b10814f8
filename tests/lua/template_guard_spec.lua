-- What keeps a template from going wrong without a word: comparisons that are
-- never true, marks instead of values, state that outlives an error.
local ln = require "lunette"

local function db()
  return ln.secret_from('{"user":"app","copy":"app","port":5432,"none":null}', "made/up")
end

local function render(text, values, settings, options)
  settings = settings or {}
  settings.format = settings.format or "text"
  settings.name = settings.name or "app.tmpl"
  local out = ln.template(text, settings):render(values or { db = db() }, options)
  return ln.is_secret(out) and ln.reveal(out) or out
end

local function failure(...)
  local ok, e = pcall(render, ...)
  assert.is_false(ok, "it did not raise")
  assert.is_true(ln.is_error(e), tostring(e))
  assert.equal("invalid", e.kind)
  return e
end

describe("a comparison in a template", function()
  it("is an error where it could never be true", function()
    for text, kind in pairs {
      ["{% if db.port == 5432 then %}{% end %}"] = "number",
      ["{% if 5432.0 ~= db.port then %}{% end %}"] = "number",
      ["{% local p = 'app' if db.user == p then %}{% end %}"] = "string",
      ["{{ db.user ~= 'x' .. 'y' and 1 or 2 }}"] = "string",
      ["{{ ternary(db.user == (('app')), 1, 2) }}"] = "string",
      ["{{ db.user == [[app]] and 1 or 2 }}"] = "string",
      ["{{ 1 | default(db.user == p) }}"] = "string",
      ["{% local t = { x = not f(1)[1] and db.user == p } %}"] = "string",
      ["{% while true do local x = p == db['user'] break end %}"] = "string",
    } do
      local e = failure(text, { db = db(), p = "app", f = function() return {} end })
      assert.matches("compared with a " .. kind, e.message)
      assert.equal("use equal(a, b)", e.hint)
    end
  end)

  it("is Lua's own elsewhere", function()
    local values = { db = db(), a = 1, b = 2, s = "x", f = function(x) return x end, n = 6 }
    for code, want in pairs {
      ["a == 1"] = true, ["a ~= 1"] = false, ["a == b"] = false, ["1 == 1 == true"] = true,
      ["a == b == false"] = true, ["1 < 2 == true"] = true, ["not a == b"] = false,
      ["not (a == b)"] = true, ["-a + 2 == a ^ 2"] = true, ["s .. 'y' == 'x' .. 'y'"] = true,
      ["f(a == 1) == f(true)"] = true, ["f { 1, a == 1 }[2] == true"] = true,
      ["f 's' == 's' and #s == 1"] = true, ["('x'):rep(2) == s .. s"] = true,
      ["db.user == db.copy"] = true, ["db.user ~= db.port"] = true, ["db.user ~= nil"] = true,
      ["db.none == nil"] = false, ["(n | 1 == 7)"] = true, ["(7 == n | 1)"] = true,
      ["(function() return a == 1 end)() == true"] = true, ["a ~= 1 or s == 'x' or b"] = true,
      ["0x10 == 16"] = true, ["a == nil"] = false, ["a == 2 and 1 or a == 1"] = true,
    } do
      assert.equal(tostring(want), render(("{{ tostring(%s) }}"):format(code), values), code)
    end
    assert.equal("yes\n", render("{% local x = a == 1 y = b ~= 1 if x == y then %}yes{% end %}\n",
      values))
    assert.equal("12", render("{% for i = 1, 3 do if i ~= 3 then %}{{ i }}{% end end %}", values))
    assert.equal("y", render("{% repeat a = a + 1 until a == 5 local function g() return a end %}"
      .. "{% if g() == 5 then %}y{% end %}", values))
  end)

  it("by equal() takes no float, and by tonumber() no secret", function()
    assert.matches("a float cannot be compared", failure("{{ equal(db.port, 1.5) }}").message)
    assert.has_error(function() ln.equal(1.5, db().port) end)
    assert.is_true(ln.equal(1.5, 1.5))
    local e = failure("{{ tonumber(db.port) or 1 }}")
    assert.equal("use number(x)", e.hint)
    assert.equal("16", render("{{ tonumber('10', 16) }}"))
    assert.equal("2", render("{{ #uniq({ db.user, 'app', 'x', db.copy }) }}"))
  end)
end)

describe("the printed form of a secret", function()
  it("is refused in the template's own text", function()
    local text = ("user: %s\npw: {{ db.port }}\n"):format(db().user)
    local e = failure(text)
    assert.equal("app.tmpl:1: the template holds the printed form of a secret, not its value",
      e.message)
    assert.matches("%^$", e.excerpt)
    assert.matches("^app.tmpl:3: ", failure("a\nb\nc" .. tostring(db())).message)
  end)

  it("is refused in an included text", function()
    local e = failure("{{ db.port }}{{ include 'x' }}", nil, {
      read = function() return "u: " .. tostring(db().user) end })
    assert.matches("printed form", e.message)
  end)

  it("is refused when it comes in parts", function()
    assert.matches("printed form",
      failure("‹secret x, {{ 5 }} bytes›", {}).message)
  end)
end)

describe("used", function()
  it("lists the secret values that were written, derived ones too", function()
    local used = {}
    render("{{ db.user | upper }} {{ raw(db.port) }} {{ { a = { db.copy .. '!' } } }} {{ 1 }}"
      .. "{{ include 'x' }}", nil, { read = function() return "{{ db.user | base64 }}" end },
      { used = used })
    local texts = {}
    for _, s in ipairs(used) do texts[#texts + 1] = ln.reveal(s) end
    assert.same({ "APP", "5432", "app!", '{"a":["app!"]}', "YXBw" }, texts)
  end)
end)

describe("a template", function()
  local parts = { bad = "{{ nope }}", good = "good", ["sub/bad"] = "{{ nope }}" }
  local settings = { read = function(name) return parts[name] end }

  it("goes on behind an include that failed", function()
    assert.equal("false good", render(
      "{% for i = 1, 30 do ok = pcall(include, 'bad') end %}{{ ok }} {{ include 'good' }}",
      nil, settings))
    assert.equal("good", render(
      "{% pcall(include, 'sub/bad') %}{{ include 'good' }}", nil, settings))
  end)

  it("changes nothing for others", function()
    assert.matches("FOO cannot be set", failure("{% env.FOO = 'x' %}").message)
    render("{% string.format = nil; table.concat = nil; math.pi = 3 %}")
    assert.equal("1", render("{{ string.format('%d', 1) }}"))
  end)

  it("gives a default for null, and ln.get the same", function()
    assert.equal("d", render("{{ db.none | default('d') }}"))
    assert.equal("d", ln.get(db(), "none", "d"))
    assert.equal(ln.null, ln.get(db(), "none"))
  end)
end)

describe("a template of another language", function()
  it("is told how it is said here", function()
    for text, message in pairs {
      ["{% if db.x %}"] = "'then' is missing behind the condition: {% if x then %}",
      ["{% elseif db.x %}"] = "'then' is missing behind the condition: {% elseif x then %}",
      ["{% while x %}"] = "'do' is missing behind the condition: {% while x do %}",
      ["{% for k, v in db %}"] = "'do' is missing behind the loop's head: "
        .. "{% for _, x in ipairs(list) do %}",
      ["{% elif x %}"] = "'elif' is 'elseif' in Lua: {% elseif x then %}",
      ["{% endif %}"] = "a block is closed by {% end %}",
      ["{% endfor -%}"] = "a block is closed by {% end %}",
      ["{% set x = 1 %}"] = "an assignment needs no 'set': {% x = 1 %}",
      ["{{ .Values.x }}"] = "names have no leading dot: {{ Values.x }}",
      ["{% if not .x then %}"] = "names have no leading dot: {{ x }}",
      ["{{ f(.x) }}"] = "names have no leading dot: {{ x }}",
      ["{{ if .x }}"] = "'if' is a statement, which stands in {% %}",
      ["{{ end }}"] = "'end' is a statement, which stands in {% %}",
      ["echo ${#x}"] = "{# begins a comment; for ${#x} choose other delimiters",
    } do
      assert.equal("app.tmpl:2: " .. message, failure("\n" .. text).message)
    end
    assert.equal("app.tmpl:1: unexpected symbol at the end of a tag",
      failure("{% x = %}").message)
    local e = failure("{% for x in { 1 } do %}{% end %}")
    assert.matches("ipairs%(list%)", e.hint)
    assert.equal("3 echo ${#x}", render("{{ #'abc' }} echo ${#x}", {},
      { delimiters = { comment = { "<#", "#>" } } }))
  end)

  it("may be of a format that is written in another way", function()
    local e = failure("", {}, { format = "ymal" })
    assert.equal("there is no format 'ymal'; there are dotenv, json, sh, text, yaml", e.message)
    assert.equal("did you mean yaml?", e.hint)
    assert.equal('a: "b"\n', render("a: {{ x }}\n", { x = "b" }, { format = "yml" }))
    assert.matches("is not there yet", failure("", {}, { format = "ini" }).message)
  end)
end)

describe("a dash", function()
  it("takes white space away at every tag", function()
    for text, want in pairs {
      ["a \r\n {%- x = 1 -%} \n b"] = "ab", ["a \n{#- c -#}\n\n b"] = "ab",
      ["a {{- 1 -}} b"] = "a1b", ["a {%- -%} b"] = "ab", ["a {#-#} b"] = "a b",
      [" {#- c #} b"] = " b", ["a {# c -#} b"] = "a b", ["{%- x = 1 -%}"] = "",
      ["a\n{%- if true then -%}\n{#- c -#}\n{{- 'b' -}}\n{%- end -%}\n"] = "ab",
      ["a {% x = 1 -- c -%}\n b"] = "a b", ["a {{ 2 - 1 -}} b"] = "a 1b",
      ["a {%- x = { 1 } -%}\n\n{%- y = 2 %} b"] = "a b",
    } do
      assert.equal(want, render(text, {}), text)
    end
    assert.equal("a1b", render("a <<- 1 ->> b", {}, { delimiters = { "<<", ">>" } }))
    assert.equal("ab", render("a <#- 1 -#> b", {},
      { delimiters = { comment = { "<#", "#>" } } }))
  end)
end)

describe("a secret's metamethod", function()
  it("called with no secret raises", function()
    local meta = debug.getmetatable(db())
    for name, f in pairs(meta) do
      if type(f) == "function" and name ~= "__gc" and name ~= "__close" and name ~= "__eq" then
        for _, args in ipairs { {}, { 1, 2 }, { "a", "b" }, { {}, {} }, { io.stdout, ln.null } } do
          assert.is_false(pcall(f, table.unpack(args)), name)
        end
      end
    end
    assert.is_false(meta.__eq(1, 1))
    assert.is_nil(meta.__gc(1))
    assert.is_nil(meta.__close(io.stdout))
  end)
end)
