--- Files for boot scripts. Writing replaces a file as a whole or not at all,
-- mode 0600 unless another is asked for or the file has one; a text in which a
-- secret was printed, rather than put, is refused.
-- @module lunette.fs
local os_ = require "lunette.os"

local fs = {}

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
-- @tparam[opt] table options mode ("0640"), owner ("user:group")
-- @treturn boolean whether the file has changed
function fs.write(path, content, options)
  local stage <close> = os_.stage(path, options)
  if stage:same(content) then return false end
  stage:write(content)
  stage:commit()
  return true
end

return fs
