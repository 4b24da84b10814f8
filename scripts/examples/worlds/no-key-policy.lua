-- Account 222222222222 forgot the key's policy: only its own administrators
-- may use the key.
local world = founding()
local key = world.accounts["222222222222"].keys[1]
table.remove(key.policy.Statement, 2)
return world
