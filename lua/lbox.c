/*
 * One context for each Lua state, in a userdata of the registry, and boxes
 * that are linked to it while they are live.
 *
 * lua_close finalizes in reverse order of making, so the context, which is
 * made first, goes last.  A box that a finalizer makes while the state closes
 * gets no finalizer of its own; the list is how the context finds it, and
 * releases it with whatever else is left.
 */
#include "lbox.h"

#include "../core/base/clock.h"
#include "lfail.h"

#include <limits.h>

struct lunL_state {
  lun_ctx *ctx; /* NULL once the state closes */
  struct lunL_box *boxes;
  size_t live;
  int64_t deadline; /* monotonic ms; 0: none */
};

/* The address is the key in the registry: no two libraries share it. */
static const char state_key = 0;

static int state_gc(lua_State *L)
{
  struct lunL_state *state = lua_touserdata(L, 1);

  if (state == NULL)
    return 0;
  while (state->boxes != NULL)
    lunL_box_release(state->boxes);
  lun_ctx_free(state->ctx);
  state->ctx = NULL;
  return 0;
}

void lunL_state_open(lua_State *L)
{
  struct lunL_state *state = NULL;
  struct lun_error err = {0};

  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &state_key) == LUA_TUSERDATA) {
    lua_pop(L, 1);
    return;
  }
  lua_pop(L, 1);
  state = lua_newuserdatauv(L, sizeof(*state), 0);
  memset(state, 0, sizeof(*state));
  lua_createtable(L, 0, 2);
  lua_pushcfunction(L, state_gc);
  lua_setfield(L, -2, "__gc");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  if (lun_ctx_new(&state->ctx, &err))
    lunL_fail(L, &err);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &state_key);
}

static struct lunL_state *state_get(lua_State *L)
{
  struct lunL_state *state = NULL;

  lua_rawgetp(L, LUA_REGISTRYINDEX, &state_key);
  state = lua_touserdata(L, -1);
  lua_pop(L, 1);
  if (state == NULL || state->ctx == NULL)
    luaL_error(L, "lunette is not there: the Lua state is being closed");
  return state;
}

lun_ctx *lunL_ctx(lua_State *L)
{
  return state_get(L)->ctx;
}

size_t lunL_live(lua_State *L)
{
  return state_get(L)->live;
}

void lunL_setdeadline(lua_State *L, int64_t at)
{
  state_get(L)->deadline = at;
}

int64_t lunL_deadline(lua_State *L)
{
  return state_get(L)->deadline;
}

int64_t lunL_timeleft(lua_State *L)
{
  const struct lunL_state *state = state_get(L);
  int64_t left = state->deadline - lun_clock_mono_ms(state->ctx);

  if (state->deadline == 0)
    return INT64_MAX;
  return left > 0 ? left : 1;
}

int64_t lunL_boundwait(lua_State *L, int64_t timeout)
{
  int64_t left = lunL_timeleft(L);

  if (left != INT64_MAX && (timeout < 0 || timeout > left))
    return left > INT_MAX ? INT_MAX : left;
  return timeout;
}

/* --------------------------------------------------------------- boxes -- */

static void box_link(struct lunL_state *state, struct lunL_box *box)
{
  box->state = state;
  box->next = state->boxes;
  if (box->next != NULL)
    box->next->prev = box;
  state->boxes = box;
  state->live++;
}

void lunL_box_release(void *object)
{
  struct lunL_box *box = object;
  struct lunL_state *state = NULL;

  if (box == NULL || box->state == NULL)
    return;
  state = box->state;
  if (box->prev != NULL)
    box->prev->next = box->next;
  else
    state->boxes = box->next;
  if (box->next != NULL)
    box->next->prev = box->prev;
  box->prev = NULL;
  box->next = NULL;
  box->state = NULL;
  state->live--;
  box->type->release(object);
}

bool lunL_box_released(const void *object)
{
  const struct lunL_box *box = object;

  return box->state == NULL;
}

static int box_close(lua_State *L)
{
  const struct lunL_type *type = lua_touserdata(L, lua_upvalueindex(1));

  lunL_box_release(lunL_box_test(L, 1, type));
  return 0;
}

/* Pushes the metatable of TYPE, which the first box of a kind makes. */
static void push_metatable(lua_State *L, const struct lunL_type *type)
{
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, type) == LUA_TTABLE)
    return;
  lua_pop(L, 1);
  lua_createtable(L, 0, 8);
  lua_pushstring(L, type->name);
  lua_setfield(L, -2, "__name");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pushlightuserdata(L, (void *)type);
  lua_pushcclosure(L, box_close, 1);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "__gc");
  lua_setfield(L, -2, "__close");
  if (type->methods != NULL) {
    lua_newtable(L);
    luaL_setfuncs(L, type->methods, 0);
    lua_setfield(L, -2, "__index");
  }
  if (type->metamethods != NULL)
    luaL_setfuncs(L, type->metamethods, 0);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, type);
}

void *lunL_box_new(lua_State *L, const struct lunL_type *type)
{
  struct lunL_state *state = state_get(L);
  struct lunL_box *box = NULL;

  luaL_checkstack(L, 4, NULL);
  push_metatable(L, type);
  box = lua_newuserdatauv(L, type->size, type->uservalues);
  memset(box, 0, type->size);
  box->type = type;
  lua_insert(L, -2);
  /* From here on nothing raises until the finalizer is set. */
  box_link(state, box);
  lua_setmetatable(L, -2);
  return box;
}

void *lunL_box_test(lua_State *L, int index, const struct lunL_type *type)
{
  void *box = lua_touserdata(L, index);
  bool same = false;

  if (box == NULL || lua_islightuserdata(L, index) ||
      !lua_getmetatable(L, index))
    return NULL;
  lua_rawgetp(L, LUA_REGISTRYINDEX, type);
  same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same ? box : NULL;
}

void *lunL_box_check(lua_State *L, int index, const struct lunL_type *type)
{
  void *box = lunL_box_test(L, index, type);

  if (box == NULL)
    luaL_typeerror(L, index, type->name);
  else if (lunL_box_released(box))
    luaL_argerror(L, index, lua_pushfstring(L, "the %s is closed", type->name));
  return box;
}

/* ------------------------------------------- buffers, for a while only -- */

struct boxed_buf {
  struct lunL_box box;
  struct lun_buf buf;
};

static void boxed_buf_release(void *object)
{
  struct boxed_buf *boxed = object;

  lun_buf_done(&boxed->buf);
}

static const struct lunL_type buf_type = {
    .name = "lunette.buffer",
    .size = sizeof(struct boxed_buf),
    .release = boxed_buf_release,
};

struct lun_buf *lunL_buf_new(lua_State *L, size_t max)
{
  lun_ctx *ctx = lunL_ctx(L);
  struct boxed_buf *boxed = lunL_box_new(L, &buf_type);

  lun_buf_init(&boxed->buf, ctx, max);
  lua_toclose(L, -1);
  return &boxed->buf;
}

void lunL_close(lua_State *L)
{
  lua_closeslot(L, -1);
  lua_pop(L, 1);
}

void lunL_buf_check(lua_State *L, const struct lun_buf *buf, const char *what)
{
  struct lun_error err = {0};

  if (lun_buf_status(buf, what, &err))
    lunL_fail(L, &err);
}

struct boxed_block {
  struct lunL_box box;
  lun_ctx *ctx;
  void *ptr;
};

static void boxed_block_release(void *object)
{
  struct boxed_block *block = object;

  lun_mem_free(block->ctx, block->ptr);
  block->ptr = NULL;
}

static const struct lunL_type block_type = {
    .name = "lunette.block",
    .size = sizeof(struct boxed_block),
    .release = boxed_block_release,
};

void *lunL_block_new(lua_State *L, size_t size)
{
  lun_ctx *ctx = lunL_ctx(L);
  struct boxed_block *block = lunL_box_new(L, &block_type);
  struct lun_error err = {0};

  lua_toclose(L, -1);
  block->ctx = ctx;
  block->ptr = lun_mem_alloc(ctx, size);
  if (block->ptr == NULL) {
    lun_error_nomem(&err);
    lunL_fail(L, &err);
  }
  return block->ptr;
}
