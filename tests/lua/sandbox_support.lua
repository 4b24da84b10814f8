--- What the specs of the sandbox share: a sandbox with a clock of its own, and requests that are
-- signed as a client signs them but go to the handler without a socket.
local cjson = require "cjson"
local ln = require "lunette"
local sandbox = require "lunette.sandbox"

local support = {
  REGION = "ap-northeast-1",
  APP_ROLE = "arn:aws:iam::111111111111:role/app-server",
  ADMIN_ROLE = "arn:aws:iam::222222222222:role/secrets-admin",
  KEY = "arn:aws:kms:ap-northeast-1:222222222222:key/5ec4e700-0000-4000-8000-000000000001",
  SECRET = "arn:aws:secretsmanager:ap-northeast-1:222222222222:secret:prod/db-AbCdEf",
}

-- 2026-11-23T21:33:00Z
local START = 1795469580

local Client = {}
Client.__index = Client

--- A sandbox of WORLD (the founding one unless given); `client.now` is its time.
function support.new(world)
  local client = setmetatable({ now = START, log = {} }, Client)
  client.sandbox = sandbox.new { world = world, clock = function() return client.now end,
    log = function(entry) client.log[#client.log + 1] = entry end }
  return client
end

--- The founding world, for a spec to change.
support.founding = require "lunette.sandbox.founding"

--- Keys of a session of a role.
function Client:keys(role)
  local keys = self.sandbox:credentials(role, { session_name = "test" })
  return { access_key_id = keys.access_key_id, secret_access_key = keys.secret_access_key,
    session_token = keys.session_token }
end

local function pairs_of(headers)
  if headers[1] then return headers end
  local out = {}
  for name, value in pairs(headers) do out[#out + 1] = { name, value } end
  return out
end

--- A signed request. GIVEN: service, headers, body, keys, and method, target, region, time.
function Client:signed(given)
  local method, target = given.method or "POST", given.target or "/"
  local plain = {}
  for _, pair in ipairs(given.headers or {}) do plain[pair[1]] = pair[2] end
  local signed = ln.sign {
    method = method, url = "http://127.0.0.1:4566" .. target, headers = plain,
    body = given.body or "", service = given.service, region = given.region or support.REGION,
    credentials = given.keys, time = given.time or self.now,
  }
  local headers = pairs_of(signed.headers)
  local has_host = false
  for _, pair in ipairs(headers) do has_host = has_host or pair[1]:lower() == "host" end
  if not has_host then headers[#headers + 1] = { "Host", "127.0.0.1:4566" } end
  return { method = method, target = target, headers = headers, body = given.body or "" }
end

--- The status, the decoded answer, and the headers.
function Client:send(request)
  local status, headers, body = self.sandbox:handle(request)
  local ok, answer = pcall(cjson.decode, body)
  return status, ok and answer or body, headers
end

--- Calls an operation of Secrets Manager.
-- @param how optional table: region, time, service
function Client:secrets(keys, operation, input, how)
  how = how or {}
  return self:send(self:signed {
    service = how.service or "secretsmanager", keys = keys, region = how.region, time = how.time,
    headers = { { "Content-Type", "application/x-amz-json-1.1" },
      { "X-Amz-Target", "secretsmanager." .. operation } },
    body = next(input) and cjson.encode(input) or "{}",
  })
end

--- Calls an operation of STS; FORM is the encoded body after the version.
function Client:sts(keys, form, how)
  how = how or {}
  return self:send(self:signed {
    service = "sts", keys = keys, region = how.region, time = how.time,
    headers = { { "Content-Type", "application/x-www-form-urlencoded; charset=utf-8" } },
    body = "Version=2011-06-15&" .. form,
  })
end

--- The entry of the last request in the log.
function Client:last()
  return self.log[#self.log]
end

--- A token for a write; different each time.
local count = 0
function support.token()
  count = count + 1
  return ("token-%026d"):format(count)
end

return support
