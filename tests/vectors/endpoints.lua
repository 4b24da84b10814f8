--- lunette endpoints.lua DIR HOSTS: runs AWS's cases for the language of its
-- endpoint rules over rules.lua, proves that on the rules of the services
-- that lunette calls, and then compares with them what HOSTS, a program on
-- core's table, says for every region, FIPS and dual stack.
local ln = require "lunette"

local directory, hosts = arg[1], arg[2]
package.path = arg[0]:match "^.*/" .. "?.lua;" .. package.path
local rules = require "rules"

local PARTITIONS = "reference-botocore-data/partitions.json"

--- Services by the names of their folders, and what core calls them.
local SERVICES = {
  { folder = "secretsmanager", name = "secretsmanager" },
  { folder = "sts", name = "sts" },
  { folder = "kms", name = "kms" },
  { folder = "sso", name = "portal.sso" },
  { folder = "sso-oidc", name = "oidc" },
  { folder = "signin", name = "signin" },
}

--- Regions that no list has: to come, in each partition, and in none.
local MORE = {
  "us-future-9", "eu-far_away-12", "cn-south-7", "us-gov-south-3", "eusc-de-west-2",
  "us-iso-north-8", "us-isob-north-8", "eu-isoe-north-8", "us-isof-north-8", "xx-mars-1",
}

--- Where core means to differ: WHY, and when.
local DIFFERENCES = {
  { why = "a region with an underscore is no part of a host's name (endpoint.h, lun_region_valid)",
    when = function(case) return case.region:find "_" ~= nil end },
}

local totals = { passed = 0, failed = 0, skipped = 0 }
local suite

local function open(name) suite = { name = name, passed = 0, failed = 0, skipped = 0 } end

local function fail(case, ...)
  suite.failed = suite.failed + 1
  print(("FAIL %s %s: %s"):format(suite.name, case, table.concat({ ... }, " ")))
end

local function close()
  local skipped = suite.skipped > 0 and (", %d skipped"):format(suite.skipped) or ""
  print(("%s: %d passed, %d failed%s"):format(suite.name, suite.passed, suite.failed, skipped))
  for word in pairs(totals) do totals[word] = totals[word] + suite[word] end
end

local function skip(name, why)
  totals.skipped = totals.skipped + 1
  print(("skip %s: %s"):format(name, why))
end

--- The document in a file below DIR, and its text; nil if there is no such
-- file.
local function read(path)
  path = directory .. "/" .. path
  if not ln.fs.exists(path) then return nil end
  local text = ln.fs.read(path)
  return ln.json.decode(text), text
end

--- The names in a folder below DIR, sorted.
local function names(path)
  local pipe <close> = assert(io.popen(("ls -- '%s/%s'"):format(directory, path)))
  local found = {}
  for line in pipe:lines() do found[#found + 1] = line end
  return found
end

local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  for key in pairs(a) do if not same(a[key], b[key]) then return false end end
  for key in pairs(b) do if a[key] == nil then return false end end
  return true
end

-- ------------------------------------------------------------- the oracle --

--- Compares what rules.lua comes to with what a test expects.
local function check(test, ruleset, partitions)
  local got = rules.resolve(ruleset, partitions, test.params or {})
  local want = test.expect
  if want.error then
    if got.error == want.error then return true end
    return false, got.error or got.endpoint.url
  end
  local endpoint = got.endpoint
  if not endpoint then return false, got.error end
  return endpoint.url == want.endpoint.url and
    same(endpoint.properties or {}, want.endpoint.properties or {}) and
    same(endpoint.headers or {}, want.endpoint.headers or {}), endpoint.url
end

local function run_tests(tests, ruleset, partitions)
  for _, test in ipairs(tests) do
    local ok, good, got = pcall(check, test, ruleset, partitions)
    if ok and good then
      suite.passed = suite.passed + 1
    else
      fail(test.documentation, "it comes to", tostring(ok and got or good))
    end
  end
end

--- The language, by pairs of files with the same name.
local function run_engine(partitions)
  local name = "botocore-endpoint-engine"
  if not ln.fs.exists(directory .. "/" .. name) then
    return skip(name, "not in " .. directory)
  end
  open(name)
  for _, file in ipairs(names(name .. "/test-cases")) do
    local ruleset, text = read(name .. "/valid-rules/" .. file)
    if not ruleset then
      fail(file, "there are no rules of that name")
    elseif not partitions and text:find("aws.partition", 1, true) then
      suite.skipped = suite.skipped + 1
      print(("skip %s %s: %s is not there"):format(name, file, PARTITIONS))
    else
      run_tests(read(name .. "/test-cases/" .. file).testCases, ruleset, partitions)
    end
  end
  close()
end

--- The rules of a service; the folder above them is a date.
local function rules_of(service)
  local folder = "reference-botocore-data/" .. service.folder
  local dates = ln.fs.exists(directory .. "/" .. folder) and names(folder) or {}
  return dates[1] and read(("%s/%s/endpoint-rule-set-1.json"):format(folder, dates[#dates]))
end

-- ------------------------------------------------------------- the table --

local function case_line(case)
  return ("%s %s %d %d %d"):format(case.service.name, case.region, case.fips and 1 or 0,
    case.dual and 1 or 0, case.legacy and 1 or 0)
end

--- Every combination for a service and the regions of LIST.
local function cases_of(service, list)
  local cases = {}
  for _, region in ipairs(list) do
    for bits = 0, service.name == "sts" and 7 or 3 do
      cases[#cases + 1] = {
        service = service, region = region, fips = bits & 1 ~= 0, dual = bits & 2 ~= 0,
        legacy = bits & 4 ~= 0,
      }
    end
  end
  return cases
end

--- What HOSTS says of each case.
local function ask(cases)
  local path = os.tmpname()
  local file <close> = assert(io.open(path, "w"))
  for _, case in ipairs(cases) do file:write(case_line(case), "\n") end
  file:close()
  local pipe <close> = assert(io.popen(("'%s' <'%s'"):format(hosts, path)))
  local answers = {}
  for line in pipe:lines() do answers[#answers + 1] = line end
  os.remove(path)
  return answers
end

--- The rules' answer, as HOSTS writes it: the region is signed for unless the
-- rules name another one.
local function expected(case, ruleset, partitions)
  local params = { Region = case.region, UseFIPS = case.fips, UseDualStack = case.dual }
  if case.legacy then params.UseGlobalEndpoint = true end
  local endpoint = rules.resolve(ruleset, partitions, params).endpoint
  if not endpoint then return "refused" end
  local schemes = (endpoint.properties or {}).authSchemes or {}
  return endpoint.url .. " " .. ((schemes[1] or {}).signingRegion or case.region)
end

local function difference(case)
  for _, row in ipairs(DIFFERENCES) do
    if row.when(case) then return row end
  end
  return nil
end

local function compare(case, want, got)
  local row = difference(case)
  if row and got == want then
    fail(case_line(case), "it is listed as different, and is not:", row.why)
  elseif row then
    row.met = (row.met or 0) + 1
    suite.skipped = suite.skipped + 1
  elseif got == want then
    suite.passed = suite.passed + 1
  else
    fail(case_line(case), tostring(got), "where the rules have", want)
  end
end

local function run_table(partitions)
  local list = table.move(MORE, 1, #MORE, 1, {})
  for _, partition in ipairs(partitions.partitions) do
    for region in pairs(partition.regions) do list[#list + 1] = region end
  end
  table.sort(list)
  for _, service in ipairs(SERVICES) do
    local ruleset = rules_of(service)
    local name = "endpoints of " .. service.name
    if ruleset then
      local tests = read("botocore-endpoint-rules/" .. service.folder .. "/endpoint-tests-1.json")
      open(name)
      if tests then run_tests(tests.testCases, ruleset, partitions) end
      local cases = cases_of(service, list)
      local answers = ask(cases)
      for i, case in ipairs(cases) do
        compare(case, expected(case, ruleset, partitions), answers[i])
      end
      close()
    else
      skip(name, "no rules in " .. directory)
    end
  end
  for _, row in ipairs(DIFFERENCES) do
    if row.met then print(("skip %d endpoints: %s"):format(row.met, row.why)) end
  end
end

local partitions = read(PARTITIONS)
run_engine(partitions)
if partitions then
  run_table(partitions)
else
  skip("endpoints", PARTITIONS .. " is not there")
end
print(("%d passed, %d failed, %d skipped"):format(totals.passed, totals.failed, totals.skipped))
os.exit(totals.failed == 0)
