-- Renders what format_roundtrip_test.py asks for, a line at a time:
-- format, template (hexadecimal, @@ for the value), kind, value (hexadecimal).
local ln = require "lunette"

local DELIMITERS = { expression = { "[%", "%]" } }

local function unhex(text)
  return (text:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end))
end

local function hex(text)
  return (text:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

--- The value as a field of a JSON secret; what is no UTF-8 as a string.
local function value_of(kind, bytes)
  if kind ~= "string" then
    return ln.secret_from(('{"v":%s}'):format(bytes)).v
  end
  if not utf8.len(bytes) then return bytes end
  local escaped = bytes:gsub('[%c"\\\x7f]', function(c)
    return ("\\u%04x"):format(c:byte())
  end)
  return ln.secret_from(('{"v":"%s"}'):format(escaped)).v
end

local function render(form, source, kind, bytes)
  local text = source:gsub("@@", "[%% v %%]")
  local template = ln.template(text, { format = form, delimiters = DELIMITERS })
  local out = template:render { v = value_of(kind, bytes) }
  return ln.is_secret(out) and ln.reveal(out) or out
end

for line in io.lines() do
  local form, source, kind, bytes = line:match("^(%w+)\t(%x*)\t(%w+)\t(%x*)$")
  local ok, result = pcall(render, form, unhex(source), kind, unhex(bytes))
  if ok then
    io.write("ok\t", hex(result), "\n")
  elseif ln.is_error(result) and result.kind == "invalid" then
    io.write("invalid\t", (result.message:gsub("%c", " ")), "\n")
  else
    io.write("error\t", (tostring(result):gsub("%c", " ")), "\n")
  end
  io.stdout:flush()
end
