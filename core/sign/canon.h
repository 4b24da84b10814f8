/*
 * The canonical form of a request, which both sides of a signature compute
 * (aws-behaviour.md section 5).  Two requests with one form mean the same.
 */
#ifndef LUN_CANON_H
#define LUN_CANON_H

#include "../text/uri.h"

struct lun_header {
  struct lun_span name;
  struct lun_span value;
};

/* What is signed.  Everything is borrowed for the call. */
struct lun_sigv4_request {
  struct lun_span method; /* "POST" */
  struct lun_span path;   /* as it stands in the request line; "" is "/" */
  struct lun_span query;  /* likewise, without '?' */
  const struct lun_header *headers; /* in order, Host among them */
  size_t nheaders;
  struct lun_span body;
};

/*
 * LUN_EINVALID for what has no canonical form: a method or a header's name
 * that is no token, control characters, a path without its slash, no Host or
 * more than one.
 */
LUN_NODISCARD enum lun_code
lun_canon_check(const struct lun_sigv4_request *request, struct lun_error *err);

/*
 * Appends the path.  KEEP leaves dot segments and double slashes; ONCE takes
 * it as it is, for S3.
 */
void lun_canon_path(struct lun_buf *out, struct lun_span path, bool keep,
                    bool once);

/* Takes the next parameter off QUERY, as it stands; false at the end. */
bool lun_canon_param(struct lun_span *query, struct lun_span *name,
                     struct lun_span *value);

/* Appends all parameters of QUERY, sorted, but those named BUT. */
LUN_NODISCARD enum lun_code lun_canon_query(struct lun_buf *out,
                                            struct lun_span query,
                                            struct lun_span but,
                                            struct lun_error *err);

/*
 * Appends the headers, sorted, a line each, to LINES, and their names, joined
 * by ';', to NAMES.
 */
LUN_NODISCARD enum lun_code lun_canon_headers(struct lun_buf *lines,
                                              struct lun_buf *names,
                                              const struct lun_header *headers,
                                              size_t count,
                                              struct lun_error *err);

#endif
