-- What templates give: values in their places, statements, white space.
local ln = require "lunette"

local DB = [[{"user":"app","password":"p#a's: \"w\"","port":5432,
  "big":123456789012345678,"rate":1.10,"tls":true,"none":null,
  "replicas":[{"host":"a"},{"host":"b"}]}]]

local function db()
  return ln.secret_from(DB)
end

--- Renders TEXT; the output as a string, and whether it was a secret value.
local function render(text, values, settings, options)
  settings = settings or {}
  settings.format = settings.format or "yaml"
  local out = ln.template(text, settings):render(values, options)
  local secret = ln.is_secret(out)
  return secret and ln.reveal(out) or out, secret
end

describe("a template", function()
  it("writes values for the place where they stand", function()
    assert.equal('k: "true"\nn: "a b"\nm: \'it\'\'s\'\n',
      render("k: {{ a }}\nn: {{ b }}\nm: '{{ c }}'\n", { a = "true", b = "a b", c = "it's" }))
    assert.equal("K='a b'\n", render("K={{ a }}\n", { a = "a b" }, { format = "sh" }))
    assert.equal("a b\n", render("{{ a }}\n", { a = "a b" }, { format = "text" }))
  end)

  it("keeps the exact text of a secret's numbers", function()
    assert.equal("5432 123456789012345678 1.10", (render(
      "{{ db.port }} {{ db.big }} {{ db.rate }}", { db = db() }, { format = "text" })))
    assert.equal("p: 5432\nb: 123456789012345678\nr: 1.10\nt: true\nn: null\n", (render(
      "p: {{ db.port }}\nb: {{ db.big }}\nr: {{ db.rate }}\nt: {{ db.tls }}\nn: {{ db.none }}\n",
      { db = db() })))
  end)

  it("writes Lua's numbers as short as they read back", function()
    assert.equal("[1, 0.1, 5, 1.0e+300, -3]",
      render("[{{ 1 }}, {{ 0.1 }}, {{ 5.0 }}, {{ 1e300 }}, {{ -3 }}]"))
  end)

  it("gives a secret value if a secret went in, and a string if none did", function()
    local out, secret = render("k: {{ db.user }}\n", { db = db() })
    assert.equal('k: "app"\n', out)
    assert.is_true(secret)
    assert.is_false(select(2, render("k: {{ x }}\n", { x = 1 })))
  end)

  it("writes containers, and tables with secrets inside", function()
    assert.equal('r: [{"host": "a"}, {"host": "b"}]\n',
      (render("r: {{ db.replicas }}\n", { db = db() })))
    local out, secret = render("t: {{ t }}\n", { t = { b = { 1, true }, a = db().user } })
    assert.equal('t: {"a": "app", "b": [1, true]}\n', out)
    assert.is_true(secret)
  end)

  it("runs statements, with the lines' white space as asked", function()
    assert.equal('- "a"\n- "b"\n', (render([[
{% for _, r in ipairs(db.replicas) do -%}
- {{ r.host }}
{% end -%}
]], { db = db() })))
    assert.equal("a: 1\n\nb: 2\n", render("a: 1\n{% local x = 2 %}\nb: {{ x }}\n"))
    assert.equal("a bc", (render("a {{- ' b' -}}\n  c", {}, { format = "text" })))
  end)

  it("knows where strings and brackets hide a delimiter", function()
    assert.equal("}} x %}", render([[{{ "}}" }} {{ ({a={b="x"}}).a.b }} {{ '%}' -- c }}]],
      {}, { format = "text" }))
    assert.equal("5", render("{# {{ nope }} #}{{ #[[}}abc]] }}", {}, { format = "text" }))
  end)

  it("takes other delimiters", function()
    assert.equal("a: 1 # {{ x }}\n",
      render("a: << x >> # {{ x }}\n", { x = 1 }, { delimiters = { "<<", ">>" } }))
    assert.equal("a: 2\n", render("<% x = 2 %>a: {{ x }}\n", {},
      { delimiters = { statement = { "<%", "%>" } } }))
  end)

  it("includes other templates at the place where they stand", function()
    local parts = {
      list = "{% for _, x in ipairs(xs) do %}{{ x }}{{ mark }},{% end %}",
      twice = "{{ include 'list' }}{{ include('list', { mark = '!' }) }}",
    }
    local function read(name) return parts[name] end
    assert.equal('["1;","2;","1!","2!",]', (render("[{{ include 'twice' }}]",
      { xs = { 1, 2 }, mark = ";" }, { format = "text", read = read }):gsub("([%d][;!])", '"%1"')))
    local e = select(2, pcall(render, "{{ include 'me' }}", {},
      { read = function() return "{{ include 'me' }}" end }))
    assert.equal("invalid", e.kind)
    assert.matches("levels of include", e.message)
  end)

  it("lists the secrets that it names literally", function()
    local t = ln.template([[{{ secret "a" }}{{ secret('b#c').d }}{{ x.secret "no" }}
      {% local s = secret [=[d]=] %}{{ "e" | secret }}{{ secret "a" }}{{ secret(name) }}]])
    assert.same({ "a", "b#c", "d", "e" }, t:references())
  end)

  it("asks for a secret when it comes to it", function()
    local asked = {}
    local out = render("a: {{ secret 'prod/db' }}\n{% if false then %}{{ secret 'x' }}{% end %}",
      {}, {}, { secret = function(reference)
        asked[#asked + 1] = reference
        return ln.secret_from("made-up")
      end })
    assert.equal('a: "made-up"\n', out)
    assert.same({ "prod/db" }, asked)
  end)

  it("has functions, which keep secrets", function()
    local values = { db = db(), x = " a-b " }
    local function text(source)
      return (render(source, values, { format = "text" }, { now = 0 }))
    end
    assert.equal("A-B", text "{{ x | trim | upper }}")
    assert.equal("YXBw app", text "{{ db.user | base64 }} {{ 'YXBw' | b64dec }}")
    assert.equal("p%23a%27s%3A%20%22w%22", text "{{ db.password | url }}")
    assert.equal('"p#a\'s: \\"w\\""', text "{{ db.password | json }}")
    assert.equal("'p#a'\\''s: \"w\"'", text "{{ db.password | sh }}")
    assert.equal("x  y", text "{{ 'x-y' | replace('-', '  ') }}")
    assert.equal("  a\n  b", text "{{ 'a\\nb' | nindent(2) | trim_prefix('\\n') }}")
    assert.equal("a,b", text "{{ join({'a', 'b'}, ',') }}")
    assert.equal("a,b", text "{{ join(split('a b', ' '), ',') }}")
    assert.equal("1970-01-01T00:00:00Z", text "{{ now() }}")
    assert.equal("yes", text "{{ ternary(has(db, 'user'), 'yes', 'no') }}")
    assert.equal("yes", text "{% if equal(db.user, 'app') then %}yes{% end %}")
    assert.equal("5433", text "{{ number(db.port) + 1 }}")
    assert.equal("big,none,password,port,rate,replicas,tls,user", text "{{ join(keys(db), ',') }}")
    assert.equal("7", text "{{ (3 | 4) }}")
    assert.is_true(select(2, render("{{ db.user | sha256 | upper }}", values)))
  end)

  it("forgives what is absent only with a default", function()
    assert.equal("a: 1\nb: 2\nc: \"\"\nd: 4\n", (render([[
a: {{ db.nope | default(1) }}
b: {{ nope.x | default(2) }}
c: {{ empty | default(3) }}
d: {{ db.none | default(4) }}
]], { db = db(), empty = "" })))
    assert.equal('e: "x"\n', render("e: {{ coalesce(a, b) }}\n", { a = ln.null, b = "x" }))
  end)

  it("leaves nothing behind", function()
    render("k: {{ db.user }}\n", { db = db() })
    pcall(render, "# {{ db.user }}\n", { db = db() })
    collectgarbage()
    collectgarbage()
    local core = require "lunette.core"
    assert.equal(0, (select(2, core.live())))
  end)
end)
