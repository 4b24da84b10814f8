-- Lua 5.4 and nothing global: what a file gives, it returns.
std = "lua54"
max_line_length = 100
max_cyclomatic_complexity = 25
files["tests/lua"] = { std = "lua54+busted" }
