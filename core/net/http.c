/*
 * The one file that knows libcurl.  A loop's transfers share one multi
 * handle, made at the first request; it is the loop's driver.
 *
 * What libcurl would do by itself is turned off one by one: left on, each of
 * these was seen to send a token elsewhere, to write keys to a file or to
 * take more than it should.  libcurl judges the transport; whether the answer
 * is whole is judged by its header (head.h), and whether it makes sense by
 * whoever asked.
 */
#include "http.h"

#include "../base/log.h"
#include "../os/quiet.h"
#include "fault.h"
#include "head.h"
#include "route.h"
#include "trust.h"

#include <curl/curl.h>
#include <pthread.h>

#define CONNECT_MS    10000
#define TOTAL_MS      30000
#define SLOW_BYTES    1024L /* less than this in each second... */
#define SLOW_SECONDS  10L   /* ...for so long: given up */
#define BODY_MAX      ((size_t)1 << 20)
#define HEAD_MAX      ((size_t)64 << 10)
#define INTERIM_MAX   8
#define CONNECTIONS   8L
#define UPLOAD_BUFFER 16384L

/* ------------------------------------------------------------ process -- */

/* The only mutable data of core: libcurl's own, made ready once. */
static pthread_once_t global_once = PTHREAD_ONCE_INIT;
static CURLcode global_result = CURLE_FAILED_INIT;

/*
 * Debian's libcurl writes the TLS session's keys to the file that
 * SSLKEYLOGFILE names, and opens it here.  Out of the environment for that
 * moment, it stays unknown.
 */
static void global_init(void)
{
  static const char name[] = "SSLKEYLOGFILE";
  const char *value = getenv(name);
  char *kept = lun_mem_strdup(NULL, value);

  if (value != NULL)
    (void)unsetenv(name);
  global_result = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (kept != NULL)
    (void)setenv(name, kept, 1);
  lun_mem_free(NULL, kept);
}

/* ------------------------------------------------------------- driver -- */

_Static_assert(CURL_WAIT_POLLIN == POLLIN && CURL_WAIT_POLLOUT == POLLOUT,
               "descriptors to wait for are handed on to libcurl as they are");

struct carrier {
  lun_ctx *ctx;
  CURLM *multi;
};

static enum lun_code refused(bool nomem, const char *why, struct lun_error *err)
{
  if (nomem)
    return lun_error_nomem(err);
  return lun_error_set(err, LUN_EINVALID, "libcurl cannot be set up: %s", why);
}

static enum lun_code multi_error(CURLMcode code, struct lun_error *err)
{
  return code == CURLM_OK ? LUN_OK
                          : refused(code == CURLM_OUT_OF_MEMORY,
                                    curl_multi_strerror(code), err);
}

static enum lun_code easy_error(CURLcode code, struct lun_error *err)
{
  return code == CURLE_OK ? LUN_OK
                          : refused(code == CURLE_OUT_OF_MEMORY,
                                    curl_easy_strerror(code), err);
}

static enum lun_code carrier_turn(void *data, const struct pollfd *fds,
                                  size_t n, int64_t timeout_ms,
                                  struct lun_error *err)
{
  struct carrier *carrier = data;
  struct curl_waitfd *waits =
      n == 0 ? NULL : lun_mem_alloc(carrier->ctx, n * sizeof(*waits));
  struct lun_quiet quiet;
  CURLMcode code = CURLM_OK;
  const CURLMsg *message = NULL;
  int count = 0;
  size_t i = 0;

  if (n > 0 && waits == NULL)
    return lun_error_nomem(err);
  for (i = 0; i < n; i++) /* its bits are poll's */
    waits[i] = (struct curl_waitfd){fds[i].fd, fds[i].events, 0};
  lun_quiet_begin(&quiet);
  code = curl_multi_poll(carrier->multi, waits, (unsigned)n, (int)timeout_ms,
                         NULL);
  if (code == CURLM_OK)
    code = curl_multi_perform(carrier->multi, &count);
  lun_quiet_end(&quiet);
  lun_mem_free(carrier->ctx, waits);
  while ((message = curl_multi_info_read(carrier->multi, &count)) != NULL) {
    struct lun_http *http = NULL;

    (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &http);
    if (message->msg != CURLMSG_DONE || http == NULL)
      continue;
    http->finished = true;
    http->result = (int)message->data.result;
    lun_task_wake(&http->task);
  }
  return multi_error(code, err);
}

static void carrier_free(void *data)
{
  struct carrier *carrier = data;
  struct lun_quiet quiet;

  lun_quiet_begin(&quiet);
  (void)curl_multi_cleanup(carrier->multi);
  lun_quiet_end(&quiet);
  lun_mem_free(carrier->ctx, carrier);
}

static enum lun_code carrier_new(lun_loop *loop, struct lun_error *err)
{
  struct lun_driver driver = {carrier_turn, carrier_free, NULL};
  struct carrier *carrier = NULL;

  (void)pthread_once(&global_once, global_init);
  if (global_result != CURLE_OK)
    return easy_error(global_result, err);
  carrier = lun_mem_alloc(lun_loop_ctx(loop), sizeof(*carrier));
  if (carrier == NULL)
    return lun_error_nomem(err);
  carrier->ctx = lun_loop_ctx(loop);
  carrier->multi = curl_multi_init();
  if (carrier->multi == NULL) {
    lun_mem_free(carrier->ctx, carrier);
    return lun_error_nomem(err);
  }
  (void)curl_multi_setopt(carrier->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS);
  (void)curl_multi_setopt(carrier->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
                          CONNECTIONS);
  driver.data = carrier;
  lun_loop_set_driver(loop, &driver);
  return LUN_OK;
}

/* The loop's multi handle; NULL before the first request. */
static CURLM *multi_of(const lun_loop *loop)
{
  const struct carrier *carrier = lun_loop_driver(loop)->data;

  return carrier == NULL ? NULL : carrier->multi;
}

/* ------------------------------------------------------- what comes in -- */

static size_t take_body(char *ptr, size_t size, size_t n, void *data)
{
  struct lun_http *http = data;

  lun_buf_add(&http->body, ptr, size * n);
  return http->body.fail == LUN_OK ? size * n : 0;
}

/* Header lines come one at a time, each whole. */
static size_t take_head(char *ptr, size_t size, size_t n, void *data)
{
  struct lun_http *http = data;

  if (lun_head_take(&http->head, (struct lun_span){ptr, size * n}))
    http->interim++;
  if (http->head.fail != LUN_OK || http->interim > INTERIM_MAX)
    return 0;
  return size * n;
}

/* ------------------------------------------------------------- options -- */

/* Many options, one test: the first that fails is remembered. */
struct setup {
  CURL *easy;
  CURLcode code;
};

static void put_long(struct setup *setup, CURLoption option, long value)
{
  if (setup->code == CURLE_OK)
    setup->code = curl_easy_setopt(setup->easy, option, value);
}

static void put_size(struct setup *setup, CURLoption option, size_t value)
{
  if (setup->code == CURLE_OK)
    setup->code = curl_easy_setopt(setup->easy, option, (curl_off_t)value);
}

static void put_ptr(struct setup *setup, CURLoption option, const void *value)
{
  if (setup->code == CURLE_OK)
    setup->code = curl_easy_setopt(setup->easy, option, value);
}

/* Milliseconds as libcurl wants them: it takes 0 as "no limit". */
static long limit_ms(int64_t asked, int64_t otherwise)
{
  int64_t ms = asked > 0 ? asked : otherwise;

  return ms > INT32_MAX ? INT32_MAX : (long)ms;
}

/* What is the same for every request. */
static void put_fixed(struct setup *setup)
{
  static const struct {
    CURLoption option;
    long value;
  } fixed[] = {
      {CURLOPT_NOSIGNAL, 1},
      {CURLOPT_QUICK_EXIT, 1}, /* a look-up may hang: leave it */
      {CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES},
      {CURLOPT_LOW_SPEED_TIME, SLOW_SECONDS},
      {CURLOPT_TCP_NODELAY, 1},
      {CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER},
      {CURLOPT_PATH_AS_IS, 1}, /* the path that was signed */
      {CURLOPT_DISALLOW_USERNAME_IN_URL, 1},
      {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
      {CURLOPT_HTTP09_ALLOWED, 0},
      {CURLOPT_FOLLOWLOCATION, 0},
      {CURLOPT_HTTP_CONTENT_DECODING, 0},
      {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
      {CURLOPT_NETRC, CURL_NETRC_IGNORED},
      {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
      {CURLOPT_SSL_VERIFYPEER, 1},
      {CURLOPT_SSL_VERIFYHOST, 2},
      {CURLOPT_PROXY_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
  };
  size_t i = 0;

  for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
    put_long(setup, fixed[i].option, fixed[i].value);
  put_ptr(setup, CURLOPT_PROTOCOLS_STR, "http,https");
}

static void put_request(struct setup *setup, struct lun_http *http,
                        const struct lun_http_request *request)
{
  put_ptr(setup, CURLOPT_URL, request->url);
  put_long(setup, CURLOPT_CONNECTTIMEOUT_MS,
           limit_ms(request->connect_ms, CONNECT_MS));
  put_long(setup, CURLOPT_TIMEOUT_MS, limit_ms(request->total_ms, TOTAL_MS));
  put_ptr(setup, CURLOPT_HTTPHEADER, http->list);
  /* If the answer says its size; the bytes are counted in any case. */
  put_size(setup, CURLOPT_MAXFILESIZE_LARGE, http->body.max);
  if (strcmp(request->method, "GET") == 0)
    return;
  put_long(setup, CURLOPT_POST, 1);
  put_ptr(setup, CURLOPT_CUSTOMREQUEST, request->method);
  put_ptr(setup, CURLOPT_POSTFIELDS, lun_buf_text(&http->payload));
  put_size(setup, CURLOPT_POSTFIELDSIZE_LARGE, http->payload.len);
}

static void put_callbacks(struct setup *setup, struct lun_http *http)
{
  put_ptr(setup, CURLOPT_PRIVATE, http);
  put_ptr(setup, CURLOPT_ERRORBUFFER, http->problem);
  put_ptr(setup, CURLOPT_WRITEDATA, http);
  put_ptr(setup, CURLOPT_HEADERDATA, http);
  if (setup->code == CURLE_OK)
    setup->code =
        curl_easy_setopt(setup->easy, CURLOPT_WRITEFUNCTION, take_body);
  if (setup->code == CURLE_OK)
    setup->code =
        curl_easy_setopt(setup->easy, CURLOPT_HEADERFUNCTION, take_head);
}

static void put_trust(struct setup *setup, const struct lun_trust *trust)
{
  if (trust->file == NULL && trust->folder == NULL)
    return; /* libcurl's own */
  put_ptr(setup, CURLOPT_CAINFO, trust->file);
  put_ptr(setup, CURLOPT_CAPATH, trust->folder);
}

/* ------------------------------------------------------------- headers -- */

static enum lun_code list_add(struct lun_http *http, const char *line,
                              struct lun_error *err)
{
  struct curl_slist *list = curl_slist_append(http->list, line);

  if (list == NULL)
    return lun_error_nomem(err);
  http->list = list;
  return LUN_OK;
}

static enum lun_code add_headers(struct lun_http *http,
                                 const struct lun_http_request *request,
                                 struct lun_error *err)
{
  /* What libcurl would send of its own accord. */
  static const char *const none[] = {"Expect:", "Accept:", "Content-Type:"};
  size_t nnone = sizeof(none) / sizeof(none[0]);
  struct lun_buf line = LUN_BUF_INIT(http->body.ctx, HEAD_MAX);
  enum lun_code rc = LUN_OK;
  size_t i = 0;

  for (i = 0; rc == LUN_OK && i < request->nheaders; i++) {
    const struct lun_header *header = &request->headers[i];

    lun_buf_cut(&line, 0);
    rc = lun_head_line(&line, header->name, header->value, err);
    if (rc == LUN_OK)
      rc = list_add(http, lun_buf_text(&line), err);
    if (lun_text_same(header->name, LUN_SPAN_LIT("Content-Type")))
      nnone = 2;
  }
  lun_buf_done(&line);
  for (i = 0; rc == LUN_OK && i < nnone; i++)
    rc = list_add(http, none[i], err);
  return rc;
}

/* ------------------------------------------------------------ problems -- */

static int info(const struct lun_http *http, CURLINFO which)
{
  long number = 0;

  (void)curl_easy_getinfo(http->easy, which, &number);
  return (int)number;
}

static bool reached(const struct lun_http *http, CURLINFO phase)
{
  curl_off_t at = 0;

  (void)curl_easy_getinfo(http->easy, phase, &at);
  return at > 0;
}

static enum lun_fault slow_fault(const struct lun_http *http)
{
  /* a connection used again has no times of its own */
  if (http->sent && info(http, CURLINFO_NUM_CONNECTS) == 0)
    return LUN_FAULT_SLOW_ANSWER;
  if (!reached(http, CURLINFO_NAMELOOKUP_TIME_T))
    return LUN_FAULT_SLOW_RESOLVE;
  if (!reached(http, CURLINFO_CONNECT_TIME_T))
    return LUN_FAULT_SLOW_CONNECT;
  if (http->secure && !reached(http, CURLINFO_APPCONNECT_TIME_T))
    return LUN_FAULT_SLOW_TLS;
  return LUN_FAULT_SLOW_ANSWER;
}

/* A callback of ours stopped it; which of the limits was it? */
static enum lun_fault limit_fault(const struct lun_http *http)
{
  if (http->interim > INTERIM_MAX)
    return LUN_FAULT_INTERIM;
  return http->head.fail != LUN_OK ? LUN_FAULT_HEAD_TOO_LARGE
                                   : LUN_FAULT_TOO_LARGE;
}

static enum lun_fault fault_of(const struct lun_http *http)
{
  switch ((CURLcode)http->result) {
  case CURLE_COULDNT_RESOLVE_HOST: return LUN_FAULT_RESOLVE;
  case CURLE_COULDNT_RESOLVE_PROXY: return LUN_FAULT_PROXY_NAME;
  case CURLE_PROXY: return LUN_FAULT_PROXY;
  case CURLE_COULDNT_CONNECT:
    return http->proxied ? LUN_FAULT_PROXY : LUN_FAULT_CONNECT;
  case CURLE_OPERATION_TIMEDOUT: return slow_fault(http);
  case CURLE_PEER_FAILED_VERIFICATION:
    return lun_fault_cert(info(http, CURLINFO_SSL_VERIFYRESULT), http->problem);
  case CURLE_SSL_CACERT_BADFILE: return LUN_FAULT_CA;
  case CURLE_SSL_CONNECT_ERROR: return lun_fault_tls(http->problem);
  case CURLE_SEND_ERROR:
  case CURLE_RECV_ERROR:
  case CURLE_GOT_NOTHING:
    /* libcurl names a proxy's refusal like any lost connection */
    if (http->proxied && info(http, CURLINFO_HTTP_CONNECTCODE) != 200)
      return LUN_FAULT_PROXY;
    return LUN_FAULT_LOST;
  case CURLE_PARTIAL_FILE: return LUN_FAULT_CUT;
  case CURLE_WRITE_ERROR: return limit_fault(http);
  case CURLE_FILESIZE_EXCEEDED: return LUN_FAULT_TOO_LARGE;
  case CURLE_UNSUPPORTED_PROTOCOL:
  case CURLE_WEIRD_SERVER_REPLY: return LUN_FAULT_NOT_HTTP;
  default: return LUN_FAULT_OTHER;
  }
}

/*
 * More than the fault says by itself, or "".  Of a proxy that libcurl cannot
 * make sense of, its text quotes the setting, password and all.
 */
static const char *detail_of(const struct lun_http *http)
{
  int number = info(http, CURLINFO_OS_ERRNO);

  switch (http->result) {
  case CURLE_COULDNT_CONNECT: return number > 0 ? strerror(number) : "";
  case CURLE_PROXY:
  case CURLE_URL_MALFORMAT: return curl_easy_strerror((CURLcode)http->result);
  default: return http->problem;
  }
}

/* The transfer is over: its error, or the answer if it is a whole one. */
static enum lun_code judge(struct lun_http *http, struct lun_error *err)
{
  enum lun_fault fault = LUN_FAULT_NONE;

  http->status = info(http, CURLINFO_RESPONSE_CODE);
  http->sent = info(http, CURLINFO_REQUEST_SIZE) > 0;
  http->timed_out = http->result == CURLE_OPERATION_TIMEDOUT;
  if (http->result == CURLE_OUT_OF_MEMORY || http->body.fail == LUN_ENOMEM ||
      http->head.fail == LUN_ENOMEM)
    return lun_error_nomem(err);
  if (http->result != CURLE_OK)
    fault = fault_of(http);
  else
    fault = lun_fault_framing(
        lun_head_framing(lun_buf_view(&http->head), http->status));
  http->no_name = lun_fault_no_name(fault);
  http->no_route = http->result == CURLE_COULDNT_CONNECT;
  return lun_fault_set(err, fault, http->peer, detail_of(http), http->body.ctx);
}

/* ------------------------------------------------------------- request -- */

/* Gives the transfer back; what was received stays. */
static void release(struct lun_http *http)
{
  struct lun_quiet quiet;

  if (http->easy != NULL) {
    lun_quiet_begin(&quiet);
    if (http->task.loop != NULL)
      (void)curl_multi_remove_handle(multi_of(http->task.loop), http->easy);
    curl_easy_cleanup(http->easy);
    lun_quiet_end(&quiet);
  }
  curl_slist_free_all(http->list);
  lun_buf_done(&http->payload);
  http->easy = NULL;
  http->list = NULL;
}

static struct lun_http *http_of(struct lun_task *task)
{
  return (struct lun_http *)(void *)((char *)task -
                                     offsetof(struct lun_http, task));
}

static void report(const struct lun_http *http)
{
  const lun_ctx *ctx = http->body.ctx;
  struct lun_field fields[] = {{"host", LUN_FIELD_NAME, 0, http->peer},
                               {"status", LUN_FIELD_INT, http->status, NULL},
                               {"took", LUN_FIELD_MS,
                                lun_clock_mono_ms(ctx) - http->task.started_at,
                                NULL}};

  lun_log(ctx, LUN_DEBUG, "http.done", fields,
          sizeof(fields) / sizeof(fields[0]));
}

static enum lun_step step(struct lun_task *task)
{
  struct lun_http *http = http_of(task);
  struct lun_error err = {.code = LUN_OK};
  enum lun_code rc = LUN_OK;

  if (!http->finished) {
    /* libcurl keeps the time as well; the loop wants a timer to wait for. */
    lun_task_sleep(task, http->until);
    if (lun_clock_mono_ms(http->body.ctx) < http->until)
      return LUN_STEP_WAIT;
    http->result = CURLE_OPERATION_TIMEDOUT;
  }
  rc = judge(http, &err);
  report(http);
  release(http);
  return lun_task_end(task, rc, &err);
}

static void cancel(struct lun_task *task)
{
  release(http_of(task));
}

void lun_http_init(struct lun_http *http, lun_ctx *ctx)
{
  memset(http, 0, sizeof(*http));
  http->task.step = step;
  http->task.cancel = cancel;
  lun_buf_init(&http->body, ctx, BODY_MAX);
  lun_buf_init(&http->head, ctx, HEAD_MAX);
  lun_buf_init(&http->payload, ctx, SIZE_MAX);
}

void lun_http_done(struct lun_http *http)
{
  lun_ctx *ctx = http->body.ctx;

  lun_task_stop(&http->task);
  release(http);
  lun_buf_done(&http->body);
  lun_buf_done(&http->head);
  lun_http_init(http, ctx);
}

bool lun_http_header(const struct lun_http *http, const char *name,
                     struct lun_span *out)
{
  return lun_head_find(lun_buf_view(&http->head), name, out);
}

static enum lun_code make_easy(struct lun_http *http,
                               const struct lun_http_request *request,
                               const struct lun_route *route,
                               struct lun_error *err)
{
  struct setup setup = {NULL, CURLE_OK};
  struct lun_trust trust = {NULL, NULL};
  enum lun_code rc = LUN_OK;

  if (route->secure)
    rc = lun_trust_find(&trust, request->ca, err);
  if (rc == LUN_OK)
    rc = add_headers(http, request, err);
  if (rc)
    return rc;
  http->easy = curl_easy_init();
  if (http->easy == NULL)
    return lun_error_nomem(err);
  setup.easy = http->easy;
  put_fixed(&setup);
  put_request(&setup, http, request);
  put_callbacks(&setup, http);
  /* Set even when it is none: libcurl would look into ALL_PROXY. */
  put_ptr(&setup, CURLOPT_PROXY, route->proxy);
  put_ptr(&setup, CURLOPT_NOPROXY, route->except);
  put_trust(&setup, &trust);
  return easy_error(setup.code, err);
}

enum lun_code lun_http_start(struct lun_http *http, lun_loop *loop,
                             const struct lun_http_request *request,
                             int64_t deadline, struct lun_error *err)
{
  struct lun_route route = {.proxy = NULL};
  enum lun_code rc = LUN_OK;

  lun_http_done(http);
  if (request->max_bytes > 0)
    http->body.max = request->max_bytes;
  lun_buf_add_span(&http->payload, request->body);
  rc = lun_buf_status(&http->payload, "a request", err);
  if (rc == LUN_OK)
    rc = lun_route_find(&route, request->url, request->direct, err);
  if (rc == LUN_OK && multi_of(loop) == NULL)
    rc = carrier_new(loop, err);
  if (rc == LUN_OK)
    rc = make_easy(http, request, &route, err);
  if (rc == LUN_OK)
    rc = multi_error(curl_multi_add_handle(multi_of(loop), http->easy), err);
  if (rc) {
    lun_http_done(http);
    return rc;
  }
  http->secure = route.secure;
  http->proxied = route.proxy[0] != '\0';
  memcpy(http->peer, route.peer, sizeof(http->peer));
  (void)snprintf(http->what, sizeof(http->what), "waiting for %s", http->peer);
  http->until =
      lun_clock_mono_ms(http->body.ctx) + limit_ms(request->total_ms, TOTAL_MS);
  http->task.what = http->what;
  lun_task_start(loop, &http->task, deadline);
  return LUN_OK;
}
