/*
 * Child processes and signals for scripts (core/os/spawn).  Secret values may
 * go to a child by its environment or its standard input, never as an
 * argument, which every user of the machine could read.
 */
#include "../core/os/spawn.h"
#include "lfail.h"
#include "lopts.h"
#include "lsecret.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define SELF 1

#define WAIT_MAX (365 * 86400.0) /* seconds */

/* ------------------------------------------------------------- signals -- */

struct signal_name {
  const char *name;
  int number;
};

static const struct signal_name signal_names[] = {
    {"HUP", SIGHUP},   {"INT", SIGINT},   {"QUIT", SIGQUIT},
    {"TERM", SIGTERM}, {"KILL", SIGKILL}, {"USR1", SIGUSR1},
    {"USR2", SIGUSR2}, {"CHLD", SIGCHLD}, {"WINCH", SIGWINCH},
    {"CONT", SIGCONT}, {"STOP", SIGSTOP}, {"TSTP", SIGTSTP},
};

#define SIGNALS (sizeof(signal_names) / sizeof(signal_names[0]))

/* The signal at INDEX, a name without SIG or a number. */
static int check_signal(lua_State *L, int index, int arg)
{
  const char *name = NULL;
  size_t i = 0;

  if (lua_isinteger(L, index) && lua_tointeger(L, index) > 0 &&
      lua_tointeger(L, index) < NSIG)
    return (int)lua_tointeger(L, index);
  name = lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : "";
  for (i = 0; i < SIGNALS; i++)
    if (strcmp(name, signal_names[i].name) == 0)
      return signal_names[i].number;
  return luaL_argerror(L, arg, "neither the name nor the number of a signal");
}

/* ------------------------------------------------------------ children -- */

struct child {
  struct lunL_box box;
  lun_child *child;
};

static void child_release(void *object)
{
  struct child *child = object;

  lun_child_free(child->child);
  child->child = NULL;
}

static const struct lunL_type child_type;

static lun_child *check_child(lua_State *L)
{
  struct child *child = lunL_box_check(L, SELF, &child_type);

  return child->child;
}

static int child_pid(lua_State *L)
{
  lua_pushinteger(L, lun_child_pid(check_child(L)));
  return 1;
}

/* child:fd(): a descriptor that is readable when the child has ended. */
static int child_fd(lua_State *L)
{
  lua_pushinteger(L, lun_child_fd(check_child(L)));
  return 1;
}

/*
 * child:wait(seconds, fd): nil if it still runs then, and true if that is
 * because FD could be read; else {exit = STATUS}.  Where a signal ended it,
 * there is `signal`, and exit is 128 more, as in a shell.
 */
static int child_wait(lua_State *L)
{
  lun_child *child = check_child(L);
  lua_Number seconds = luaL_optnumber(L, 2, -1);
  int stop_fd = (int)luaL_optinteger(L, 3, -1);
  struct lun_child_end end = {.ended = false};
  struct lun_error err = {0};
  int64_t timeout = -1;

  if (seconds >= 0)
    timeout = (int64_t)((seconds > WAIT_MAX ? WAIT_MAX : seconds) * 1000);
  timeout = lunL_boundwait(L, timeout);
  if (lun_child_wait(child, timeout, stop_fd, &end, &err))
    return lunL_fail(L, &err);
  if (!end.ended) {
    lua_pushnil(L);
    lua_pushboolean(L, end.stopped);
    return 2;
  }
  lua_createtable(L, 0, 2);
  lua_pushinteger(L, end.signal != 0 ? 128 + end.signal : end.status);
  lua_setfield(L, -2, "exit");
  if (end.signal != 0) {
    lua_pushinteger(L, end.signal);
    lua_setfield(L, -2, "signal");
  }
  return 1;
}

/* child:kill(signal): TERM where none is named. */
static int child_kill(lua_State *L)
{
  lun_child *child = check_child(L);
  int number = SIGTERM;

  if (!lua_isnoneornil(L, 2))
    number = check_signal(L, 2, 2);
  lun_child_kill(child, number);
  return 0;
}

/* child:output(): what it has printed so far, up to the limit. */
static int child_output(lua_State *L)
{
  struct lun_span output = lun_child_output(check_child(L), NULL);

  lua_pushlstring(L, output.len > 0 ? output.ptr : "", output.len);
  return 1;
}

/* child:cut(): true if it has printed more than that. */
static int child_cut(lua_State *L)
{
  bool cut = false;

  (void)lun_child_output(check_child(L), &cut);
  lua_pushboolean(L, cut);
  return 1;
}

static const luaL_Reg child_methods[] = {
    {"pid", child_pid},   {"fd", child_fd},         {"wait", child_wait},
    {"kill", child_kill}, {"output", child_output}, {"cut", child_cut},
    {NULL, NULL},
};

static const struct lunL_type child_type = {
    .name = "lunette.os.child",
    .size = sizeof(struct child),
    .release = child_release,
    .methods = child_methods,
};

/* ------------------------------------------------------------ spawning -- */

struct spawn_options {
  struct lun_span input;
  int64_t limit;
  bool whole;
  bool inherit;
  bool own_group;
};

static const struct lunL_opt spawn_options[] = {
    {.name = "argv", .kind = LUNL_OPT_TABLE, .required = true},
    {.name = "env", .kind = LUNL_OPT_TABLE},
    {.name = "input",
     .kind = LUNL_OPT_BYTES,
     .offset = offsetof(struct spawn_options, input)},
    {.name = "limit",
     .kind = LUNL_OPT_INTEGER,
     .offset = offsetof(struct spawn_options, limit),
     .min = 1,
     .max = (int64_t)1 << 30},
    {.name = "whole",
     .kind = LUNL_OPT_BOOLEAN,
     .offset = offsetof(struct spawn_options, whole)},
    {.name = "inherit",
     .kind = LUNL_OPT_BOOLEAN,
     .offset = offsetof(struct spawn_options, inherit)},
    {.name = "own_group",
     .kind = LUNL_OPT_BOOLEAN,
     .offset = offsetof(struct spawn_options, own_group)},
};

#define SPAWN_OPTIONS (sizeof(spawn_options) / sizeof(spawn_options[0]))

/* Pushes the arguments as C wants them; they are borrowed from the table. */
static const char *const *read_argv(lua_State *L)
{
  struct lun_span word = {NULL, 0};
  const char **argv = NULL;
  size_t count = 0;
  size_t i = 0;
  int table = 0;

  (void)lunL_getopt(L, 1, "argv");
  table = lua_gettop(L);
  count = lua_rawlen(L, table);
  luaL_argcheck(L, count > 0, 1, "option 'argv' has no program in it");
  argv = lua_newuserdatauv(L, (count + 1) * sizeof(*argv), 0);
  for (i = 0; i < count; i++) {
    lua_rawgeti(L, table, (lua_Integer)i + 1);
    if (lunL_testsecret(L, -1) != NULL)
      luaL_argerror(L, 1,
                    "a secret cannot be an argument: every process may read "
                    "it; pass it by a file or standard input");
    if (lua_type(L, -1) != LUA_TSTRING)
      luaL_argerror(L, 1, "option 'argv' is a list of strings");
    word.ptr = lua_tolstring(L, -1, &word.len);
    lunL_checkmark(L, word, "an argument of a program");
    luaL_argcheck(L, strlen(word.ptr) == word.len, 1,
                  "an argument of a program has a NUL in it");
    argv[i] = word.ptr;
    lua_pop(L, 1);
  }
  argv[count] = NULL;
  return argv;
}

/* Appends NAME=VALUE and a NUL for the pair on top of the stack. */
static void add_variable(lua_State *L, struct lun_buf *out)
{
  struct lun_span name = {NULL, 0};
  struct lun_span value = {NULL, 0};
  bool secret = false;

  if (lua_type(L, -2) != LUA_TSTRING)
    luaL_argerror(L, 1, "option 'env' is a table of names and values");
  name.ptr = lua_tolstring(L, -2, &name.len);
  if (name.len == 0 || strlen(name.ptr) != name.len ||
      strchr(name.ptr, '=') != NULL)
    luaL_argerror(L, 1, "option 'env' has a name that no variable can have");
  lunL_checkmark(L, name, "the name of a variable");
  lua_pushvalue(L, -1); /* an integer's text is made in a copy */
  value = lunL_tobytes(L, -1, &secret);
  if (!secret)
    lunL_checkmark(L, value, name.ptr);
  if (value.len > 0 && memchr(value.ptr, '\0', value.len) != NULL)
    lunL_failf(L, LUN_EINVALID, NULL,
               "environment variable %s cannot hold a NUL", name.ptr);
  lun_buf_add_span(out, name);
  lun_buf_addc(out, '=');
  lun_buf_add_span(out, value);
  lun_buf_addc(out, '\0');
  lua_pop(L, 1);
}

/* Pushes the environment as C wants it, in wiped memory; NULL if none. */
static const char *const *read_env(lua_State *L)
{
  struct lun_buf *text = NULL;
  const char **env = NULL;
  const char *at = NULL;
  size_t count = 0;
  size_t i = 0;
  int table = 0;

  if (lunL_getopt(L, 1, "env") == LUA_TNIL)
    return NULL;
  table = lua_gettop(L);
  text = lunL_buf_new(L, SIZE_MAX);
  for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
    add_variable(L, text);
    count++;
  }
  lunL_buf_check(L, text, "the environment");
  env = lua_newuserdatauv(L, (count + 1) * sizeof(*env), 0);
  at = lun_buf_text(text);
  for (i = 0; i < count; i++) {
    env[i] = at;
    at += strlen(at) + 1;
  }
  env[count] = NULL;
  return env;
}

/*
 * os.spawn{argv={...}, env={NAME=value}, input=, inherit=, own_group=,
 * limit=, whole=}: starts a program.  `env` is the whole environment; without
 * it, the child has ours less what holds credentials.  With `inherit` it has
 * our standard streams, else what it prints is captured, `limit` bytes (64
 * KiB); with `whole`, one that prints more is killed.
 */
static int l_spawn(lua_State *L)
{
  lun_ctx *ctx = lunL_ctx(L);
  struct spawn_options given = {.own_group = true};
  struct lun_spawn_options options = {.argv = NULL};
  struct lun_error err = {0};
  struct child *child = NULL;

  lua_settop(L, 1);
  lunL_opts(L, 1, spawn_options, SPAWN_OPTIONS, &given);
  options.argv = read_argv(L);
  options.env = read_env(L);
  options.input = given.input;
  options.limit = (size_t)given.limit;
  options.whole = given.whole;
  options.inherit = given.inherit;
  options.own_group = given.own_group;
  child = lunL_box_new(L, &child_type);
  if (lun_child_new(&child->child, ctx, &options, &err))
    return lunL_fail(L, &err);
  return 1;
}

struct words {
  struct lunL_box box;
  lun_ctx *ctx;
  char **words;
};

static void words_release(void *object)
{
  struct words *words = object;

  if (words->words != NULL)
    lun_words_free(words->ctx, words->words);
  words->words = NULL;
}

static const struct lunL_type words_type = {
    .name = "lunette.words",
    .size = sizeof(struct words),
    .release = words_release,
};

/* os.split(line): the words that a POSIX shell would see, unexpanded. */
static int l_split(lua_State *L)
{
  const char *line = luaL_checkstring(L, 1);
  lun_ctx *ctx = lunL_ctx(L);
  struct words *words = lunL_box_new(L, &words_type);
  struct lun_error err = {0};
  size_t i = 0;

  lua_toclose(L, -1);
  words->ctx = ctx;
  if (lun_words_split(&words->words, ctx, line, &err))
    return lunL_fail(L, &err);
  lua_newtable(L);
  for (i = 0; words->words[i] != NULL; i++) {
    lua_pushstring(L, words->words[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

/* --------------------------------------------------- signals, as events -- */

struct signals {
  struct lunL_box box;
  sigset_t old; /* what was blocked before */
  int fd;
  bool open;
};

static void signals_release(void *object)
{
  struct signals *signals = object;

  if (!signals->open)
    return;
  (void)close(signals->fd);
  (void)sigprocmask(SIG_SETMASK, &signals->old, NULL);
  signals->open = false;
}

static const struct lunL_type signals_type;

static int signals_fd(lua_State *L)
{
  const struct signals *signals = lunL_box_check(L, SELF, &signals_type);

  lua_pushinteger(L, signals->fd);
  return 1;
}

/* signals:read(): the name of one that has come, or nil. */
static int signals_read(lua_State *L)
{
  const struct signals *signals = lunL_box_check(L, SELF, &signals_type);
  struct signalfd_siginfo info = {.ssi_signo = 0};
  size_t i = 0;

  if (read(signals->fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
    return 0;
  for (i = 0; i < SIGNALS; i++)
    if (signal_names[i].number == (int)info.ssi_signo) {
      lua_pushstring(L, signal_names[i].name);
      return 1;
    }
  lua_pushinteger(L, (lua_Integer)info.ssi_signo);
  return 1;
}

static const luaL_Reg signals_methods[] = {
    {"fd", signals_fd}, {"read", signals_read}, {NULL, NULL}};

static const struct lunL_type signals_type = {
    .name = "lunette.os.signals",
    .size = sizeof(struct signals),
    .release = signals_release,
    .methods = signals_methods,
};

/* Who runs us ignores a signal (nohup, a background job), or handles it. */
static bool taken(int number)
{
  struct sigaction now = {.sa_flags = 0};

  return sigaction(number, NULL, &now) == 0 && now.sa_handler != SIG_DFL;
}

/*
 * os.signals{"INT", "TERM"}: these come to be read from a descriptor, and no
 * longer end the process, until the object is closed; one that is not read by
 * then takes its effect.  A signal that is ignored or handled stays so.
 */
static int l_signals(lua_State *L)
{
  struct signals *signals = NULL;
  sigset_t set;
  lua_Integer i = 0;

  luaL_checktype(L, 1, LUA_TTABLE);
  (void)sigemptyset(&set);
  for (i = 1; lua_rawgeti(L, 1, i) != LUA_TNIL; i++) {
    int number = check_signal(L, -1, 1);

    if (!taken(number))
      (void)sigaddset(&set, number);
    lua_pop(L, 1);
  }
  signals = lunL_box_new(L, &signals_type);
  signals->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals->fd < 0)
    return lunL_failf(L, LUN_EFILE, NULL, "cannot wait for signals: %s",
                      strerror(errno));
  (void)sigprocmask(SIG_BLOCK, &set, &signals->old);
  signals->open = true;
  return 1;
}

void lunL_add_spawn(lua_State *L)
{
  static const luaL_Reg functions[] = {{"spawn", l_spawn},
                                       {"split", l_split},
                                       {"signals", l_signals},
                                       {NULL, NULL}};

  luaL_setfuncs(L, functions, 0);
}
