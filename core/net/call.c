/*
 * An attempt is signed, sent and read; then the call is over, or it sleeps
 * and the next attempt is signed anew.  What decides is pure and elsewhere:
 * reply.h says what came back, retry.h whether to try again, advice.h what
 * the user can do.
 */
#include "call.h"

#include "../base/log.h"
#include "../rules/advice.h"
#include "reply.h"

#define MAX_ATTEMPTS 3
#define RESERVE_MS   1000 /* for an attempt that finds no name, no route */

enum {
  SEND,
  READ,
  PAUSE
};

static struct lun_call *call_of(struct lun_task *task)
{
  return (struct lun_call *)(void *)((char *)task -
                                     offsetof(struct lun_call, task));
}

static lun_ctx *ctx_of(const struct lun_call *call)
{
  return call->answer.ctx;
}

/* -------------------------------------------------------------- outcome -- */

/* What every error of this call says, whatever else it does. */
static void label(const struct lun_call *call, struct lun_error *err)
{
  const struct lun_op *op = call->request.input.op;

  (void)snprintf(err->service, sizeof(err->service), "%s", op->service->name);
  (void)snprintf(err->operation, sizeof(err->operation), "%s", op->name);
  err->attempts = call->retry.attempts;
  err->http_status = call->http.status;
  memcpy(err->request_id, call->request_id, sizeof(err->request_id));
}

/* An error that AWS answered with, or somebody in its place. */
static enum lun_code refusal(struct lun_call *call,
                             const struct lun_reply *reply,
                             struct lun_error *err)
{
  int status = call->http.status;
  enum lun_code rc =
      lun_retry_code(reply->code, status, lun_span_of(reply->message));
  const char *from = call->http.peer;

  if (reply->message[0] != '\0')
    (void)lun_error_set(err, rc, "%s", reply->message);
  else if (reply->code[0] != '\0')
    (void)lun_error_set(err, rc, "%s answered %s, without a message", from,
                        reply->code);
  else
    (void)lun_error_set(err, rc,
                        "%s answered with HTTP status %d and no error of "
                        "AWS's",
                        from, status);
  memcpy(err->aws_code, reply->code, sizeof(err->aws_code));
  if (reply->code[0] == '\0' && status >= 300 && status < 400)
    lun_error_hint(err, "it is a redirect, and none is followed: check the "
                        "endpoint");
  else if (reply->code[0] == '\0')
    lun_error_hint(err, "check that the endpoint is AWS's, and any proxy on "
                        "the way");
  return rc;
}

/*
 * What the attempt came to: LUN_OK, or an error with everything but its
 * label, and in *FAILURE whether another attempt makes sense.
 */
static enum lun_code read_attempt(struct lun_call *call,
                                  struct lun_reply *reply,
                                  enum lun_failure *failure,
                                  struct lun_error *err)
{
  enum lun_code rc = call->http.task.rc;

  *failure = LUN_FAILURE_FINAL;
  *reply = (struct lun_reply){.hint_ms = -1};
  call->request_id[0] = '\0';
  call->detail[0] = '\0';
  if (rc) {
    *err = call->http.task.err;
    if (err->retryable && rc != LUN_EDEADLINE)
      *failure = LUN_FAILURE_TRANSIENT;
    return rc;
  }
  rc = lun_reply_read(reply, call->request.input.op->service->protocol,
                      &call->http, err);
  memcpy(call->request_id, reply->request_id, sizeof(call->request_id));
  memcpy(call->detail, reply->detail, sizeof(call->detail));
  call->date = reply->date;
  if (rc) {
    if (rc == LUN_ESERVICE)
      *failure = LUN_FAILURE_TRANSIENT;
    return rc;
  }
  if (call->http.status == 200) {
    *failure = LUN_FAILURE_NONE;
    return LUN_OK;
  }
  rc = refusal(call, reply, err);
  *failure = lun_retry_classify(reply->code, call->http.status);
  err->retryable = *failure != LUN_FAILURE_FINAL;
  call->expired =
      call->request.input.cred != NULL && lun_retry_expired(reply->code);
  return rc;
}

/* Once in a call: another signature, by the service's clock. */
static bool correct_clock(struct lun_call *call, const struct lun_reply *reply)
{
  struct lun_retry_quota *quota = call->request.input.quota;
  int64_t now = lun_clock_wall_ms(ctx_of(call)) / 1000;
  struct lun_field field = {"skew_s", LUN_FIELD_INT, 0, NULL};

  if (call->resigned || call->request.input.cred == NULL ||
      !lun_retry_skewed(reply->code, lun_span_of(reply->message), reply->date,
                        now + quota->skew))
    return false;
  quota->skew = reply->date - now;
  call->resigned = true;
  field.number = quota->skew;
  lun_log(ctx_of(call), LUN_WARN, "call.clock", &field, 1);
  return true;
}

/* Where it is wanted, true for what is missing while a machine boots, if there
 * is time for another attempt; such a one does not count. */
static bool wait_for_boot(struct lun_call *call, const struct lun_error *err)
{
  const struct lun_http *http = &call->http;

  if (!call->request.input.wait || !(http->no_name || http->no_route) ||
      !lun_patience_again(&call->patience, &call->task,
                          http->no_name ? LUN_AWAITED_NAME : LUN_AWAITED_ROUTE,
                          RESERVE_MS, err))
    return false;
  call->resume_at = call->patience.resume_at;
  call->retry.attempts--;
  return true;
}

/* True if there is to be another attempt, after a pause. */
static bool pause_for_retry(struct lun_call *call, enum lun_failure failure,
                            int64_t hint_ms, const struct lun_error *err)
{
  lun_ctx *ctx = ctx_of(call);
  uint32_t dice = 0;
  int64_t delay = 0;
  struct lun_field fields[] = {
      {"operation", LUN_FIELD_NAME, 0, call->request.input.op->name},
      {"attempt", LUN_FIELD_INT, call->retry.attempts, NULL},
      {"code", LUN_FIELD_CODE, 0, lun_code_kind(err->code)},
      {"after", LUN_FIELD_MS, 0, NULL}};

  /* Without random numbers all wait as long as they may. */
  if (lun_clock_random(ctx, &dice, sizeof(dice), NULL) != LUN_OK)
    dice = UINT32_MAX;
  if (!lun_retry_again(&call->retry, call->request.input.quota, failure,
                       (double)dice / 4294967296.0, hint_ms, &delay))
    return false;
  call->resume_at = lun_clock_mono_ms(ctx) + delay;
  call->task.what = call->what;
  if (call->task.deadline != 0 && call->resume_at >= call->task.deadline) {
    lun_retry_forgo(&call->retry, call->request.input.quota);
    return false; /* this error says more than a passed deadline would */
  }
  if (err->aws_code[0] != '\0')
    fields[2].name = err->aws_code;
  fields[3].number = delay;
  lun_log(ctx, LUN_INFO, "call.retry", fields,
          sizeof(fields) / sizeof(fields[0]));
  return true;
}

static enum lun_step fail(struct lun_call *call, enum lun_code rc,
                          struct lun_error *err)
{
  label(call, err);
  if (call->http.no_name || call->http.no_route)
    lun_patience_tell(&call->patience, ctx_of(call), err);
  if (err->aws_code[0] != '\0')
    lun_advice_set(err);
  return lun_task_end(&call->task, rc, err);
}

static enum lun_step succeed(struct lun_call *call)
{
  lun_retry_success(&call->retry, call->request.input.quota);
  call->answer = call->http.body; /* moved, not copied: it may hold secrets */
  lun_buf_init(&call->http.body, ctx_of(call), 0);
  return lun_task_end(&call->task, LUN_OK, NULL);
}

/* ---------------------------------------------------------------- steps -- */

static enum lun_code send_attempt(struct lun_call *call, struct lun_error *err)
{
  int64_t now = lun_clock_wall_ms(ctx_of(call)) / 1000;
  struct lun_attempt attempt = {
      .number = ++call->retry.attempts,
      .max = call->retry.max_attempts,
      .time = now + call->request.input.quota->skew,
  };
  enum lun_code rc = LUN_OK;

  rc =
      lun_request_send(&call->request, &attempt, &call->http, &call->task, err);
  if (!rc && call->patience.pause_ms > 0)
    call->http.task.what = call->patience.what;
  return rc;
}

/* The attempt is over: what comes next, or LUN_STEP_DONE. */
static enum lun_step answered(struct lun_call *call)
{
  struct lun_error err = {.code = LUN_OK};
  struct lun_reply reply;
  enum lun_failure failure = LUN_FAILURE_FINAL;
  enum lun_code rc = read_attempt(call, &reply, &failure, &err);

  if (rc == LUN_OK)
    return succeed(call);
  if (correct_clock(call, &reply))
    call->state = SEND;
  else if (wait_for_boot(call, &err) ||
           pause_for_retry(call, failure, reply.hint_ms, &err))
    call->state = PAUSE;
  else
    return fail(call, rc, &err);
  return LUN_STEP_WAIT;
}

static enum lun_step step(struct lun_task *task)
{
  struct lun_call *call = call_of(task);
  struct lun_error err = {.code = LUN_OK};
  enum lun_code rc = LUN_OK;

  for (;;) {
    switch (call->state) {
    case SEND:
      rc = send_attempt(call, &err);
      if (rc)
        return fail(call, rc, &err);
      call->state = READ;
      break;
    case READ:
      if (!lun_task_await(task, &call->http.task))
        return LUN_STEP_WAIT;
      if (answered(call) == LUN_STEP_DONE)
        return LUN_STEP_DONE;
      break;
    default: /* PAUSE */
      if (lun_task_rest(task, call->resume_at))
        return LUN_STEP_WAIT;
      call->state = SEND;
      break;
    }
  }
}

/* By the loop, past the deadline, or by whoever stops it. */
static void cancel(struct lun_task *task)
{
  struct lun_call *call = call_of(task);

  lun_http_done(&call->http);
  label(call, &task->err);
}

/* ---------------------------------------------------------------- start -- */

void lun_call_init(struct lun_call *call, lun_ctx *ctx)
{
  memset(call, 0, sizeof(*call));
  call->task.step = step;
  call->task.cancel = cancel;
  lun_http_init(&call->http, ctx);
  lun_buf_init(&call->answer, ctx, 0); /* moved from HTTP when it is there */
  lun_request_init(&call->request, ctx);
}

enum lun_code lun_call_start(struct lun_call *call, lun_loop *loop,
                             const struct lun_call_input *input,
                             int64_t deadline, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;

  lun_call_done(call);
  rc = lun_request_make(&call->request, input, err);
  if (rc) {
    lun_call_done(call);
    return rc;
  }
  call->retry.max_attempts =
      input->max_attempts > 0 ? input->max_attempts : MAX_ATTEMPTS;
  (void)snprintf(call->what, sizeof(call->what), "calling %s %s",
                 input->op->service->name, input->op->name);
  call->task.what = call->what;
  lun_task_start(loop, &call->task, deadline);
  return LUN_OK;
}

void lun_call_done(struct lun_call *call)
{
  lun_ctx *ctx = ctx_of(call);

  lun_task_stop(&call->task);
  lun_http_done(&call->http);
  lun_request_done(&call->request);
  lun_buf_done(&call->answer);
  lun_call_init(call, ctx);
}
