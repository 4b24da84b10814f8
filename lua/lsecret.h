/*
 * Secret values: userdata `lunette.secret` (design section 4).  The plaintext
 * leaves them through ln.reveal alone, which is in lsecret.c; C code borrows
 * the bytes and never pushes them as a Lua string.
 */
#ifndef LUNL_SECRET_H
#define LUNL_SECRET_H

#include "../core/aws/fetch.h"
#include "lbox.h"

/* User value 1 is its name for messages: "prod/db#password". */
struct lunL_secret {
  struct lunL_box box;
  lun_secret *bytes;       /* this value's own; of a container its JSON text */
  lun_secret *text;        /* the whole that it is a part of, maybe `bytes` */
  struct lun_json *json;   /* of `text`; NULL if that is no JSON */
  size_t node;             /* where this value stands in it: 0 is all of it */
  bool scanned;            /* `json` is known */
  struct lun_value *value; /* what was fetched; NULL for one's own */
  lun_session *session;    /* whose cache has it; NULL for one's own */
};

/* ------------------------------------------------------------- making -- */

/*
 * Pushes an empty handle that messages call NAME.  The caller fills `bytes`
 * (a reference) and is done:
 *
 *   struct lunL_secret *s = lunL_newsecret(L, "app.yaml");
 *   rc = lun_secret_new(&s->bytes, lunL_ctx(L), ptr, len, &err);
 */
struct lunL_secret *lunL_newsecret(lua_State *L, const char *name);

/* Pushes a secret value with a copy of BYTES. */
void lunL_pushsecret(lua_State *L, struct lun_span bytes, const char *name);

/* Pushes BYTES: as a secret value if SECRET, else as a string. */
void lunL_pushbytes(lua_State *L, struct lun_span bytes, bool secret,
                    const char *name);

/* How messages name what is made of a secret and other text. */
void lunL_pushderivedname(lua_State *L, int index);

/*
 * Pushes what PATH (NULL: all) picks from the fetched VALUE, of which the
 * handle takes a reference: a secret value, a boolean, or ln.null.
 */
void lunL_pushvalue(lua_State *L, struct lun_value *value, lun_session *session,
                    const char *path);

/* ------------------------------------------------------------ looking -- */

/* NULL if the value at INDEX is no secret; raises if it is a wiped one. */
struct lunL_secret *lunL_testsecret(lua_State *L, int index);

/* Raises if it is none. */
struct lunL_secret *lunL_checksecret(lua_State *L, int index);

/* Its bytes, borrowed as long as the handle is on the stack. */
struct lun_span lunL_secretview(const struct lunL_secret *secret);

/*
 * What it is: LUN_JSON_STRING, _NUMBER, _ARRAY or _OBJECT.  The whole of a
 * secret is a container if it is JSON's object or array, else a string: a
 * password of digits is no number.
 */
enum lun_json_kind lunL_secretkind(lua_State *L, struct lunL_secret *secret);

/* Its name for messages: "prod/db#password"; borrowed from the handle. */
const char *lunL_secretname(lua_State *L, int index);

/*
 * The bytes of a string, an integer or a secret value at INDEX, borrowed
 * while it is there; raises a type error for anything else.  *SECRET (may be
 * NULL) says if it is one: what is made from the bytes must be one then.
 */
struct lun_span lunL_tobytes(lua_State *L, int index, bool *secret);

/* The whole that it is a part of. */
lun_secret *lunL_secretwhole(const struct lunL_secret *secret);

/* -------------------------------------------------------------- marks -- */

/*
 * True if TEXT has the whole mark of a secret value in it, as tostring gives
 * it: the sign that somebody formatted a secret into an ordinary string.
 */
bool lunL_marked(struct lun_span text);

/* Raises LUN_EINVALID, saying WHAT has it, if TEXT has a mark. */
void lunL_checkmark(lua_State *L, struct lun_span text, const char *what);

/* ln.null: null in JSON; the same value as cjson.null. */
void lunL_pushnull(lua_State *L);
bool lunL_isnull(lua_State *L, int index);

/* The metamethods that lfield.c and lcompose.c have. */
int lunL_secret_index(lua_State *L);
int lunL_secret_len(lua_State *L);
int lunL_secret_pairs(lua_State *L);
int lunL_secret_concat(lua_State *L);

#endif
