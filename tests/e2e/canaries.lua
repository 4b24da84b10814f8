-- Prints the password of the secret ARG in the forms it could leak in.
local ln = require "lunette"

local value = ln.reveal(ln.session():secret(arg[1]).password)
local hex = value:gsub(".", function(c) return ("%02x"):format(c:byte()) end)
local json = ln.json.encode(value):sub(2, -2)
for _, form in ipairs { value, ln.base64.encode(value), ln.url.encode(value), json, hex } do
  print(form)
end
