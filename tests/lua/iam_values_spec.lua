local values = require "lunette.iam.values"

describe("numbers", function()
  for text, wanted in pairs({
    ["0"] = 0, ["3600"] = 3600, ["-1.5"] = -1.5, ["+2"] = 2, [".5"] = 0.5, ["1e3"] = 1000,
    ["2.E-1"] = 0.2,
  }) do
    it(text .. " is one", function() assert.equal(wanted, values.number(text)) end)
  end
  for _, text in ipairs({
    "", "0x10", " 1", "1 ", "1.2.3", ".", "e3", "nan", "inf", "1e", "--1",
  }) do
    it(("%q is none"):format(text), function() assert.is_nil(values.number(text)) end)
  end
end)

describe("dates", function()
  for text, wanted in pairs({
    ["1970-01-01T00:00:00Z"] = 0,
    ["1970"] = 0,
    ["1970-02"] = 31 * 86400,
    ["1970-01-02"] = 86400,
    ["2000-02-29"] = 951782400,
    ["2009-02-13T23:31:30Z"] = 1234567890,
    ["2009-02-14T08:31:30+09:00"] = 1234567890,
    ["2009-02-13T18:31:30-0500"] = 1234567890,
    ["2009-02-13T23:31:30.5Z"] = 1234567890.5,
    ["2009-02-13T23:31Z"] = 1234567860,
    ["1234567890"] = 1234567890,
    ["1969-12-31T23:59:59Z"] = -1,
    ["2400-02-29T00:00:00Z"] = 13574563200,
  }) do
    it(text .. " is one", function() assert.equal(wanted, values.date(text)) end)
  end
  for _, text in ipairs({
    "", "yesterday", "2001-02-29", "2000-13-01", "2000-00-01", "2000-1-1", "2000-01-01T00:00:00",
    "2000-01-01T24:00:00Z", "2000-01-01T00:60Z", "2000-01-01T00:00:0Z", "2000-01-01T00:00:00+9",
    "2000-01-01 00:00:00Z", "20000101T000000Z", "-5", "2000-01T00:00Z", "2000-01-01T00:00:61Z",
    "2000-01-01T00:00:00.Z", "2000-01-01T00:00:00+25:00",
  }) do
    it(("%q is none"):format(text), function() assert.is_nil(values.date(text)) end)
  end
end)

describe("networks", function()
  local cases = {
    { "10.0.0.0/8", "10.255.0.1", true }, { "10.0.0.0/8", "11.0.0.1", false },
    { "10.1.2.3/8", "10.9.9.9", true }, { "203.0.113.0/25", "203.0.113.127", true },
    { "203.0.113.0/25", "203.0.113.128", false }, { "203.0.113.7", "203.0.113.7", true },
    { "203.0.113.7", "203.0.113.8", false }, { "0.0.0.0/0", "8.8.8.8", true },
    { "203.0.113.7/31", "203.0.113.6", true }, { "0.0.0.0/0", "::1", false },
    { "2001:db8::/32", "2001:DB8:1::5", true }, { "2001:db8::/32", "2001:db9::5", false },
    { "2001:db8::5", "2001:db8:0:0:0:0:0:5", true }, { "::/0", "::1", true },
    { "::/0", "10.0.0.1", false }, { "::ffff:10.0.0.0/104", "::ffff:10.9.8.7", true },
    { "2001:db8::/33", "2001:db8:8000::", false }, { "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0", true },
  }
  for _, case in ipairs(cases) do
    it(("%s %s %s"):format(case[1], case[3] and "has" or "has not", case[2]), function()
      local network, address = values.network(case[1]), values.address(case[2])
      assert.is_truthy(network)
      assert.is_truthy(address)
      assert.equal(case[3], values.in_network(network, address))
    end)
  end
  for _, text in ipairs({
    "", "10.0.0", "10.0.0.0.0", "10.0.0.256", "10.0.0.0/33", "10.0.0.0/", "010.0.0.1", "10.0.0.*",
    ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "g::", "::/129",
    "1:2:3:4:5:6:7::8", "10.0.0.1::", "fe80::1%eth0", "10.0.0.0/-1", "1:2:3:4:5:6:7:8::",
  }) do
    it(("%q is none"):format(text), function() assert.is_nil(values.network(text)) end)
  end
end)

describe("base64", function()
  for text, wanted in pairs({
    [""] = "", ["Zg=="] = "f", ["Zm8="] = "fo", ["Zm9v"] = "foo", ["Zm9vYmE="] = "fooba",
    ["AP+/"] = "\0\255\191",
  }) do
    it(("%q is read"):format(text), function() assert.equal(wanted, values.base64(text)) end)
  end
  for _, text in ipairs({ "Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zm9v!", "Zg==Zg==", "=", "====" }) do
    it(("%q is none"):format(text), function() assert.is_nil(values.base64(text)) end)
  end
end)

describe("booleans", function()
  it("are true and false in any case", function()
    assert.is_true(values.bool("True"))
    assert.is_false(values.bool("false"))
    assert.is_nil(values.bool("yes"))
    assert.is_nil(values.bool(""))
  end)
end)
