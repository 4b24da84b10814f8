-- Writes a C file with the text of Lua files in it:
--
--   lua5.4 mk/embed.lua OUT.c ARRAY ROOT FILE...
--
-- A FILE under ROOT becomes an entry of `const struct lun_embedded ARRAY[]`
-- (lua/lembed.h).  Its name is the path below ROOT without .lua, with dots;
-- an init.lua of a folder below the first stands for the folder.  It goes in
-- twice: as its text, and compiled by the Lua that runs this, whose release is
-- written down, for compiled code is good for that release alone.
--
-- OUT is written only when it would change, so that make may ask every time.

local out, array, root = arg[1], arg[2], arg[3]

local function read(path)
  local file = io.open(path, "rb")
  if not file then
    return nil
  end
  local text = assert(file:read("a"))
  file:close()
  return text
end

local function module_name(path)
  local name = path:gsub("%.lua$", ""):gsub("/", ".")
  if name:find("%..*%.init$") then
    name = name:gsub("%.init$", "")
  end
  return name
end

local escapes = {
  ["\n"] = "\\n", ["\t"] = "\\t", ["\\"] = "\\\\", ['"'] = '\\"',
  ["?"] = "\\?", -- or "??/" would be a trigraph in C11
}

-- One C literal a line.  Octal escapes have all three digits, so that a digit
-- that follows is never taken into them.
local function literals(text)
  local lines = {}
  for line in text:gmatch("[^\n]*\n?") do
    if line ~= "" then
      line = line:gsub('[%c"\\?\x7f-\xff]', function(c)
        return escapes[c] or ("\\%03o"):format(c:byte())
      end)
      lines[#lines + 1] = '  "' .. line .. '"'
    end
  end
  if #lines == 0 then
    lines[1] = '  ""'
  end
  return table.concat(lines, "\n")
end

-- A #! line is for the shell; the line stays, so that numbers are right.
local function compile(text, chunk)
  return string.dump(assert(load(text:gsub("^#[^\n]*", "", 1), chunk, "t")))
end

-- Bytes as a C array of numbers, which has no limit as literals have.
local function numbers(bytes)
  local lines = {}
  for i = 1, #bytes, 16 do
    lines[#lines + 1] = "  " .. table.concat({ bytes:byte(i, i + 15) }, ",")
  end
  return table.concat(lines, ",\n")
end

local function release()
  local pipe = assert(io.popen(("'%s' -v"):format(arg[-1])))
  local line = pipe:read("a")
  pipe:close()
  return assert(line:match("^Lua %d+%.%d+%.%d+"), "what Lua is this?")
end

local function generate(paths)
  local texts, entries = {}, {}
  for i, path in ipairs(paths) do
    local text = assert(read(path), path)
    local below = path:sub(#root + 2)
    texts[#texts + 1] = ("static const char text_%d[] = /* %s */\n%s;\n"
      .. "static const unsigned char code_%d[] = {\n%s};\n")
      :format(i, path, literals(text), i, numbers(compile(text, "@" .. below)))
    entries[#entries + 1] = ('  {"%s", "@%s", text_%d, sizeof text_%d - 1,\n'
      .. "   (const char *)code_%d, sizeof code_%d},")
      :format(module_name(below), below, i, i, i, i)
  end
  entries[#entries + 1] = "  {NULL, NULL, NULL, 0, NULL, 0}"
  return ("/* Made by mk/embed.lua; changes go into the Lua files. */\n\n"
    .. '#include "lembed.h"\n\n%s\nconst struct lun_embedded %s[] = {\n%s\n};\n\n'
    .. 'const char %s_release[] = "%s";\n')
    :format(table.concat(texts, "\n"), array, table.concat(entries, "\n"), array, release())
end

local paths = table.move(arg, 4, #arg, 1, {})
table.sort(paths)
local text = generate(paths)
if read(out) ~= text then
  print("  GEN  " .. out)
  local file = assert(io.open(out, "wb"))
  assert(file:write(text))
  assert(file:close())
end
