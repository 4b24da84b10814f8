--- lunette: secrets from AWS Secrets Manager, for configuration.
--
--     local ln = require "lunette"
--     local db = ln.session():secret "prod/db"
--     ln.render { template = "app.yaml.tmpl", to = "/etc/app.yaml", values = { db = db } }
--
-- @module lunette
local core = require "lunette.core"

local ln = {
  _VERSION = core.version,

  --- Makes a session; nothing is fetched yet.
  -- @function session
  -- @tparam[opt] table options profile, region, endpoint_url, deadline
  --   (seconds, for each call in all), max_attempts, credentials
  -- @treturn session secret(ref), secrets{ref,...}, try_secrets{ref,...},
  --   assume_role{...}, credentials(), identity(), region()
  session = core.session,

  --- Signs a request by AWS Signature Version 4.
  -- @function sign
  -- @tparam table options method (GET), url, headers, body, service, region,
  --   credentials, time; normalize, double_encode, sign_token (true) and
  --   sign_body (false)
  -- @treturn table headers, url, canonical_request, string_to_sign, signature
  sign = core.sign,

  --- Signs a request in its URL.
  -- @function presign
  -- @tparam table options as for sign, and expires (900 seconds)
  presign = core.presign,

  --- Makes an error object, for `error` to raise.
  -- @function error
  -- @tparam table fields kind and message; hint, code, service, operation,
  --   status, request_id, attempts, retryable
  error = core.error,

  --- True for an error object of lunette.
  -- @function is_error
  is_error = core.is_error,

  --- Hashes, in hexadecimal; of a secret value they are one.
  -- @function sha256
  sha256 = core.sha256,
  hmac_sha256 = core.hmac_sha256,

  --- encode and decode; a secret value gives one.
  base64 = core.base64,
  url = core.url,

  --- now, monotonic, parse, format: seconds since 1970, as os.time.
  time = core.time,

  --- to_stderr, debug, info, warn.
  log = core.log,
}

-- The functions on secret values: meta, wipe, get, equal, number, format...
for name, value in pairs(core.values) do
  ln[name] = value
end

--- Sleeps; in steps, so that a runtime's deadline is noticed.
function ln.time.sleep(seconds)
  local poll = require "lunette.os".poll
  local till = ln.time.monotonic() + seconds
  repeat
    local left = till - ln.time.monotonic()
    if left > 0 then poll({}, math.min(left, 0.2)) end
  until left <= 0
end

-- What a script may never use is read when it does.
local later = {
  json = "lunette.json",
  fs = "lunette.fs",
  run = { "lunette.run", "run" },
  shell = { "lunette.run", "shell" },
  template = { "lunette.template", "compile" },
  render = { "lunette.render", "render" },
}

return setmetatable(ln, {
  __index = function(self, name)
    local where = later[name]
    if not where then return nil end
    local value
    if type(where) == "string" then
      value = require(where)
    else
      value = require(where[1])[where[2]]
    end
    rawset(self, name, value)
    return value
  end,
})
