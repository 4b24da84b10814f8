/*
 * Child processes, without a shell: with default signals, no descriptor but
 * the standard three, and an environment without AWS's variables unless it is
 * given whole.
 */
#ifndef LUN_SPAWN_H
#define LUN_SPAWN_H

#include "../base/secret.h"

#include <poll.h>

#define LUN_CHILD_FDS    4
#define LUN_CHILD_ERRORS 4096 /* bytes of standard error kept apart */

struct lun_spawn_options {
  const char *const *argv; /* ended by NULL; argv[0] is looked for in PATH */
  const char *const *env;  /* ended by NULL; NULL: ours, less AWS_*, proxies
                              with a password in them and SSLKEYLOGFILE */
  struct lun_span input;   /* what its standard input gives, then the end;
                              copied.  Empty: nothing, or ours if `inherit` */
  size_t limit;            /* of captured output, in bytes; 0: 64 KiB */
  bool whole;              /* it is killed if its output is over the limit */
  bool inherit;            /* output goes where ours goes; else captured */
  bool errors;             /* standard error is captured apart, its end */
  bool own_group;          /* a process group of its own */
  bool own_session;        /* and a session, so that it has no terminal */
};

/* True for "NAME=VALUE" that a child does not get unless it is given: where
 * credentials are, or could be written to. */
bool lun_spawn_private(const char *variable);

typedef struct lun_child lun_child;

/*
 * Starts a child.  LUN_EFILE names the program that cannot be run, and says
 * whether it was not found.
 */
LUN_NODISCARD enum lun_code
lun_child_new(lun_child **out, lun_ctx *ctx,
              const struct lun_spawn_options *options, struct lun_error *err);

int lun_child_pid(const lun_child *child);

/* A pidfd: readable at the end; -1 where the system has none. */
int lun_child_fd(const lun_child *child);

/* How a wait has ended. */
struct lun_child_end {
  bool ended;   /* the child has */
  bool stopped; /* it has not, and the descriptor to stop at can be read */
  int status;   /* its exit status, where no signal ended it */
  int signal;   /* that ended it, or 0 */
};

/*
 * Waits at most TIMEOUT_MS (0: not at all; -1: without bound) or until STOP_FD
 * (-1: none) can be read, feeding input and capturing output, both streams
 * together but for `errors`.  What it has left behind in the background is not
 * waited for.
 */
LUN_NODISCARD enum lun_code lun_child_wait(lun_child *child, int64_t timeout_ms,
                                           int stop_fd,
                                           struct lun_child_end *end,
                                           struct lun_error *err);

/*
 * What to poll for until lun_child_wait has more to do; gives their number.
 * Without a pidfd (lun_child_fd) its end may come without any of them.
 */
size_t lun_child_fds(const lun_child *child, struct pollfd fds[LUN_CHILD_FDS]);

/* What it has printed so far, and (CUT may be NULL) if there was more. */
struct lun_span lun_child_output(const lun_child *child, bool *cut);

/* What it has last said on its standard error, if that is captured apart. */
struct lun_span lun_child_errors(const lun_child *child);

/*
 * Sends a signal to the child's group (or to it alone without one), unless it
 * has ended.
 */
void lun_child_kill(lun_child *child, int signal);

/* Kills what still runs, reaps it, frees; NULL is fine. */
void lun_child_free(lun_child *child);

/*
 * Splits a command line as a POSIX shell would, without expanding anything:
 * blanks, quotes, backslashes.  An unquoted operator (| & ; < > and
 * parentheses) is LUN_EINVALID, with its column, for no shell is there to act
 * on it.  The words are blocks of CTX; the list ends with NULL and is freed
 * by lun_words_free.
 */
LUN_NODISCARD enum lun_code lun_words_split(char ***out, lun_ctx *ctx,
                                            const char *line,
                                            struct lun_error *err);
void lun_words_free(lun_ctx *ctx, char **words);

#endif
