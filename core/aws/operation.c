/*
 * Short steps in one task: find out where to, wait for credentials, call, look
 * whether they had expired.
 */
#include "operation.h"

#include "../base/error.h"

#define BODY_LEN ((size_t)1 << 20)

static void wait_for_credentials(struct lun_operation *operation,
                                 struct lun_cred *stale)
{
  lun_cred_wait_init(&operation->wait, lun_session_source(operation->session));
  lun_cred_wait_start(&operation->wait, stale, operation->task.deadline);
  operation->waiting = true;
}

static void drop_work(struct lun_operation *operation)
{
  if (operation->calling)
    lun_call_done(&operation->call);
  if (operation->waiting)
    lun_cred_wait_done(&operation->wait);
  operation->calling = false;
  operation->waiting = false;
}

static enum lun_code send(struct lun_operation *operation,
                          struct lun_error *err)
{
  const struct lun_settings *settings =
      lun_session_settings(operation->session);
  struct lun_call_input input = {
      .op = operation->op,
      .body = lun_buf_view(&operation->body),
      .cred = operation->wait.cred,
      .quota = lun_session_quota(operation->session),
  };

  lun_target_input(&input, &operation->target, settings);
  input.connect_ms = operation->region.connect_ms;
  lun_call_init(&operation->call, settings->ctx);
  operation->calling = true;
  return lun_call_start(&operation->call, operation->task.loop, &input,
                        operation->task.deadline, err);
}

/* The credentials have expired in between: once more with others. */
static bool renew(struct lun_operation *operation)
{
  struct lun_cred *stale = NULL;

  if (!operation->call.expired || operation->renewed)
    return false;
  stale = lun_cred_ref(operation->wait.cred);
  drop_work(operation);
  wait_for_credentials(operation, stale);
  lun_cred_unref(stale);
  operation->renewed = true;
  return true;
}

/* The target, if it was not known before the machine's region was. */
static enum lun_code locate(struct lun_operation *operation,
                            struct lun_error *err)
{
  const struct lun_region_wait *wait = &operation->region;

  if (wait->task.rc) {
    *err = wait->task.err;
    return wait->task.rc;
  }
  if (operation->target.url.len > 0)
    return LUN_OK;
  if (wait->region[0] == '\0')
    return lun_region_wait_none(wait, operation->op->service->name, err);
  return lun_target_find(&operation->target,
                         lun_session_settings(operation->session),
                         operation->op->service, wait->region, err);
}

static enum lun_step step(struct lun_task *task)
{
  struct lun_operation *operation = (struct lun_operation *)(void *)task;
  enum lun_code rc = LUN_OK;

  if (!lun_task_await(task, &operation->region.task))
    return LUN_STEP_WAIT;
  rc = locate(operation, &task->err);
  if (rc)
    return lun_task_end(task, rc, NULL);
  if (!operation->waiting)
    wait_for_credentials(operation, NULL);
  for (;;) {
    if (!operation->calling) {
      if (!lun_task_await(task, &operation->wait.task))
        return LUN_STEP_WAIT;
      if (operation->wait.task.rc)
        return lun_task_end(task, operation->wait.task.rc,
                            &operation->wait.task.err);
      rc = send(operation, &task->err);
      if (rc)
        return lun_task_end(task, rc, NULL);
    }
    if (!lun_task_await(task, &operation->call.task))
      return LUN_STEP_WAIT;
    if (operation->call.task.rc == LUN_OK) {
      lun_buf_done(&operation->answer);
      operation->answer = operation->call.answer; /* no copy: it is secret */
      lun_buf_init(&operation->call.answer, operation->answer.ctx,
                   operation->answer.max);
      return lun_task_end(task, LUN_OK, NULL);
    }
    if (!renew(operation)) {
      lun_cred_blame(operation->wait.cred, &operation->call.task.err);
      return lun_task_end(task, operation->call.task.rc,
                          &operation->call.task.err);
    }
  }
}

static void cancel(struct lun_task *task)
{
  drop_work((struct lun_operation *)(void *)task);
}

void lun_operation_init(struct lun_operation *operation, lun_session *session,
                        enum lun_op_id id)
{
  lun_ctx *ctx = lun_session_ctx(session);

  memset(operation, 0, sizeof(*operation));
  operation->task.step = step;
  operation->task.cancel = cancel;
  operation->session = session;
  operation->op = lun_op_get(id);
  lun_target_init(&operation->target, ctx);
  lun_region_wait_init(&operation->region, lun_session_place(session));
  lun_buf_init(&operation->body, ctx, BODY_LEN);
  lun_buf_init(&operation->answer, ctx, BODY_LEN);
}

enum lun_code lun_operation_start(struct lun_operation *operation,
                                  const char *region, struct lun_error *err)
{
  enum lun_code rc = lun_buf_status(&operation->body, "the request", err);
  const struct lun_settings *settings =
      lun_session_settings(operation->session);

  if (region == NULL)
    region = lun_session_region(operation->session);
  /* What cannot be asked is said at once. */
  if (!rc && (region != NULL || settings->imds_disabled))
    rc = lun_target_find(&operation->target, settings, operation->op->service,
                         region, err);
  if (rc)
    return rc;
  lun_task_start(lun_session_loop(operation->session), &operation->task,
                 lun_session_deadline(operation->session));
  lun_region_wait_start(&operation->region, region, operation->task.deadline);
  return LUN_OK;
}

void lun_operation_done(struct lun_operation *operation)
{
  if (operation->session == NULL)
    return;
  lun_task_stop(&operation->task);
  drop_work(operation);
  lun_region_wait_done(&operation->region);
  lun_target_done(&operation->target);
  lun_buf_done(&operation->body);
  lun_buf_done(&operation->answer);
  memset(operation, 0, sizeof(*operation));
}
