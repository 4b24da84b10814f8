local match = require "lunette.iam.match"

describe("wildcards", function()
  local cases = {
    -- pattern, subject, fits
    { "", "", true }, { "", "a", false }, { "a", "a", true }, { "a", "A", false },
    { "*", "", true }, { "*", "anything/at:all", true }, { "**", "x", true },
    { "?", "", false }, { "?", "x", true }, { "??", "x", false },
    { "a*", "a", true }, { "a*", "ba", false }, { "*a", "ba", true }, { "*a", "ab", false },
    { "a*a", "a", false }, { "a*a", "aa", true }, { "a*b*c", "a-b-b-c", true },
    { "a*b*c", "a-c-b", false }, { "*b?d*", "abcd", true }, { "*b?d*", "abd", false },
    { "a*?", "a", false }, { "a*?", "ab", true }, { "?*?", "x", false }, { "?*?", "xy", true },
    { "prod/db-??????", "prod/db-AbCdEf", true }, { "prod/db-??????", "prod/db-AbCdE", false },
    { "prod/db-??????", "prod/db-x-AbCdEf", false },
    { "*ab*ab", "ab", false }, { "*ab*ab", "abab", true }, { "x*yz", "xyzyz", true },
    -- what means something in a Lua pattern means itself here
    { "%d+[x](.)^$", "%d+[x](.)^$", true }, { "%d", "7", false }, { "a.c", "abc", false },
    { "a-*", "a-%", true }, { "[", "[", true }, { "%", "%", true },
  }
  for _, case in ipairs(cases) do
    it(("%q %s %q"):format(case[1], case[3] and "fits" or "does not fit", case[2]), function()
      assert.equal(case[3], match.wild(case[1], case[2]))
    end)
  end

  it("agrees with a recursive matcher on every short pattern", function()
    local function plain(p, s)
      if p == "" then
        return s == ""
      elseif p:sub(1, 1) == "*" then
        return plain(p:sub(2), s) or (s ~= "" and plain(p, s:sub(2)))
      end
      return s ~= "" and (p:sub(1, 1) == "?" or p:sub(1, 1) == s:sub(1, 1))
        and plain(p:sub(2), s:sub(2))
    end
    local function words(alphabet, longest)
      local out, from = { "" }, 1
      for _ = 1, longest do
        local last = #out
        for i = from, last do
          for char in alphabet:gmatch(".") do
            out[#out + 1] = out[i] .. char
          end
        end
        from = last + 1
      end
      return out
    end
    local subjects = words("ab", 4)
    for _, pattern in ipairs(words("ab*?", 4)) do
      for _, subject in ipairs(subjects) do
        if match.wild(pattern, subject) ~= plain(pattern, subject) then
          error(("%s against %s"):format(pattern, subject))
        end
      end
    end
  end)

  it("takes no exponential time", function()
    local started = os.clock()
    assert.is_false(match.wild(("a*"):rep(200) .. "b", ("a"):rep(20000)))
    assert.is_false(match.wild(("*a?"):rep(50) .. "b", ("a"):rep(5000)))
    assert.is_true(os.clock() - started < 2)
  end)

  it("takes literal tokens literally", function()
    local pattern = match.compile({
      { text = "home/", literal = false }, { text = "*", literal = true },
      { text = "/*", literal = false },
    })
    assert.is_true(match.glob(pattern, "home/*/x"))
    assert.is_false(match.glob(pattern, "home/bob/x"))
  end)
end)

describe("ARNs", function()
  local function arn(pattern, subject)
    local compiled = match.compile_arn(match.tokens(pattern))
    return compiled ~= nil and match.arn(compiled, subject)
  end

  it("are six parts, the last holding the rest", function()
    assert.same({ "arn", "aws", "sns", "r", "1", "t:a:b" },
      match.split_arn("arn:aws:sns:r:1:t:a:b"))
    assert.is_nil(match.split_arn("arn:aws:sns:r:1"))
    assert.is_nil(match.split_arn("prod/db"))
  end)

  local secret = "arn:aws:secretsmanager:us-east-1:222222222222:secret:prod/db-AbCdEf"
  local cases = {
    { secret, secret, true },
    { "arn:aws:secretsmanager:*:222222222222:secret:prod/*", secret, true },
    { "arn:*:*:*:*:*", secret, true },
    { "arn:aws:secretsmanager:us-east-?:*:secret:*", secret, true },
    -- a star does not cross a colon, except within the last part
    { "arn:aws:*:secret:prod/db-AbCdEf", secret, false },
    { "arn:aws:secretsmanager:*:*", secret, false },
    { "*", secret, false },
    { "arn:aws:secretsmanager:us-east-1:222222222222:*", secret, true },
    { "arn:aws:secretsmanager:us-east-1:222222222222:secret:prod/db", secret, false },
  }
  for _, case in ipairs(cases) do
    it(("%s %s"):format(case[1], case[3] and "fits" or "does not fit"), function()
      assert.equal(case[3], arn(case[1], case[2]))
    end)
  end
end)

describe("actions", function()
  local cases = {
    { "secretsmanager:GetSecretValue", true }, { "SECRETSMANAGER:getsecretvalue", true },
    { "secretsmanager:*", true }, { "secretsmanager:Get*", true },
    { "secretsmanager:GetSecret????e", true }, { "*", true }, { "*:*", true },
    { "*:GetSecretValue", true }, { "secretsmanager:Put*", false }, { "kms:*", false },
    { "secrets*", false }, { "secrets*:GetSecretValue", false }, { "GetSecretValue", false },
    { "", false }, { ":", false }, { "secretsmanager:", false },
  }
  for _, case in ipairs(cases) do
    it(("%q %s"):format(case[1], case[2] and "covers it" or "does not cover it"), function()
      assert.equal(case[2], match.action(case[1], "secretsmanager:GetSecretValue"))
    end)
  end
end)
