/*
 * One list of the tasks under way, in the order of their start, and one of
 * those to be stepped.  A turn ends what is past its deadline, queues what is
 * past its timer, steps what was queued, and lets the driver wait for the
 * rest.  There are dozens of tasks, not thousands: timers and descriptors are
 * found by looking at all of them.
 *
 * What a task waits for, its timer and its descriptors hold until its next
 * step.  A task that waits always has a timer or a descriptor, waits for
 * another task, or is a transfer; transfers have timers of their own (http.c),
 * so a loop without timers, without descriptors and without anything to step
 * has nothing left that could ever happen.
 */
#include "loop.h"

#include <inttypes.h>

struct lun_loop {
  lun_ctx *ctx;
  struct lun_driver driver;
  struct lun_task *first;
  struct lun_task *last;
  struct lun_task *first_ready;
  struct lun_task *last_ready;
  size_t nready;
  struct pollfd *fds; /* what the tasks watch, gathered anew each turn */
  size_t nfds;
  size_t fds_cap;
  bool running;
};

/* --------------------------------------------------------------- lists -- */

static void list_add(lun_loop *loop, struct lun_task *task)
{
  task->next = NULL;
  task->prev = loop->last;
  if (loop->last != NULL)
    loop->last->next = task;
  else
    loop->first = task;
  loop->last = task;
}

static void list_remove(lun_loop *loop, struct lun_task *task)
{
  if (task->prev != NULL)
    task->prev->next = task->next;
  else
    loop->first = task->next;
  if (task->next != NULL)
    task->next->prev = task->prev;
  else
    loop->last = task->prev;
  task->next = NULL;
  task->prev = NULL;
}

static void ready_add(lun_loop *loop, struct lun_task *task)
{
  if (task->queued)
    return;
  task->queued = true;
  task->next_ready = NULL;
  task->prev_ready = loop->last_ready;
  if (loop->last_ready != NULL)
    loop->last_ready->next_ready = task;
  else
    loop->first_ready = task;
  loop->last_ready = task;
  loop->nready++;
}

static void ready_remove(lun_loop *loop, struct lun_task *task)
{
  if (!task->queued)
    return;
  if (task->prev_ready != NULL)
    task->prev_ready->next_ready = task->next_ready;
  else
    loop->first_ready = task->next_ready;
  if (task->next_ready != NULL)
    task->next_ready->prev_ready = task->prev_ready;
  else
    loop->last_ready = task->prev_ready;
  task->next_ready = NULL;
  task->prev_ready = NULL;
  task->queued = false;
  loop->nready--;
}

/* Takes TASK off the waiters of the task that it waits for. */
static void stop_waiting(struct lun_task *task)
{
  struct lun_task **at = NULL;

  if (task->awaited == NULL)
    return;
  at = &task->awaited->waiters;
  while (*at != NULL && *at != task)
    at = &(*at)->next_waiter;
  if (*at == task)
    *at = task->next_waiter;
  task->next_waiter = NULL;
  task->awaited = NULL;
}

/* --------------------------------------------------------------- tasks -- */

static bool under_way(const struct lun_task *task)
{
  return task->started && !task->done;
}

/* Takes TASK out of the loop; its rc and its waiters stay as they are. */
static void detach(struct lun_task *task)
{
  stop_waiting(task);
  ready_remove(task->loop, task);
  list_remove(task->loop, task);
  task->wake_at = 0;
  task->nwatched = 0;
  task->done = true;
}

static void wake_waiters(struct lun_task *task)
{
  while (task->waiters != NULL) {
    struct lun_task *waiter = task->waiters;

    stop_waiting(waiter);
    ready_add(waiter->loop, waiter);
  }
}

static void finish(struct lun_task *task)
{
  detach(task);
  wake_waiters(task);
}

/* Ends a task from outside, with the error that its err already has. */
static void abandon(struct lun_task *task)
{
  detach(task);
  if (task->cancel != NULL)
    task->cancel(task);
  wake_waiters(task);
}

void lun_task_start(lun_loop *loop, struct lun_task *task, int64_t deadline)
{
  if (under_way(task))
    return;
  task->loop = loop;
  task->rc = LUN_OK;
  task->err = (struct lun_error){.code = LUN_OK};
  task->started = true;
  task->done = false;
  task->started_at = lun_clock_mono_ms(loop->ctx);
  task->wake_at = 0;
  task->deadline = deadline;
  task->queued = false;
  task->nwatched = 0;
  task->awaited = NULL;
  task->waiters = NULL;
  task->next_waiter = NULL;
  list_add(loop, task);
  ready_add(loop, task);
}

void lun_task_stop(struct lun_task *task)
{
  if (under_way(task)) {
    task->rc = lun_error_set(&task->err, LUN_EINVALID,
                             "it was given up before it had ended");
    detach(task);
    if (task->cancel != NULL)
      task->cancel(task);
    while (task->waiters != NULL) {
      struct lun_task *waiter = task->waiters;

      waiter->rc = lun_error_set(&waiter->err, LUN_EINVALID,
                                 "what was waited for has been given up");
      abandon(waiter);
    }
  }
  task->started = false;
  task->loop = NULL;
}

void lun_task_sleep(struct lun_task *task, int64_t at)
{
  task->wake_at = at;
}

bool lun_task_rest(struct lun_task *task, int64_t until)
{
  if (lun_clock_mono_ms(task->loop->ctx) >= until)
    return false;
  lun_task_sleep(task, until);
  return true;
}

void lun_task_watch(struct lun_task *task, int fd, short events)
{
  if (fd >= 0 && task->nwatched < LUN_WATCH_MAX)
    task->watched[task->nwatched++] = (struct pollfd){fd, events, 0};
}

void lun_task_wake(struct lun_task *task)
{
  if (under_way(task))
    ready_add(task->loop, task);
}

bool lun_task_await(struct lun_task *task, struct lun_task *other)
{
  if (task->awaited != other)
    stop_waiting(task);
  if (!under_way(other))
    return true;
  if (task->awaited == NULL) {
    task->awaited = other;
    task->next_waiter = other->waiters;
    other->waiters = task;
  }
  return false;
}

enum lun_step lun_task_end(struct lun_task *task, enum lun_code rc,
                           const struct lun_error *err)
{
  task->rc = rc;
  if (err != NULL && err != &task->err)
    task->err = *err;
  task->err.code = rc;
  return LUN_STEP_DONE;
}

/* ---------------------------------------------------------------- loop -- */

enum lun_code lun_loop_new(lun_loop **out, lun_ctx *ctx, struct lun_error *err)
{
  lun_loop *loop = lun_mem_alloc(ctx, sizeof(*loop));

  if (loop == NULL)
    return lun_error_nomem(err);
  loop->ctx = ctx;
  *out = loop;
  return LUN_OK;
}

void lun_loop_free(lun_loop *loop)
{
  if (loop == NULL)
    return;
  while (loop->first != NULL)
    lun_task_stop(loop->first);
  if (loop->driver.free != NULL)
    loop->driver.free(loop->driver.data);
  lun_mem_free(loop->ctx, loop->fds);
  lun_mem_free(loop->ctx, loop);
}

lun_ctx *lun_loop_ctx(const lun_loop *loop)
{
  return loop->ctx;
}

void lun_loop_set_driver(lun_loop *loop, const struct lun_driver *driver)
{
  loop->driver = *driver;
}

const struct lun_driver *lun_loop_driver(const lun_loop *loop)
{
  return &loop->driver;
}

/*
 * The words for what TASK was at: of the innermost task that it waits for and
 * that has any, since that is what took so long.
 */
static const char *what_of(const struct lun_task *task)
{
  const char *what = NULL;

  for (; task != NULL; task = task->awaited) {
    if (task->what != NULL)
      what = task->what;
  }
  return what;
}

static void pass_deadline(struct lun_task *task)
{
  const char *what = what_of(task);
  int64_t ms = task->deadline - task->started_at;
  char span[32] = "";

  if (ms < 0)
    ms = 0;
  if (ms % 1000 == 0)
    (void)snprintf(span, sizeof(span), "%" PRId64 " s", ms / 1000);
  else
    (void)snprintf(span, sizeof(span), "%" PRId64 " ms", ms);
  if (what == NULL)
    task->rc = lun_error_set(&task->err, LUN_EDEADLINE,
                             "the deadline of %s passed", span);
  else
    task->rc = lun_error_set(&task->err, LUN_EDEADLINE,
                             "the deadline of %s passed while %s", span, what);
  task->err.retryable = 1;
  abandon(task);
}

/*
 * Ends what is past its deadline.  Ending one may end others, so the search
 * starts again; those who wait were started before what they wait for, and
 * so are found first, while what they wait for can still say what it does.
 */
static void pass_deadlines(lun_loop *loop, int64_t now)
{
  struct lun_task *task = loop->first;

  while (task != NULL) {
    if (task->deadline == 0 || task->deadline > now) {
      task = task->next;
      continue;
    }
    pass_deadline(task);
    task = loop->first;
  }
}

static void queue_timers(lun_loop *loop, int64_t now)
{
  struct lun_task *task = NULL;

  for (task = loop->first; task != NULL; task = task->next) {
    if (task->wake_at != 0 && task->wake_at <= now)
      ready_add(loop, task);
  }
}

/* Steps what is queued now; what that wakes is for the next turn. */
static void step_ready(lun_loop *loop)
{
  size_t left = loop->nready;

  for (; left > 0 && loop->first_ready != NULL; left--) {
    struct lun_task *task = loop->first_ready;

    ready_remove(loop, task);
    stop_waiting(task);
    task->wake_at = 0;
    task->nwatched = 0;
    if (task->step(task) == LUN_STEP_DONE)
      finish(task);
  }
}

/* Gathers what the tasks watch, each task's in the order of the list. */
static enum lun_code gather(lun_loop *loop, struct lun_error *err)
{
  const struct lun_task *task = NULL;
  size_t count = 0;

  for (task = loop->first; task != NULL; task = task->next)
    count += task->nwatched;
  if (count > loop->fds_cap) {
    struct pollfd *fds =
        lun_mem_resize(loop->ctx, loop->fds, count * sizeof(*fds));

    if (fds == NULL)
      return lun_error_nomem(err);
    loop->fds = fds;
    loop->fds_cap = count;
  }
  loop->nfds = 0;
  for (task = loop->first; task != NULL; task = task->next) {
    size_t i = 0;

    for (i = 0; i < task->nwatched; i++)
      loop->fds[loop->nfds++] = task->watched[i];
  }
  return LUN_OK;
}

/* Queues the tasks whose descriptors are ready: those that were gathered. */
static void queue_watchers(lun_loop *loop)
{
  struct lun_task *task = NULL;
  size_t at = 0;

  for (task = loop->first; task != NULL; task = task->next) {
    size_t i = 0;

    for (i = 0; i < task->nwatched; i++)
      if (loop->fds[at++].revents != 0)
        ready_add(loop, task);
  }
}

/* How long nothing can happen but to transfers and descriptors; -1: no end. */
static int64_t idle_ms(const lun_loop *loop)
{
  const struct lun_task *task = NULL;
  int64_t at = 0;
  int64_t now = 0;

  if (loop->nready > 0)
    return 0;
  for (task = loop->first; task != NULL; task = task->next) {
    if (task->wake_at != 0 && (at == 0 || task->wake_at < at))
      at = task->wake_at;
    if (task->deadline != 0 && (at == 0 || task->deadline < at))
      at = task->deadline;
  }
  if (at == 0)
    return -1;
  now = lun_clock_mono_ms(loop->ctx);
  return at > now ? at - now : 0;
}

/*
 * Waits until something can happen.  No task can start or end meanwhile, so
 * the descriptors are still those of the tasks in the list.
 */
static enum lun_code idle(lun_loop *loop, int64_t timeout,
                          struct lun_error *err)
{
  enum lun_code rc = LUN_OK;

  if (loop->driver.turn != NULL) {
    rc = loop->driver.turn(loop->driver.data, loop->fds, loop->nfds, timeout,
                           err);
    timeout = 0;
  }
  if (rc || (loop->nfds == 0 && timeout == 0))
    return rc;
  /* cut short by a signal: no harm, the next turn asks again */
  if (poll(loop->fds, loop->nfds, (int)timeout) > 0)
    queue_watchers(loop);
  return LUN_OK;
}

/* One turn; AWAITED is what the caller runs the loop for. */
static enum lun_code turn(lun_loop *loop, const struct lun_task *awaited,
                          struct lun_error *err)
{
  int64_t now = lun_clock_mono_ms(loop->ctx);
  int64_t timeout = 0;
  enum lun_code rc = LUN_OK;

  pass_deadlines(loop, now);
  queue_timers(loop, now);
  step_ready(loop);
  if (awaited->done)
    return LUN_OK;
  rc = gather(loop, err);
  if (rc)
    return rc;
  timeout = idle_ms(loop);
  if (timeout < 0 && loop->nfds == 0)
    return lun_error_set(err, LUN_EINVALID,
                         "a task waits for something that cannot happen");
  if (timeout < 0 || timeout > INT32_MAX)
    timeout = INT32_MAX;
  return idle(loop, timeout, err);
}

enum lun_code lun_loop_run(lun_loop *loop, struct lun_task *task,
                           struct lun_error *err)
{
  enum lun_code rc = LUN_OK;

  if (loop->running)
    return lun_error_set(err, LUN_EINVALID,
                         "the loop is run from within a step");
  if (!task->started)
    return lun_error_set(err, LUN_EINVALID, "the task was never started");
  loop->running = true;
  while (rc == LUN_OK && !task->done)
    rc = turn(loop, task, err);
  loop->running = false;
  if (rc == LUN_OK && task->rc != LUN_OK) {
    rc = task->rc;
    if (err != NULL)
      *err = task->err;
  }
  return rc;
}
