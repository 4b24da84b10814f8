/*
 * The endpoint of a container's agent, ECS's or EKS Pod Identity's
 * (aws-behaviour.md section 3.6).  Where one is configured it alone counts: a
 * failure is an error, for the instance's role is somebody else's.
 *
 * Its answer and our token are secrets, so an error has the URL, less its
 * query, and the service's own code and message.
 */
#include "provider.h"

#include "../base/error.h"
#include "../os/file.h"
#include "../text/redact.h"
#include "document.h"

#define PREFIX     "AWS_CONTAINER_"
#define RELATIVE   PREFIX "CREDENTIALS_RELATIVE_URI"
#define FULL       PREFIX "CREDENTIALS_FULL_URI"
#define TOKEN      PREFIX "AUTHORIZATION_TOKEN"
#define TOKEN_FILE PREFIX "AUTHORIZATION_TOKEN_FILE"

#define BASE       "http://169.254.170.2"
#define URL_MAX    ((size_t)4096)
#define TOKEN_MAX  ((size_t)64 << 10)
#define TIMEOUT_MS 2000
#define ATTEMPTS   3
#define PAUSE_MS   1000
#define WORDS_LEN  200 /* of the service's own, in an error */

enum state {
  BEGIN,
  SEND,
  READ,
  PAUSE
};

struct container_provider {
  struct lun_provider base;
  enum state state;
  const char *variable; /* which says where the endpoint is */
  struct lun_buf url;
  struct lun_buf place; /* the URL without its query, for messages */
  struct lun_buf token;
  struct lun_http http;
  int attempt;
  int64_t resume_at;
};

static struct container_provider *container_of(struct lun_task *task)
{
  return (struct container_provider *)(void *)task;
}

static const char *variable(const struct container_provider *provider,
                            const char *name)
{
  return lun_env_get(&provider->base.place->settings->env, name);
}

static void release(struct lun_provider *base)
{
  struct container_provider *provider =
      (struct container_provider *)(void *)base;

  lun_http_done(&provider->http);
  lun_buf_done(&provider->url);
  lun_buf_done(&provider->place);
  lun_buf_done(&provider->token);
}

static void cancel(struct lun_task *task)
{
  lun_http_done(&container_of(task)->http);
}

/* ------------------------------------------------------------------ URL -- */

static enum lun_code check_host(const struct lun_uri *uri,
                                struct lun_error *err)
{
  static const char *const hosts[] = {"169.254.170.2", "169.254.170.23",
                                      "fd00:ec2::23", "localhost"};
  size_t i = 0;

  if (uri->secure || lun_uri_loopback(uri))
    return LUN_OK;
  for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
    if (lun_text_same(uri->host, lun_span_of(hosts[i])))
      return LUN_OK;
  (void)lun_error_set(err, LUN_ECREDENTIALS,
                      FULL ": Unsupported host '%.*s'. Can only retrieve "
                           "metadata from a loopback address or one of these "
                           "hosts: %s, %s, %s, %s",
                      (int)uri->host.len, uri->host.ptr, hosts[0], hosts[1],
                      hosts[2], hosts[3]);
  lun_error_hint(err, "the token and the keys would go over the network for "
                      "all to see: make it https, or one of those hosts");
  return LUN_ECREDENTIALS;
}

/* What comes behind the agent's own address must not become part of it. */
static enum lun_code check_relative(const char *path, struct lun_error *err)
{
  if (path[0] == '/')
    return LUN_OK;
  (void)lun_error_set(err, LUN_ECREDENTIALS,
                      RELATIVE " does not begin with a slash");
  lun_error_hint(err, "it is a path on " BASE "; a whole URL belongs in " FULL);
  return LUN_ECREDENTIALS;
}

/* The endpoint; an empty URL if none is configured. */
static enum lun_code find_url(struct container_provider *provider,
                              struct lun_error *err)
{
  const char *relative = variable(provider, RELATIVE);
  const char *value = relative == NULL ? variable(provider, FULL) : relative;
  struct lun_uri uri = {.port = 0};
  struct lun_span text = {NULL, 0};
  enum lun_code rc = LUN_OK;

  if (value == NULL)
    return LUN_OK;
  provider->variable = relative == NULL ? FULL : RELATIVE;
  if (relative != NULL)
    rc = check_relative(relative, err);
  if (rc)
    return rc;
  lun_buf_adds(&provider->url, relative == NULL ? "" : BASE);
  lun_buf_adds(&provider->url, value);
  rc = lun_buf_status(&provider->url, provider->variable, err);
  text = lun_buf_view(&provider->url);
  if (!rc)
    rc = lun_uri_parse(&uri, text, provider->variable, err);
  if (!rc)
    rc = check_host(&uri, err);
  if (rc)
    return rc;
  lun_buf_add(&provider->place, text.ptr, strcspn(text.ptr, "?"));
  return lun_buf_status(&provider->place, provider->variable, err);
}

/* ---------------------------------------------------------------- token -- */

#define WRITER "whoever starts the container has to write it there"

static enum lun_code bad_token(const char *path, const char *why,
                               const char *hint, struct lun_error *err)
{
  (void)lun_error_set(err, LUN_ECREDENTIALS, "the token in %s %s",
                      path == NULL ? TOKEN : path, why);
  lun_error_hint(err, "%s", hint);
  return LUN_ECREDENTIALS;
}

/*
 * The token, of each fetch anew: whoever wrote the file renews it.  It is
 * sent as it is, so a line break could not but end the header.
 */
static enum lun_code read_token(struct container_provider *provider,
                                struct lun_error *err)
{
  const char *path = variable(provider, TOKEN_FILE);
  struct lun_buf *token = &provider->token;
  enum lun_code rc = LUN_OK;

  if (path == NULL) {
    lun_buf_adds(token, variable(provider, TOKEN) == NULL
                            ? ""
                            : variable(provider, TOKEN));
    rc = lun_buf_status(token, TOKEN, err);
  } else {
    rc = lun_file_read(token, path, err);
    if (rc == LUN_EFILE) {
      lun_error_prefix(err, TOKEN_FILE ": ");
      lun_error_hint(err, WRITER);
    }
  }
  if (rc)
    return rc;
  if (path != NULL && token->len == 0)
    return bad_token(path, "is empty", WRITER, err);
  if (strcspn(lun_buf_text(token), "\r\n") < token->len)
    return bad_token(path, "has a line break or a NUL in it",
                     "it is sent as it is: write it without a line break "
                     "behind it",
                     err);
  return LUN_OK;
}

/* -------------------------------------------------------------- request -- */

static enum lun_code send_request(struct container_provider *provider,
                                  struct lun_error *err)
{
  const struct lun_place *place = provider->base.place;
  const struct lun_header headers[2] = {
      {LUN_SPAN_LIT("Accept"), LUN_SPAN_LIT("application/json")},
      {LUN_SPAN_LIT("Authorization"), lun_buf_view(&provider->token)}};
  struct lun_http_request request = {.method = "GET",
                                     .url = lun_buf_text(&provider->url),
                                     .headers = headers,
                                     .nheaders =
                                         provider->token.len > 0 ? 2 : 1,
                                     .connect_ms = TIMEOUT_MS,
                                     .total_ms = TIMEOUT_MS,
                                     .max_bytes = LUN_DOCUMENT_MAX,
                                     .direct = true,
                                     .ca = place->settings->ca};

  provider->attempt++;
  return lun_http_start(&provider->http, place->loop, &request,
                        provider->base.task.deadline, err);
}

/* --------------------------------------------------------- its own words -- */

/* The text that is member LOWER or UPPER, as one line; "" if there is none. */
static enum lun_code member(char *out, size_t size,
                            const struct lun_document *doc, const char *lower,
                            const char *upper, struct lun_error *err)
{
  struct lun_buf text = LUN_BUF_INIT(doc->ctx, LUN_DOCUMENT_MAX);
  enum lun_code rc = lun_document_text(&text, doc, 0, lower, err);

  if (rc != LUN_ENOMEM && text.len == 0)
    rc = lun_document_text(&text, doc, 0, upper, err);
  lun_error_text(out, size, lun_buf_view(&text));
  lun_buf_done(&text);
  return rc == LUN_ENOMEM ? rc : LUN_OK;
}

/*
 * What the service says: code and message of a JSON object, or, where it is no
 * answer that could have had keys in it, a short text that is no markup.
 */
static enum lun_code own_words(struct lun_buf *out,
                               const struct container_provider *provider,
                               struct lun_error *err)
{
  struct lun_span body = lun_text_trim(lun_buf_view(&provider->http.body));
  struct lun_document doc = {0};
  char code[64] = "";
  char message[WORDS_LEN] = "";
  enum lun_code rc =
      lun_document_open(&doc, provider->base.place->ctx, body, "it", err);

  if (!rc) {
    rc = member(code, sizeof(code), &doc, "code", "Code", err);
    if (!rc)
      rc = member(message, sizeof(message), &doc, "message", "Message", err);
    lun_buf_adds(out, code);
    lun_buf_adds(out, code[0] != '\0' && message[0] != '\0' ? ": " : "");
    lun_buf_adds(out, message);
  } else if (rc != LUN_ENOMEM && provider->http.status != 200 &&
             body.len < WORDS_LEN && body.len > 0 &&
             strchr("<{[", body.ptr[0]) == NULL) {
    lun_buf_add_span(out, body);
  }
  lun_document_close(&doc);
  return rc == LUN_ENOMEM ? rc : lun_buf_status(out, "its words", err);
}

/* Sets "WHAT: what the service says", which may well be our token. */
static enum lun_code say(const struct container_provider *provider,
                         const char *what, struct lun_error *err)
{
  lun_ctx *ctx = provider->base.place->ctx;
  struct lun_span token = lun_buf_view(&provider->token);
  struct lun_buf said = LUN_BUF_INIT(ctx, LUN_DOCUMENT_MAX);
  struct lun_buf clean = LUN_BUF_INIT(ctx, SIZE_MAX / 2);
  struct lun_error scratch = {.code = LUN_OK};
  enum lun_code rc = own_words(&said, provider, &scratch);

  if (!rc)
    rc = lun_redact(&clean, lun_buf_view(&said), &token, 1, &scratch);
  if (rc)
    rc = lun_error_nomem(err);
  else
    rc = lun_error_set(err, LUN_ECREDENTIALS, "%s%s%s", what,
                       clean.len > 0 ? ": " : "", lun_buf_text(&clean));
  lun_buf_done(&said);
  lun_buf_done(&clean);
  return rc;
}

/* --------------------------------------------------------------- answer -- */

static enum lun_code describe(struct container_provider *provider,
                              const struct lun_document *doc,
                              struct lun_error *err)
{
  struct lun_provider *base = &provider->base;
  struct lun_buf end = LUN_BUF_INIT(doc->ctx, 32);
  char arn[256] = "";
  enum lun_code rc = member(arn, sizeof(arn), doc, "RoleArn", "roleArn", err);

  lun_text_put_iso(&end, base->cred->expires_at);
  lun_provider_reason(base->found, "keys%s%s that expire at %s",
                      arn[0] == '\0' ? "" : " of ", arn, lun_buf_text(&end));
  if (!rc)
    rc = lun_buf_status(&end, "a date", err);
  lun_buf_done(&end);
  return rc;
}

/* The document of an answer with status 200; *AGAIN if it is none. */
static enum lun_code read_document(struct container_provider *provider,
                                   bool *again, struct lun_error *err)
{
  static const struct lun_document_names names = {
      .access_key_id = "AccessKeyId",
      .secret_access_key = "SecretAccessKey",
      .session_token = "Token",
      .expiration = "Expiration",
      .account_id = "AccountId",
      .token_required = true,
      .expiration_required = true};
  struct lun_provider *base = &provider->base;
  struct lun_document doc = {0};
  enum lun_code rc =
      lun_document_open(&doc, base->place->ctx,
                        lun_buf_view(&provider->http.body), "its answer", err);

  *again = rc != LUN_OK;
  if (!rc) {
    rc = lun_document_cred(&base->cred, &doc, 0, &names, base->name, NULL, err);
    if (rc == LUN_ECREDENTIALS)
      rc = say(provider, err->message, err);
  }
  if (!rc)
    rc = describe(provider, &doc, err);
  lun_document_close(&doc);
  base->skew = lun_provider_skew(base, &provider->http);
  return rc;
}

/* A transfer without an answer; its error begins with the peer, in whose place
 * the URL will stand. */
static enum lun_code unanswered(const struct lun_http *http,
                                struct lun_error *err)
{
  const char *why = http->task.err.message;
  size_t len = strlen(http->peer);

  if (strncmp(why, http->peer, len) == 0 && strncmp(why + len, ": ", 2) == 0)
    why += len + 2;
  *err = http->task.err;
  (void)snprintf(err->message, sizeof(err->message), "%s", why);
  return err->code;
}

/* The transfer is over.  *AGAIN says if another attempt may do better. */
static enum lun_code read_answer(struct container_provider *provider,
                                 bool *again, struct lun_error *err)
{
  const struct lun_http *http = &provider->http;
  char what[64] = "";

  *again = true;
  if (http->task.rc)
    return unanswered(http, err);
  if (http->status == 200)
    return read_document(provider, again, err);
  (void)snprintf(what, sizeof(what), "it answered with HTTP status %d",
                 http->status);
  return say(provider, what, err);
}

/* --------------------------------------------------------------- errors -- */

/*
 * The next step.  Of a connection that fails there are hints about networks,
 * which lie between us and https alone.
 */
static void advise(const struct container_provider *provider,
                   struct lun_error *err)
{
  bool near = provider->http.task.rc != LUN_OK &&
              lun_text_prefix(lun_buf_view(&provider->url), "http:");

  if (err->http_status == 401 || err->http_status == 403)
    lun_error_hint(err, "%s",
                   provider->token.len > 0
                       ? "it does not take the token: look at how the "
                         "container got it"
                       : "it wants a token: " TOKEN_FILE " or " TOKEN
                         " is not set");
  else if (near)
    lun_error_hint(err,
                   "look at the agent of this container; outside of the one "
                   "that %s was made for, unset it",
                   provider->variable);
  else if (err->hint[0] == '\0')
    lun_error_hint(err,
                   "look at what set %s, and at what answers there; without "
                   "the variable the next provider is asked",
                   provider->variable);
}

/* Makes ERR say which provider and which URL; ends the step. */
static enum lun_step failed(struct container_provider *provider,
                            enum lun_code rc, struct lun_error *err)
{
  struct lun_task *task = &provider->base.task;

  if (rc == LUN_ENOMEM || rc == LUN_EDEADLINE)
    return lun_task_end(task, rc, err);
  err->code = LUN_ECREDENTIALS;
  err->attempts = provider->attempt;
  if (provider->attempt > 0) {
    err->http_status = provider->http.status;
    lun_error_prefix(err, "%s: ", lun_buf_text(&provider->place));
  }
  lun_error_prefix(
      err, "Error when retrieving credentials from %s: ", provider->base.name);
  advise(provider, err);
  return lun_task_end(task, LUN_ECREDENTIALS, err);
}

/* ---------------------------------------------------------------- steps -- */

/* True if there is another attempt, and time for it before the deadline. */
static bool once_more(struct container_provider *provider)
{
  const struct lun_task *task = &provider->base.task;

  if (provider->attempt >= ATTEMPTS)
    return false;
  provider->resume_at = lun_clock_mono_ms(provider->base.place->ctx) + PAUSE_MS;
  return task->deadline == 0 || provider->resume_at < task->deadline;
}

/* The answer is there: what comes next, or LUN_STEP_DONE. */
static enum lun_step answered(struct container_provider *provider)
{
  struct lun_error err = {.code = LUN_OK};
  bool again = false;
  enum lun_code rc = read_answer(provider, &again, &err);

  if (!rc)
    return lun_task_end(&provider->base.task, LUN_OK, NULL);
  if (rc != LUN_ENOMEM && again && once_more(provider)) {
    provider->state = PAUSE;
    return LUN_STEP_WAIT;
  }
  return failed(provider, rc, &err);
}

static enum lun_code begin(struct container_provider *provider,
                           struct lun_error *err)
{
  enum lun_code rc = find_url(provider, err);

  if (rc || provider->url.len == 0)
    return rc;
  lun_provider_reason(provider->base.looked, "%s: %s", provider->variable,
                      lun_buf_text(&provider->place));
  return read_token(provider, err);
}

static enum lun_step step(struct lun_task *task)
{
  struct container_provider *provider = container_of(task);
  struct lun_error err = {.code = LUN_OK};
  enum lun_code rc = LUN_OK;

  for (;;) {
    switch (provider->state) {
    case BEGIN:
      lun_provider_reason(provider->base.looked, RELATIVE ", " FULL);
      rc = begin(provider, &err);
      if (rc)
        return failed(provider, rc, &err);
      if (provider->url.len == 0)
        return lun_provider_pass(&provider->base, "neither of the two is set");
      provider->state = SEND;
      break;
    case SEND:
      rc = send_request(provider, &err);
      if (rc)
        return failed(provider, rc, &err);
      provider->state = READ;
      break;
    case READ:
      if (!lun_task_await(task, &provider->http.task))
        return LUN_STEP_WAIT;
      if (answered(provider) == LUN_STEP_DONE)
        return LUN_STEP_DONE;
      break;
    default: /* PAUSE */
      if (lun_task_rest(task, provider->resume_at))
        return LUN_STEP_WAIT;
      provider->state = SEND;
      break;
    }
  }
}

enum lun_code lun_provider_container(struct lun_provider **out,
                                     struct lun_place *place,
                                     const char *source_profile,
                                     struct lun_error *err)
{
  struct container_provider *provider = NULL;
  enum lun_code rc = lun_provider_new(out, sizeof(*provider), "container-role",
                                      step, place, source_profile, err);

  if (rc)
    return rc;
  provider = (struct container_provider *)(void *)*out;
  lun_http_init(&provider->http, place->ctx);
  lun_buf_init(&provider->url, place->ctx, URL_MAX);
  lun_buf_init(&provider->place, place->ctx, URL_MAX);
  lun_buf_init(&provider->token, place->ctx, TOKEN_MAX);
  provider->base.task.cancel = cancel;
  provider->base.release = release;
  return LUN_OK;
}
