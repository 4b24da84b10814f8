local cli = require "lunette.cli"
local support = require "binding_support"

local SPEC = {
  name = "thing", usage = "thing [OPTION]... NAME", help = "Does a thing.",
  options = {
    { "out", takes = "FILE", help = "where to" },
    { "set", takes = "NAME=VALUE", many = true, help = "sets" },
    { "null", short = "0", help = "a flag" },
  },
  min = 1, max = 2, what = "a NAME",
}

local function parse(...) return cli.parse({ ... }, SPEC) end
local function usage(...) return support.fails("usage", cli.parse, { ... }, SPEC) end

describe("a command line", function()
  it("has options before, between and behind the arguments", function()
    local options, rest = parse("--out", "f", "a", "--null", "b", "--set=x=1", "--set", "y=2")
    assert.same({ out = "f", null = true, set = { "x=1", "y=2" } }, options)
    assert.same({ "a", "b" }, rest)
  end)

  it("has short options, and an end of options", function()
    local options, rest = parse("-0", "--", "--out", "-x")
    assert.is_true(options.null)
    assert.same({ "--out", "-x" }, rest)
    assert.same({ "-" }, (select(2, parse "-")))
  end)

  it("has the common options", function()
    local options = parse("a", "--region", "eu-west-1", "--deadline", "2m", "--role", "r",
      "--external-id", "x", "--profile=p", "--endpoint-url", "u", "--quiet")
    assert.same({ region = "eu-west-1", deadline = 120, role = "r", external_id = "x",
      profile = "p", endpoint_url = "u", quiet = true }, options)
  end)

  it("says what is wrong, and what was meant", function()
    assert.equal("did you mean --out?", usage("a", "--ouf", "x").hint)
    assert.matches("unknown option %-%-zzz", usage("a", "--zzz").message)
    assert.matches("unknown option %-z$", usage("a", "-z").message)
    local one_dash = usage("a", "-out", "x")
    assert.matches("%-out is no option", one_dash.message)
    assert.equal("two dashes: --out", one_dash.hint)
    assert.matches("%-%-out is empty", usage("a", "--out", "").message)
    assert.matches("%-%-out is empty", usage("a", "--out=").message)
    assert.matches("%-%-out needs a value", usage("a", "--out").message)
    assert.matches("takes no value", usage("a", "--null=1").message)
    assert.matches("given twice", usage("a", "--out", "1", "--out", "2").message)
    assert.matches("needs a NAME", usage().message)
    assert.matches("one argument too many", usage("a", "b", "c").message)
    assert.matches("needs %-%-role", usage("a", "--external-id", "x").message)
    assert.matches("exclude each other", usage("a", "--wait", "--no-wait").message)
    assert.matches("text or json", usage("a", "--log", "xml").message)
    for _, time in ipairs { "x", "-1", "0", "1d", "1e9" } do usage("a", "--deadline", time) end
  end)

  it("has names and values, each name once", function()
    local seen = {}
    local names, values = cli.pairs(SPEC, "set", { "a=1", "b=x=y" }, seen)
    assert.same({ "a", "b" }, names)
    assert.same({ "1", "x=y" }, values)
    assert.same({}, (cli.pairs(SPEC, "secret", nil, seen)))
    assert.matches("a is given twice",
      support.fails("usage", cli.pairs, SPEC, "secret", { "a=REF" }, seen).message)
    assert.matches("%-%-set takes NAME=VALUE",
      support.fails("usage", cli.pairs, SPEC, "set", { "9=x" }, {}).message)
  end)

  it("reads times", function()
    for text, want in pairs { ["30"] = 30, ["30s"] = 30, ["2m"] = 120, ["1h"] = 3600,
      ["500ms"] = 0.5, ["1.5s"] = 1.5 } do
      assert.equal(want, cli.seconds(SPEC, "deadline", text))
    end
  end)

  it("wraps at blanks, below where the text begins", function()
    assert.equal("- one two\n  three\n  four\n", cli.wrap("- ", "one  two three\nfour", 9))
    assert.equal("- one two\n", cli.wrap("- ", "one two", 9))
    assert.equal("- one\n  two\n", cli.wrap("- ", "one two", 8))
    assert.equal("- \n", cli.wrap("- ", "", 8))
    assert.equal("‹ ää\n  öö\n", cli.wrap("‹ ", "ää öö", 6))
    local arn = "arn:aws:iam::222222222222:role/reader"
    assert.equal("- a\n  " .. arn .. "\n  b\n", cli.wrap("- ", "a " .. arn .. " b", 10))
    assert.equal("\xff a\n  b\n", cli.wrap("\xff ", "a b", 4))
  end)

  it("asks nobody for a code where there is no terminal", function()
    local e = support.fails("credentials", cli.ask_mfa(5), "arn:aws:iam::1:mfa/me\27[2J")
    assert.matches("arn:aws:iam::1:mfa/me%?%[2J is wanted: there is no terminal", e.message)
    assert.matches("mfa_code", e.hint)
  end)

  it("lists every option in its help", function()
    local text = cli.help(SPEC)
    for _, name in ipairs { "--out FILE", "--null, -0", "--region REGION", "Does a thing." } do
      assert.matches(name, text, 1, true)
    end
  end)
end)

describe("every command", function()
  it("says what it takes", function()
    for _, name in ipairs { "get", "render", "whoami", "sandbox" } do
      local status, said = support.lunette("help", name)
      assert.equal(0, status, said)
      assert.matches("^usage: lunette " .. name, said)
    end
  end)

  it("is listed by help", function()
    local status, said = support.lunette "help"
    assert.equal(0, status)
    for _, name in ipairs { "get", "render", "whoami", "sandbox" } do
      assert.matches("\n  " .. name .. " +%l", said)
    end
  end)
end)
