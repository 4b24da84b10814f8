/*
 * The runtime as a C program uses it, and the binding with every allocation
 * failing in turn: Lua's own, then core's.  Nothing may be left behind.
 */
#include "../../lua/lfail.h"
#include "../../lua/lsecret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static enum lun_code run(lun_runtime *runtime, const char *code,
                         struct lun_error *err)
{
  return lun_runtime_run_chunk(runtime, "chunk", code, strlen(code), 0, NULL,
                               err);
}

static lun_runtime *make(const struct lun_runtime_options *options)
{
  lun_runtime *runtime = NULL;
  struct lun_error err = {0};

  assert_int_equal(lun_runtime_new(&runtime, options, &err), LUN_OK);
  return runtime;
}

/* ------------------------------------------------------------- running -- */

static void runs_chunks(void **state)
{
  static const char *const argv[] = {"one", "two"};
  static const char code[] = "assert(select('#', ...) == 2)\n"
                             "assert(arg[0] == 'name' and arg[2] == 'two')\n"
                             "kept = require 'lunette'.secret_from 'x'";
  lun_runtime *runtime = make(NULL);
  struct lun_error err = {0};

  (void)state;
  assert_int_equal(lun_runtime_run_chunk(runtime, "name", code,
                                         sizeof(code) - 1, 2, argv, &err),
                   LUN_OK);
  assert_int_equal(run(runtime, "assert(kept ~= nil)", &err), LUN_OK);
  lun_runtime_close(runtime);
  lun_runtime_close(NULL);
}

static void runs_files(void **state)
{
  char path[] = "/tmp/lunette-runtime-XXXXXX";
  int fd = mkstemp(path);
  lun_runtime *runtime = make(NULL);
  struct lun_error err = {0};

  (void)state;
  assert_true(fd >= 0);
  assert_int_equal(write(fd, "#!x\nerror 'oops'\n", 17), 17);
  assert_int_equal(close(fd), 0);
  assert_int_equal(lun_runtime_run_file(runtime, path, 0, NULL, &err),
                   LUN_EINVALID);
  assert_non_null(strstr(err.message, "2: oops"));
  assert_int_equal(unlink(path), 0);
  assert_int_equal(lun_runtime_run_file(runtime, path, 0, NULL, &err),
                   LUN_EFILE);
  lun_runtime_close(runtime);
}

static void reports_errors(void **state)
{
  lun_runtime *runtime = make(NULL);
  struct lun_error err = {0};

  (void)state;
  assert_int_equal(run(runtime, "error 'oops'", &err), LUN_EINVALID);
  assert_string_equal(err.message, "chunk:1: oops");
  assert_int_equal(run(runtime, "syntax error", &err), LUN_EINVALID);
  assert_int_equal(run(runtime, "error()", &err), LUN_EINVALID);
  assert_int_equal(
      run(runtime, "error(setmetatable({}, {__tostring = error}))", NULL),
      LUN_ENOMEM); /* an error that cannot be shown */
  assert_int_equal(run(runtime,
                       "error(require 'lunette'.error{kind = 'access_denied', "
                       "message = 'm', hint = 'h', status = 400, "
                       "request_id = 'r', retryable = true})",
                       &err),
                   LUN_EACCESS);
  assert_string_equal(err.message, "m");
  assert_string_equal(err.hint, "h");
  assert_string_equal(err.request_id, "r");
  assert_int_equal(err.http_status, 400);
  assert_true(err.retryable);
  assert_int_equal(run(runtime,
                       "local s = require 'lunette'.secret_from "
                       "'canary' error(s)",
                       &err),
                   LUN_EINVALID);
  assert_null(strstr(err.message, "canary"));
  lun_runtime_close(runtime);
}

static void takes_away_what_it_must(void **state)
{
  lun_runtime *runtime = make(NULL);
  struct lun_error err = {0};

  (void)state;
  assert_int_equal(
      run(runtime,
          "assert(os.exit == nil and string.dump == nil)\n"
          "assert(debug.sethook == nil and require 'debug'.sethook == nil)\n"
          "assert(debug.traceback)\n"
          "assert(load('return 1')() == 1)\n"
          "assert(load('return x', 'n', 't', {x = 2})() == 2)\n"
          "assert(not load('\\27Lua'))\n"
          "assert(not load('\\27Lua', 'n', 'b'))\n"
          "assert(not pcall(dofile, '/nowhere'))\n"
          "assert(not loadfile('/nowhere'))",
          &err),
      LUN_OK);
  assert_int_equal(
      lun_runtime_run_chunk(runtime, "b", "\033Lua", 4, 0, NULL, &err),
      LUN_EINVALID);
  lun_runtime_close(runtime);
}

/* require is a loader as well. */
static void requires_text_alone(void **state)
{
  lun_runtime *runtime = make(NULL);
  char folder[] = "/tmp/lunette-runtime-XXXXXX";
  char code[1024] = "";
  struct lun_error err = {0};

  (void)state;
  assert_non_null(mkdtemp(folder));
  snprintf(code, sizeof(code),
           "local folder = '%s/'\n"
           "package.path = folder .. '?.lua'\n"
           "local function put(name, text)\n"
           "  local file <close> = assert(io.open(folder .. name, 'wb'))\n"
           "  file:write(text)\n"
           "end\n"
           "put('text.lua', 'return {name = ..., path = select(2, ...)}')\n"
           "put('code.lua', '\\27Lua')\n"
           "put('wrong.lua', 'syntax error')\n"
           "local text = require 'text'\n"
           "assert(text.name == 'text' and text.path == folder .. 'text.lua')\n"
           "local function fails(name, why)\n"
           "  local ok, e = pcall(require, name)\n"
           "  assert(not ok and e:find(why, 1, true), e)\n"
           "end\n"
           "fails('code', 'attempt to load a binary chunk')\n"
           "fails('wrong', 'syntax error near')\n"
           "fails('none', \"no file '\" .. folder .. \"none.lua'\")\n"
           "for _, name in ipairs {'text', 'code', 'wrong'} do\n"
           "  assert(os.remove(folder .. name .. '.lua'))\n"
           "end\n"
           "package.path = nil\n"
           "fails('none', 'must be a string')",
           folder);
  if (run(runtime, code, &err))
    fail_msg("%s", err.message);
  assert_int_equal(rmdir(folder), 0);
  lun_runtime_close(runtime);
}

static void refuses_another_version(void **state)
{
  struct lun_runtime_options options = {0};
  lun_runtime *runtime = NULL;
  struct lun_error err = {0};

  (void)state;
  assert_int_equal(lun_runtime_new(&runtime, &options, &err), LUN_EINVALID);
  options.size = sizeof(options) + 1;
  assert_int_equal(lun_runtime_new(&runtime, &options, &err), LUN_EINVALID);
  options.size = sizeof(options.size); /* a program built long ago */
  assert_int_equal(lun_runtime_new(&runtime, &options, &err), LUN_OK);
  lun_runtime_close(runtime);
}

/* ------------------------------------------------------ host functions -- */

static enum lun_code join(void *data, int argc, const char *const *argv,
                          const char **out, struct lun_error *err)
{
  char *room = data;

  if (argc == 0)
    return LUN_ENOTFOUND;
  if (strcmp(argv[0], "denied") == 0)
    return lun_error_set(err, LUN_EACCESS, "not for you");
  if (strcmp(argv[0], "nothing") == 0)
    return LUN_OK;
  snprintf(room, 64, "%d:%s:%s", argc, argv[0], argv[argc - 1]);
  *out = room;
  return LUN_OK;
}

static void calls_the_host(void **state)
{
  char room[64] = "";
  lun_runtime *runtime = make(NULL);
  struct lun_error err = {0};

  (void)state;
  assert_int_equal(lun_runtime_register(runtime, "join", join, room, &err),
                   LUN_OK);
  assert_int_equal(
      run(runtime,
          "assert(join('a', 'b', 1) == '3:a:1')\n"
          "assert(join 'nothing' == nil)\n"
          "assert(not pcall(join, {}))\n"
          "assert(not pcall(join, 'a\\0b'))\n"
          "local s = require 'lunette'.secret_from('canary', 's')\n"
          "local ok, e = pcall(join, s)\n"
          "assert(not ok and e:find 'lunette.secret')\n"
          "assert(not pcall(join, tostring(s)))",
          &err),
      LUN_OK);
  assert_int_equal(run(runtime, "join 'denied'", &err), LUN_EACCESS);
  assert_string_equal(err.message, "not for you");
  assert_int_equal(run(runtime, "join()", &err), LUN_ENOTFOUND);
  lun_runtime_close(runtime);
}

/* --------------------------------------------------------------- sweeps -- */

/* An allocator for Lua that fails once, and counts. */
struct faulty {
  int64_t fail_after; /* -1: never */
  size_t live;
};

static void *faulty_alloc(void *data, void *ptr, size_t old, size_t size)
{
  struct faulty *faulty = data;
  void *fresh = NULL;

  if (size == 0) {
    free(ptr);
    faulty->live -= ptr != NULL;
    return NULL;
  }
  if (faulty->fail_after >= 0 && (ptr == NULL || size > old) &&
      faulty->fail_after-- == 0)
    return NULL;
  fresh = realloc(ptr, size);
  faulty->live += ptr == NULL && fresh != NULL;
  return fresh;
}

static const char *const snippets[] = {
    "local s = ln.secret_from('{\"a\": {\"b\": \"x\\\\n\"}, \"n\": 1}', 'n')\n"
    "local t = s.a.b .. 'x' .. s.n\n"
    "for k, v in pairs(s) do local l = tostring(v) end\n"
    "pcall(function() return s.none end)\n"
    "ln.wipe(s)",
    "local s = ln.secret_from('canary', 'n')\n"
    "local f = ln.format('%s:%d', s, 3)\n"
    "local j = ln.json.encode{s, {a = s}}\n"
    "local b = ln.base64.decode(ln.base64.encode(s))\n"
    "local c = ln.concat{'a', s, 1}",
    "local r = ln.sign{url = 'https://h/', service = 's', region = 'r', time = "
    "0,"
    " credentials = {access_key_id = 'A',"
    " secret_access_key = ln.secret_from 'k',"
    " session_token = ln.secret_from 't'}}",
    "local e = ln.error{kind = 'invalid', message = 'm'}\n"
    "pcall(error, e)\n"
    "pcall(ln.session, {regoin = 1})",
    "local t = ln.json.decode('{\"a\": [1, 2.5, \"x\"]}')\n"
    "local g = ln.get(t, 'a[1]')",
    "local words = require 'lunette.os'.split 'a \"b c\"'",
};

/* Compiles and runs code, which sees the module as `ln`. */
static int run_snippet(lua_State *L)
{
  if (luaL_loadstring(L, lua_touserdata(L, 1)))
    return lua_error(L);
  lua_call(L, 0, 0);
  return 0;
}

static int prepare(lua_State *L)
{
  luaL_openlibs(L);
  luaL_requiref(L, "lunette", luaopen_lunette, 0);
  lua_setglobal(L, "ln");
  /* What is loaded when it is first used is no leak of the first who does. */
  if (luaL_dostring(L, "local _ = ln.json, require 'lunette.os'"))
    return lua_error(L);
  return 0;
}

static int protect(lua_State *L, lua_CFunction function, const char *code)
{
  int rc = LUA_OK;

  lua_pushcfunction(L, function);
  lua_pushlightuserdata(L, (void *)code);
  rc = lua_pcall(L, 1, 0, 0);
  lua_settop(L, 0);
  return rc;
}

static void nothing_lives(lua_State *L)
{
  lua_gc(L, LUA_GCCOLLECT);
  lua_gc(L, LUA_GCCOLLECT);
  assert_int_equal(lunL_live(L), 0);
  assert_int_equal(lunL_ctx(L)->live_secrets, 0);
  assert_int_equal(lunL_ctx(L)->account.live_blocks, 0);
}

#define ROUNDS_MAX 20000

static void sweep_lua(const char *code)
{
  struct faulty faulty = {.fail_after = -1};
  lua_State *L = lua_newstate(faulty_alloc, &faulty);
  int64_t n = 0;
  bool done = false;

  assert_non_null(L);
  assert_int_equal(protect(L, prepare, NULL), LUA_OK);
  for (n = 0; !done && n < ROUNDS_MAX; n++) {
    faulty.fail_after = n;
    (void)protect(L, run_snippet, code);
    done = faulty.fail_after >= 0;
    faulty.fail_after = -1;
    nothing_lives(L);
  }
  assert_true(done);
  assert_int_equal(protect(L, run_snippet, code), LUA_OK);
  lua_close(L);
  assert_int_equal(faulty.live, 0);
}

static void sweep_core(const char *code)
{
  struct faulty faulty = {.fail_after = -1};
  lua_State *L = lua_newstate(faulty_alloc, &faulty);
  int64_t n = 0;
  bool done = false;

  assert_non_null(L);
  assert_int_equal(protect(L, prepare, NULL), LUA_OK);
  for (n = 0; !done && n < ROUNDS_MAX; n++) {
    struct lun_account *account = &lunL_ctx(L)->account;

    account->fail_after = n;
    (void)protect(L, run_snippet, code);
    done = account->fail_after >= 0;
    account->fail_after = -1;
    nothing_lives(L);
  }
  assert_true(done);
  lua_close(L);
  assert_int_equal(faulty.live, 0);
}

static void survives_lua_running_out(void **state)
{
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(snippets) / sizeof(snippets[0]); i++)
    sweep_lua(snippets[i]);
}

static void survives_core_running_out(void **state)
{
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(snippets) / sizeof(snippets[0]); i++)
    sweep_core(snippets[i]);
}

/* Opening the module itself, failing at every allocation. */
static void survives_opening(void **state)
{
  int64_t n = 0;
  bool done = false;

  (void)state;
  for (n = 0; !done && n < ROUNDS_MAX; n += 1 + n / 50) {
    struct faulty faulty = {.fail_after = -1};
    lua_State *L = lua_newstate(faulty_alloc, &faulty);

    assert_non_null(L);
    faulty.fail_after = n;
    (void)protect(L, prepare, NULL);
    done = faulty.fail_after >= 0;
    faulty.fail_after = -1;
    lua_close(L);
    assert_int_equal(faulty.live, 0);
  }
  assert_true(done);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(runs_chunks),
      cmocka_unit_test(runs_files),
      cmocka_unit_test(reports_errors),
      cmocka_unit_test(takes_away_what_it_must),
      cmocka_unit_test(requires_text_alone),
      cmocka_unit_test(refuses_another_version),
      cmocka_unit_test(calls_the_host),
      cmocka_unit_test(survives_lua_running_out),
      cmocka_unit_test(survives_core_running_out),
      cmocka_unit_test(survives_opening),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
