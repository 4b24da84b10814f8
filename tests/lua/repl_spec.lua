-- The prompt, fed by a pipe.
local lunette = os.getenv "BUILD" .. "/lunette"

--- What the prompt prints on both streams for LINES.
local function prompt(lines)
  local path = os.tmpname()
  local file <close> = assert(io.open(path, "w"))
  file:write(lines)
  file:flush()
  local output <close> = assert(io.popen(("'%s' -i <'%s' 2>&1"):format(lunette, path)))
  local text = output:read "a"
  os.remove(path)
  return text
end

describe("the prompt", function()
  it("prints values and errors, and goes on", function()
    assert.equal("2\t3\nprompt:1: boom\n6\n", prompt '1 + 1, 3\nerror "boom"\nx = 6\nx\n')
  end)

  it("outlives a value and an error that cannot say what they are", function()
    local text = prompt [[
bad = setmetatable({}, { __tostring = function() error "no name" end })
bad
error(bad)
error(setmetatable({}, { __tostring = function() return 1 end }))
"still here"
]]
    assert.matches("no name", text)
    assert.matches("an error whose __tostring raises %(a table%)", text)
    assert.matches("still here\n$", text)
  end)
end)
