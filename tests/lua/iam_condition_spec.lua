local condition = require "lunette.iam.condition"
local context = require "lunette.iam.context"

local NULL = io.stdout -- any userdata stands for a decoder's null

local function ctx_of(values)
  return context.new({ context = values }, { type = "anonymous" })
end

local function holds(block, values, old_version)
  return #condition.check(block, ctx_of(values or {}), not old_version) == 0
end

-- operator, wanted, had, holds; had nil is a key that the request does not have
local CASES = {
  { "StringEquals", "a", "a", true }, { "StringEquals", "a", "A", false },
  { "StringEquals", "a*", "ab", false }, { "StringEquals", { "a", "b" }, "b", true },
  { "StringEquals", "a", nil, false }, { "StringEqualsIfExists", "a", nil, true },
  { "StringEqualsIfExists", "a", "b", false }, { "StringEquals", {}, "a", false },
  { "StringEquals", "", "", true }, { "StringEquals", 5432, "5432", true },
  { "StringEquals", true, "true", true }, { "StringEquals", 111111111111.0, "111111111111", true },
  { "StringNotEquals", "a", "b", true }, { "StringNotEquals", "a", "a", false },
  { "StringNotEquals", { "a", "b" }, "b", false }, { "StringNotEquals", { "a", "b" }, "c", true },
  { "StringNotEquals", "a", nil, true }, { "StringNotEqualsIfExists", "a", nil, true },
  { "StringNotEqualsIfExists", "a", "a", false },
  { "StringEqualsIgnoreCase", "Ab", "aB", true }, { "StringEqualsIgnoreCase", "a", nil, false },
  { "StringNotEqualsIgnoreCase", "Ab", "aB", false },
  { "StringNotEqualsIgnoreCase", "a", nil, true },
  { "StringLike", "a*c?", "abbcd", true }, { "StringLike", "a*", "ba", false },
  { "StringLike", "*", nil, false }, { "StringLike", "*", "", true },
  { "StringNotLike", "a*", "ab", false }, { "StringNotLike", "a*", "b", true },
  { "StringNotLike", "a*", nil, true },
  { "NumericEquals", "10", "10.0", true }, { "NumericEquals", 10, "10", true },
  { "NumericEquals", "ten", "ten", false }, { "NumericEquals", "10", "ten", false },
  { "NumericNotEquals", "10", "11", true }, { "NumericNotEquals", "10", nil, true },
  { "NumericNotEquals", "ten", "11", false },
  { "NumericLessThan", "10", "9", true }, { "NumericLessThan", "10", "10", false },
  { "NumericLessThanEquals", "10", "10", true }, { "NumericLessThanEquals", "10", "11", false },
  { "NumericGreaterThan", "10", "11", true }, { "NumericGreaterThan", "10", "9", false },
  { "NumericGreaterThanEquals", "10", "10", true },
  { "NumericGreaterThanEqualsIfExists", "10", nil, true },
  { "DateEquals", "2009-02-13T23:31:30Z", "1234567890", true },
  { "DateNotEquals", "2009-02-13T23:31:30Z", "1234567890", false },
  { "DateLessThan", "2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z", true },
  { "DateLessThan", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", false },
  { "DateLessThanEquals", "2026-01-01", "2026-01-01T00:00:00Z", true },
  { "DateGreaterThan", "2026-01-01T00:00:00+09:00", "2025-12-31T15:00:01Z", true },
  { "DateGreaterThanEquals", "soon", "2026-01-01T00:00:00Z", false },
  { "DateGreaterThan", "2026-01-01T00:00:00Z", nil, false },
  { "Bool", "true", "true", true }, { "Bool", "True", "true", true },
  { "Bool", true, "true", true },
  { "Bool", "false", "true", false }, { "Bool", "yes", "yes", false },
  { "Bool", "true", nil, false },
  { "BoolIfExists", "false", nil, true }, { "BoolIfExists", "false", "true", false },
  { "BinaryEquals", "Zm9v", "foo", true }, { "BinaryEquals", "Zm9v", "fop", false },
  { "BinaryEquals", "Zm9", "foo", false },
  { "IpAddress", "10.0.0.0/8", "10.1.2.3", true }, { "IpAddress", "10.0.0.0/8", "11.0.0.1", false },
  { "IpAddress", { "192.0.2.1", "2001:db8::/32" }, "2001:db8::1", true },
  { "IpAddress", "10.0.0.0/8", nil, false }, { "IpAddress", "10.0.0.0/8", "localhost", false },
  { "NotIpAddress", "10.0.0.0/8", "11.0.0.1", true },
  { "NotIpAddress", "10.0.0.0/8", "10.0.0.1", false }, { "NotIpAddress", "10.0.0.0/8", nil, true },
  { "NotIpAddress", "everywhere", "11.0.0.1", false },
  { "ArnEquals", "arn:aws:iam::1:role/*", "arn:aws:iam::1:role/a/b", true },
  { "ArnLike", "arn:aws:iam::*:role/a", "arn:aws:iam::1:role/a", true },
  { "ArnLike", "arn:aws:*:role/a", "arn:aws:iam::1:role/a", false },
  { "ArnLike", "*", "arn:aws:iam::1:role/a", false },
  { "ArnNotEquals", "arn:aws:iam::1:role/a", "arn:aws:iam::1:role/a", false },
  { "ArnNotLike", "arn:aws:iam::1:role/*", "arn:aws:iam::2:role/a", true },
  { "ArnNotLike", "arn:aws:iam::1:role/*", nil, true },
  { "ArnNotLike", "no-arn", "arn:aws:iam::2:role/a", false },
  { "Null", "true", nil, true }, { "Null", "true", "x", false }, { "Null", true, nil, true },
  { "Null", "false", "x", true }, { "Null", "false", nil, false }, { "Null", "maybe", nil, false },
  { "Null", { "true", "false" }, "x", true },
  -- a request's empty list is an absent key
  { "Null", "true", {}, true }, { "StringEquals", "a", {}, false },
  { "StringNotEquals", "a", {}, true },
  -- without a set form, one value that fits is enough, and one is too many
  { "StringEquals", "a", { "a", "b" }, true }, { "StringNotEquals", "a", { "a", "b" }, false },
  { "ForAllValues:StringEquals", { "a", "b" }, { "a", "b" }, true },
  { "ForAllValues:StringEquals", { "a", "b" }, { "a", "c" }, false },
  { "ForAllValues:StringEquals", "a", nil, true }, { "ForAllValues:StringEquals", "a", {}, true },
  { "ForAllValues:StringLike", "a*", { "ab", "ac" }, true },
  { "ForAllValues:StringNotEquals", { "a", "b" }, { "c", "d" }, true },
  { "ForAllValues:StringNotEquals", { "a", "b" }, { "c", "a" }, false },
  { "ForAllValues:StringNotEquals", "a", nil, true },
  { "ForAnyValue:StringEquals", { "a", "b" }, { "x", "b" }, true },
  { "ForAnyValue:StringEquals", { "a", "b" }, { "x", "y" }, false },
  { "ForAnyValue:StringEquals", "a", nil, false }, { "ForAnyValue:StringEquals", "a", {}, false },
  { "ForAnyValue:StringEqualsIfExists", "a", nil, true },
  { "ForAnyValue:StringNotEquals", { "a", "b" }, { "a", "x" }, true },
  { "ForAnyValue:StringNotEquals", { "a", "b" }, { "a", "b" }, false },
  { "ForAnyValue:StringNotEquals", "a", nil, false },
  -- what is no operator holds never
  { "stringequals", "a", "a", false }, { "StringEqualsIfexists", "a", "a", false },
  { "NullIfExists", "true", nil, false }, { "ForAllValues:Null", "true", nil, false },
  { "ForSomeValue:StringEquals", "a", "a", false }, { "IfExists", "a", "a", false },
  { "", "a", "a", false },
  -- what is no value matches nothing, and does not turn true by negation
  { "StringEquals", { a = "b" }, "b", false }, { "StringEquals", NULL, "a", false },
  { "StringEquals", { NULL, "a" }, "a", true }, { "StringNotEquals", { NULL, "a" }, "b", false },
  { "StringNotEquals", {}, "b", false }, { "StringNotEquals", { { "a" } }, "b", false },
  { "StringEqualsIfExists", NULL, nil, false },
}

local function show(value)
  return type(value) == "table" and "list of " .. #value or tostring(value)
end

describe("a condition operator", function()
  for i, case in ipairs(CASES) do
    local name = ("%d: %s %s against %s is %s"):format(i, case[1], show(case[2]), show(case[3]),
      tostring(case[4]))
    it(name, function()
      assert.equal(case[4], holds({ [case[1]] = { ["x:Key"] = case[2] } }, { ["X:key"] = case[3] }))
    end)
  end

  it("has a negation and an IfExists form for each that AWS has", function()
    local count = 0
    for _, name in ipairs(condition.names()) do
      count = count + 1
      assert.is_truthy(condition.operator(name))
      if name ~= "Null" then
        assert.is_true(condition.operator("ForAnyValue:" .. name .. "IfExists").if_exists)
      end
    end
    assert.equal(27, count)
  end)
end)

describe("a Condition element", function()
  it("joins operators and keys by AND, values by OR", function()
    local block = {
      StringEquals = { ["a:x"] = { "1", "2" }, ["a:y"] = "3" }, Bool = { ["a:z"] = "true" },
    }
    assert.is_true(holds(block, { ["a:x"] = "2", ["a:y"] = "3", ["a:z"] = "true" }))
    assert.is_false(holds(block, { ["a:x"] = "2", ["a:y"] = "4", ["a:z"] = "true" }))
    assert.is_false(holds(block, { ["a:x"] = "2", ["a:y"] = "3", ["a:z"] = "false" }))
    assert.is_false(holds(block, { ["a:x"] = "9", ["a:y"] = "3", ["a:z"] = "true" }))
  end)

  it("holds when absent or empty, and never when it is something else", function()
    assert.is_true(holds(nil))
    assert.is_true(holds({}))
    assert.is_true(holds({ StringEquals = {} }))
    for _, wrong in ipairs({ "x", 1, true, NULL, { "x" } }) do
      assert.is_false(holds(wrong))
      assert.is_false(holds({ StringEquals = wrong }))
    end
  end)

  it("says what it wanted and what it had", function()
    local failures = condition.check({
      StringNotEquals = { ["aws:SourceVpc"] = { "vpc-1", "vpc-2" } },
      NumericLessThan = { ["aws:MultiFactorAuthAge"] = 3600 },
      Null = { ["aws:SourceIp"] = "true" },
    }, ctx_of({ ["aws:SourceVpc"] = "vpc-2", ["aws:SourceIp"] = "10.0.0.1" }), true)
    assert.same({
      { operator = "Null", key = "aws:SourceIp", wanted = "absent", had = "10.0.0.1" },
      { operator = "NumericLessThan", key = "aws:MultiFactorAuthAge", wanted = "< 3600" },
      {
        operator = "StringNotEquals", key = "aws:SourceVpc", wanted = "not vpc-1 or vpc-2",
        had = "vpc-2",
      },
    }, failures)
  end)
end)

describe("variables in conditions", function()
  local values = { ["aws:username"] = "bob*", ["x:Key"] = "bob*", ["x:Flag"] = "true" }

  it("stand in text, ARN and boolean operators", function()
    assert.is_true(holds({ StringEquals = { ["x:Key"] = "${aws:username}" } }, values))
    assert.is_true(holds({ StringLike = { ["x:Key"] = "b${*}b*" } }, { ["x:Key"] = "b*bx" }))
    assert.is_false(holds({ StringLike = { ["x:Key"] = "b${*}b*" } }, { ["x:Key"] = "bxbx" }))
    assert.is_true(holds({ Bool = { ["x:Flag"] = "${x:Flag}" } }, values))
    assert.is_true(holds({ ArnLike = { ["x:Arn"] = "arn:aws:iam::1:user/${aws:username}" } },
      { ["aws:username"] = "bob", ["x:Arn"] = "arn:aws:iam::1:user/bob" }))
  end)

  it("bring no wildcards with them", function()
    assert.is_false(holds({ StringLike = { ["x:Key"] = "${aws:username}" } },
      { ["aws:username"] = "*", ["x:Key"] = "root" }))
  end)

  it("make a condition false when they have no value, negated or not", function()
    local request = { ["x:Key"] = "v" }
    assert.is_false(holds({ StringEquals = { ["x:Key"] = "${aws:username}" } }, request))
    assert.is_false(holds({ StringNotEquals = { ["x:Key"] = "${aws:username}" } }, request))
    assert.is_true(holds({ StringEquals = { ["x:Key"] = { "${aws:username}", "v" } } }, request))
    assert.is_true(holds({ StringEqualsIfExists = { ["x:Other"] = "${aws:username}" } }, request))
    assert.is_true(holds({ StringEquals = { ["x:Key"] = "${aws:username, 'v'}" } }, request))
  end)

  it("are plain text under an older Version and in other operators", function()
    assert.is_false(holds({ StringEquals = { ["x:Key"] = "${aws:username}" } }, values, true))
    assert.is_true(holds({ StringEquals = { ["x:Key"] = "${aws:username}" } },
      { ["x:Key"] = "${aws:username}" }, true))
    assert.is_false(holds({ NumericEquals = { ["x:N"] = "${x:N}" } }, { ["x:N"] = "1" }))
  end)
end)
