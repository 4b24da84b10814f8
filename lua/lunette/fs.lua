--- Files for boot scripts. Writing replaces a file as a whole or not at all,
-- mode 0600 unless another is asked for or the file has one; a text in which a
-- secret was printed, rather than put, is refused.
-- @module lunette.fs
local core = require "lunette.core"
local options = require "lunette.options"
local os_ = require "lunette.os"

local fs = {}

local WRITE = {
  mode = "any", -- "0640" or an integer
  owner = "string", -- "user:group"
}

--- The content of a regular file.
-- @function read
-- @tparam string path
-- @tparam[opt] table options `secret = true` gives a secret value
fs.read = os_.read_file

--- True if something is there.
-- @function exists
fs.exists = os_.exists

--- Writes a string or a secret value, if the file is not like that already.
-- @tparam string path
-- @param content
-- @tparam[opt] table settings mode ("0640"), owner ("user:group")
-- @treturn boolean whether the file has changed
function fs.write(path, content, settings)
  options.argument("ln.fs.write", "the path", path, "string")
  if math.type(content) ~= "integer" and not core.is_secret(content) then
    options.argument("ln.fs.write", "the content", content, "string")
  end
  options.check("ln.fs.write", settings or {}, WRITE)
  local stage <close> = os_.stage(path, settings)
  if stage:same(content) then return false end
  stage:write(content)
  stage:commit()
  return true
end

return fs
