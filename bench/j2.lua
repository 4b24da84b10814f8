-- j1, j2: one secret into a template; the keys come from the environment or
-- from the instance's role.
local ln = require "lunette"

local db = ln.session():secret(os.getenv "BENCH_SECRET")
ln.render {
  text = ln.fs.read(os.getenv "TEMPLATE"):gsub("%${(%w+)}", "{{ db.%1 }}"),
  to = os.getenv "OUT", format = "text", values = { db = db },
}
