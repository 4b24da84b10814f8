--- lunette: secrets from AWS Secrets Manager, for configuration.
--
--     local ln = require "lunette"
--     local db = ln.session():secret "prod/db"
--     ln.render { template = "app.yaml.tmpl", to = "/etc/app.yaml", values = { db = db } }
--
-- In C, each with its comment: `session`; `sign`, `presign`; the functions on
-- secret values (`meta`, `wipe`, `secret_from`, `is_secret`, `get`, `equal`,
-- `number`, `format`, `concat`, `null` and the one that opens them); `sha256`,
-- `hmac_sha256`, `base64`, `url`, `time`, `log`; `error`, `is_error`.
-- @module lunette
local core = require "lunette.core"

local ln = {}
for name, value in pairs(core.public) do ln[name] = value end

-- What a script never uses is never read.
local later = {
  json = { "lunette.json" }, -- encode, decode, array
  fs = { "lunette.fs" }, -- read, write, exists
  run = { "lunette.run", "run" },
  shell = { "lunette.run", "shell" },
  template = { "lunette.template", "compile" },
  render = { "lunette.render", "render" },
}

return setmetatable(ln, {
  __index = function(self, name)
    local where = later[name]
    if not where then return nil end
    local value = require(where[1])
    if where[2] then value = value[where[2]] end
    rawset(self, name, value)
    return value
  end,
})
