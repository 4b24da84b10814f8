local match = require "lunette.iam.match"
local variables = require "lunette.iam.variables"

local ctx = {
  values = {
    ["aws:username"] = { "bob" }, ["aws:principaltag/team"] = { "red:*" },
    ["aws:tagkeys"] = { "a", "b" }, ["x:dollar"] = { "${aws:username}" },
  },
  get = function(self, key) return self.values[key:lower()] end,
}

local function expand(text, part)
  local tokens, missing = variables.expand(text, ctx, true, part)
  return tokens and match.text(tokens), missing
end

describe("policy variables", function()
  local cases = {
    { "plain", "plain" },
    { "${aws:username}", "bob" },
    { "home/${AWS:UserName}/x", "home/bob/x" },
    { "${aws:username}-${aws:username}", "bob-bob" },
    { "${aws:nothing, 'guest'}", "guest" },
    { "${aws:nothing,''}", "" },
    { "${aws:username, 'guest'}", "bob" },
    { "${*}${?}${$}", "*?$" },
    { "${x:dollar}", "${aws:username}" },
    { "$${aws:username}", "$bob" },
    { "${aws:username", "${aws:username" },
    { "$aws:username", "$aws:username" },
  }
  for _, case in ipairs(cases) do
    it(("%s becomes %s"):format(case[1], case[2]), function()
      assert.equal(case[2], (expand(case[1])))
    end)
  end

  it("have no text without a value or with several", function()
    assert.same({ nil, "${aws:nothing}" }, { expand("a/${aws:nothing}") })
    assert.same({ nil, "${aws:TagKeys}" }, { expand("${aws:TagKeys}") })
    assert.same({ nil, "${}" }, { expand("${}") })
  end)

  it("bring no wildcards with them", function()
    local tokens = variables.expand("${aws:PrincipalTag/team}-*", ctx, true)
    assert.is_true(match.glob(match.compile(tokens), "red:*-1"))
    assert.is_false(match.glob(match.compile(tokens), "red:x-1"))
    tokens = variables.expand("${*}", ctx, true)
    assert.is_false(match.glob(match.compile(tokens), "x"))
  end)

  it("are plain text where the Version knows none", function()
    assert.equal("${aws:username}", match.text(variables.expand("${aws:username}", ctx, false)))
  end)

  it("stand in a Resource only after the fifth colon", function()
    assert.equal("arn:aws:s3:::b/bob", (expand("arn:aws:s3:::b/${aws:username}", "resource")))
    assert.equal("arn:aws:sns:r:${aws:username}:t",
      (expand("arn:aws:sns:r:${aws:username}:t", "resource")))
    assert.equal("${aws:username}", (expand("${aws:username}", "resource")))
  end)
end)
