rockspec_format = "3.0"
package = "lunette"
version = "scm-1"
source = {
  url = "git+file://.", -- a checkout: `luarocks make` in it
}
description = {
  summary = "Secrets from AWS Secrets Manager, rendered into configuration files",
  license = "MIT",
}
dependencies = {
  "lua ~> 5.4",
  "lua-cjson >= 2.1",
}
-- No external_dependencies: luarocks looks for headers in folders that Debian
-- does not use. The Makefile asks pkg-config, and says which package is missing.

-- The Makefile is the one description of the build.
build = {
  type = "make",
  build_target = "module",
  install_target = "install-module",
  build_variables = {
    CFLAGS = "$(CFLAGS)",
    LUA_CFLAGS = "-I$(LUA_INCDIR)",
    LUA = "$(LUA)",
  },
  install_variables = {
    LUA_CDIR = "$(LIBDIR)",
    LUA = "$(LUA)",
  },
}
