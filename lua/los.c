/*
 * The module lunette.os: what the commands need of the system.  Files are in
 * lstage.c, children and signals in lspawn.c; here is what is small.
 */
#include "../core/base/clock.h"
#include "../core/os/spawn.h"
#include "lbox.h"
#include "lfail.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

/* os.isatty(fd) */
static int l_isatty(lua_State *L)
{
  lua_pushboolean(L, isatty((int)luaL_checkinteger(L, 1)));
  return 1;
}

/* os.same_file(a, b): true if two descriptors are open on one file. */
static int l_same_file(lua_State *L)
{
  struct stat a = {.st_size = 0};
  struct stat b = {.st_size = 0};

  lua_pushboolean(L, fstat((int)luaL_checkinteger(L, 1), &a) == 0 &&
                         fstat((int)luaL_checkinteger(L, 2), &b) == 0 &&
                         a.st_dev == b.st_dev && a.st_ino == b.st_ino);
  return 1;
}

/*
 * os.environ(true): a table of the environment that a child gets; without
 * true, of all of ours, credentials included.
 */
static int l_environ(lua_State *L)
{
  bool for_child = lua_toboolean(L, 1);
  char **entry = environ;

  lua_newtable(L);
  for (; entry != NULL && *entry != NULL; entry++) {
    const char *equals = strchr(*entry, '=');

    if (equals == NULL || (for_child && lun_spawn_private(*entry)))
      continue;
    lua_pushlstring(L, *entry, (size_t)(equals - *entry));
    lua_pushstring(L, equals + 1);
    lua_rawset(L, -3);
  }
  return 1;
}

#define POLL_MAX     1024
#define POLL_SECONDS 86400.0

/*
 * os.poll(fds, seconds): waits until one of the descriptors of a list can be
 * read, and gives the list of those that can; it is empty if none could in
 * SECONDS (without bound if left out), or if a signal came.
 */
static int l_poll(lua_State *L)
{
  lua_Number seconds = luaL_optnumber(L, 2, -1);
  struct pollfd *fds = NULL;
  size_t count = 0;
  size_t i = 0;
  int64_t timeout = -1;
  lua_Integer ready = 0;

  luaL_checktype(L, 1, LUA_TTABLE);
  count = lua_rawlen(L, 1);
  luaL_argcheck(L, count <= POLL_MAX, 1, "too many descriptors");
  fds = lua_newuserdatauv(L, (count + 1) * sizeof(*fds), 0);
  for (i = 0; i < count; i++) {
    lua_rawgeti(L, 1, (lua_Integer)i + 1);
    fds[i] =
        (struct pollfd){.fd = (int)luaL_checkinteger(L, -1), .events = POLLIN};
    lua_pop(L, 1);
  }
  if (seconds >= 0)
    timeout =
        (int64_t)((seconds > POLL_SECONDS ? POLL_SECONDS : seconds) * 1000);
  timeout = lunL_boundwait(L, timeout);
  if (poll(fds, count, (int)timeout) < 0 && errno != EINTR)
    return lunL_failf(L, LUN_EFILE, NULL, "cannot poll: %s", strerror(errno));
  lua_newtable(L);
  for (i = 0; i < count; i++) {
    if (fds[i].revents == 0)
      continue;
    lua_pushinteger(L, fds[i].fd);
    lua_rawseti(L, -2, ++ready);
  }
  return 1;
}

/* ------------------------------------------------------------ terminals -- */

/* os.columns(fd): the width of a terminal; nil if FD is none, or is silent. */
static int l_columns(lua_State *L)
{
  struct winsize size = {.ws_col = 0};
  int fd = (int)luaL_checkinteger(L, 1);

  if (!isatty(fd) || ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    lua_pushnil(L);
  else
    lua_pushinteger(L, size.ws_col);
  return 1;
}

#define ANSWER_MAX 256

/*
 * Reads a line from the terminal FD into OUT, without its end, until the time
 * END (monotonic ms); its length, or -1 and in *WHY the reason.
 */
static ssize_t read_answer(const lun_ctx *ctx, int fd, char *out, int64_t end,
                           const char **why)
{
  struct pollfd ready = {.fd = fd, .events = POLLIN};
  ssize_t len = 0;
  int rc = 0;

  do {
    int64_t left = end - lun_clock_mono_ms(ctx);

    rc = poll(&ready, 1, left > 0 ? (int)left : 0);
  } while (rc < 0 && errno == EINTR);
  *why = rc == 0 ? "timeout" : "end";
  if (rc <= 0)
    return -1;
  /* A terminal gives whole lines; one that is too long is cut. */
  len = read(fd, out, ANSWER_MAX);
  if (len <= 0)
    return -1;
  while (len > 0 && (out[len - 1] == '\n' || out[len - 1] == '\r'))
    len--;
  return len;
}

/*
 * The terminal that the process belongs to, if it may ask there: one that
 * runs in the background would be stopped, and wait for ever.
 */
static int open_terminal(void)
{
  int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

  if (fd >= 0 && tcgetpgrp(fd) != getpgrp()) {
    close(fd);
    fd = -1;
  }
  return fd;
}

/*
 * os.ask(prompt, seconds): asks on the terminal, wherever the standard streams
 * go, and gives the line that was typed; or nil and "terminal" (there is
 * none), "timeout" or "end" (of input).
 */
static int l_ask(lua_State *L)
{
  size_t size = 0;
  const char *prompt = luaL_checklstring(L, 1, &size);
  lua_Number seconds = luaL_checknumber(L, 2);
  const lun_ctx *ctx = lunL_ctx(L);
  char answer[ANSWER_MAX] = "";
  const char *why = "terminal";
  int64_t end = 0;
  ssize_t len = -1;
  int fd = -1;

  luaL_argcheck(L, seconds > 0 && seconds <= POLL_SECONDS, 2,
                "a day's seconds at most");
  end = lun_clock_mono_ms(ctx) + lunL_boundwait(L, (int64_t)(seconds * 1000));
  /* Nothing raises while the terminal is open. */
  fd = open_terminal();
  if (fd >= 0) {
    if (write(fd, prompt, size) == (ssize_t)size)
      len = read_answer(ctx, fd, answer, end, &why);
    /* What somebody types ends the line. */
    if (len < 0)
      (void)!write(fd, "\n", 1);
    close(fd);
  }
  if (len >= 0) {
    lua_pushlstring(L, answer, (size_t)len);
    return 1;
  }
  lua_pushnil(L);
  lua_pushstring(L, why);
  return 2;
}

int lunL_open_os(lua_State *L)
{
  static const luaL_Reg functions[] = {
      {"isatty", l_isatty}, {"same_file", l_same_file}, {"environ", l_environ},
      {"poll", l_poll},     {"columns", l_columns},     {"ask", l_ask},
      {NULL, NULL}};

  luaL_newlib(L, functions);
  lunL_add_stage(L);
  lunL_add_spawn(L);
  return 1;
}
