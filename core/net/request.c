/*
 * Everything that has a place in the request is copied, since a call outlives
 * the loan of its input; tokens may be among it, so that all of it is wiped.
 */
#include "request.h"

#include "../base/error.h"

#define ANSWER_MAX  ((size_t)8 << 20)
#define BODY_MAX    ((size_t)16 << 20)
#define URL_MAX     ((size_t)8192)
#define TEXT_MAX    ((size_t)64 << 10) /* of the further headers */
#define HEADERS_MAX (10 + LUN_CALL_HEADERS)
#define USER_AGENT  "lunette/" LUN_VERSION " ua/2.1 os/linux lang/c"

static lun_ctx *ctx_of(const struct lun_request *request)
{
  return request->body.ctx;
}

/* ------------------------------------------------------------- attempts -- */

/* The headers of one attempt, and what their values are in. */
struct sending {
  struct lun_header headers[HEADERS_MAX];
  size_t nheaders;
  char host[300];
  char target[128];
  char count[48];
  struct lun_sigv4_result signature;
};

static void add_header(struct sending *sending, struct lun_header header)
{
  sending->headers[sending->nheaders] = header;
  sending->nheaders++;
}

static void add(struct sending *sending, const char *name,
                struct lun_span value)
{
  add_header(sending, (struct lun_header){lun_span_of(name), value});
}

/* The Host header is given, so that what is sent is what was signed. */
static void put_host(struct sending *sending, const struct lun_uri *uri)
{
  bool usual = uri->port == (uri->secure ? 443 : 80);
  char port[8] = "";

  if (!usual)
    (void)snprintf(port, sizeof(port), ":%d", uri->port);
  (void)snprintf(sending->host, sizeof(sending->host),
                 uri->ipv6 ? "[%.*s]%s" : "%.*s%s", (int)uri->host.len,
                 uri->host.ptr, port);
  add(sending, "Host", lun_span_of(sending->host));
}

/* What the body is, and for RPC in JSON, whose. */
static void put_type(struct sending *sending, const struct lun_op *op,
                     bool body)
{
  static const char *const types[] = {
      [LUN_PROTOCOL_JSON11] = "application/x-amz-json-1.1",
      [LUN_PROTOCOL_QUERY] = "application/x-www-form-urlencoded; charset=utf-8",
      [LUN_PROTOCOL_REST_JSON] = "application/json",
  };

  if (body)
    add(sending, "Content-Type", lun_span_of(types[op->service->protocol]));
  if (op->service->protocol != LUN_PROTOCOL_JSON11)
    return;
  (void)snprintf(sending->target, sizeof(sending->target), "%s.%s",
                 op->service->target_prefix, op->name);
  add(sending, "X-Amz-Target", lun_span_of(sending->target));
}

static void put_headers(struct sending *sending,
                        const struct lun_request *request,
                        const struct lun_attempt *attempt,
                        const struct lun_uri *uri)
{
  size_t i = 0;

  put_host(sending, uri);
  put_type(sending, request->input.op, request->body.len > 0);
  for (i = 0; i < request->input.nheaders; i++)
    add_header(sending, request->headers[i]);
  (void)snprintf(sending->count, sizeof(sending->count), "attempt=%d; max=%d",
                 attempt->number, attempt->max);
  add(sending, "amz-sdk-invocation-id", lun_span_of(request->invocation));
  add(sending, "amz-sdk-request", lun_span_of(sending->count));
  add(sending, "User-Agent", LUN_SPAN_LIT(USER_AGENT));
}

static enum lun_code sign(struct sending *sending,
                          const struct lun_request *request,
                          const struct lun_uri *uri, int64_t time,
                          struct lun_error *err)
{
  const struct lun_op *op = request->input.op;
  const struct lun_cred *cred = request->input.cred;
  struct lun_sigv4_request what = {.method = lun_span_of(op->method),
                                   .path = uri->path,
                                   .query = uri->query,
                                   .headers = sending->headers,
                                   .nheaders = sending->nheaders,
                                   .body = lun_buf_view(&request->body)};
  struct lun_sigv4_options options = {.region = lun_span_of(request->region),
                                      .service = lun_span_of(op->service->name),
                                      .time = time};
  struct lun_sigv4_key key = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
  enum lun_code rc = LUN_OK;

  if (cred == NULL)
    return LUN_OK;
  key.access_key_id = lun_span_of(cred->access_key_id);
  key.secret_access_key = lun_secret_view(cred->secret_access_key);
  key.session_token = lun_secret_view(cred->session_token);
  rc = lun_sigv4_sign(&sending->signature, &what, &key, &options, err);
  if (rc)
    return rc;
  add(sending, "X-Amz-Date", lun_span_of(sending->signature.date));
  if (key.session_token.len > 0)
    add(sending, "X-Amz-Security-Token", key.session_token);
  add(sending, "Authorization",
      lun_buf_view(&sending->signature.authorization));
  return LUN_OK;
}

enum lun_code lun_request_send(const struct lun_request *request,
                               const struct lun_attempt *attempt,
                               struct lun_http *http,
                               const struct lun_task *task,
                               struct lun_error *err)
{
  struct sending sending = {.nheaders = 0};
  struct lun_http_request what = {.method = request->input.op->method,
                                  .url = lun_buf_text(&request->url),
                                  .body = lun_buf_view(&request->body),
                                  .connect_ms = request->input.connect_ms,
                                  .max_bytes = ANSWER_MAX,
                                  .ca = request->ca};
  struct lun_uri uri = {.port = 0};
  enum lun_code rc = LUN_OK;

  lun_sigv4_result_init(&sending.signature, ctx_of(request));
  rc = lun_uri_parse(&uri, lun_buf_view(&request->url), "the endpoint", err);
  if (rc)
    goto done;
  put_headers(&sending, request, attempt, &uri);
  rc = sign(&sending, request, &uri, attempt->time, err);
  if (rc)
    goto done;
  if (request->trace != NULL)
    add(&sending, "X-Amzn-Trace-Id", lun_span_of(request->trace));
  what.headers = sending.headers;
  what.nheaders = sending.nheaders;
  rc = lun_http_start(http, task->loop, &what, task->deadline, err);
done:
  lun_sigv4_result_done(&sending.signature);
  return rc;
}

/* --------------------------------------------------------------- making -- */

enum lun_code lun_request_url(struct lun_buf *out, const char *endpoint,
                              const struct lun_op *op, const char *query,
                              struct lun_error *err)
{
  struct lun_span base = lun_span_of(endpoint);
  struct lun_uri uri = {.port = 0};
  enum lun_code rc = lun_uri_parse(&uri, base, "the endpoint", err);

  if (rc)
    return rc;
  base.len = (size_t)(uri.path.ptr - base.ptr) + uri.path.len;
  if (op->path[0] != '\0' && base.ptr[base.len - 1] == '/')
    base.len--;
  lun_buf_add_span(out, base);
  lun_buf_adds(out, op->path);
  if (uri.query.len > 0) {
    lun_buf_addc(out, '?');
    lun_buf_add_span(out, uri.query);
  }
  if (query != NULL)
    lun_buf_addf(out, "%c%s", uri.query.len > 0 ? '&' : '?', query);
  return lun_buf_status(out, "the URL of a call", err);
}

static enum lun_code make_body(struct lun_request *request,
                               struct lun_error *err)
{
  const struct lun_op *op = request->input.op;

  if (op->service->protocol == LUN_PROTOCOL_QUERY)
    lun_buf_addf(&request->body, "Action=%s&Version=%s", op->name,
                 op->service->version);
  else if (request->input.body.len == 0 && strcmp(op->method, "GET") != 0)
    lun_buf_adds(&request->body, "{}");
  lun_buf_add_span(&request->body, request->input.body);
  return lun_buf_status(&request->body, "a request", err);
}

/* All names and values one behind the other, and where each of them is. */
static enum lun_code copy_headers(struct lun_request *request,
                                  struct lun_error *err)
{
  const struct lun_header *from = request->input.headers;
  enum lun_code rc = LUN_OK;
  const char *at = NULL;
  size_t i = 0;

  if (request->input.nheaders > LUN_CALL_HEADERS)
    return lun_error_set(err, LUN_EINVALID, "too many headers");
  for (i = 0; i < request->input.nheaders; i++) {
    lun_buf_add_span(&request->text, from[i].name);
    lun_buf_add_span(&request->text, from[i].value);
  }
  rc = lun_buf_status(&request->text, "a request's headers", err);
  if (rc)
    return rc;
  at = lun_buf_text(&request->text);
  for (i = 0; i < request->input.nheaders; i++) {
    request->headers[i].name = (struct lun_span){at, from[i].name.len};
    at += from[i].name.len;
    request->headers[i].value = (struct lun_span){at, from[i].value.len};
    at += from[i].value.len;
  }
  return LUN_OK;
}

static bool copy(char **out, lun_ctx *ctx, const char *text)
{
  *out = lun_mem_strdup(ctx, text);
  return text == NULL || *out != NULL;
}

static enum lun_code copy_input(struct lun_request *request,
                                const struct lun_call_input *input,
                                struct lun_error *err)
{
  lun_ctx *ctx = ctx_of(request);
  enum lun_code rc = LUN_OK;

  request->input = *input;
  request->input.cred = lun_cred_ref(input->cred);
  if (!copy(&request->region, ctx, input->region) ||
      !copy(&request->trace, ctx, input->trace) ||
      !copy(&request->ca, ctx, input->ca))
    return lun_error_nomem(err);
  rc = lun_request_url(&request->url, input->endpoint, input->op, input->query,
                       err);
  if (!rc)
    rc = make_body(request, err);
  if (!rc)
    rc = copy_headers(request, err);
  /* The loans are over. */
  request->input.body = (struct lun_span){NULL, 0};
  request->input.endpoint = NULL;
  request->input.query = NULL;
  request->input.headers = NULL;
  request->input.region = request->region;
  request->input.trace = request->trace;
  request->input.ca = request->ca;
  return rc;
}

void lun_request_init(struct lun_request *request, lun_ctx *ctx)
{
  memset(request, 0, sizeof(*request));
  lun_buf_init(&request->body, ctx, BODY_MAX);
  lun_buf_init(&request->url, ctx, URL_MAX);
  lun_buf_init(&request->text, ctx, TEXT_MAX);
}

enum lun_code lun_request_make(struct lun_request *request,
                               const struct lun_call_input *input,
                               struct lun_error *err)
{
  enum lun_code rc = LUN_OK;

  lun_request_done(request);
  rc = copy_input(request, input, err);
  return rc ? rc : lun_clock_uuid(ctx_of(request), request->invocation, err);
}

void lun_request_done(struct lun_request *request)
{
  lun_ctx *ctx = ctx_of(request);

  lun_cred_unref(request->input.cred);
  lun_buf_done(&request->body);
  lun_buf_done(&request->url);
  lun_buf_done(&request->text);
  lun_mem_free(ctx, request->region);
  lun_mem_free(ctx, request->trace);
  lun_mem_free(ctx, request->ca);
  lun_request_init(request, ctx);
}
