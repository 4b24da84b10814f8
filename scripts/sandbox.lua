-- an offline AWS on loopback, for scripts and tests
local ln = require "lunette"
local cli = require "lunette.cli"
local environment = require "lunette.sandbox.environment"
local log = require "lunette.sandbox.log"
local os_ = require "lunette.os"
local sandbox = require "lunette.sandbox"

local SPEC = {
  name = "sandbox",
  usage = "sandbox [OPTION]... [-- CMD [ARG]...]",
  help = [[
AWS on loopback: the instance metadata service, STS, Secrets Manager and KMS as
far as secrets need it. Signatures are verified, policies are enforced, denials
carry AWS's words. Nothing leaves the machine.

With CMD, runs it as the instance of the world, with the variables set that send
it here, and ends with its status. Without CMD, prints those variables and
stays in the foreground.

The built-in world: account 111111111111 with the instance role app-server,
account 222222222222 with a KMS key, the secret prod/db under it, and the role
secrets-admin. A world file is Lua (founding() gives it the built-in one, to
change) or JSON.

    lunette sandbox -- sh
    lunette sandbox --world no-key-policy.lua -- lunette get ARN
    lunette sandbox --as arn:aws:iam::222222222222:role/secrets-admin -- aws ...

Clients that do not know AWS_ENDPOINT_URL (botocore before 1.31, which is
Debian's, and the aws command line on it) would call AWS itself: give them
--endpoint-url "$AWS_ENDPOINT_URL".
]],
  options = {
    { "port", takes = "N", help = "listen on this port of 127.0.0.1 (default: a free one)" },
    { "world", takes = "FILE", help = "accounts, roles, policies, keys and secrets to serve" },
    { "as", takes = "ROLE_ARN", help = "run as this role, by keys in the environment" },
    { "log", takes = "FORMAT", help = "text or json: each request and why it was decided so" },
    { "log-file", takes = "FILE", help = "write that to FILE; without, to standard error" },
  },
}

-- Options of the commands that call AWS; here they would have no effect.
local NOT_HERE = {
  role = "--as runs CMD as a role", profile = "--as runs CMD as a role",
  region = "the world file names the region", endpoint_url = "--port names the port",
  external_id = "", deadline = "CMD runs as long as it likes",
  wait = "nothing here needs time", no_wait = "nothing here needs time",
}

local function usage(message, hint)
  error(ln.error { kind = "usage", message = "sandbox: " .. message, hint = hint }, 0)
end

local function check(options)
  for name, instead in pairs(NOT_HERE) do
    if options[name] then
      usage(("--%s means nothing here"):format((name:gsub("_", "-"))), instead)
    end
  end
  if options.port then
    local port = options.port:find "^%d+$" and math.tointeger(tonumber(options.port))
    if not port or port > 65535 then
      usage("--port takes a number of 0 to 65535", "without --port a free one is taken")
    end
    options.port = port
  end
end

--- What the requests are logged to; nil for nowhere. A command's own standard error is kept free
-- of it unless somebody asks.
local function logger(options, has_command)
  local file = io.stderr
  if options.log_file then
    local problem
    file, problem = io.open(options.log_file, "w")
    if not file then
      error(ln.error { kind = "filesystem", message = "cannot write the log " .. problem,
        hint = "--log-file names a file in a folder that is there" }, 0)
    end
  elseif has_command and not options.log then
    return nil
  end
  return log.to(file, options.log)
end

--- The signals that have come. Each must be read: one left behind would end us when the object is
-- closed.
local function each(signals)
  return function() return signals:read() end
end

--- Serves until the child ends; its exit status, as a shell gives it. Where the system has no
-- descriptor to wait for, the child is looked at ten times a second.
local function serve_child(server, child, signals)
  local watched = { signals:fd() }
  if child:fd() and child:fd() >= 0 then watched[2] = child:fd() end
  local status
  repeat
    server:step { fd = watched, timeout = not watched[2] and 0.1 or nil }
    for name in each(signals) do
      -- Ctrl-C reaches the child from the terminal as well, and one is enough.
      if name ~= "INT" or not os_.isatty(0) then child:kill(name) end
    end
    status = child:wait(0)
  until status
  return status.exit or 128 + status.signal
end

local function run(server, command, variables)
  local signals <close> = os_.signals { "INT", "TERM", "HUP" }
  local child <close> = os_.spawn {
    argv = command, env = environment.with(os_.environ(), variables), inherit = true,
    own_group = false,
  }
  return serve_child(server, child, signals)
end

local function foreground(server, variables)
  local signals <close> = os_.signals { "INT", "TERM", "HUP" }
  os_.write(1, environment.exports(variables),
    "# Clients that do not know AWS_ENDPOINT_URL (botocore before 1.31) need\n",
    ("#   --endpoint-url %s\n"):format(server:url()))
  local stopped = false
  while not stopped do
    server:step { fd = signals:fd() }
    for _ in each(signals) do stopped = true end
  end
  return 0
end

local function main()
  local options, command = cli.parse(arg, SPEC)
  check(options)
  local world = options.world and sandbox.load_world(options.world)
  local server <close> = sandbox.new { world = world, path = options.world,
    log = logger(options, #command > 0) }
  server:start { port = options.port }
  local variables = server:variables(options.as)
  if #command > 0 then return run(server, command, variables) end
  return foreground(server, variables)
end

os.exit(main(), true)
