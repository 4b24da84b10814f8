/* The server under lunette.httpd: see hserver.h for the idea.
 *
 * on_target() makes the exchange before anything of the target is decoded,
 * on_access() copies head and body into it, queues it and suspends the
 * connection. lun_httpd_answer() resumes, and on_access(), called once more,
 * hands the response over. on_completed() frees. */

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "hserver.h"

/* Room for the head of one request; a role chain's session tokens and a long
 * presigned URL fit. */
#define HEAD_MAX        ((size_t)128 * 1024)
#define CONNECTIONS_MAX 256u
#define IDLE_SECONDS    60u

enum phase {
  PHASE_HEAD,     /* the target is known, the headers come next */
  PHASE_BODY,     /* collecting the body */
  PHASE_WAITING,  /* whole and suspended: queued or taken */
  PHASE_ANSWERED, /* resumed; the response is there to be handed over */
  PHASE_DONE      /* libmicrohttpd has it, or the request is refused */
};

/* {==== Memory and the queue ==== */

static void text_free(struct lun_httpd *s, struct lun_httpd_text *b)
{
  if (b->data)
    s->alloc(s->alloc_ud, b->data, b->cap, 0);
  *b = (struct lun_httpd_text){NULL, 0, 0};
}

/* Appends LEN bytes, with a NUL after them that does not count. */
static bool text_add(struct lun_httpd *s, struct lun_httpd_text *b,
                     const void *data, size_t len)
{
  if (len > SIZE_MAX / 4 - b->len)
    return false;
  if (b->len + len + 1 > b->cap) {
    size_t cap = b->cap < 256 ? 256 : b->cap;
    char *grown = NULL;

    while (cap < b->len + len + 1)
      cap *= 2;
    grown = s->alloc(s->alloc_ud, b->data, b->cap, cap);
    if (!grown)
      return false;
    b->data = grown;
    b->cap = cap;
  }
  if (len > 0)
    memcpy(b->data + b->len, data, len);
  b->len += len;
  b->data[b->len] = '\0';
  return true;
}

static struct lun_exchange *exchange_new(struct lun_httpd *s)
{
  struct lun_exchange *x = s->alloc(s->alloc_ud, NULL, 0, sizeof(*x));

  if (!x)
    return NULL;
  *x = (struct lun_exchange){.server = s, .next = s->live, .phase = PHASE_HEAD};
  if (s->live)
    s->live->prev = x;
  s->live = x;
  return x;
}

static void exchange_free(struct lun_exchange *x)
{
  struct lun_httpd *s = x->server;

  if (x->owner)
    x->owner->exchange = NULL;
  if (x->response)
    MHD_destroy_response(x->response);
  if (x->prev)
    x->prev->next = x->next;
  else
    s->live = x->next;
  if (x->next)
    x->next->prev = x->prev;
  text_free(s, &x->target);
  text_free(s, &x->head);
  text_free(s, &x->body);
  s->alloc(s->alloc_ud, x, sizeof(*x), 0);
}

static void queue_push(struct lun_exchange *x)
{
  struct lun_httpd *s = x->server;

  if (s->last)
    s->last->queue_next = x;
  else
    s->first = x;
  s->last = x;
}

void lun_httpd_take(struct lun_httpd *s, struct lun_request *r)
{
  struct lun_exchange *x = s->first;

  s->first = x->queue_next;
  if (!s->first)
    s->last = NULL;
  x->queue_next = NULL;
  x->owner = r;
  r->exchange = x;
}

void lun_httpd_forget(struct lun_exchange *x)
{
  text_free(x->server, &x->head);
  text_free(x->server, &x->body);
}

/* }==== */

/* {==== What libmicrohttpd calls ==== */

/* The request target before anything of it is decoded or split. */
static void *on_target(void *cls, const char *target,
                       struct MHD_Connection *connection)
{
  struct lun_exchange *x = exchange_new(cls);

  if (!x)
    return NULL;
  x->connection = connection;
  x->failed = !text_add(x->server, &x->target, target, strlen(target));
  return x;
}

static enum MHD_Result on_header(void *cls, enum MHD_ValueKind kind,
                                 const char *name, size_t name_len,
                                 const char *value, size_t value_len)
{
  struct lun_exchange *x = cls;
  struct lun_httpd *s = x->server;

  (void)kind;
  /* A NUL inside would shift all that follows it. */
  if (memchr(name, '\0', name_len) ||
      (value && memchr(value, '\0', value_len)) ||
      !text_add(s, &x->head, name, name_len) || !text_add(s, &x->head, "", 1) ||
      !text_add(s, &x->head, value, value ? value_len : 0) ||
      !text_add(s, &x->head, "", 1)) {
    x->failed = true;
    return MHD_NO;
  }
  return MHD_YES;
}

/* libmicrohttpd takes as not const what it is told to copy. */
struct MHD_Response *lun_httpd_response(const char *text, size_t len)
{
  return MHD_create_response_from_buffer(len, (void *)text,
                                         MHD_RESPMEM_MUST_COPY);
}

static enum MHD_Result refuse_too_large(struct lun_exchange *x)
{
  static const char text[] = "the body is larger than this server takes\n";
  struct MHD_Response *response = lun_httpd_response(text, sizeof(text) - 1);
  enum MHD_Result rc = MHD_NO;

  x->phase = PHASE_DONE;
  if (response) {
    rc =
        MHD_queue_response(x->connection, MHD_HTTP_CONTENT_TOO_LARGE, response);
    MHD_destroy_response(response);
  }
  return rc;
}

static enum MHD_Result take_head(struct lun_exchange *x, const char *method)
{
  struct lun_httpd *s = x->server;
  const char *announced = NULL;

  if (!text_add(s, &x->head, method, strlen(method) + 1))
    return MHD_NO;
  MHD_get_connection_values_n(x->connection, MHD_HEADER_KIND, on_header, x);
  if (x->failed)
    return MHD_NO;
  announced = MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND,
                                          MHD_HTTP_HEADER_CONTENT_LENGTH);
  if (announced && strtoull(announced, NULL, 10) > s->body_max)
    return refuse_too_large(x);
  x->phase = PHASE_BODY;
  return MHD_YES;
}

static enum MHD_Result take_body(struct lun_exchange *x, const char *data,
                                 size_t *len)
{
  if (*len > 0) {
    /* Announced lengths were checked; this is a chunked body without end. */
    if (*len > x->server->body_max - x->body.len ||
        !text_add(x->server, &x->body, data, *len))
      return MHD_NO;
    *len = 0;
    return MHD_YES;
  }
  x->phase = PHASE_WAITING;
  queue_push(x);
  MHD_suspend_connection(x->connection);
  return MHD_YES;
}

static enum MHD_Result hand_over(struct lun_exchange *x)
{
  enum MHD_Result rc = MHD_NO;

  x->phase = PHASE_DONE;
  if (x->response) {
    rc = MHD_queue_response(x->connection, x->status, x->response);
    MHD_destroy_response(x->response);
    x->response = NULL;
  }
  return rc;
}

static enum MHD_Result on_access(void *cls, struct MHD_Connection *connection,
                                 const char *url, const char *method,
                                 const char *version, const char *data,
                                 size_t *data_len, void **state)
{
  struct lun_exchange *x = *state;

  (void)cls, (void)connection, (void)url, (void)version;
  if (!x || x->failed)
    return MHD_NO;
  switch (x->phase) {
  case PHASE_HEAD: return take_head(x, method);
  case PHASE_BODY: return take_body(x, data, data_len);
  case PHASE_ANSWERED: return hand_over(x);
  case PHASE_WAITING: /* resumed because the server closes */ return MHD_NO;
  case PHASE_DONE: /* the rest of a body that is refused */
    *data_len = 0;
    return MHD_YES;
  }
  return MHD_NO;
}

static void on_completed(void *cls, struct MHD_Connection *connection,
                         void **state, enum MHD_RequestTerminationCode how)
{
  (void)cls, (void)connection, (void)how;
  if (*state)
    exchange_free(*state);
  *state = NULL;
}

/* }==== */

/* {==== What the binding calls ==== */

int lun_httpd_start(struct lun_httpd *s, const struct sockaddr *address,
                    unsigned flags)
{
  errno = 0;
  s->daemon = MHD_start_daemon(
      flags | MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
      on_access, s, MHD_OPTION_SOCK_ADDR, address, MHD_OPTION_URI_LOG_CALLBACK,
      on_target, s, MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
      MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, HEAD_MAX,
      MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, MHD_OPTION_END);
  if (s->daemon)
    return 0;
  return errno ? errno : ENOMEM;
}

void lun_httpd_stop(struct lun_httpd *s)
{
  struct MHD_Daemon *daemon = s->daemon;

  if (!daemon)
    return;
  MHD_run(daemon); /* answers given since the last wait still go out */
  s->daemon = NULL;
  s->first = s->last = NULL;
  /* libmicrohttpd aborts the process when it is stopped with a suspended
   * connection. */
  for (struct lun_exchange *x = s->live; x; x = x->next) {
    if (x->phase == PHASE_WAITING)
      MHD_resume_connection(x->connection);
  }
  MHD_stop_daemon(daemon);
  while (s->live)
    exchange_free(s->live);
}

int lun_httpd_port(const struct lun_httpd *s)
{
  const union MHD_DaemonInfo *info =
      MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT);

  return info ? info->port : 0;
}

int64_t lun_httpd_now(void)
{
  struct timespec t = {0, 0};

  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Sleeps until there is something to do; the place in FDS of a descriptor
 * that is ready, or -1. */
static int wait_ready(struct lun_httpd *s, const int *fds, int nfds,
                      int64_t deadline)
{
  const union MHD_DaemonInfo *info =
      MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
  struct pollfd set[1 + LUN_HTTPD_FDS] = {{info->epoll_fd, POLLIN, 0}};
  int64_t wait = deadline < 0 ? -1 : deadline - lun_httpd_now();
  MHD_UNSIGNED_LONG_LONG own = 0;

  for (int i = 0; i < nfds; i++)
    set[1 + i] = (struct pollfd){fds[i], POLLIN, 0};
  if (deadline >= 0 && wait < 0)
    wait = 0;
  if (MHD_get_timeout(s->daemon, &own) == MHD_YES &&
      (wait < 0 || own < (MHD_UNSIGNED_LONG_LONG)wait))
    wait = own > INT_MAX ? INT_MAX : (int64_t)own;
  if (wait > INT_MAX)
    wait = INT_MAX;
  if (poll(set, 1 + (nfds_t)nfds, (int)wait) <= 0)
    return -1; /* time is up, or a signal: the caller looks again */
  for (int i = 0; i < nfds; i++) {
    if (set[1 + i].revents)
      return i;
  }
  return -1;
}

enum lun_httpd_came lun_httpd_wait(struct lun_httpd *s, const int *fds,
                                   int nfds, int64_t deadline, int *which)
{
  for (;;) {
    int ready = -1;

    MHD_run(s->daemon);
    if (s->first)
      return LUN_HTTPD_REQUEST;
    ready = wait_ready(s, fds, nfds, deadline);
    if (ready < 0 && (deadline < 0 || lun_httpd_now() < deadline))
      continue;
    /* What came in the meantime goes first. */
    MHD_run(s->daemon);
    if (s->first)
      return LUN_HTTPD_REQUEST;
    if (ready < 0)
      return LUN_HTTPD_TIMEOUT;
    *which = ready;
    return LUN_HTTPD_FD;
  }
}

void lun_httpd_answer(struct lun_request *r, unsigned status)
{
  struct lun_exchange *x = r->exchange;

  r->exchange = NULL;
  x->owner = NULL;
  x->status = status;
  x->phase = PHASE_ANSWERED;
  MHD_resume_connection(x->connection);
}

/* }==== */
