--- Who signed a request, checked as strictly as AWS does, in AWS's order and with its words.
--
-- The signature itself is computed by `lunette.sigv4`, the code that signs; what surrounds it (the
-- clock, the scope, the keys, the token) is checked here.
-- @module lunette.sandbox.auth

local sigv4 = require "lunette.sigv4"
local wire = require "lunette.sandbox.wire"

local auth = {}

local SKEW = 300 -- seconds
local PRESIGNED_MAX = 604800

-- The same refusal goes by different names in the JSON services and in the query services.
local NAMES = {
  json = {
    missing = { "MissingAuthenticationTokenException", 400 },
    incomplete = { "IncompleteSignatureException", 400 },
    unknown = { "UnrecognizedClientException", 400 },
    mismatch = { "InvalidSignatureException", 400 },
    expired = { "ExpiredTokenException", 400 },
  },
  query = {
    missing = { "MissingAuthenticationToken", 403 },
    incomplete = { "IncompleteSignature", 400 },
    unknown = { "InvalidClientTokenId", 403 },
    mismatch = { "SignatureDoesNotMatch", 403 },
    expired = { "ExpiredToken", 403 },
  },
}

local MISSING = {
  json = "Missing Authentication Token", query = "Request is missing Authentication Token",
}
local INVALID = "The security token included in the request is invalid."
local EXPIRED = "The security token included in the request is expired"
local MISMATCH = "The request signature we calculated does not match the signature you provided. "
  .. "Check your AWS Secret Access Key and signing method. Consult the service documentation for "
  .. "details."

local function refuse(call, name, message)
  local code, status = table.unpack(NAMES[call.protocol][name])
  wire.fail(code, message, status, true)
end

local function read_signature(call)
  local request = call.request
  local _, query = wire.split_target(request.target)
  if not wire.header(request, "authorization")
    and not ("&" .. (query or "")):find("&X-Amz-", 1, true) then
    refuse(call, "missing", MISSING[call.protocol])
  end
  local ok, parsed = pcall(sigv4.parse, request)
  if not ok then
    local message = type(parsed) ~= "string" and parsed.message or tostring(parsed)
    refuse(call, "incomplete", message)
  end
  return parsed
end

local function check_clock(call, parsed)
  local signed, stamp, now = parsed.time, wire.stamp, call.now
  if signed > now + SKEW then
    refuse(call, "mismatch", ("Signature not yet current: %s is still later than %s (%s + 5 min.)")
      :format(parsed.date, stamp(now + SKEW), stamp(now)))
  end
  if parsed.presigned then
    local seconds = parsed.expires
    if seconds < 1 or seconds > PRESIGNED_MAX then
      refuse(call, "incomplete", ("X-Amz-Expires must be 1 to %d seconds"):format(PRESIGNED_MAX))
    elseif now > signed + seconds then
      refuse(call, "mismatch", ("Signature expired: %s is now earlier than %s (%s - %d sec.)")
        :format(parsed.date, stamp(now - seconds), stamp(now), seconds))
    end
  elseif signed < now - SKEW then
    refuse(call, "mismatch", ("Signature expired: %s is now earlier than %s (%s - 5 min.)")
      :format(parsed.date, stamp(now - SKEW), stamp(now)))
  end
end

-- The host and every x-amz- header must be under the signature. The token may be added after
-- signing: some of AWS's own clients do that.
local function check_signed_headers(call, parsed)
  local signed = {}
  for _, name in ipairs(parsed.signed_headers) do signed[name:lower()] = true end
  if not signed.host then
    refuse(call, "mismatch",
      "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
  end
  for _, pair in ipairs(call.request.headers) do
    local name = pair[1]:lower()
    if name:find "^x%-amz%-" and name ~= "x-amz-security-token" and not signed[name] then
      refuse(call, "mismatch", ("'%s' must be a 'SignedHeader' in the AWS Authorization.")
        :format(name))
    end
  end
end

local function check_scope(call, parsed)
  local wrong = {}
  if not parsed.region:find "^%l%l[%l-]*%-%l+%-%d+$" then
    wrong[#wrong + 1] = ("Credential should be scoped to a valid region, not '%s'.")
      :format(parsed.region)
  end
  if call.service and parsed.service ~= call.service then
    wrong[#wrong + 1] = ("Credential should be scoped to correct service: '%s'.")
      :format(call.service)
  end
  if #wrong > 0 then refuse(call, "mismatch", table.concat(wrong, " ")) end
end

local function find_session(call, parsed)
  local given = parsed.session_token
  if given == "" then given = nil end
  local session = call.sessions:find(parsed.access_key_id)
  if not session or session.session_token ~= given then
    refuse(call, "unknown", INVALID)
  end
  if session.expires and call.now >= session.expires then refuse(call, "expired", EXPIRED) end
  return session
end

local function check_signature(call, session)
  local ok, good, computed = pcall(sigv4.verify, call.request, session.secret_access_key)
  if not ok then
    refuse(call, "mismatch", type(good) ~= "string" and good.message or good)
  elseif not good then
    call.expected = computed
    refuse(call, "mismatch", MISMATCH)
  end
end

--- Raises AWS's refusal unless the request of CALL carries a good signature; sets its session,
-- principal, region and, where the path did not say, service.
-- @param call with request, protocol (json or query), service (nil: any), now, sessions
function auth.check(call)
  local parsed = read_signature(call)
  call.access_key_id, call.region = parsed.access_key_id, parsed.region
  check_clock(call, parsed)
  check_signed_headers(call, parsed)
  check_scope(call, parsed)
  local session = find_session(call, parsed)
  check_signature(call, session)
  call.session, call.principal = session, session.principal
  call.service = call.service or parsed.service
end

return auth
