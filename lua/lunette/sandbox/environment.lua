--- The environment in which a program takes the sandbox for AWS, and nothing else for it: no key,
-- no profile and no endpoint of the machine's own gets through.
-- @module lunette.sandbox.environment

local options = require "lunette.options"

local environment = {}

-- What would lead a client past the sandbox. AWS_ENDPOINT_URL_<SERVICE> is beside these.
local FOREIGN = {}
for name in ([[
  AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_SECURITY_TOKEN AWS_ACCOUNT_ID
  AWS_CREDENTIAL_EXPIRATION AWS_CREDENTIAL_FILE AWS_PROFILE AWS_DEFAULT_PROFILE BOTO_CONFIG
  AWS_WEB_IDENTITY_TOKEN_FILE AWS_ROLE_ARN AWS_ROLE_SESSION_NAME AWS_LOGIN_CACHE_DIRECTORY
  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI AWS_CONTAINER_CREDENTIALS_FULL_URI
  AWS_CONTAINER_AUTHORIZATION_TOKEN AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE
  AWS_EC2_METADATA_DISABLED AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE AWS_IMDS_USE_IPV6
  AWS_EC2_INSTANCE_PROFILE_NAME AWS_IGNORE_CONFIGURED_ENDPOINT_URLS AWS_USE_FIPS_ENDPOINT
  AWS_USE_DUALSTACK_ENDPOINT
]]):gmatch "%S+" do
  FOREIGN[name] = true
end

local function is_foreign(name)
  return FOREIGN[name] or name:find "^AWS_ENDPOINT_URL_" ~= nil
end

--- The variables to set.
-- @param url of the sandbox
-- @param region of the instance
-- @param keys optional: `access_key_id`, `secret_access_key`, `session_token`, to use in place of
-- the metadata service
function environment.variables(url, region, keys)
  return {
    AWS_ENDPOINT_URL = url, AWS_EC2_METADATA_SERVICE_ENDPOINT = url .. "/",
    AWS_REGION = region, AWS_DEFAULT_REGION = region,
    AWS_CONFIG_FILE = "/dev/null", AWS_SHARED_CREDENTIALS_FILE = "/dev/null",
    AWS_ACCESS_KEY_ID = keys and keys.access_key_id,
    AWS_SECRET_ACCESS_KEY = keys and keys.secret_access_key,
    AWS_SESSION_TOKEN = keys and keys.session_token,
    -- A proxy is for what is far away.
    no_proxy = "127.0.0.1,[::1],localhost", NO_PROXY = "127.0.0.1,[::1],localhost",
  }
end

--- PRESENT (a table of the environment) as the program is to have it.
function environment.with(present, variables)
  local out = {}
  for name, value in pairs(present) do
    if not is_foreign(name) then out[name] = value end
  end
  for name, value in pairs(variables) do out[name] = value end
  return out
end

--- The same as lines for a shell.
function environment.exports(variables)
  local lines, unset = {}, {}
  for _, name in ipairs(options.names(FOREIGN)) do
    if not variables[name] then unset[#unset + 1] = name end
  end
  lines[1] = "unset " .. table.concat(unset, " ")
  for _, name in ipairs(options.names(variables)) do
    lines[#lines + 1] = ("export %s='%s'"):format(name, (variables[name]:gsub("'", "'\\''")))
  end
  return table.concat(lines, "\n") .. "\n"
end

return environment
