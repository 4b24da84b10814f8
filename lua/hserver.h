/* The server under lunette.httpd: libmicrohttpd's side of it.
 *
 * Lua never runs inside a libmicrohttpd callback, for an error would jump
 * over its frames; so nothing here knows Lua but for the type of its
 * allocator. The callbacks only collect: a request that is whole is put in
 * the queue and its connection suspended, until somebody answers it. */
#ifndef LUNETTE_HSERVER_H
#define LUNETTE_HSERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>
#include <microhttpd.h>

struct sockaddr;
struct lun_exchange;

/* In storage of the caller, and where it is until stopped. */
struct lun_httpd {
  struct MHD_Daemon *daemon; /* NULL: not started, or stopped */
  lua_Alloc alloc;           /* for the requests; may fail, never raises */
  void *alloc_ud;
  size_t body_max;
  struct lun_exchange *live;  /* every exchange */
  struct lun_exchange *first; /* whole requests that nobody took */
  struct lun_exchange *last;
};

/* Who has taken a request; .exchange becomes NULL when it is answered or the
 * server stopped. */
struct lun_request {
  struct lun_exchange *exchange;
};

/* A growing text of the state's memory, with a NUL after it. */
struct lun_httpd_text {
  char *data;
  size_t len;
  size_t cap;
};

struct lun_exchange {
  struct lun_httpd *server;
  struct lun_request *owner; /* NULL while in the queue */
  struct lun_exchange *prev;
  struct lun_exchange *next;
  struct lun_exchange *queue_next;
  struct MHD_Connection *connection;
  struct MHD_Response *response; /* the answer, until it is handed over */
  unsigned status;
  int phase;
  bool failed;                  /* out of memory: the connection is dropped */
  struct lun_httpd_text target; /* as on the wire, nothing decoded */
  struct lun_httpd_text head;   /* method, name, value, name, ... with NULs */
  struct lun_httpd_text body;
};

/* Listens on ADDRESS; alloc, alloc_ud and body_max are set before. Returns
 * 0 or an errno. */
int lun_httpd_start(struct lun_httpd *s, const struct sockaddr *address,
                    unsigned flags);

/* Sends what it still can, cuts off the rest and frees everything. Does
 * nothing on a server that does not run. */
void lun_httpd_stop(struct lun_httpd *s);

int lun_httpd_port(const struct lun_httpd *s);

/* How many descriptors can be waited for besides. */
#define LUN_HTTPD_FDS 8

enum lun_httpd_came {
  LUN_HTTPD_TIMEOUT, /* it is DEADLINE by lun_httpd_now */
  LUN_HTTPD_REQUEST, /* a request is whole; it is s->first */
  LUN_HTTPD_FD       /* FDS[*WHICH] can be read */
};

/* Waits for one of these; a negative DEADLINE never comes. */
enum lun_httpd_came lun_httpd_wait(struct lun_httpd *s, const int *fds,
                                   int nfds, int64_t deadline, int *which);

/* Milliseconds of a clock that only goes forward. */
int64_t lun_httpd_now(void);

/* Gives the first of the queue to R, which stays where it is until answered. */
void lun_httpd_take(struct lun_httpd *s, struct lun_request *r);

/* Frees what was collected and is not needed for the answer. */
void lun_httpd_forget(struct lun_exchange *x);

/* A response with a copy of TEXT; NULL when out of memory. */
struct MHD_Response *lun_httpd_response(const char *text, size_t len);

/* Answers R's request with its exchange's response (NULL drops the
 * connection). R is free again. */
void lun_httpd_answer(struct lun_request *r, unsigned status);

#endif
