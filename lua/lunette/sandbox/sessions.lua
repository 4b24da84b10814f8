--- Who holds which keys: the access keys of users, and the temporary ones of role sessions.
-- @module lunette.sandbox.sessions

local ids = require "lunette.sandbox.ids"

local sessions = {}
local Sessions = {}
Sessions.__index = Sessions

--- The keys of every user of the world.
function sessions.new(world)
  local self = setmetatable({ by_key = {}, partition = world.partition }, Sessions)
  for _, user in pairs(world.users) do
    for _, key in ipairs(user.access_keys) do
      self.by_key[key.id] = {
        access_key_id = key.id, secret_access_key = key.secret,
        principal = { type = "user", arn = user.arn, account = user.account, entity = user,
          user_id = user.unique_id },
      }
    end
  end
  return self
end

--- New temporary keys for a session of ROLE.
-- @param options name of the session, now, seconds to live, policies (session policies)
function Sessions:open(role, options)
  local session = {
    access_key_id = ids.access_key(), secret_access_key = ids.secret_key(),
    session_token = ids.session_token(), issued = options.now,
    expires = options.now + options.seconds,
    principal = {
      type = "assumed-role", role_arn = role.arn, account = role.account, entity = role,
      arn = ("arn:%s:sts::%s:assumed-role/%s/%s"):format(self.partition, role.account, role.name,
        options.name),
      user_id = ("%s:%s"):format(role.unique_id, options.name),
      policies = options.policies, issued = options.now,
    },
  }
  self.by_key[session.access_key_id] = session
  return session
end

--- The keys with that access key id; nil when nobody holds them.
function Sessions:find(access_key_id)
  return self.by_key[access_key_id]
end

return sessions
