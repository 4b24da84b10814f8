--- How AWS's protocols look on the wire: headers, forms, XML, times, and the two shapes of errors.
-- @module lunette.sandbox.wire

local cjson = require "cjson"

local wire = {}

--- The value of a header (its name in lower case); nil without one, the first of several.
function wire.header(request, name)
  for _, pair in ipairs(request.headers) do
    if pair[1]:lower() == name then return pair[2] end
  end
end

--- The target's path and its query, the latter nil without a question mark.
function wire.split_target(target)
  local path, query = target:match "^([^?]*)%?(.*)$"
  return path or target, query
end

local function decode(text)
  return (text:gsub("+", " "):gsub("%%(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end))
end

--- The members of a form or a query; of a repeated one the last.
function wire.form(text)
  local out = {}
  for pair in (text or ""):gmatch "[^&]+" do
    local name, value = pair:match "^([^=]*)=(.*)$"
    out[decode(name or pair)] = decode(value or "")
  end
  return out
end

--- 2026-11-23T21:33:00Z
function wire.iso(seconds)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(seconds))
end

--- 20261123T213300Z
function wire.stamp(seconds)
  return os.date("!%Y%m%dT%H%M%SZ", math.floor(seconds))
end

local XML = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }

function wire.xml(text)
  return (tostring(text):gsub('[&<>"]', XML))
end

--- Elements in order: `{ { "Arn", "..." }, { "Credentials", { ... } } }`.
function wire.elements(list)
  local out = {}
  for _, pair in ipairs(list) do
    local name, value = pair[1], pair[2]
    if value ~= nil then
      local inner = type(value) == "table" and wire.elements(value) or wire.xml(value)
      out[#out + 1] = ("<%s>%s</%s>"):format(name, inner, name)
    end
  end
  return table.concat(out)
end

local Failure = {}
Failure.__index = Failure

function Failure.__tostring(self)
  return ("%s: %s"):format(self.code, self.message)
end

--- Raises the answer that AWS gives instead.
-- @param code as the service writes it
-- @param message its text
-- @param status the HTTP status, 400 unless given
-- @param front_end true where the answer comes from what stands before the service
function wire.fail(code, message, status, front_end)
  error(setmetatable({ code = code, message = message, status = status or 400,
    front_end = front_end }, Failure), 0)
end

--- The failure in what a protected call caught; nil for a fault of ours.
function wire.failure(caught)
  return getmetatable(caught) == Failure and caught or nil
end

--- JSON as AWS writes it: a slash is a slash.
function wire.json(value)
  -- The encoder escapes every slash, so every one of these is an escape.
  return (cjson.encode(value):gsub("\\/", "/"))
end

--- An awsJson1_1 answer.
function wire.json_reply(request_id, output)
  local body = next(output) == nil and "{}" or wire.json(output)
  return 200, { { "Content-Type", "application/x-amz-json-1.1" },
    { "x-amzn-RequestId", request_id } }, body
end

function wire.json_error(request_id, failure)
  -- Secrets Manager's own answers spell it Message, those of the front end before it message.
  local member = failure.front_end and "message" or "Message"
  return failure.status, { { "Content-Type", "application/x-amz-json-1.1" },
    { "x-amzn-RequestId", request_id } },
    wire.json { __type = failure.code, [member] = failure.message }
end

local function xml_headers(request_id)
  return { { "Content-Type", "text/xml" }, { "x-amzn-RequestId", request_id } }
end

--- An awsQuery answer of OPERATION with the elements OUTPUT.
function wire.query_reply(request_id, namespace, operation, output)
  local body = ('<%sResponse xmlns="%s">%s</%sResponse>\n'):format(operation, namespace,
    wire.elements { { operation .. "Result", output },
      { "ResponseMetadata", { { "RequestId", request_id } } } }, operation)
  return 200, xml_headers(request_id), body
end

function wire.query_error(request_id, namespace, failure)
  local body = ('<ErrorResponse xmlns="%s">%s</ErrorResponse>\n'):format(namespace,
    wire.elements { { "Error", { { "Type", failure.status < 500 and "Sender" or "Receiver" },
      { "Code", failure.code }, { "Message", failure.message } } }, { "RequestId", request_id } })
  return failure.status, xml_headers(request_id), body
end

return wire
