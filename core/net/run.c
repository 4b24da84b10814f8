/*
 * Each step does what can be done without waiting, and has the loop wait for
 * the child's descriptors, its pidfd among them.
 */
#include "run.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#define ASK_MS  10   /* how often a child without a pidfd is asked for */
#define KILL_MS 1000 /* for what was killed to be gone */

_Static_assert(LUN_CHILD_FDS <= LUN_WATCH_MAX,
               "a task can watch all descriptors of a child");

static struct lun_run *run_of(struct lun_task *task)
{
  return (struct lun_run *)(void *)((char *)task -
                                    offsetof(struct lun_run, task));
}

/* Kills the group.  What it has said until then stays, to tell of it.  A child
 * that cannot be killed, such as sudo, is not waited for. */
static void cancel(struct lun_task *task)
{
  struct lun_run *run = run_of(task);

  lun_child_kill(run->child, SIGKILL);
  /* Without memory for its last words, it has ended all the same. */
  if (lun_child_wait(run->child, KILL_MS, -1, &run->end, NULL))
    run->end.ended = true;
}

static enum lun_step step(struct lun_task *task)
{
  struct lun_run *run = run_of(task);
  struct pollfd fds[LUN_CHILD_FDS];
  size_t count = 0;
  size_t i = 0;
  enum lun_code rc = lun_child_wait(run->child, 0, -1, &run->end, &task->err);

  if (rc)
    cancel(task);
  if (rc || run->end.ended)
    return lun_task_end(task, rc, NULL);
  count = lun_child_fds(run->child, fds);
  for (i = 0; i < count; i++)
    lun_task_watch(task, fds[i].fd, fds[i].events);
  if (lun_child_fd(run->child) < 0)
    lun_task_sleep(task, lun_clock_mono_ms(lun_loop_ctx(task->loop)) + ASK_MS);
  return LUN_STEP_WAIT;
}

void lun_run_init(struct lun_run *run)
{
  memset(run, 0, sizeof(*run));
  run->task.step = step;
  run->task.cancel = cancel;
}

/* True if whoever reads the terminal now would not be stopped for it. */
static bool in_front(void)
{
  int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
  bool front = fd >= 0 && tcgetpgrp(fd) == getpgrp();

  if (fd >= 0)
    (void)close(fd);
  return front;
}

enum lun_code lun_run_start(struct lun_run *run, lun_loop *loop,
                            const struct lun_spawn_options *options, bool asks,
                            int64_t deadline, struct lun_error *err)
{
  struct lun_spawn_options apart = *options;
  enum lun_code rc = LUN_OK;

  lun_run_done(run);
  apart.own_session = !asks || !in_front();
  rc = lun_child_new(&run->child, lun_loop_ctx(loop), &apart, err);
  if (rc)
    return rc;
  (void)snprintf(run->what, sizeof(run->what), "waiting for '%s' to end",
                 options->argv[0]);
  run->task.what = run->what;
  lun_task_start(loop, &run->task, deadline);
  return LUN_OK;
}

void lun_run_done(struct lun_run *run)
{
  lun_task_stop(&run->task);
  lun_child_free(run->child);
  lun_run_init(run);
}
