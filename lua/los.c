/*
 * The module lunette.os: what the commands need of the system.  Files are in
 * lstage.c, children and signals in lspawn.c; here is what is small.
 */
#include "../core/os/spawn.h"
#include "lbox.h"
#include "lfail.h"

#include <errno.h>
#include <poll.h>
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

int lunL_open_os(lua_State *L)
{
  static const luaL_Reg functions[] = {{"isatty", l_isatty},
                                       {"same_file", l_same_file},
                                       {"environ", l_environ},
                                       {"poll", l_poll},
                                       {NULL, NULL}};

  luaL_newlib(L, functions);
  lunL_add_stage(L);
  lunL_add_spawn(L);
  return 1;
}
