/*
 * HTTP requests as Lua tables, for signing and for verifying: method, path
 * and query, headers, body.  Everything is borrowed from values that stay on
 * the stack until the C function returns.
 */
#ifndef LUNL_REQUEST_H
#define LUNL_REQUEST_H

#include "../core/sign/sigv4.h"
#include "lsecret.h"

struct lunL_request {
  struct lun_sigv4_request request;
  struct lun_header *headers; /* with room for one more */
  bool *secrets;              /* for each of them: a secret's value */
  bool list;                  /* they came as a list of {name, value} */
  bool secret;                /* one of them is */
};

/*
 * Reads the field `headers` of the value at ARG: names and values, or a list
 * of {name, value}; absent is none.  Pushes what keeps them.
 */
void lunL_readheaders(lua_State *L, int arg, struct lunL_request *out);

bool lunL_hasheader(const struct lunL_request *request, const char *name);

/* Takes a request target, "/path?query", apart. */
void lunL_splittarget(struct lunL_request *out, struct lun_span target);

/*
 * Reads a received request, a table or an object with the fields method,
 * target, headers and body.
 */
void lunL_readrequest(lua_State *L, int arg, struct lunL_request *out);

#endif
