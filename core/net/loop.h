/*
 * Everything that waits is a task: a small struct with a step function that
 * runs until it has to wait, and is run again when what it waits for (a
 * transfer, a timer, a descriptor, another task) is ready.  No task ever waits
 * for Lua.
 *
 * A task belongs to whoever embeds it.  It is started once, and released by
 * lun_task_stop, which cancels it if it is still under way.
 *
 * Steps are called by lun_loop_run alone, one at a time, never from within
 * another step; so a step may start, wake and stop any task but itself.
 */
#ifndef LUN_LOOP_H
#define LUN_LOOP_H

#include "../base/clock.h"
#include "../base/error.h"
#include "../base/mem.h"

#include <poll.h>

#define LUN_WATCH_MAX 4 /* descriptors that one task watches at a time */

typedef struct lun_loop lun_loop;

enum lun_step {
  LUN_STEP_WAIT,
  LUN_STEP_DONE
};

struct lun_task {
  /*
   * Goes on; sets rc (and err) before it answers LUN_STEP_DONE.  A timer, a
   * watch or a wait that an earlier step asked for is over by then: a step
   * that has to go on waiting asks again.
   */
  enum lun_step (*step)(struct lun_task *task);
  /* Ends what is under way below; NULL if there is nothing to end. */
  void (*cancel)(struct lun_task *task);
  /*
   * What it is doing, for the error of a passed deadline: "the deadline of
   * 120 s passed while WHAT".  Borrowed while the task is under way; NULL
   * says nothing, and the task it waits for speaks first.
   */
  const char *what;

  enum lun_code rc;
  struct lun_error err;
  bool started;
  bool done;

  /* loop.c's own */
  lun_loop *loop;
  int64_t started_at; /* monotonic ms */
  int64_t wake_at;    /* monotonic ms; 0: no timer */
  int64_t deadline;   /* monotonic ms; 0: none */
  bool queued;
  struct pollfd watched[LUN_WATCH_MAX];
  size_t nwatched;
  struct lun_task *next; /* among the loop's tasks */
  struct lun_task *prev;
  struct lun_task *next_ready; /* among those to be stepped, if queued */
  struct lun_task *prev_ready;
  struct lun_task *awaited; /* the task that this one waits for */
  struct lun_task *waiters; /* the tasks that wait for this one */
  struct lun_task *next_waiter;
};

LUN_NODISCARD enum lun_code lun_loop_new(lun_loop **out, lun_ctx *ctx,
                                         struct lun_error *err);
/* Stops what is still under way, and frees; NULL is fine. */
void lun_loop_free(lun_loop *loop);
lun_ctx *lun_loop_ctx(const lun_loop *loop);

/*
 * Starts a task: it is stepped at the next turn of the loop.  DEADLINE (on
 * the monotonic clock, 0: none) ends it with LUN_EDEADLINE, whatever it waits
 * for; a task that is started for another gets the other's.
 */
void lun_task_start(lun_loop *loop, struct lun_task *task, int64_t deadline);

/*
 * Cancels a task if it is under way (its rc is LUN_EINVALID then), and
 * forgets it.  Safe on a zeroed one.
 * Tasks that still wait for it are ended with an error, for there is nothing
 * left for them to look at.
 */
void lun_task_stop(struct lun_task *task);

/* From a step: have me stepped again at AT (monotonic ms). */
void lun_task_sleep(struct lun_task *task, int64_t at);

/* From a step: true, and sleeping, if it is not UNTIL yet. */
bool lun_task_rest(struct lun_task *task, int64_t until);

/*
 * From a step: have me stepped again when FD is ready for EVENTS (as poll has
 * them), is hung up or is broken; one below 0 is none.  At most LUN_WATCH_MAX
 * of them; the descriptor stays the task's, and open until its next step.
 */
void lun_task_watch(struct lun_task *task, int fd, short events);

/* From anywhere: have it stepped at the next turn. */
void lun_task_wake(struct lun_task *task);

/*
 * From a step: true if OTHER is done; else waits for it.  Many tasks may wait
 * for one, a task for one at a time.  OTHER has to stay until they have been
 * stepped.
 */
bool lun_task_await(struct lun_task *task, struct lun_task *other);

/* For the end of a step: sets rc, copies ERR if there is one, DONE. */
enum lun_step lun_task_end(struct lun_task *task, enum lun_code rc,
                           const struct lun_error *err);

/*
 * Turns the loop until the task is done, and gives its rc and its error.
 * Other tasks of the loop go on meanwhile.  Not from within a step:
 * LUN_EINVALID.
 */
LUN_NODISCARD enum lun_code lun_loop_run(lun_loop *loop, struct lun_task *task,
                                         struct lun_error *err);

/* What carries transfers: installed by http.c, which alone knows curl. */
struct lun_driver {
  /*
   * Waits at most TIMEOUT_MS for any transfer or for one of the N FDS, and
   * moves all transfers on.  Which of FDS is ready the loop asks by itself.
   */
  enum lun_code (*turn)(void *data, const struct pollfd *fds, size_t n,
                        int64_t timeout_ms, struct lun_error *err);
  void (*free)(void *data);
  void *data;
};

void lun_loop_set_driver(lun_loop *loop, const struct lun_driver *driver);
const struct lun_driver *lun_loop_driver(const lun_loop *loop);

#endif
