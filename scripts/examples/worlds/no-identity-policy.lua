-- Account 111111111111 forgot its side: the role may neither read the secret
-- nor decrypt with its key.
local world = founding()
world.accounts["111111111111"].roles[1].policies = nil
return world
