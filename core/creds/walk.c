/*
 * What a provider comes to is taken, recorded and logged here, for the default
 * chain and for a role's source alike.
 */
#include "walk.h"

#include "../base/error.h"
#include "../base/log.h"

#define REASONS_LEN ((size_t)8192)

static void drop_provider(struct lun_walk *walk)
{
  lun_provider_free(walk->provider);
  walk->provider = NULL;
}

static enum lun_code make(struct lun_walk *walk, struct lun_error *err)
{
  enum lun_code rc = walk->makers[walk->at](&walk->provider, walk->place,
                                            walk->source_profile, err);

  if (rc)
    return rc;
  walk->provider->before = walk->before;
  walk->provider->trace = walk->trace;
  walk->provider->depth = walk->depth + 1;
  walk->step = lun_trace_begin(walk->trace, walk->depth, walk->provider->name);
  lun_task_start(walk->place->loop, &walk->provider->task, walk->task.deadline);
  return LUN_OK;
}

static void log_passed(const struct lun_walk *walk)
{
  struct lun_field field = {
      .key = "provider", .kind = LUN_FIELD_NAME, .name = walk->provider->name};

  lun_log(walk->place->ctx, LUN_DEBUG, "creds.passed", &field, 1);
}

/* What the provider came to; true if the walk is at its end. */
static bool take(struct lun_walk *walk)
{
  struct lun_provider *provider = walk->provider;
  struct lun_task *task = &provider->task;

  if (task->rc == LUN_OK && provider->cred != NULL)
    task->rc = lun_provider_alive(provider->cred, provider->skew, &task->err);
  if (task->rc) {
    lun_trace_finish(walk->trace, walk->step, provider->looked,
                     LUN_TRACE_FAILED, task->err.message);
    (void)lun_task_end(&walk->task, task->rc, &task->err);
    return true;
  }
  if (provider->cred != NULL) {
    lun_trace_finish(walk->trace, walk->step, provider->looked, LUN_TRACE_FOUND,
                     provider->found);
    walk->cred = lun_cred_ref(provider->cred);
    walk->skew = provider->skew;
    memcpy(walk->found, provider->found, sizeof(walk->found));
    (void)lun_task_end(&walk->task, LUN_OK, NULL);
    return true;
  }
  lun_trace_finish(walk->trace, walk->step, provider->looked, LUN_TRACE_PASSED,
                   provider->reason);
  if (provider->label[0] != '\0')
    lun_buf_addf(&walk->reasons, "%s%s: %s", walk->reasons.len > 0 ? "; " : "",
                 provider->label,
                 provider->sum[0] != '\0' ? provider->sum : provider->reason);
  if (provider->hint != NULL)
    walk->hint = provider->hint;
  log_passed(walk);
  if (walk->reasons.fail != LUN_ENOMEM)
    return false;
  (void)lun_task_end(&walk->task, lun_error_nomem(&walk->task.err), NULL);
  return true;
}

static enum lun_step step(struct lun_task *task)
{
  struct lun_walk *walk = (struct lun_walk *)(void *)task;
  enum lun_code rc = LUN_OK;

  while (walk->at < walk->nmakers) {
    bool done = false;

    if (walk->provider == NULL)
      rc = make(walk, &task->err);
    if (rc)
      return lun_task_end(task, rc, NULL);
    if (!lun_task_await(task, &walk->provider->task))
      return LUN_STEP_WAIT;
    done = take(walk);
    drop_provider(walk); /* answers with credentials in them are wiped now */
    if (done)
      return LUN_STEP_DONE;
    walk->at++;
  }
  return lun_task_end(task, LUN_OK, NULL);
}

static void cancel(struct lun_task *task)
{
  drop_provider((struct lun_walk *)(void *)task);
}

void lun_walk_init(struct lun_walk *walk, struct lun_place *place,
                   lun_provider_make *const *makers, size_t nmakers,
                   const char *source_profile, struct lun_trace *trace,
                   int depth)
{
  memset(walk, 0, sizeof(*walk));
  walk->task.step = step;
  walk->task.cancel = cancel;
  walk->place = lun_place_ref(place);
  walk->makers = makers;
  walk->nmakers = nmakers;
  walk->source_profile = source_profile;
  walk->trace = trace;
  walk->depth = depth;
  lun_buf_init(&walk->reasons, place->ctx, REASONS_LEN);
}

void lun_walk_start(struct lun_walk *walk, int64_t deadline)
{
  lun_task_start(walk->place->loop, &walk->task, deadline);
}

void lun_walk_done(struct lun_walk *walk)
{
  if (walk->place == NULL)
    return;
  lun_task_stop(&walk->task);
  drop_provider(walk);
  lun_cred_unref(walk->cred);
  lun_buf_done(&walk->reasons);
  lun_place_unref(walk->place);
  memset(walk, 0, sizeof(*walk));
}
