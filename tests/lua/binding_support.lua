--- What the specs of the binding share: nothing stays alive behind a test, and no canary is shown.
local core = require "lunette.core"
local ln = require "lunette"

local support = {}

--- Boxes and secrets that live when all that is garbage has gone.
function support.live()
  collectgarbage()
  collectgarbage()
  return core.live()
end

--- Runs F, whose locals are gone then, and raises unless as much lives behind it as before.
function support.leaves_nothing(f)
  local boxes, secrets = support.live()
  f()
  local boxes_after, secrets_after = support.live()
  assert(boxes_after == boxes, ("%d boxes live"):format(boxes_after - boxes))
  assert(secrets_after == secrets, ("%d secrets live"):format(secrets_after - secrets))
end

--- The error that F raises, which must be an error object of KIND.
function support.fails(kind, f, ...)
  local ok, e = pcall(f, ...)
  assert(not ok, "it did not raise")
  assert(ln.is_error(e), "not an error object: " .. tostring(e))
  assert(e.kind == kind, ("%s, not %s: %s"):format(e.kind, kind, tostring(e)))
  return e
end

--- The plain message that F raises.
function support.message(f, ...)
  local ok, e = pcall(f, ...)
  assert(not ok, "it did not raise")
  assert(type(e) == "string", "not a plain error: " .. tostring(e))
  return e
end

--- True if TEXT shows PLAIN in one of the forms it could leak in.
function support.shows(text, plain)
  local hex = plain:gsub(".", function(c) return ("%02x"):format(c:byte()) end)
  local json = ln.json.encode(plain):sub(2, -2)
  for _, form in ipairs { plain, ln.base64.encode(plain), ln.url.encode(plain), json, hex } do
    if text:find(form, 1, true) then return true end
  end
  return false
end

--- Runs the lunette that runs the tests, as a user would.
-- @treturn number its exit status
-- @treturn string what it printed on both streams
function support.lunette(...)
  local os_ = require "lunette.os"
  local child <close> = os_.spawn { argv = { os.getenv "BUILD" .. "/lunette", ... } }
  local status = child:wait(60)
  return status and status.exit, child:output()
end

local fake = {}
fake.__index = fake

--- What the server has said since this was asked the last time: a line for
-- each request.
function fake:requests()
  self.server:wait(0.05)
  local said = self.server:output():sub(self.seen + 1)
  self.seen = #self.server:output()
  return said
end

function fake:stop()
  self.server:kill "KILL"
  self.server:wait(5)
end

--- Starts a server that answers as AWS would (fake_aws.py), at `url`.
function support.fake_aws()
  local os_ = require "lunette.os"
  local server = os_.spawn { argv = { "/usr/bin/python3", "tests/lua/fake_aws.py" } }
  local port
  for _ = 1, 200 do
    assert(not server:wait(0.05), server:output())
    port = server:output():match "^port (%d+)\n"
    if port then break end
  end
  return setmetatable({ server = server, seen = #server:output(),
    url = "http://127.0.0.1:" .. assert(port) }, fake)
end

return support
