/*
 * The embeddable runtime of lunette.h: a Lua state of its own, with an
 * allocator that wipes and counts, and a hook that ends what runs too long.
 *
 * The host enters Lua by lua_pcall alone.  Whatever a script does, it gets a
 * code: no panic, and no way to end the process.
 *
 * Lua calls the hook between its instructions, so a C function that takes long
 * is not ended by it.  What waits in lunette looks at the deadline itself;
 * what could wait for ever outside of it is taken away from a runtime with
 * limits; and a run that has passed its deadline fails in any case.
 */
#include "../core/base/clock.h"
#include "lbox.h"
#include "lfail.h"
#include "lsecret.h"

#define HOOK_STEP 1000 /* instructions between two looks at the limits */

struct lun_runtime {
  lua_State *L;
  struct lun_runtime_options options;
  struct lun_clock clock;
  size_t used;         /* bytes of the Lua state */
  int64_t steps;       /* instructions so far, in whole steps */
  int64_t deadline_at; /* of the run, monotonic ms; 0: none */
};

/* The address is the key of the runtime in its state's registry. */
static const char runtime_key = 0;

/* -------------------------------------------------------------- limits -- */

static void *allocate(void *data, void *ptr, size_t old_size, size_t size)
{
  struct lun_runtime *runtime = data;
  size_t max = runtime->options.memory_bytes;
  size_t had = ptr != NULL ? old_size : 0;
  void *fresh = NULL;

  if (size == 0) {
    lun_mem_free(NULL, ptr);
    runtime->used -= had;
    return NULL;
  }
  if (max > 0 && size > had &&
      (runtime->used > max || size - had > max - runtime->used))
    return NULL;
  fresh = lun_mem_resize(NULL, ptr, size);
  if (fresh == NULL && size <= had)
    fresh = ptr; /* Lua relies on it that a block can always shrink */
  if (fresh != NULL)
    runtime->used = runtime->used - had + size;
  return fresh;
}

static int64_t now_ms(const struct lun_runtime *runtime)
{
  return runtime->clock.mono_ms(runtime->clock.data);
}

/* A script may be ended, and so may not do what nothing could end. */
static bool is_limited(const struct lun_runtime_options *options)
{
  return options->instructions > 0 || options->deadline_ms > 0;
}

static bool is_late(const struct lun_runtime *runtime)
{
  return runtime->deadline_at > 0 && now_ms(runtime) >= runtime->deadline_at;
}

#define LATE "the script ran longer than its %lld ms"

/*
 * Raises when a limit is passed, and from then on at every instruction, so
 * that no pcall of the script's goes on after it.
 */
static void on_count(lua_State *L, lua_Debug *record)
{
  struct lun_runtime *runtime = NULL;
  const struct lun_runtime_options *options = NULL;

  (void)record;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &runtime_key);
  runtime = lua_touserdata(L, -1);
  lua_pop(L, 1);
  options = &runtime->options;
  runtime->steps += lua_gethookcount(L);
  if (options->instructions > 0 && runtime->steps >= options->instructions) {
    lua_sethook(L, on_count, LUA_MASKCOUNT, 1);
    lunL_failf(L, LUN_EDEADLINE, NULL,
               "the script has used up its %lld instructions",
               (long long)options->instructions);
  }
  if (is_late(runtime)) {
    lua_sethook(L, on_count, LUA_MASKCOUNT, 1);
    lunL_failf(L, LUN_EDEADLINE, NULL, LATE, (long long)options->deadline_ms);
  }
}

/* What a run, or closing the state, may take from now on. */
static void start_clock(struct lun_runtime *runtime)
{
  const struct lun_runtime_options *options = &runtime->options;
  int64_t step = HOOK_STEP;

  runtime->deadline_at = 0;
  if (options->deadline_ms > 0)
    runtime->deadline_at = now_ms(runtime) + options->deadline_ms;
  if (options->instructions > 0 && options->instructions < step)
    step = options->instructions;
  if (is_limited(options))
    lua_sethook(runtime->L, on_count, LUA_MASKCOUNT, (int)step);
}

/* ----------------------------------------------------------- the state -- */

/*
 * load and loadfile, for text alone: bytecode that somebody has tampered with
 * breaks the interpreter.  Upvalue 1 is the function itself, 2 the place of
 * the mode among its arguments.
 */
static int load_text(lua_State *L)
{
  int place = (int)lua_tointeger(L, lua_upvalueindex(2));
  const char *mode = luaL_optstring(L, place, "t");

  if (strchr(mode, 't') == NULL) {
    lua_pushnil(L);
    lua_pushliteral(L, "this runtime loads text alone, no bytecode");
    return 2;
  }
  if (lua_gettop(L) < place)
    lua_settop(L, place);
  lua_pushliteral(L, "t");
  lua_replace(L, place);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

static int do_file(lua_State *L)
{
  const char *path = luaL_checkstring(L, 1);

  lua_settop(L, 1);
  if (luaL_loadfilex(L, path, "t"))
    return lua_error(L);
  lua_call(L, 0, LUA_MULTRET);
  return lua_gettop(L) - 1;
}

/*
 * The searcher of require for files of Lua, for text alone.  Upvalue 1 is the
 * table `package`.
 */
static int search_text(lua_State *L)
{
  const char *path = NULL;

  luaL_checkstring(L, 1);
  lua_settop(L, 1);
  lua_getfield(L, lua_upvalueindex(1), "searchpath");
  lua_pushvalue(L, 1);
  lua_getfield(L, lua_upvalueindex(1), "path");
  if (!lua_isstring(L, -1))
    return luaL_error(L, "'package.path' must be a string");
  lua_call(L, 2, 2);
  if (lua_isnil(L, -2))
    return 1; /* where it was looked for */
  lua_pop(L, 1);
  path = lua_tostring(L, -1);
  if (luaL_loadfilex(L, path, "t"))
    return luaL_error(L, "error loading module '%s' from file '%s':\n\t%s",
                      lua_tostring(L, 1), path, lua_tostring(L, -1));
  lua_insert(L, -2);
  return 2;
}

/*
 * Files by search_text; with limits, none of C, whose code would heed no
 * limit.  Searcher 1 is package.preload, 2 Lua's files, the others C's.
 */
static void replace_searchers(lua_State *L, bool limited)
{
  lua_getglobal(L, LUA_LOADLIBNAME);
  lua_getfield(L, -1, "searchers");
  lua_pushvalue(L, -2);
  lua_pushcclosure(L, search_text, 1);
  lua_rawseti(L, -2, 2);
  if (limited) {
    lua_pushnil(L);
    lua_rawseti(L, -2, 4);
    lua_pushnil(L);
    lua_rawseti(L, -2, 3);
    lua_pushnil(L);
    lua_setfield(L, -3, "loadlib");
  }
  lua_pop(L, 2);
}

static void replace_loader(lua_State *L, const char *name, int place)
{
  lua_getglobal(L, name);
  lua_pushinteger(L, place);
  lua_pushcclosure(L, load_text, 2);
  lua_setglobal(L, name);
}

static void remove_field(lua_State *L, const char *library, const char *name)
{
  lua_getglobal(L, library);
  lua_pushnil(L);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
}

/*
 * setmetatable without finalizers, for a runtime with limits: Lua calls no
 * hook while one runs, so nothing could end it.  Upvalue 1 is the function.
 */
static int set_metatable(lua_State *L)
{
  if (lua_istable(L, 2)) {
    lua_pushliteral(L, "__gc");
    if (lua_rawget(L, 2) != LUA_TNIL)
      return luaL_error(L, "a runtime with limits has no finalizers (__gc)");
    lua_pop(L, 1);
  }
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 1);
  return 1;
}

/* debug without what reaches around a library, or lifts the hook. */
static void restrict_debug(lua_State *L)
{
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_getglobal(L, LUA_DBLIBNAME);
  lua_createtable(L, 0, 1);
  lua_getfield(L, -2, "traceback");
  lua_setfield(L, -2, "traceback");
  lua_pushvalue(L, -1);
  lua_setglobal(L, LUA_DBLIBNAME);
  lua_setfield(L, -3, LUA_DBLIBNAME);
  lua_pop(L, 2);
}

/* Takes away what would end the process, run bytecode, or lift the limits. */
static void restrict_libraries(lua_State *L, bool limited)
{
  if (limited) {
    lua_getglobal(L, "setmetatable");
    lua_pushcclosure(L, set_metatable, 1);
    lua_setglobal(L, "setmetatable");
    /* Both wait for a program that no deadline ends; ln.run's has one. */
    remove_field(L, LUA_OSLIBNAME, "execute");
    remove_field(L, LUA_IOLIBNAME, "popen");
  }
  replace_searchers(L, limited);
  replace_loader(L, "load", 3);
  replace_loader(L, "loadfile", 2);
  lua_pushcfunction(L, do_file);
  lua_setglobal(L, "dofile");
  remove_field(L, LUA_STRLIBNAME, "dump");
  remove_field(L, LUA_OSLIBNAME, "exit");
  restrict_debug(L);
}

static int open_state(lua_State *L)
{
  const struct lun_runtime *runtime = lua_touserdata(L, 1);

  luaL_checkversion(L);
  luaL_openlibs(L);
  restrict_libraries(L, is_limited(&runtime->options));
  lunL_state_open(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &runtime_key);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushcfunction(L, luaopen_lunette);
  lua_setfield(L, -2, "lunette");
  return 0;
}

static int convert_error(lua_State *L)
{
  lunL_geterror(L, 1, lua_touserdata(L, 2));
  return 0;
}

/*
 * Calls FUNCTION in protected mode with DATA as a light userdata.  Nothing
 * outside of this function and lua_close lets Lua run.
 */
static enum lun_code enter(struct lun_runtime *runtime, lua_CFunction function,
                           void *data, struct lun_error *err)
{
  lua_State *L = runtime->L;
  struct lun_error found = {0};
  int rc = LUA_OK;

  if (!lua_checkstack(L, 8))
    return lun_error_nomem(err);
  lua_settop(L, 0);
  lua_pushcfunction(L, function);
  lua_pushlightuserdata(L, data);
  rc = lua_pcall(L, 1, 0, 0);
  if (rc == LUA_OK)
    return LUN_OK;
  if (rc == LUA_ERRMEM) {
    lua_settop(L, 0);
    return lun_error_nomem(err);
  }
  lua_pushcfunction(L, convert_error);
  lua_insert(L, 1);
  lua_pushlightuserdata(L, &found);
  if (lua_pcall(L, 2, 0, 0) != LUA_OK)
    (void)lun_error_nomem(&found);
  lua_settop(L, 0);
  if (err != NULL)
    *err = found;
  return found.code;
}

void lun_runtime_options_init(struct lun_runtime_options *options)
{
  memset(options, 0, sizeof(*options));
  options->size = sizeof(*options);
}

enum lun_code lun_runtime_new(lun_runtime **out,
                              const struct lun_runtime_options *options,
                              struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct lun_runtime *runtime = NULL;

  if (options != NULL && (options->size < sizeof(options->size) ||
                          options->size > sizeof(*options)))
    return lun_error_set(err, LUN_EINVALID,
                         "the options of a runtime are of another version");
  runtime = lun_mem_alloc(NULL, sizeof(*runtime));
  if (runtime == NULL)
    return lun_error_nomem(err);
  lun_clock_system(&runtime->clock);
  if (options != NULL)
    memcpy(&runtime->options, options, options->size);
  runtime->L = lua_newstate(allocate, runtime);
  if (runtime->L == NULL) {
    lun_mem_free(NULL, runtime);
    return lun_error_nomem(err);
  }
  rc = enter(runtime, open_state, runtime, err);
  if (rc) {
    lun_runtime_close(runtime);
    return rc;
  }
  *out = runtime;
  return LUN_OK;
}

void lun_runtime_close(lun_runtime *runtime)
{
  if (runtime == NULL)
    return;
  start_clock(runtime);
  lua_close(runtime->L);
  lun_mem_free(NULL, runtime);
}

/* ------------------------------------------------------------- running -- */

struct job {
  struct lun_runtime *runtime;
  const char *path; /* or NULL, and then: */
  const char *name;
  const char *chunk;
  size_t len;
  int argc;
  const char *const *argv;
};

static void load_job(lua_State *L, const struct job *job)
{
  int rc = LUA_OK;

  if (job->path != NULL) {
    rc = luaL_loadfilex(L, job->path, "t");
  } else {
    lua_pushfstring(L, "=%s", job->name);
    rc = luaL_loadbufferx(L, job->chunk, job->len, lua_tostring(L, -1), "t");
  }
  if (rc == LUA_ERRFILE)
    lunL_failf(L, LUN_EFILE, NULL, "%s", lua_tostring(L, -1));
  else if (rc != LUA_OK)
    lua_error(L);
}

static int run_job(lua_State *L)
{
  const struct job *job = lua_touserdata(L, 1);
  int i = 0;

  lunL_setdeadline(L, job->runtime->deadline_at);
  luaL_checkstack(L, job->argc + 8, "too many arguments");
  lua_createtable(L, job->argc, 1);
  lua_pushstring(L, job->path != NULL ? job->path : job->name);
  lua_rawseti(L, -2, 0);
  for (i = 0; i < job->argc; i++) {
    lua_pushstring(L, job->argv[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setglobal(L, "arg");
  load_job(L, job);
  for (i = 0; i < job->argc; i++)
    lua_pushstring(L, job->argv[i]);
  lua_call(L, job->argc, 0);
  return 0;
}

static enum lun_code run(struct job *job, struct lun_error *err)
{
  struct lun_runtime *runtime = job->runtime;
  enum lun_code rc = LUN_OK;

  start_clock(runtime);
  rc = enter(runtime, run_job, job, err);
  if (rc == LUN_OK && is_late(runtime))
    rc = lun_error_set(err, LUN_EDEADLINE, LATE,
                       (long long)runtime->options.deadline_ms);
  return rc;
}

enum lun_code lun_runtime_run_file(lun_runtime *runtime, const char *path,
                                   int argc, const char *const *argv,
                                   struct lun_error *err)
{
  struct job job = {
      .runtime = runtime, .path = path, .argc = argc, .argv = argv};

  return run(&job, err);
}

enum lun_code lun_runtime_run_chunk(lun_runtime *runtime, const char *name,
                                    const char *chunk, size_t len, int argc,
                                    const char *const *argv,
                                    struct lun_error *err)
{
  struct job job = {.runtime = runtime,
                    .name = name,
                    .chunk = chunk,
                    .len = len,
                    .argc = argc,
                    .argv = argv};

  return run(&job, err);
}

/* ------------------------------------------------------ host functions -- */

struct host {
  lun_host_function function;
  void *data;
  const char *name; /* for the time of the registration */
};

/* Upvalue 1 is a copy of the struct host. */
static int call_host(lua_State *L)
{
  const struct host *host = lua_touserdata(L, lua_upvalueindex(1));
  int argc = lua_gettop(L);
  const char **argv = NULL;
  const char *out = NULL;
  struct lun_error err = {0};
  enum lun_code rc = LUN_OK;
  int i = 0;

  argv = lua_newuserdatauv(L, ((size_t)argc + 1) * sizeof(*argv), 0);
  for (i = 0; i < argc; i++) {
    struct lun_span text = {NULL, 0};

    text.ptr = luaL_checklstring(L, i + 1, &text.len);
    luaL_argcheck(L, strlen(text.ptr) == text.len, i + 1, "has a NUL in it");
    lunL_checkmark(L, text, "an argument of a host's function");
    argv[i] = text.ptr;
  }
  argv[argc] = NULL;
  rc = host->function(host->data, argc, argv, &out, &err);
  if (rc) {
    if (err.code == LUN_OK)
      (void)lun_error_set(&err, rc, "a function of the host failed");
    return lunL_fail(L, &err);
  }
  lua_pushstring(L, out);
  return 1;
}

static int register_host(lua_State *L)
{
  const struct host *given = lua_touserdata(L, 1);
  struct host *host = lua_newuserdatauv(L, sizeof(*host), 0);

  *host = *given;
  host->name = NULL;
  lua_pushcclosure(L, call_host, 1);
  lua_setglobal(L, given->name);
  return 0;
}

enum lun_code lun_runtime_register(lun_runtime *runtime, const char *name,
                                   lun_host_function function, void *data,
                                   struct lun_error *err)
{
  struct host host = {function, data, name};

  return enter(runtime, register_host, &host, err);
}
