/*
 * The token is a task of its own, which the GETs wait for and share.  Both
 * make attempts in the same way; what differs is what an answer means.  Where
 * there is none to be had, and that is allowed, an empty one stands for it.
 */
#include "imds.h"

#include "../base/log.h"
#include "imdsfault.h"

#define TIMEOUT_MS 1000
#define PAUSE_MS   100
#define ANSWER_MAX ((size_t)64 << 10)
#define TTL_S      21600
#define TTL_TEXT   "21600"
#define TTL_MARGIN_S                                                           \
  INT64_C(120) /* a token is not used in its last two minutes */
#define TOKEN_HEADER "X-aws-ec2-metadata-token"
#define TTL_HEADER   "X-aws-ec2-metadata-token-ttl-seconds"

/* Of a GET; the token's own task knows the last three. */
enum {
  START,
  TOKEN, /* have one, or have it fetched */
  TOKEN_WAIT,
  SEND,
  READ,
  PAUSE
};

struct lun_imds {
  lun_ctx *ctx;
  lun_loop *loop;
  char *endpoint; /* without a slash at its end */
  int64_t timeout_ms;
  int attempts;
  bool v1;
  bool wait;
  bool own;          /* it is at EC2's own address */
  const char *proxy; /* a variable; NULL: none is set */
  struct lun_buf token;
  int64_t token_until; /* monotonic ms */
  bool tokenless;      /* version 1 it is, for as long as that works */
  const char *advice;  /* why there is no token, if it is known; or NULL */

  /* fetching the token */
  struct lun_task task;
  struct lun_http http;
  int state;
  int attempt;
  int64_t resume_at;
};

/* ------------------------------------------------------------- requests -- */

static enum lun_code send_request(const lun_imds *imds, struct lun_http *http,
                                  const char *method, const char *path,
                                  const struct lun_header *header,
                                  int64_t deadline, struct lun_error *err)
{
  struct lun_buf url = LUN_BUF_INIT(imds->ctx, 2048);
  struct lun_http_request request = {.method = method,
                                     .headers = header,
                                     .nheaders = header == NULL ? 0 : 1,
                                     .connect_ms = imds->timeout_ms,
                                     .total_ms = imds->timeout_ms,
                                     .max_bytes = ANSWER_MAX,
                                     .direct = true};
  enum lun_code rc = LUN_OK;

  lun_buf_adds(&url, imds->endpoint);
  lun_buf_adds(&url, path);
  rc = lun_buf_status(&url, "a metadata path", err);
  if (rc == LUN_OK) {
    request.url = lun_buf_text(&url);
    rc = lun_http_start(http, imds->loop, &request, deadline, err);
  }
  lun_buf_done(&url);
  return rc;
}

/* True if another attempt is to be made, after a short pause. */
static bool once_more(const lun_imds *imds, int *attempt, int64_t *resume_at,
                      const struct lun_error *err)
{
  if (!err->retryable || err->code == LUN_EDEADLINE ||
      *attempt >= imds->attempts)
    return false;
  *resume_at = lun_clock_mono_ms(imds->ctx) + PAUSE_MS;
  return true;
}

/* ---------------------------------------------------------------- token -- */

static enum lun_code send_token(lun_imds *imds, struct lun_error *err)
{
  static const struct lun_header header = {LUN_SPAN_LIT(TTL_HEADER),
                                           LUN_SPAN_LIT(TTL_TEXT)};

  imds->attempt++;
  return send_request(imds, &imds->http, "PUT", "/latest/api/token", &header,
                      imds->task.deadline, err);
}

static bool good_token(struct lun_span token)
{
  return token.len > 0 && lun_text_word(token);
}

static enum lun_code keep_token(lun_imds *imds, struct lun_error *err)
{
  struct lun_span token = lun_buf_view(&imds->http.body);
  struct lun_span ttl_text = {NULL, 0};
  int64_t ttl = TTL_S;
  enum lun_code rc = LUN_OK;

  if (!good_token(token))
    return lun_error_set(err, LUN_ECREDENTIALS,
                         "the instance metadata service at %s gave a token "
                         "that is none",
                         imds->http.peer);
  if (lun_http_header(&imds->http, TTL_HEADER, &ttl_text) &&
      !lun_text_int(ttl_text, 1, TTL_S, &ttl))
    ttl = TTL_S;
  lun_buf_cut(&imds->token, 0);
  lun_buf_add_span(&imds->token, token);
  rc = lun_buf_status(&imds->token, "a metadata token", err);
  ttl = ttl > 2 * TTL_MARGIN_S ? ttl - TTL_MARGIN_S : ttl / 2;
  imds->token_until = lun_clock_mono_ms(imds->ctx) + ttl * 1000;
  return rc;
}

static enum lun_code read_token(lun_imds *imds, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;

  imds->advice = lun_imds_advice(&imds->http);
  if (imds->http.task.rc != LUN_OK) {
    rc = lun_imds_unanswered(&imds->http, imds->own, imds->proxy, err);
    if (imds->advice != NULL)
      lun_error_hint(err, "%s", imds->advice);
    return rc;
  }
  return imds->http.status == 200 ? keep_token(imds, err)
                                  : lun_imds_no_token(&imds->http, err);
}

/* True for the ways in which a service of version 1 answers a request for a
 * token, if that version may be used. */
static bool only_v1(const lun_imds *imds)
{
  const struct lun_http *http = &imds->http;
  int status = http->status;

  if (!imds->v1)
    return false;
  if (http->task.rc != LUN_OK)
    return http->timed_out && http->sent;
  return status == 403 || status == 404 || status == 405;
}

static void go_tokenless(lun_imds *imds)
{
  struct lun_field field = {"host", LUN_FIELD_NAME, 0, imds->http.peer};

  imds->tokenless = true;
  lun_buf_cut(&imds->token, 0);
  lun_log(imds->ctx, LUN_WARN, "imds.v1", &field, 1);
}

static lun_imds *imds_of(struct lun_task *task)
{
  return (lun_imds *)(void *)((char *)task - offsetof(lun_imds, task));
}

/* The answer is there: what comes next, or LUN_STEP_DONE. */
static enum lun_step token_answered(lun_imds *imds)
{
  struct lun_error err = {.code = LUN_OK};
  enum lun_code rc = read_token(imds, &err);

  if (rc && only_v1(imds)) {
    go_tokenless(imds);
    rc = LUN_OK;
  }
  if (rc && once_more(imds, &imds->attempt, &imds->resume_at, &err)) {
    imds->state = PAUSE;
    return LUN_STEP_WAIT;
  }
  lun_http_done(&imds->http);
  return lun_task_end(&imds->task, rc, &err);
}

static enum lun_step token_step(struct lun_task *task)
{
  lun_imds *imds = imds_of(task);
  struct lun_error err = {.code = LUN_OK};
  enum lun_code rc = LUN_OK;

  for (;;) {
    switch (imds->state) {
    case SEND:
      rc = send_token(imds, &err);
      if (rc)
        return lun_task_end(task, rc, &err);
      imds->state = READ;
      break;
    case READ:
      if (!lun_task_await(task, &imds->http.task))
        return LUN_STEP_WAIT;
      if (token_answered(imds) == LUN_STEP_DONE)
        return LUN_STEP_DONE;
      break;
    default: /* PAUSE */
      if (lun_task_rest(task, imds->resume_at))
        return LUN_STEP_WAIT;
      imds->state = SEND;
      break;
    }
  }
}

static void token_cancel(struct lun_task *task)
{
  lun_http_done(&imds_of(task)->http);
}

/* True if a GET can be sent: with a token, or knowingly without. */
static bool has_token(const lun_imds *imds)
{
  return imds->tokenless || (imds->token.len > 0 &&
                             lun_clock_mono_ms(imds->ctx) < imds->token_until);
}

/*
 * Begins to fetch a token, unless that is under way already.  It is for all
 * who ask meanwhile, so the first one's deadline does not end it: what does is
 * the time limit of its attempts.
 */
static void want_token(lun_imds *imds)
{
  if (imds->task.started && !imds->task.done)
    return;
  imds->state = SEND;
  imds->attempt = 0;
  lun_task_start(imds->loop, &imds->task, 0);
}

/* ------------------------------------------------------------------ GET -- */

static struct lun_imds_get *get_of(struct lun_task *task)
{
  return (struct lun_imds_get *)(void *)((char *)task -
                                         offsetof(struct lun_imds_get, task));
}

static enum lun_code send_get(struct lun_imds_get *get, struct lun_error *err)
{
  struct lun_header header = {LUN_SPAN_LIT(TOKEN_HEADER),
                              lun_buf_view(&get->imds->token)};

  get->attempt++;
  return send_request(get->imds, &get->http, "GET", get->path,
                      header.value.len > 0 ? &header : NULL, get->task.deadline,
                      err);
}

static enum lun_code read_get(struct lun_imds_get *get, struct lun_error *err)
{
  char asked[sizeof(get->path)] = "";

  if (get->http.task.rc != LUN_OK)
    return lun_imds_unanswered(&get->http, get->imds->own, get->imds->proxy,
                               err);
  if (get->http.status == 200) {
    lun_buf_done(&get->body);
    get->body = get->http.body; /* moved, not copied: it holds credentials */
    lun_buf_init(&get->http.body, get->imds->ctx, 0);
    return LUN_OK;
  }
  if (get->http.status == 404)
    return lun_error_set(err, LUN_ENOTFOUND,
                         "the instance metadata service has no %s", get->path);
  lun_error_text(asked, sizeof(asked), lun_span_of(get->path));
  return lun_imds_refused(&get->http, asked, err);
}

/* The service no longer knows the token: once, another one. */
static bool renew(struct lun_imds_get *get)
{
  if (get->http.task.rc != LUN_OK || get->http.status != 401 || get->renewed)
    return false;
  lun_buf_cut(&get->imds->token, 0);
  get->imds->tokenless = false;
  get->renewed = true;
  return true;
}

/* A service that boots like the rest of the machine, or is asked too much. */
static bool may_come(const struct lun_error *err)
{
  int status = err->http_status;

  return err->code == LUN_ENETWORK || status == 401 || status == 429 ||
         status >= 500;
}

/* There is no answer, or none that is one: the end of it, or a pause. */
static enum lun_step fail(struct lun_imds_get *get, struct lun_error *err)
{
  const lun_imds *imds = get->imds;

  if (imds->wait && may_come(err) &&
      lun_patience_again(&get->patience, &get->task, LUN_AWAITED_METADATA,
                         lun_imds_time(imds), err)) {
    get->resume_at = get->patience.resume_at;
    get->attempt = 0;
    get->renewed = false;
    get->advice = NULL; /* of a token that may come yet */
    get->state = PAUSE;
    return LUN_STEP_WAIT;
  }
  lun_patience_tell(&get->patience, imds->ctx, err);
  return lun_task_end(&get->task, err->code, err);
}

/* The answer is there: what comes next, or LUN_STEP_DONE. */
static enum lun_step answered(struct lun_imds_get *get)
{
  struct lun_error err = {.code = LUN_OK};
  enum lun_code rc = LUN_OK;

  if (renew(get)) {
    get->state = TOKEN;
    return LUN_STEP_WAIT;
  }
  rc = read_get(get, &err);
  if (rc && once_more(get->imds, &get->attempt, &get->resume_at, &err)) {
    get->state = PAUSE;
    return LUN_STEP_WAIT;
  }
  return rc ? fail(get, &err) : lun_task_end(&get->task, LUN_OK, NULL);
}

/* The token's task has ended: what comes next, or LUN_STEP_DONE. */
static enum lun_step token_came(struct lun_imds_get *get)
{
  struct lun_error err = get->imds->task.err;

  get->state = SEND;
  if (get->imds->task.rc == LUN_OK)
    return LUN_STEP_WAIT;
  get->wrong = err.http_status == 400;
  get->advice = get->imds->advice;
  return fail(get, &err);
}

static enum lun_step refuse_path(struct lun_task *task)
{
  struct lun_error err = {.code = LUN_OK};
  enum lun_code rc = lun_error_set(&err, LUN_EINVALID,
                                   "a path of the instance metadata service "
                                   "has from 1 to %zu bytes",
                                   sizeof(get_of(task)->path) - 1);

  return lun_task_end(task, rc, &err);
}

static enum lun_step get_step(struct lun_task *task)
{
  struct lun_imds_get *get = get_of(task);
  lun_imds *imds = get->imds;
  struct lun_error err = {.code = LUN_OK};
  enum lun_code rc = LUN_OK;

  for (;;) {
    switch (get->state) {
    case START:
      if (get->path[0] == '\0')
        return refuse_path(task);
      get->state = TOKEN;
      break;
    case TOKEN:
      get->state = SEND;
      if (has_token(imds))
        break;
      want_token(imds);
      get->state = TOKEN_WAIT;
      break;
    case TOKEN_WAIT:
      if (!lun_task_await(task, &imds->task))
        return LUN_STEP_WAIT;
      if (token_came(get) == LUN_STEP_DONE)
        return LUN_STEP_DONE;
      break;
    case SEND:
      rc = send_get(get, &err);
      if (rc)
        return lun_task_end(task, rc, &err);
      get->state = READ;
      break;
    case READ:
      if (!lun_task_await(task, &get->http.task))
        return LUN_STEP_WAIT;
      if (answered(get) == LUN_STEP_DONE)
        return LUN_STEP_DONE;
      break;
    default: /* PAUSE */
      if (lun_task_rest(task, get->resume_at))
        return LUN_STEP_WAIT;
      get->state = TOKEN;
      break;
    }
  }
}

static void get_cancel(struct lun_task *task)
{
  lun_http_done(&get_of(task)->http);
}

void lun_imds_get_init(struct lun_imds_get *get, lun_imds *imds)
{
  memset(get, 0, sizeof(*get));
  get->imds = imds;
  get->task.step = get_step;
  get->task.cancel = get_cancel;
  get->task.what = "asking the instance metadata service";
  lun_http_init(&get->http, imds->ctx);
  lun_buf_init(&get->body, imds->ctx, ANSWER_MAX);
}

void lun_imds_get_start(struct lun_imds_get *get, const char *path,
                        int64_t deadline)
{
  lun_imds_get_done(get);
  if (strlen(path) < sizeof(get->path))
    (void)snprintf(get->path, sizeof(get->path), "%s", path);
  lun_task_start(get->imds->loop, &get->task, deadline);
}

void lun_imds_get_done(struct lun_imds_get *get)
{
  lun_task_stop(&get->task);
  lun_http_done(&get->http);
  lun_buf_done(&get->body);
  lun_imds_get_init(get, get->imds);
}

/* --------------------------------------------------------------- client -- */

enum lun_code lun_imds_new(lun_imds **out, lun_loop *loop,
                           const struct lun_imds_options *options,
                           struct lun_error *err)
{
  lun_ctx *ctx = lun_loop_ctx(loop);
  const char *endpoint =
      options->endpoint == NULL ? LUN_IMDS_IPV4 : options->endpoint;
  struct lun_uri uri = {.port = 0};
  size_t len = strlen(endpoint);
  lun_imds *imds = NULL;
  enum lun_code rc = LUN_OK;

  rc = lun_uri_parse(&uri, lun_span_of(endpoint),
                     "AWS_EC2_METADATA_SERVICE_ENDPOINT", err);
  if (rc)
    return rc;
  while (len > 0 && endpoint[len - 1] == '/')
    len--;
  imds = lun_mem_alloc(ctx, sizeof(*imds));
  if (imds == NULL)
    return lun_error_nomem(err);
  imds->ctx = ctx;
  imds->loop = loop;
  imds->timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : TIMEOUT_MS;
  if (imds->timeout_ms > INT32_MAX)
    imds->timeout_ms = INT32_MAX; /* as HTTP has it; lun_imds_time fits then */
  imds->attempts = options->attempts > 0 ? options->attempts : 1;
  imds->v1 = options->v1;
  imds->wait = options->wait;
  imds->own = strcmp(endpoint, LUN_IMDS_IPV4) == 0 ||
              strcmp(endpoint, LUN_IMDS_IPV6) == 0;
  imds->proxy = options->proxy;
  imds->task.step = token_step;
  imds->task.cancel = token_cancel;
  lun_http_init(&imds->http, ctx);
  lun_buf_init(&imds->token, ctx, ANSWER_MAX);
  imds->endpoint = lun_mem_copy(ctx, endpoint, len);
  if (imds->endpoint == NULL) {
    lun_imds_free(imds);
    return lun_error_nomem(err);
  }
  *out = imds;
  return LUN_OK;
}

void lun_imds_free(lun_imds *imds)
{
  if (imds == NULL)
    return;
  lun_task_stop(&imds->task);
  lun_http_done(&imds->http);
  lun_buf_done(&imds->token);
  lun_mem_free(imds->ctx, imds->endpoint);
  lun_mem_free(imds->ctx, imds);
}

bool lun_imds_role(struct lun_span text)
{
  return text.len <= LUN_IMDS_ROLE && lun_text_of(text, "_+=,.@-");
}

const char *lun_imds_endpoint(const lun_imds *imds)
{
  return imds->endpoint;
}

int64_t lun_imds_time(const lun_imds *imds)
{
  return 2 * imds->timeout_ms * imds->attempts;
}
