/*
 * The state's context, and boxes: userdata that are released exactly once,
 * by hand, by __close, by __gc, or with the state.
 *
 * A box is a C struct in a userdata.  It is made empty, and the empty struct
 * is fine to release; only then is it filled: box, then acquire, then work.
 */
#ifndef LUNL_BOX_H
#define LUNL_BOX_H

#include "../core/base/buf.h"
#include "lbase.h"

struct lunL_state;

/* The first member of every box; lbox.c's own. */
struct lunL_box {
  struct lunL_box *prev;
  struct lunL_box *next;
  struct lunL_state *state; /* NULL once released */
  const struct lunL_type *type;
};

/* What boxes of one kind are; a static const, known by its address. */
struct lunL_type {
  const char *name; /* "lunette.session": what errors call it */
  size_t size;      /* of the struct, the box included */
  int uservalues;
  void (*release)(void *object); /* called once; may not raise */
  const luaL_Reg *methods;       /* of the __index table; NULL: none */
  const luaL_Reg *metamethods;   /* besides __gc, __close, __name,
                                    __metatable; NULL: none */
};

/* Makes the state's context unless it has one; keeps the stack. */
void lunL_state_open(lua_State *L);

/* The state's context; raises while the state is being closed. */
lun_ctx *lunL_ctx(lua_State *L);

/*
 * The time, on the context's monotonic clock, at which what runs in the state
 * is to end (0: never), and what is left of it in milliseconds, at least 1.
 */
void lunL_setdeadline(lua_State *L, int64_t at);
int64_t lunL_deadline(lua_State *L);
int64_t lunL_timeleft(lua_State *L);

/* A wait of TIMEOUT milliseconds (-1: without bound), no longer than that. */
int64_t lunL_boundwait(lua_State *L, int64_t timeout);

/* Boxes that are not released yet; lunette.core's live() counts them. */
size_t lunL_live(lua_State *L);

/* Pushes a zeroed box. */
void *lunL_box_new(lua_State *L, const struct lunL_type *type);

/* The box at INDEX, released or not; NULL if it is none of TYPE. */
void *lunL_box_test(lua_State *L, int index, const struct lunL_type *type);

/* The same; raises if it is none of TYPE, or is released. */
void *lunL_box_check(lua_State *L, int index, const struct lunL_type *type);

/* Releases a box now; nothing happens the second time. */
void lunL_box_release(void *object);
bool lunL_box_released(const void *object);

/*
 * Pushes a box with an empty buffer in it, for work that an error may
 * interrupt.  The slot is to be closed: its bytes are wiped when the C
 * function returns or raises.
 */
struct lun_buf *lunL_buf_new(lua_State *L, size_t max);

/*
 * Closes the buffer or block on top of the stack, and pops it: for use before
 * the function's end.  (Not lua_pop: in Lua 5.4.4 that may go wrong when a
 * __close method makes the stack grow.)
 */
void lunL_close(lua_State *L);

/* Raises what lun_buf_status says. */
void lunL_buf_check(lua_State *L, const struct lun_buf *buf, const char *what);

/* A boxed array of SIZE zeroed bytes that core's allocator gave, likewise to
 * be closed, and wiped when it is. */
void *lunL_block_new(lua_State *L, size_t size);

#endif
