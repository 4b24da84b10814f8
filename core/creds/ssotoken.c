/*
 * A token of the older form (without an sso-session) is used until it ends.
 * Another is renewed in its last quarter of an hour, and a renewal that fails
 * matters only once the token is of no use any more: by then somebody else may
 * have renewed it, so the file is read again before anybody is sent to log in.
 */
#include "ssotoken.h"

#include "../base/error.h"
#include "../base/log.h"
#include "../sign/hash.h"
#include "cache.h"

#include <stdarg.h>
#include <stdio.h>

#define FOLDER    "~/.aws/sso/cache"
#define WINDOW    900   /* seconds before its end, in which it is renewed */
#define EVERY_MS  60000 /* between two attempts to renew it */
#define WAIT_MS   5000  /* for a renewal that can be done without */
#define TOKEN_MAX ((size_t)16 << 10)
#define BODY_MAX  ((size_t)64 << 10)
#define DATE_MAX  ((size_t)32)

static struct lun_sso_token *token_of(struct lun_task *task)
{
  return (struct lun_sso_token *)(void *)task;
}

/* What its file is named after. */
static const char *name_of(const struct lun_sso_token *token)
{
  const struct lun_sso_conf *conf = &token->conf;

  return conf->session.value != NULL ? conf->session.value
                                     : conf->start_url.value;
}

static int64_t now_of(const struct lun_sso_token *token)
{
  return lun_clock_wall_ms(token->place->ctx) / 1000;
}

/* Seconds that it is still good for. */
static int64_t remaining(const struct lun_sso_token *token)
{
  return token->expires_at - now_of(token);
}

/* ----------------------------------------------------------------- file -- */

static enum lun_code parse(struct lun_sso_token *token, struct lun_error *err)
{
  enum lun_code rc =
      lun_document_open(&token->doc, token->place->ctx,
                        lun_buf_view(&token->file), token->path, err);

  if (!rc)
    rc = lun_cache_token(&token->token, &token->doc, "accessToken", err);
  if (!rc)
    rc = lun_cache_date(&token->expires_at, &token->doc, "expiresAt", err);
  if (!rc && token->expires_at == 0)
    rc = lun_error_set(err, LUN_ECREDENTIALS, "%s: expiresAt is missing",
                       token->path);
  return rc;
}

static void forget(struct lun_sso_token *token)
{
  lun_document_close(&token->doc);
  lun_buf_done(&token->file);
  lun_buf_done(&token->token);
}

/* Reads the file, also once more. */
static enum lun_code load(struct lun_sso_token *token, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;

  forget(token);
  rc = lun_cache_read(&token->file, token->path, err);
  if (rc == LUN_ENOTFOUND) {
    rc = lun_error_set(err, LUN_ECREDENTIALS,
                       "Error loading SSO Token: Token for %s does not exist "
                       "(there is no %s)",
                       name_of(token), token->path);
  } else if (!rc) {
    rc = parse(token, err);
    if (rc == LUN_ECREDENTIALS)
      lun_error_prefix(
          err,
          "Error loading SSO Token: Token for %s is invalid: ", name_of(token));
  }
  if (rc == LUN_ECREDENTIALS && (err == NULL || err->hint[0] == '\0'))
    lun_sso_conf_hint(&token->conf, err);
  return rc;
}

/* -------------------------------------------------------------- renewal -- */

/* Why it cannot be renewed. */
static void set_why(struct lun_sso_token *token, const char *format, ...)
    LUN_PRINTF(2, 3);

static void set_why(struct lun_sso_token *token, const char *format, ...)
{
  va_list args;

  va_start(args, format);
  (void)vsnprintf(token->why, sizeof(token->why), format, args);
  va_end(args);
}

/* Appends the request to BODY; token->why is set if the file does not have
 * what is needed for one. */
static enum lun_code make_body(struct lun_buf *body,
                               struct lun_sso_token *token,
                               struct lun_error *err)
{
  static const char *const keys[] = {"clientSecret", "clientId",
                                     "refreshToken"};
  enum lun_code rc = LUN_OK;
  struct lun_buf text = LUN_BUF_INIT(token->place->ctx, TOKEN_MAX);
  int64_t registered = 0;
  size_t i = 0;

  rc = lun_cache_date(&registered, &token->doc, "registrationExpiresAt", err);
  if (registered == 0)
    set_why(token, "it has no registrationExpiresAt");
  else if (registered <= now_of(token))
    set_why(token, "the registration of the client that logged in has expired");
  lun_buf_adds(body, "{\"grantType\":\"refresh_token\"");
  for (i = 0; !rc && i < sizeof(keys) / sizeof(keys[0]); i++) {
    lun_buf_cut(&text, 0);
    rc = lun_document_text(&text, &token->doc, 0, keys[i], err);
    if (text.len == 0)
      set_why(token, "it has no %s", keys[i]);
    lun_buf_addf(body, ",\"%s\":", keys[i]);
    lun_json_quote(body, lun_buf_view(&text));
  }
  lun_buf_addc(body, '}');
  if (!rc)
    rc = lun_buf_status(body, "a request for a token", err);
  lun_buf_done(&text);
  return rc;
}

/* The end of an attempt: one whose failure is no harm has to leave time for
 * what the token is wanted for. */
static int64_t end_of_call(const struct lun_sso_token *token)
{
  int64_t now = lun_clock_mono_ms(token->place->ctx);
  int64_t deadline = token->task.deadline;

  if (remaining(token) <= 0)
    return deadline;
  if (deadline != 0 && (deadline - now) / 2 < WAIT_MS)
    return now + (deadline - now) / 2;
  return now + WAIT_MS;
}

static enum lun_code call(struct lun_sso_token *token, struct lun_span body,
                          struct lun_error *err)
{
  struct lun_call_input input = {.op = lun_op_get(LUN_OP_CreateToken),
                                 .body = body,
                                 .quota = &token->quota};
  enum lun_code rc = lun_sso_conf_target(&token->target, &token->conf,
                                         token->place, input.op->service, err);

  if (rc)
    return rc;
  lun_target_input(&input, &token->target, token->place->settings);
  if (remaining(token) > 0)
    input.wait = false;
  rc = lun_call_start(&token->call, token->place->loop, &input,
                      end_of_call(token), err);
  if (rc)
    return rc;
  token->calling = true;
  token->step = lun_trace_begin(token->trace, token->depth, input.op->name);
  return LUN_OK;
}

/* Begins a renewal, or says in token->why why there is none. */
static enum lun_code renew(struct lun_sso_token *token, struct lun_error *err)
{
  struct lun_buf body = LUN_BUF_INIT(token->place->ctx, BODY_MAX);
  struct lun_error why = {.code = LUN_OK};
  const char *name = strrchr(token->path, '/');
  enum lun_code rc = make_body(&body, token, &why);

  if (rc == LUN_ENOMEM) {
    (void)lun_error_nomem(err);
  } else if (rc) { /* which is no harm while the token lasts */
    set_why(token, "%s", why.message);
    rc = LUN_OK;
  } else if (token->why[0] == '\0') {
    if (lun_place_try(token->place, name, EVERY_MS))
      rc = call(token, lun_buf_view(&body), err);
    else
      set_why(token, "the last attempt is less than a minute ago");
  }
  lun_buf_done(&body);
  return rc;
}

static void log_word(const struct lun_sso_token *token, enum lun_level level,
                     const char *word, enum lun_code rc)
{
  struct lun_field fields[] = {
      {.key = "profile", .kind = LUN_FIELD_NAME, .name = token->conf.profile},
      {.key = "kind", .kind = LUN_FIELD_CODE, .name = lun_code_kind(rc)}};

  lun_log(token->place->ctx, level, word, fields, rc == LUN_OK ? 1 : 2);
}

/*
 * Writes what is new to the file, but not over a new login of somebody else's.
 * A cache that cannot be written (on a read-only disk, say) fails nobody who
 * has the token: memory alone does.
 */
static enum lun_code save(const struct lun_sso_token *token,
                          struct lun_span refresh, struct lun_error *err)
{
  lun_ctx *ctx = token->place->ctx;
  struct lun_cache_member members[] = {
      {.key = "accessToken"}, {.key = "expiresAt"}, {.key = "refreshToken"}};
  struct lun_buf values[3];
  struct lun_buf bytes = LUN_BUF_INIT(ctx, 2 * LUN_DOCUMENT_MAX);
  enum lun_code rc = LUN_OK;
  size_t i = 0;

  for (i = 0; i < 3; i++)
    lun_buf_init(&values[i], ctx, LUN_DOCUMENT_MAX);
  lun_json_quote(&values[0], lun_buf_view(&token->token));
  lun_buf_addc(&values[1], '"');
  lun_text_put_iso(&values[1], token->expires_at);
  lun_buf_addc(&values[1], '"');
  if (refresh.len > 0)
    lun_json_quote(&values[2], refresh);
  for (i = 0; !rc && i < 3; i++) {
    rc = lun_buf_status(&values[i], members[i].key, err);
    members[i].json = lun_buf_view(&values[i]);
  }
  lun_cache_edit(&bytes, &token->doc, 0, members, 3);
  if (!rc)
    rc = lun_buf_status(&bytes, "a token's file", err);
  if (!rc)
    rc = lun_cache_replace(ctx, token->path, lun_buf_view(&token->file),
                           lun_buf_view(&bytes), err);
  if (rc && rc != LUN_ENOMEM)
    log_word(token, LUN_WARN, "sso.cache_not_written", rc);
  for (i = 0; i < 3; i++)
    lun_buf_done(&values[i]);
  lun_buf_done(&bytes);
  return rc == LUN_ENOMEM ? rc : LUN_OK;
}

/* Takes what CreateToken has answered. */
static enum lun_code adopt(struct lun_sso_token *token, struct lun_error *err)
{
  lun_ctx *ctx = token->place->ctx;
  struct lun_document answer = {.json = NULL};
  struct lun_buf access = LUN_BUF_INIT(ctx, TOKEN_MAX);
  struct lun_buf refresh = LUN_BUF_INIT(ctx, TOKEN_MAX);
  int64_t seconds = 0;
  bool found = false;
  enum lun_code rc =
      lun_document_open(&answer, ctx, lun_buf_view(&token->call.answer),
                        "the answer of CreateToken", err);

  if (!rc)
    rc = lun_cache_token(&access, &answer, "accessToken", err);
  if (!rc)
    rc = lun_document_text(&refresh, &answer, 0, "refreshToken", err);
  if (!rc)
    rc = lun_document_int(&seconds, &found, &answer, 0, "expiresIn", err);
  if (!rc && (!found || seconds < 1 || seconds > INT32_MAX))
    rc = lun_error_set(err, LUN_ECREDENTIALS, "%s: expiresIn is %s",
                       answer.what, found ? "no lifetime" : "missing");
  if (rc == LUN_ECREDENTIALS) { /* which would mean to log in */
    rc = LUN_ESERVICE;
    err->code = rc;
  }
  if (!rc) {
    lun_buf_cut(&token->token, 0);
    lun_buf_add_span(&token->token, lun_buf_view(&access));
    token->expires_at = now_of(token) + seconds;
    rc = lun_buf_status(&token->token, "a token", err);
  }
  if (!rc)
    rc = save(token, lun_buf_view(&refresh), err);
  lun_document_close(&answer);
  lun_buf_done(&access);
  lun_buf_done(&refresh);
  return rc;
}

/* ------------------------------------------------------------------ end -- */

/* The older form: nobody but the user can do anything. */
static enum lun_step end_expired(struct lun_sso_token *token)
{
  struct lun_error *err = &token->task.err;
  struct lun_buf date = LUN_BUF_INIT(token->place->ctx, DATE_MAX);
  enum lun_code rc = LUN_ECREDENTIALS;

  lun_text_put_iso(&date, token->expires_at);
  if (date.fail == LUN_ENOMEM) {
    rc = lun_error_nomem(err);
  } else {
    (void)lun_error_set(err, rc,
                        "The SSO session associated with this profile has "
                        "expired or is otherwise invalid (%s expired at %s)",
                        token->path, lun_buf_text(&date));
    lun_sso_conf_hint(&token->conf, err);
  }
  lun_buf_done(&date);
  return lun_task_end(&token->task, rc, NULL);
}

/* What failed and may work the next time is no reason to log in. */
static bool passing(enum lun_code rc)
{
  return rc == LUN_ENETWORK || rc == LUN_ESERVICE || rc == LUN_ETHROTTLED ||
         rc == LUN_EDEADLINE;
}

/*
 * It was not renewed, by CAUSE (NULL: it was not tried, see token->why): it is
 * used while it lasts.
 */
static enum lun_step end_old(struct lun_sso_token *token,
                             const struct lun_error *cause)
{
  struct lun_error *err = &token->task.err;
  enum lun_code rc = LUN_OK;

  if (cause != NULL && remaining(token) <= 0) {
    rc = load(token, err);
    if (rc == LUN_ENOMEM)
      return lun_task_end(&token->task, rc, NULL);
  }
  if (!rc && remaining(token) > 0)
    return lun_task_end(&token->task, LUN_OK, NULL);
  if (cause != NULL)
    *err = *cause;
  else
    (void)lun_error_set(err, LUN_ECREDENTIALS, "%s", token->why);
  lun_error_prefix(err,
                   "Error when retrieving token from sso: Token has expired "
                   "and refresh failed (%s): ",
                   token->path);
  if (!passing(err->code)) {
    err->code = LUN_ECREDENTIALS;
    lun_sso_conf_hint(&token->conf, err);
  }
  return lun_task_end(&token->task, err->code, NULL);
}

static void trace_end(struct lun_sso_token *token, enum lun_code rc,
                      const struct lun_error *err)
{
  lun_trace_finish(token->trace, token->step, lun_buf_text(&token->target.url),
                   rc ? LUN_TRACE_FAILED : LUN_TRACE_FOUND,
                   rc ? err->message : "a new token");
}

static enum lun_step answered(struct lun_sso_token *token)
{
  struct lun_error err = token->call.task.err;
  enum lun_code rc = token->call.task.rc;

  if (!rc)
    rc = adopt(token, &err);
  trace_end(token, rc, &err);
  log_word(token, rc ? LUN_WARN : LUN_INFO,
           rc ? "sso.renew_failed" : "sso.renewed", rc);
  if (rc == LUN_OK || rc == LUN_ENOMEM)
    return lun_task_end(&token->task, rc, &err);
  return end_old(token, &err);
}

static enum lun_step step(struct lun_task *task)
{
  struct lun_sso_token *token = token_of(task);
  bool older = token->conf.session.value == NULL;
  enum lun_code rc = LUN_OK;

  if (!token->calling) {
    rc = load(token, &task->err);
    if (!rc && remaining(token) >= (older ? 1 : WINDOW))
      return lun_task_end(task, LUN_OK, NULL);
    if (!rc && older)
      return end_expired(token);
    if (!rc)
      rc = renew(token, &task->err);
    if (rc)
      return lun_task_end(task, rc, NULL);
    if (!token->calling)
      return end_old(token, NULL);
  }
  if (!lun_task_await(task, &token->call.task))
    return LUN_STEP_WAIT;
  return answered(token);
}

static void cancel(struct lun_task *task)
{
  lun_call_done(&token_of(task)->call);
}

/* ---------------------------------------------------------------- start -- */

static enum lun_code find_file(struct lun_sso_token *token,
                               struct lun_error *err)
{
  unsigned char hash[LUN_SHA1_LEN] = {0};
  enum lun_code rc = lun_hash_sha1(hash, lun_span_of(name_of(token)), err);

  if (rc)
    return rc;
  return lun_cache_path(&token->path, token->place, FOLDER,
                        (struct lun_span){(const char *)hash, sizeof(hash)},
                        err);
}

enum lun_code lun_sso_token_init(struct lun_sso_token *token,
                                 struct lun_place *place, const char *profile,
                                 struct lun_error *err)
{
  enum lun_code rc = LUN_OK;

  memset(token, 0, sizeof(*token));
  token->task.step = step;
  token->task.cancel = cancel;
  token->place = lun_place_ref(place);
  lun_buf_init(&token->token, place->ctx, TOKEN_MAX);
  lun_buf_init(&token->file, place->ctx, LUN_DOCUMENT_MAX);
  lun_target_init(&token->target, place->ctx);
  lun_call_init(&token->call, place->ctx);
  lun_retry_quota_init(&token->quota);
  rc = lun_sso_conf_read(&token->conf, place, profile, false, err);
  if (!rc)
    rc = find_file(token, err);
  if (rc)
    lun_sso_token_done(token);
  return rc;
}

void lun_sso_token_start(struct lun_sso_token *token, int64_t deadline)
{
  lun_task_start(token->place->loop, &token->task, deadline);
}

void lun_sso_token_done(struct lun_sso_token *token)
{
  struct lun_place *place = token->place;

  if (place == NULL)
    return;
  lun_task_stop(&token->task);
  lun_document_close(&token->doc);
  lun_buf_done(&token->token);
  lun_buf_done(&token->file);
  lun_target_done(&token->target);
  lun_call_done(&token->call);
  lun_mem_free(place->ctx, token->path);
  lun_place_unref(place);
  memset(token, 0, sizeof(*token));
}
