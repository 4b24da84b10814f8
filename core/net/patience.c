/*
 * The pauses grow by a second each, to five: what comes at boot comes soon,
 * and what does not is no reason to ask every second.  The last one is cut so
 * that there is just time for an answer.
 */
#include "patience.h"

#include "../base/log.h"

#include <inttypes.h>

#define PAUSE_MS  1000
#define PAUSE_MAX 5000

/* Once for each kind of thing, or a log would tell nothing else. */
static void tell(struct lun_patience *patience, const lun_ctx *ctx,
                 enum lun_awaited awaited)
{
  static const char *const names[] = {[LUN_AWAITED_METADATA] = "metadata",
                                      [LUN_AWAITED_ROLE] = "role",
                                      [LUN_AWAITED_NAME] = "name",
                                      [LUN_AWAITED_ROUTE] = "route"};
  struct lun_field field = {"for", LUN_FIELD_NAME, 0, names[awaited]};

  if ((patience->told & (1U << awaited)) != 0)
    return;
  patience->told |= 1U << awaited;
  lun_log(ctx, LUN_INFO, "boot.wait", &field, 1);
}

bool lun_patience_again(struct lun_patience *patience, struct lun_task *task,
                        enum lun_awaited awaited, int64_t reserve_ms,
                        const struct lun_error *err)
{
  const lun_ctx *ctx = lun_loop_ctx(task->loop);
  int64_t now = lun_clock_mono_ms(ctx);
  int64_t left = task->deadline - reserve_ms - now;
  int64_t pause = patience->pause_ms + PAUSE_MS;

  if (task->deadline == 0 || left <= 0)
    return false;
  if (pause > PAUSE_MAX)
    pause = PAUSE_MAX;
  if (pause > left)
    pause = left;
  if (patience->pause_ms == 0)
    patience->began_at = now;
  patience->pause_ms = pause;
  patience->resume_at = now + pause;
  (void)snprintf(patience->what, sizeof(patience->what),
                 "trying again after: %.290s", err->message);
  task->what = patience->what;
  tell(patience, ctx, awaited);
  return true;
}

void lun_patience_tell(const struct lun_patience *patience, const lun_ctx *ctx,
                       struct lun_error *err)
{
  char message[sizeof(err->message)] = "";

  if (patience->pause_ms == 0)
    return;
  memcpy(message, err->message, sizeof(message));
  (void)snprintf(err->message, sizeof(err->message),
                 "%.900s, after waiting for %" PRId64 " s", message,
                 (lun_clock_mono_ms(ctx) - patience->began_at) / 1000);
}
