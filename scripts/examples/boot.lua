#!/usr/bin/env lunette
-- boot: the founding case. A server in account 111111111111, with nothing but
-- its instance role, reads a secret of account 222222222222 by its ARN and
-- writes the application's two configuration files.
--
-- usage: lunette boot.lua [FOLDER]        (default /etc/app)
local ln = require "lunette"

local here = arg[0]:match "^(.*/)" or "./"
local folder = arg[1] or "/etc/app"
local app = os.getenv "APP" or "app"

-- The default chain: on an EC2 instance that is the instance role. Nothing is
-- fetched yet; the region comes from the ARN.
local me = ln.session()
local db = me:secret "arn:aws:secretsmanager:ap-northeast-1:222222222222:secret:prod/db-AbCdEf"

print("fetched " .. tostring(db)) -- a secret prints as its name and size

-- Checked first, replaced whole or not at all, and only if something changed.
-- By default the unit is reloaded; APP_RELOAD names a command in its place.
local function render(name)
  local result = ln.render {
    template = here .. name .. ".tmpl",
    to = folder .. "/" .. name,
    values = { db = db },
    mode = "0640",
    check = { app, "--test-config", "%s" },
    on_change = os.getenv "APP_RELOAD" or { reload_unit = "app" },
  }
  print(("%s %s%s"):format(result.to, result.changed and "written" or "unchanged",
    result.note and " (" .. result.note .. ")" or ""))
end

render "app.yaml"
render "app.env"
