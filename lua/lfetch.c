/*
 * The secrets that a session gets: one, or many at the same time.
 */
#include "lfail.h"
#include "lsecret.h"
#include "lsession.h"

#define SELF 1
#define ARG  2

/* One of the secrets that a call asks for. */
struct wanted {
  struct lun_ref ref;
  lun_session *session; /* the one that the reference asks for */
  lun_fetch *fetch;
  struct lun_value *value;
  bool failed; /* the error lies in the Lua table of errors */
};

struct batch {
  struct lunL_box box;
  lun_ctx *ctx;
  struct wanted *wanted;
  size_t count;
};

static void batch_release(void *object)
{
  struct batch *batch = object;
  size_t i = 0;

  for (i = 0; batch->wanted != NULL && i < batch->count; i++) {
    struct wanted *wanted = &batch->wanted[i];

    lun_fetch_free(wanted->fetch);
    lun_value_unref(wanted->value);
    lun_session_unref(wanted->session);
    lun_ref_done(&wanted->ref);
  }
  lun_mem_free(batch->ctx, batch->wanted);
  batch->wanted = NULL;
}

static const struct lunL_type batch_type = {
    .name = "lunette.batch",
    .size = sizeof(struct batch),
    .release = batch_release,
};

/* Pushes an empty batch of COUNT, to be closed. */
static struct batch *batch_new(lua_State *L, size_t count)
{
  lun_ctx *ctx = lunL_ctx(L);
  struct batch *batch = lunL_box_new(L, &batch_type);
  struct lun_error err = {0};

  lua_toclose(L, -1);
  batch->ctx = ctx;
  batch->wanted = lun_mem_alloc(ctx, (count + 1) * sizeof(*batch->wanted));
  if (batch->wanted == NULL) {
    lun_error_nomem(&err);
    lunL_fail(L, &err);
  }
  batch->count = count;
  return batch;
}

/* The reference at INDEX, a string without a secret's mark. */
static enum lun_code parse_ref(lua_State *L, int index, struct wanted *wanted,
                               struct lun_error *err)
{
  struct lun_span text = {NULL, 0};

  if (lua_type(L, index) != LUA_TSTRING)
    luaL_argerror(L, ARG, "a reference to a secret is a string");
  text.ptr = lua_tolstring(L, index, &text.len);
  lunL_checkmark(L, text, "a reference");
  return lun_ref_parse(&wanted->ref, lunL_ctx(L), text, err);
}

static enum lun_code start(struct wanted *wanted, lun_session *session,
                           struct lun_error *err)
{
  enum lun_code rc = LUN_OK;

  rc = lun_session_for_ref(&wanted->session, session, &wanted->ref, err);
  if (rc)
    return rc;
  return lun_fetch_start(&wanted->fetch, wanted->session, &wanted->ref, err);
}

/* session:secret(ref): a secret value; by "#path" a field, which may also be
 * a boolean or ln.null. */
int lunL_session_secret(lua_State *L)
{
  lun_session *session = lunL_checksession(L);
  struct wanted *wanted = NULL;
  struct lun_error err = {0};

  lua_settop(L, ARG);
  wanted = batch_new(L, 1)->wanted;
  if (parse_ref(L, ARG, wanted, &err) || start(wanted, session, &err) ||
      lun_fetch_wait(wanted->fetch, &wanted->value, &err))
    return lunL_fail(L, &err);
  lunL_pushvalue(L, wanted->value, wanted->session, wanted->ref.path);
  return 1;
}

/* Called in protected mode, for its errors: raises what light userdata has. */
static int raise(lua_State *L)
{
  return lunL_fail(L, lua_touserdata(L, 1));
}

static int push_found(lua_State *L)
{
  const struct wanted *wanted = lua_touserdata(L, 1);

  lunL_pushvalue(L, wanted->value, wanted->session, wanted->ref.path);
  return 1;
}

/*
 * Pushes {value = ...}, or {error = ...}: pcall on behalf of Lua code, so
 * that an error of one secret does not end the others.  Out of memory does.
 */
static void push_outcome(lua_State *L, const struct wanted *wanted,
                         struct lun_error *err, bool failed)
{
  int rc = 0;

  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, failed ? raise : push_found);
  lua_pushlightuserdata(L, failed ? (void *)err : (void *)wanted);
  rc = lua_pcall(L, 1, 1, 0);
  if (rc != LUA_OK && !lunL_iserror(L, -1))
    lua_error(L);
  lua_setfield(L, -2, rc == LUA_OK ? "value" : "error");
}

/*
 * session:try_secrets{ref, ...}: all at the same time; a table with
 * {value =} or {error =} for each reference, as it was asked.
 */
int lunL_session_try_secrets(lua_State *L)
{
  lun_session *session = lunL_checksession(L);
  struct batch *batch = NULL;
  struct lun_error err = {0};
  size_t count = 0;
  size_t i = 0;

  luaL_checktype(L, ARG, LUA_TTABLE);
  lua_settop(L, ARG);
  count = lua_rawlen(L, ARG);
  lua_createtable(L, 0, (int)(count < 1024 ? count : 1024));
  batch = batch_new(L, count);
  for (i = 0; i < count; i++) {
    struct wanted *wanted = &batch->wanted[i];

    lua_rawgeti(L, ARG, (lua_Integer)i + 1);
    wanted->failed = parse_ref(L, lua_gettop(L), wanted, &err) ||
                     start(wanted, session, &err);
    if (wanted->failed) {
      push_outcome(L, wanted, &err, true);
      lua_rawset(L, ARG + 1);
    } else {
      lua_pop(L, 1);
    }
  }
  for (i = 0; i < count; i++) {
    struct wanted *wanted = &batch->wanted[i];

    if (wanted->failed)
      continue;
    wanted->failed = lun_fetch_wait(wanted->fetch, &wanted->value, &err) != 0;
    lua_rawgeti(L, ARG, (lua_Integer)i + 1);
    push_outcome(L, wanted, &err, wanted->failed);
    lua_rawset(L, ARG + 1);
  }
  lunL_close(L);
  return 1;
}

/* The error at the top of the stack is not_found. */
static bool is_missing(lua_State *L)
{
  struct lun_error err = {0};

  lunL_geterror(L, -1, &err);
  return err.code == LUN_ENOTFOUND;
}

/* What a list of secrets comes to; slots of the stack. */
enum {
  OUTCOMES = ARG + 1,
  RESULT,
  FIRST,   /* the error of the first that is missing */
  MISSING, /* the list of their references */
  NAMES
};

/*
 * Raises the error for all that are missing.  A struct lun_error has no room
 * for many names; what a script sees has every one, in its message and as the
 * list `missing`.
 */
static int fail_missing(lua_State *L, const struct lun_buf *names)
{
  size_t size = names->len + 8; /* lun_error_text has no need to cut */
  char *line = lunL_block_new(L, size);
  lua_Integer count = (lua_Integer)lua_rawlen(L, MISSING);
  struct lun_error first = {0};
  struct lun_error err = {.code = LUN_ENOTFOUND};

  if (count == 1) {
    lua_pushvalue(L, FIRST);
  } else {
    lunL_geterror(L, FIRST, &first);
    memcpy(err.aws_code, first.aws_code, sizeof(err.aws_code));
    memcpy(err.hint, first.hint, sizeof(err.hint));
    lun_error_text(line, size, lun_buf_view(names));
    lunL_pusherror(L, &err);
    lua_pushfstring(L, "%I secrets are not there: %s", count, line);
    lua_setfield(L, -2, "message");
  }
  lua_pushvalue(L, MISSING);
  lua_setfield(L, -2, "missing");
  return lua_error(L);
}

/* Notes that the secret of the reference is missing; the reference, its
 * outcome and the outcome's error are on top of the stack. */
static void note_missing(lua_State *L, struct lun_buf *names)
{
  lua_Integer count = (lua_Integer)lua_rawlen(L, MISSING);

  if (lua_getfield(L, -2, "named") != LUA_TNIL)
    return; /* it was asked for twice */
  lua_pushboolean(L, 1);
  lua_setfield(L, -4, "named");
  lua_pop(L, 1);
  if (count == 0)
    lua_copy(L, -1, FIRST);
  lua_pushvalue(L, -3);
  lua_rawseti(L, MISSING, count + 1);
  lun_buf_addf(names, "%s%s", count > 0 ? ", " : "", lua_tostring(L, -3));
}

/*
 * session:secrets{ref, ...}: all at the same time; a table of the values by
 * the reference asked.  One that fails fails the call; of those that are not
 * there, every one is named, and listed in the error's `missing`.
 */
int lunL_session_secrets(lua_State *L)
{
  struct lun_buf *names = NULL;
  lua_Integer i = 0;

  lunL_session_try_secrets(L);
  lua_newtable(L);
  lua_pushnil(L);
  lua_newtable(L);
  names = lunL_buf_new(L, SIZE_MAX);
  for (i = 1; lua_rawgeti(L, ARG, i) != LUA_TNIL; i++, lua_settop(L, NAMES)) {
    lua_pushvalue(L, -1);
    lua_rawget(L, OUTCOMES);
    if (lua_getfield(L, -1, "error") == LUA_TNIL) {
      lua_getfield(L, -2, "value");
      lua_copy(L, -1, -3);
      lua_pop(L, 2);
      lua_rawset(L, RESULT);
      continue;
    }
    if (!is_missing(L))
      return lua_error(L);
    note_missing(L, names);
  }
  lunL_buf_check(L, names, "the names");
  if (names->len > 0)
    return fail_missing(L, names);
  lua_pushvalue(L, RESULT);
  return 1;
}
