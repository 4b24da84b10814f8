--- AWS on loopback: the metadata service, STS, Secrets Manager and the part of KMS that secrets
-- need, over a world of accounts, roles, policies, keys and secrets. Signatures are verified and
-- policies enforced; the denials are AWS's own.
--
--     local sandbox = require "lunette.sandbox"
--     local sb <close> = sandbox.new {}        -- the founding world
--     sb:start {}                              -- a free port of 127.0.0.1
--     print(sb:url())
--     while true do sb:step() end
--
-- Everything is on one port: `/latest/` is the metadata service, `X-Amz-Target` names a JSON
-- service, `Action` a query service.
-- @module lunette.sandbox

local auth = require "lunette.sandbox.auth"
local core = require "lunette.core"
local environment = require "lunette.sandbox.environment"
local ids = require "lunette.sandbox.ids"
local imds = require "lunette.sandbox.imds"
local options = require "lunette.options"
local secretsmanager = require "lunette.sandbox.secretsmanager"
local sessions = require "lunette.sandbox.sessions"
local sts = require "lunette.sandbox.sts"
local wire = require "lunette.sandbox.wire"
local world = require "lunette.sandbox.world"
local worldfile = require "lunette.sandbox.worldfile"

local sandbox = {}
local Sandbox = {}
Sandbox.__index = Sandbox

local NEW = { world = "table", clock = "function", log = "function", path = "string" }
local START = { host = "string", port = "number" }
local KEYS = { session_name = "string", seconds = "number" }

-- The JSON services by the prefix of X-Amz-Target.
local TARGETS = {
  secretsmanager = { service = "secretsmanager", run = secretsmanager.run },
}

--- A sandbox, not listening yet.
-- @param given optional table: `world`, as a world file returns it (the founding one unless given),
-- `path`, what messages call it; `clock`, a function that returns seconds since the epoch; `log`, a
-- function that gets each finished call
function sandbox.new(given)
  given = given or {}
  options.check("sandbox.new", given, NEW)
  local clock = given.clock or os.time
  local state = world.new(given.world, clock(), given.path)
  return setmetatable({ world = state, clock = clock, log = given.log, n = 0, started = clock(),
    sessions = sessions.new(state), imds = imds.new() }, Sandbox)
end

--- The world in the file PATH, for `sandbox.new { world = ..., path = PATH }`.
function sandbox.load_world(path)
  return worldfile.load(path)
end

--- Listens.
-- @param given optional table: `port` (a free one unless given), `host` (127.0.0.1, or another
-- address of loopback)
function Sandbox:start(given)
  given = given or {}
  options.check("sandbox:start", given, START)
  local httpd = require "lunette.httpd"
  local ok, server = pcall(httpd.new, { host = given.host, port = given.port })
  if not ok then
    error(core.error { kind = "network", message = "the sandbox " .. tostring(server),
      hint = "choose another port, or leave it out" }, 0)
  end
  self.host, self.server = given.host or "127.0.0.1", server
end

--- The URL to give to clients as AWS_ENDPOINT_URL.
function Sandbox:url()
  local host = self.host:find(":", 1, true) and "[" .. self.host .. "]" or self.host
  return ("http://%s:%d"):format(host, self.server:port())
end

--- The variables that make a program take the sandbox for AWS; see `lunette.sandbox.environment`.
-- @param role_arn run as this role, by its keys; nil: as the instance, by the metadata service
function Sandbox:variables(role_arn)
  local keys = role_arn and self:credentials(role_arn) or nil
  return environment.variables(self:url(), self.world.region, keys)
end

--- Keys of a new session of a role, without asking its trust policy: `access_key_id`,
-- `secret_access_key`, `session_token`, `expires`.
-- @param given optional table: `session_name`, `seconds` to live (43200 unless given)
function Sandbox:credentials(role_arn, given)
  given = given or {}
  options.check("sandbox:credentials", given, KEYS)
  local role = self.world.roles[role_arn]
  if not role then
    local known = options.names(self.world.roles)
    error(core.error { kind = "invalid", message = ("no account has the role %s"):format(role_arn),
      hint = #known > 0 and "there are " .. table.concat(known, ", ") or "the world has none" }, 0)
  end
  return self.sessions:open(role, { name = given.session_name or "sandbox", now = self.clock(),
    seconds = given.seconds or 43200 })
end

local function run_json(call, target)
  local prefix, name = target:match "^([^.]*)%.(.*)$"
  local service = prefix and TARGETS[prefix]
  call.protocol, call.service, call.operation = "json", service and service.service, name
  auth.check(call)
  if not service then wire.fail("UnknownOperationException", nil, 400, true) end
  return wire.json_reply(call.id, service.run(call, name))
end

local function run_query(call, form)
  call.protocol, call.service, call.operation = "query", "sts", form.Action
  auth.check(call)
  return wire.query_reply(call.id, sts.namespace, form.Action, sts.run(call, form))
end

-- Signed for whatever it says, and then of no service that is here.
local function run_unknown(call)
  call.protocol = "json"
  auth.check(call)
  wire.fail("UnknownOperationException", nil, 404, true)
end

local function route(self, call)
  local request = call.request
  local path, query = wire.split_target(request.target)
  if path:find "^/latest/" then return self.imds:handle(call) end
  local target = wire.header(request, "x-amz-target")
  if target and path == "/" then return run_json(call, target) end
  local form = wire.form(request.method == "GET" and query or request.body)
  if form.Action and path == "/" then return run_query(call, form) end
  return run_unknown(call)
end

local function failed(call, caught)
  local failure = wire.failure(caught)
  if not failure then
    -- A fault of the sandbox: the client hears what AWS says of its own, the log has the rest.
    call.note = tostring(caught)
    failure = { code = "InternalFailure", status = 500, message = "The request processing has "
      .. "failed because of an unknown error, exception or failure." }
  end
  call.code, call.message = failure.code, failure.message
  if call.protocol == "query" then return wire.query_error(call.id, sts.namespace, failure) end
  return wire.json_error(call.id, failure)
end

local function traceback(caught)
  return wire.failure(caught) or debug.traceback(tostring(caught), 2)
end

local function note(self, call, status)
  if not self.log then return end
  self.log {
    n = call.n, time = call.now, method = call.request.method,
    path = wire.split_target(call.request.target), service = call.service,
    operation = call.operation, subject = call.subject, region = call.region,
    caller = call.principal and call.principal.arn, access_key_id = call.access_key_id,
    status = status, code = call.code, message = call.message, note = call.note,
    request_id = call.id, decisions = call.decisions, expected = call.expected,
  }
end

--- Answers one request, without a socket.
-- @param request `{ method, target, headers, body }` as `lunette.httpd` gives it
-- @return the status, the headers as a list of pairs, and the body
function Sandbox:handle(request)
  self.n = self.n + 1
  local call = { n = self.n, id = ids.uuid(), request = request, now = self.clock(),
    started = self.started, world = self.world, sessions = self.sessions, decisions = {} }
  local ok, status, headers, body = xpcall(route, traceback, self, call)
  if not ok then status, headers, body = failed(call, status) end
  note(self, call, status)
  return status, headers, body
end

--- Waits for a request and answers it.
-- @param given optional table: `timeout` in seconds, `fd` to wait for besides (one or a list)
-- @return true; or nil and "timeout"; or nil, "fd" and the descriptor
function Sandbox:step(given)
  local request <close>, why, fd = self.server:next(given)
  if not request then return nil, why, fd end
  request:respond(self:handle(request))
  return true
end

--- Stops listening.
function Sandbox:close()
  if self.server then self.server:close() end
end

Sandbox.__close = Sandbox.close

return sandbox
