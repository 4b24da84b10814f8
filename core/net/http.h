/*
 * One HTTP/1.1 request and its answer, by libcurl, hardened as
 * reliability.md says: no redirects, no netrc, no cookies, http and https
 * alone, TLS 1.2 or newer and always verified, SSLKEYLOGFILE ignored, no
 * proxy for link-local and loopback addresses, only HTTPS_PROXY and NO_PROXY
 * for the others, bytes counted as they come, time bounded (name look-up
 * included), an answer without a length refused.
 */
#ifndef LUN_HTTP_H
#define LUN_HTTP_H

#include "../base/buf.h"
#include "../sign/sigv4.h"
#include "loop.h"

struct lun_http_request {
  const char *method;
  const char *url;
  const struct lun_header *headers;
  size_t nheaders;
  struct lun_span body;
  int64_t connect_ms; /* 0: 10 s */
  int64_t total_ms;   /* 0: 30 s; the task's deadline bounds it as well */
  size_t max_bytes;   /* of the answer's body; 0: 1 MiB */
  bool direct;        /* never by a proxy; plain http to any host */
  const char *ca;     /* a bundle or a hashed folder; NULL: the system's */
};

struct lun_http {
  struct lun_task task; /* its rc is 0 for any complete answer */
  int status;
  struct lun_buf body;
  struct lun_buf head; /* header lines, each ended by '\n' */
  bool sent;           /* bytes of the request may have left */
  bool timed_out;
  bool no_name;  /* it, or its proxy's, could not be resolved */
  bool no_route; /* nobody was there, or no way to get there */

  /* http.c's own */
  void *easy;
  void *list;
  struct lun_buf payload;
  bool finished;
  int result;  /* libcurl's code, once finished */
  int interim; /* 1xx answers so far */
  bool secure;
  bool proxied;
  int64_t until;  /* monotonic ms: the end of the time for it */
  char peer[288]; /* "host:port" */
  char what[320]; /* for the loop */
  char problem[256];
};

void lun_http_init(struct lun_http *http, lun_ctx *ctx);

/*
 * Starts a request; everything that REQUEST points to is copied.  The task
 * ends with LUN_ENETWORK (err.retryable says if it is worth another try), or
 * with LUN_ESERVICE for an answer that is no proper HTTP or is too large.
 * At once: LUN_EINVALID for a bad URL or header, or for a URL of http that is
 * neither loopback nor `direct`; LUN_ENETWORK for a CA that cannot be used
 * (it is named).
 */
LUN_NODISCARD enum lun_code
lun_http_start(struct lun_http *http, lun_loop *loop,
               const struct lun_http_request *request, int64_t deadline,
               struct lun_error *err);

/* The value of the answer's header NAME, trimmed; false if it is absent. */
bool lun_http_header(const struct lun_http *http, const char *name,
                     struct lun_span *out);

/* Stops the request if it is under way, wipes, and makes it ready to start. */
void lun_http_done(struct lun_http *http);

#endif
