/*
 * Files for scripts: reading one, writing to a descriptor, and staging one
 * beside its target (core/os/file).  Secret values are written by C, so that
 * their plaintext is no Lua string on the way.
 */
#include "../core/os/file.h"
#include "lfail.h"
#include "lopts.h"
#include "lsecret.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#define SELF 1

#define MODE_MAX 0777

/* --------------------------------------------------- mode and owner -- */

/* "0640", or the integer itself. */
static int64_t read_mode(lua_State *L, int arg)
{
  struct lun_span text = {NULL, 0};
  int64_t mode = 0;
  size_t i = 0;
  int good = 1;

  if (lunL_getopt(L, arg, "mode") == LUA_TNIL) {
    lua_pop(L, 1);
    return -1;
  }
  if (lua_type(L, -1) == LUA_TSTRING) {
    text.ptr = lua_tolstring(L, -1, &text.len);
    good = text.len >= 3 && text.len <= 5;
    for (i = 0; good && i < text.len; i++) {
      good = text.ptr[i] >= '0' && text.ptr[i] <= '7';
      mode = mode * 8 + (text.ptr[i] - '0');
    }
  } else {
    mode = lua_tointegerx(L, -1, &good);
  }
  if (!good || mode < 0 || mode > MODE_MAX)
    lunL_failf(L, LUN_EINVALID, "write it in octal, as \"0640\"",
               "the mode of a file is from 0000 to 0777");
  lua_pop(L, 1);
  return mode;
}

#define LOOKUP_MAX ((size_t)1 << 20) /* bytes of one entry of the database */

/* The id of a user or a group by its name, or by its number. */
static int64_t find_id(lua_State *L, struct lun_span name, bool group)
{
  struct passwd user = {.pw_uid = 0};
  struct passwd *found_user = NULL;
  struct group gang = {.gr_gid = 0};
  struct group *found_group = NULL;
  const char *text = lua_pushlstring(L, name.ptr, name.len);
  size_t size = 1024;
  int64_t id = -1;
  int rc = ERANGE;

  if (lun_text_int(name, 0, UINT32_MAX - 1, &id)) {
    lua_pop(L, 1);
    return id;
  }
  for (; rc == ERANGE && size <= LOOKUP_MAX; size *= 4) {
    char *room = lua_newuserdatauv(L, size, 0);

    rc = group ? getgrnam_r(text, &gang, room, size, &found_group)
               : getpwnam_r(text, &user, room, size, &found_user);
    lua_pop(L, 1);
  }
  if (found_user == NULL && found_group == NULL)
    lunL_failf(L, LUN_EINVALID, NULL, "this machine has no %s \"%s\"",
               group ? "group" : "user", text);
  lua_pop(L, 1);
  return group ? (int64_t)gang.gr_gid : (int64_t)user.pw_uid;
}

/* "user:group", "user" or ":group". */
static void read_owner(lua_State *L, int arg, struct lun_file_want *want)
{
  struct lun_span text = {NULL, 0};
  struct lun_span group = {NULL, 0};
  const char *colon = NULL;

  if (lunL_getopt(L, arg, "owner") != LUA_TNIL) {
    text.ptr = luaL_checklstring(L, -1, &text.len);
    colon = memchr(text.ptr, ':', text.len);
    if (colon != NULL) {
      group.ptr = colon + 1;
      group.len = text.len - (size_t)(group.ptr - text.ptr);
      text.len = (size_t)(colon - text.ptr);
    }
    if (text.len == 0 && group.len == 0)
      lunL_failf(L, LUN_EINVALID, "write it as user:group",
                 "the owner of a file is empty");
    if (text.len > 0)
      want->uid = find_id(L, text, false);
    if (group.len > 0)
      want->gid = find_id(L, group, true);
  }
  lua_pop(L, 1);
}

/* ------------------------------------------------------------- staging -- */

struct stage {
  struct lunL_box box;
  lun_stage *stage;
};

static void stage_release(void *object)
{
  struct stage *stage = object;

  lun_stage_free(stage->stage);
  stage->stage = NULL;
}

static const struct lunL_type stage_type;

static lun_stage *check_stage(lua_State *L)
{
  struct stage *stage = lunL_box_check(L, SELF, &stage_type);

  return stage->stage;
}

/* The content at argument 2: a secret value, or a string without a mark. */
static struct lun_span check_content(lua_State *L)
{
  bool secret = false;
  struct lun_span bytes = lunL_tobytes(L, 2, &secret);

  if (!secret)
    lunL_checkmark(L, bytes, "what is to be written");
  return bytes;
}

/* stage:same(content): true if the target is like this already. */
static int stage_same(lua_State *L)
{
  lun_stage *stage = check_stage(L);
  struct lun_error err = {0};
  bool same = false;

  if (lun_stage_same(stage, check_content(L), &same, &err))
    return lunL_fail(L, &err);
  lua_pushboolean(L, same);
  return 1;
}

/* stage:write(content): makes the staged file. */
static int stage_write(lua_State *L)
{
  lun_stage *stage = check_stage(L);
  struct lun_error err = {0};

  if (lun_stage_write(stage, check_content(L), &err))
    return lunL_fail(L, &err);
  return 0;
}

/* stage:path(): of the staged file, for a check. */
static int stage_path(lua_State *L)
{
  lua_pushstring(L, lun_stage_path(check_stage(L)));
  return 1;
}

static const struct lunL_opt commit_options[] = {
    {.name = "keep", .kind = LUNL_OPT_BOOLEAN},
};

/* stage:commit{keep=true}: the target becomes the staged file. */
static int stage_commit(lua_State *L)
{
  lun_stage *stage = check_stage(L);
  struct lun_error err = {0};
  bool keep = false;

  if (!lua_isnoneornil(L, 2))
    lunL_opts(L, 2, commit_options, 1, &keep);
  if (lun_stage_commit(stage, keep, &err))
    return lunL_fail(L, &err);
  return 0;
}

/* stage:restore(): the old file (true) or its absence (false) comes back. */
static int stage_restore(lua_State *L)
{
  lun_stage *stage = check_stage(L);
  struct lun_error err = {0};

  if (lun_stage_restore(stage, &err))
    return lunL_fail(L, &err);
  lua_pushboolean(L, lun_stage_existed(stage));
  return 1;
}

/* stage:drop(): removes what is staged, and ends the object. */
static int stage_drop(lua_State *L)
{
  lunL_box_release(lunL_box_check(L, SELF, &stage_type));
  return 0;
}

static const luaL_Reg stage_methods[] = {
    {"same", stage_same},
    {"write", stage_write},
    {"path", stage_path},
    {"commit", stage_commit},
    {"restore", stage_restore},
    {"drop", stage_drop},
    {NULL, NULL},
};

static const struct lunL_type stage_type = {
    .name = "lunette.os.stage",
    .size = sizeof(struct stage),
    .release = stage_release,
    .methods = stage_methods,
};

static const struct lunL_opt stage_options[] = {
    {.name = "mode", .kind = LUNL_OPT_ANY},
    {.name = "owner", .kind = LUNL_OPT_STRING},
};

/*
 * os.stage(target, {mode="0640", owner="user:group"}): looks at the target,
 * of which mode and owner are kept where they are left out.
 */
static int l_stage(lua_State *L)
{
  lun_ctx *ctx = lunL_ctx(L);
  const char *target = luaL_checkstring(L, 1);
  struct lun_file_want want = {.mode = -1, .uid = -1, .gid = -1};
  struct lun_error err = {0};
  struct stage *stage = NULL;

  lua_settop(L, 2);
  lunL_checkmark(L, lun_span_of(target), "the target");
  if (!lua_isnil(L, 2)) {
    lunL_opts(L, 2, stage_options, 2, NULL);
    want.mode = read_mode(L, 2);
    read_owner(L, 2, &want);
  }
  stage = lunL_box_new(L, &stage_type);
  if (lun_stage_new(&stage->stage, ctx, target, &want, &err))
    return lunL_fail(L, &err);
  return 1;
}

/* ----------------------------------------------------- reading, writing -- */

static const struct lunL_opt read_options[] = {
    {.name = "secret", .kind = LUNL_OPT_BOOLEAN},
};

/*
 * os.read_file(path, {secret=true}): the content of a regular file, as a
 * string or as a secret value.
 */
static int l_read_file(lua_State *L)
{
  const char *path = luaL_checkstring(L, 1);
  struct lun_buf *content = NULL;
  struct lun_error err = {0};
  bool secret = false;

  if (!lua_isnoneornil(L, 2))
    lunL_opts(L, 2, read_options, 1, &secret);
  content = lunL_buf_new(L, LUN_FILE_MAX);
  if (lun_file_read(content, path, &err))
    return lunL_fail(L, &err);
  lunL_pushbytes(L, lun_buf_view(content), secret, path);
  return 1;
}

/* Writes all of BYTES; 0, or what errno says. */
static int write_all(int fd, struct lun_span bytes)
{
  while (bytes.len > 0) {
    ssize_t done = write(fd, bytes.ptr, bytes.len);

    if (done < 0 && errno == EAGAIN) {
      struct pollfd ready = {.fd = fd, .events = POLLOUT};

      (void)poll(&ready, 1, -1);
    } else if (done < 0 && errno != EINTR) {
      return errno;
    } else if (done > 0) {
      bytes.ptr += done;
      bytes.len -= (size_t)done;
    }
  }
  return 0;
}

/*
 * What cannot be printed is the script's error, whichever way it prints: it
 * has no kind, and the command ends with 1.
 */
static int cannot_print(lua_State *L, const char *stream, int problem)
{
  lua_pushfstring(L, "standard %s could not be written: %s", stream,
                  strerror(problem));
  return lua_error(L);
}

/*
 * os.write(fd, ...): writes strings, integers and the plaintext of secret
 * values, all of it.  What io wrote before is flushed first.
 */
static int l_write(lua_State *L)
{
  int fd = (int)luaL_checkinteger(L, 1);
  int count = lua_gettop(L);
  int problem = 0;
  int i = 0;

  if (fflush(fd == STDOUT_FILENO ? stdout : NULL) != 0 && fd == STDOUT_FILENO)
    problem = errno;
  for (i = 2; i <= count && problem == 0; i++)
    problem = write_all(fd, lunL_tobytes(L, i, NULL));
  if (problem == 0)
    return 0;
  if (fd == STDOUT_FILENO || fd == STDERR_FILENO)
    return cannot_print(L, fd == STDOUT_FILENO ? "output" : "error", problem);
  return lunL_failf(L, LUN_EFILE, NULL, "cannot write to the descriptor: %s",
                    strerror(problem));
}

/* os.exists(path): true if something is there, whatever it is. */
static int l_exists(lua_State *L)
{
  struct stat info = {.st_size = 0};

  lua_pushboolean(L, lstat(luaL_checkstring(L, 1), &info) == 0);
  return 1;
}

void lunL_add_stage(lua_State *L)
{
  static const luaL_Reg functions[] = {{"stage", l_stage},
                                       {"read_file", l_read_file},
                                       {"write", l_write},
                                       {"exists", l_exists},
                                       {NULL, NULL}};

  luaL_setfuncs(L, functions, 0);
}
