--- Identifiers as AWS makes them, and recognisable as ours: nobody shall mistake a key of the
-- sandbox for one that is worth something. None of them guards anything, so Lua's own generator
-- will do.
-- @module lunette.sandbox.ids

local ids = {}

local UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
local MIXED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

local function draw(alphabet, n)
  local out = {}
  for i = 1, n do
    local at = math.random(#alphabet)
    out[i] = alphabet:sub(at, at)
  end
  return table.concat(out)
end

--- A version 4 UUID.
function ids.uuid()
  local text = ("xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx"):gsub("[xy]", function(mark)
    return ("%x"):format(mark == "x" and math.random(0, 15) or math.random(8, 11))
  end)
  return text
end

--- The six characters that Secrets Manager puts after a secret's name.
function ids.suffix()
  return draw(MIXED, 6)
end

--- The unique id of a role (AROA) or a user (AIDA).
function ids.unique(prefix)
  return prefix .. "SANDBOX" .. draw(UPPER, 10)
end

--- The access key id of temporary credentials.
function ids.access_key()
  return "ASIASANDBOX" .. draw(UPPER, 9)
end

--- A secret access key. The characters that URLs and headers encode are always in it.
function ids.secret_key()
  return "sandbox+key/" .. draw(MIXED .. "+/", 28)
end

--- A session token; likewise.
function ids.session_token()
  return "SandboxSessionToken//" .. draw(MIXED .. "+/", 120) .. "=="
end

--- A token of the instance metadata service.
function ids.metadata_token()
  return "SandboxIMDS" .. draw(MIXED .. "-_", 43) .. "=="
end

return ids
