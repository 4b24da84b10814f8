--- The instance metadata service, version 2: a token first, then everything else with it.
-- @module lunette.sandbox.imds

local ids = require "lunette.sandbox.ids"
local wire = require "lunette.sandbox.wire"

local imds = {}
local Imds = {}
Imds.__index = Imds

local TTL_HEADER = "x-aws-ec2-metadata-token-ttl-seconds"
local TTL_MAX = 21600
local KEYS_LIVE = 6 * 3600
local KEYS_RENEWED = 300 -- new ones are there this long before the old ones end

local TITLES = {
  [400] = "Bad Request", [401] = "Unauthorized", [403] = "Forbidden", [404] = "Not Found",
  [405] = "Method Not Allowed",
}

function imds.new()
  return setmetatable({ tokens = {} }, Imds)
end

local function headers(kind)
  return { { "Content-Type", kind }, { "Server", "EC2ws" } }
end

local function refuse(status)
  local title = TITLES[status]
  return status, headers "text/html", ("<html><head><title>%d - %s</title></head>"
    .. "<body><h1>%d - %s</h1></body></html>\n"):format(status, title, status, title)
end

function Imds:put_token(call)
  local request = call.request
  if request.method ~= "PUT" then return refuse(405) end
  -- A proxy in between is what the token exists to stop.
  if wire.header(request, "x-forwarded-for") then return refuse(403) end
  local given = wire.header(request, TTL_HEADER) or ""
  local ttl = given:find "^%d+$" and math.tointeger(tonumber(given))
  if not ttl or ttl < 1 or ttl > TTL_MAX then return refuse(400) end
  for token, expires in pairs(self.tokens) do
    if expires <= call.now then self.tokens[token] = nil end
  end
  local token = ids.metadata_token()
  self.tokens[token] = call.now + ttl
  local out = headers "text/plain"
  out[#out + 1] = { TTL_HEADER, tostring(ttl) }
  return 200, out, token
end

--- The keys of the instance's role; the same ones until they are about to end.
function Imds:credentials(call, role)
  local held = self.held
  if not held or held.expires - call.now <= KEYS_RENEWED then
    held = call.sessions:open(role, { name = call.world.instance.id, now = call.now,
      seconds = KEYS_LIVE })
    self.held = held
  end
  call.note = ("keys %s of %s, until %s"):format(held.access_key_id, role.arn,
    wire.iso(held.expires))
  return wire.json {
    Code = "Success", LastUpdated = wire.iso(held.issued), Type = "AWS-HMAC",
    AccessKeyId = held.access_key_id, SecretAccessKey = held.secret_access_key,
    Token = held.session_token, Expiration = wire.iso(held.expires),
  } .. "\n"
end

local function role_tree(self, call, role)
  return {
    info = function()
      return wire.json {
        Code = "Success", LastUpdated = wire.iso(call.now),
        InstanceProfileArn = ("arn:%s:iam::%s:instance-profile/%s"):format(call.world.partition,
          role.account, role.name),
        InstanceProfileId = "AIPASANDBOXAAAAAAAAAA",
      } .. "\n"
    end,
    ["security-credentials"] = {
      [role.name] = function() return self:credentials(call, role) end,
    },
  }
end

local function identity_document(call, role)
  local instance = call.world.instance
  return wire.json {
    accountId = role and role.account or "000000000000", region = call.world.region,
    availabilityZone = instance.zone, instanceId = instance.id, instanceType = instance.type,
    imageId = instance.image, architecture = "x86_64", version = "2017-09-30",
    pendingTime = wire.iso(call.started), privateIp = "127.0.0.1",
  } .. "\n"
end

--- What can be read: folders are tables, leaves are texts or functions that make one.
local function tree(self, call)
  local world = call.world
  local instance, role = world.instance, world.roles[world.instance.role]
  return {
    ["meta-data"] = {
      ["ami-id"] = instance.image, ["instance-id"] = instance.id,
      ["instance-type"] = instance.type, ["local-ipv4"] = "127.0.0.1",
      placement = { region = world.region, ["availability-zone"] = instance.zone },
      iam = role and role_tree(self, call, role),
    },
    dynamic = {
      ["instance-identity"] = {
        document = function() return identity_document(call, role) end,
      },
    },
  }
end

local function listing(folder)
  local names = {}
  for name, value in pairs(folder) do
    names[#names + 1] = type(value) == "table" and name .. "/" or name
  end
  table.sort(names)
  return table.concat(names, "\n")
end

local function find(folder, path)
  local node = folder
  for name in path:gmatch "[^/]+" do
    node = type(node) == "table" and node[name] or nil
  end
  return node
end

--- Answers the request of CALL, whose path begins with /latest/.
-- @return status, headers, body
function Imds:handle(call)
  local request = call.request
  local path = wire.split_target(request.target)
  call.service, call.operation = "imds", path
  if path == "/latest/api/token" then return self:put_token(call) end
  if request.method ~= "GET" and request.method ~= "HEAD" then return refuse(405) end
  local token = wire.header(request, "x-aws-ec2-metadata-token")
  local expires = token and self.tokens[token]
  if not expires or expires <= call.now then return refuse(401) end
  local node = find(tree(self, call), path:match "^/latest/(.*)$")
  if node == nil then return refuse(404) end
  if type(node) == "table" then return 200, headers "text/plain", listing(node) end
  return 200, headers "text/plain", type(node) == "function" and node() or node
end

return imds
