/*
 * require "lunette": makes the state's context, tells `require` where the
 * parts are, and hands over to lunette/init.lua.
 *
 * The Lua modules are compiled in.  They are registered by name in
 * package.preload and loaded when they are first required, so that a script
 * pays for what it uses.
 */
#include "lbox.h"
#include "lembed.h"

static int check_version(lua_State *L)
{
  if (lun_version_num() != LUN_VERSION_NUM)
    return luaL_error(L, "lunette: the module is %s, the library another",
                      LUN_VERSION);
  return 0;
}

/* The loader of one compiled-in module, which upvalue 1 points to. */
static int load_embedded(lua_State *L)
{
  const struct lun_embedded *module = lua_touserdata(L, lua_upvalueindex(1));

  if (lunL_load_embedded(L, module, lun_embedded_modules_release))
    return lua_error(L);
  lua_pushstring(L, module->name);
  lua_call(L, 1, 1);
  return 1;
}

static bool is_init(const struct lun_embedded *module)
{
  return strcmp(module->name, "lunette.init") == 0;
}

/* Registers the modules, C and Lua, all but init.lua. */
static void add_preload(lua_State *L)
{
  static const luaL_Reg parts[] = {{"lunette.core", lunL_open_core},
                                   {"lunette.os", lunL_open_os},
                                   {"lunette.sigv4", lunL_open_sigv4},
                                   {NULL, NULL}};
  const struct lun_embedded *module = lun_embedded_modules;

  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  luaL_setfuncs(L, parts, 0);
  for (; module->name != NULL; module++) {
    if (is_init(module))
      continue;
    lua_pushlightuserdata(L, (void *)module);
    lua_pushcclosure(L, load_embedded, 1);
    lua_setfield(L, -2, module->name);
  }
  lua_pop(L, 1);
}

/*
 * core.public is what becomes `ln` itself.  It lies one level down, where
 * Lua's messages do not find a second name for its functions.
 */
int lunL_open_core(lua_State *L)
{
  lua_newtable(L);
  lunL_add_secret(L);
  lunL_add_fail(L);
  lunL_add_opts(L);
  lunL_add_json(L);
  lunL_add_writer(L);
  lunL_add_filter(L);
  lua_newtable(L);
  lunL_add_values(L);
  lunL_add_field(L);
  lunL_add_compose(L);
  lunL_add_text(L);
  lunL_add_log(L);
  lunL_add_sign(L);
  lunL_add_session(L);
  lunL_add_errors(L);
  lua_pushliteral(L, LUN_VERSION);
  lua_setfield(L, -2, "_VERSION");
  lua_setfield(L, -2, "public");
  return 1;
}

int luaopen_lunette(lua_State *L)
{
  const struct lun_embedded *module = lun_embedded_modules;

  luaL_checkversion(L);
  check_version(L);
  lunL_state_open(L);
  add_preload(L);
  while (module->name != NULL && !is_init(module))
    module++;
  lua_pushlightuserdata(L, (void *)module);
  lua_pushcclosure(L, load_embedded, 1);
  lua_call(L, 0, 1);
  return 1;
}
