-- Account 222222222222 forgot the secret's own policy.
local world = founding()
world.accounts["222222222222"].secrets[1].resource_policy = nil
return world
