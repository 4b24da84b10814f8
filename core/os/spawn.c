/*
 * posix_spawn does not copy a big parent, and reports what exec says.  A pidfd
 * makes the end of the child one more thing to poll for, beside its input and
 * its output; where there is none, it is asked for every few milliseconds.
 */
#include "spawn.h"

#include "../base/clock.h"
#include "../base/error.h"
#include "quiet.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX ((size_t)64 << 10)
#define TURNS_MAX  64
#define ASK_MS     10   /* without a pidfd */
#define BURY_MS    1000 /* for one that was killed to be gone */
#define CHUNK      ((size_t)4096)

struct lun_child {
  lun_ctx *ctx;
  pid_t pid;
  bool own_group;
  bool whole;
  bool cut; /* it said more than the output may hold */
  struct lun_child_end end;
  int pidfd;
  int in;  /* to its standard input, or -1 */
  int out; /* from its output, or -1 */
  int err; /* from its standard error alone, or -1 */
  struct lun_buf input;
  size_t fed;
  struct lun_buf output;
  struct lun_buf errors;
};

static void close_fd(int *fd)
{
  if (*fd >= 0)
    (void)close(*fd);
  *fd = -1;
}

/* ---------------------------------------------------------- environment -- */

bool lun_spawn_private(const char *variable)
{
  const char *equals = strchr(variable, '=');
  size_t len = equals == NULL ? strlen(variable) : (size_t)(equals - variable);

  if (strncmp(variable, "AWS_", 4) == 0 ||
      strncmp(variable, "SSLKEYLOGFILE=", 14) == 0)
    return true;
  return len >= 6 && strncasecmp(variable + len - 6, "_proxy", 6) == 0 &&
         strchr(variable + len, '@') != NULL;
}

/* Our environment without those; the strings are the environment's own. */
static const char **scrubbed(lun_ctx *ctx)
{
  const char **list = NULL;
  size_t count = 0;
  size_t kept = 0;
  size_t i = 0;

  while (environ != NULL && environ[count] != NULL)
    count++;
  list = lun_mem_alloc(ctx, (count + 1) * sizeof(*list));
  for (i = 0; list != NULL && i < count; i++) {
    if (!lun_spawn_private(environ[i]))
      list[kept++] = environ[i];
  }
  return list;
}

/* -------------------------------------------------------------- streams -- */

/*
 * A pipe whose ends do not take the place of a standard stream that our own
 * process was started without.
 */
static bool make_pipe(int ends[2])
{
  int i = 0;

  if (pipe2(ends, O_CLOEXEC) != 0) {
    ends[0] = ends[1] = -1;
    return false;
  }
  for (i = 0; i < 2; i++) {
    int high = fcntl(ends[i], F_DUPFD_CLOEXEC, 3);

    close_fd(&ends[i]);
    ends[i] = high;
  }
  return ends[0] >= 0 && ends[1] >= 0;
}

/* What the child's three streams become; -1: ours. */
struct streams {
  int in[2];
  int out[2];
  int err[2];
  bool no_input; /* /dev/null */
};

static bool open_streams(struct streams *streams,
                         const struct lun_spawn_options *options)
{
  *streams = (struct streams){{-1, -1}, {-1, -1}, {-1, -1}, false};
  if (options->input.len > 0 && !make_pipe(streams->in))
    return false;
  if (!options->inherit && !make_pipe(streams->out))
    return false;
  if (options->errors && !make_pipe(streams->err))
    return false;
  streams->no_input = options->input.len == 0 && !options->inherit;
  return true;
}

static int plan_streams(posix_spawn_file_actions_t *actions,
                        const struct streams *streams)
{
  int err = streams->err[1] >= 0 ? streams->err[1] : streams->out[1];
  int error = 0;

  if (streams->no_input)
    error =
        posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
  else if (streams->in[0] >= 0)
    error = posix_spawn_file_actions_adddup2(actions, streams->in[0], 0);
  if (error == 0 && streams->out[1] >= 0)
    error = posix_spawn_file_actions_adddup2(actions, streams->out[1], 1);
  if (error == 0 && err >= 0)
    error = posix_spawn_file_actions_adddup2(actions, err, 2);
  if (error == 0)
    error = posix_spawn_file_actions_addclosefrom_np(actions, 3);
  return error;
}

/* ---------------------------------------------------------------- start -- */

static int plan_signals(posix_spawnattr_t *attr,
                        const struct lun_spawn_options *options)
{
  short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  sigset_t set;
  int error = 0;

  if (options->own_session)
    flags |= POSIX_SPAWN_SETSID;
  else if (options->own_group)
    flags |= POSIX_SPAWN_SETPGROUP; /* group 0: the child's own */
  error = posix_spawnattr_setflags(attr, flags);
  (void)sigemptyset(&set);
  if (error == 0)
    error = posix_spawnattr_setsigmask(attr, &set);
  (void)sigfillset(&set);
  if (error == 0)
    error = posix_spawnattr_setsigdefault(attr, &set);
  return error;
}

/* Starts the process; an errno. */
static int start(lun_child *child, const struct lun_spawn_options *options,
                 const char *const *env, const struct streams *streams)
{
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attr;
  int error = posix_spawn_file_actions_init(&actions);

  if (error != 0)
    return error;
  error = posix_spawnattr_init(&attr);
  if (error == 0) {
    error = plan_streams(&actions, streams);
    if (error == 0)
      error = plan_signals(&attr, options);
    /* exec promises not to change the strings, but not by its type */
    if (error == 0)
      error = posix_spawnp(&child->pid, options->argv[0], &actions, &attr,
                           (char *const *)(uintptr_t)options->argv,
                           (char *const *)(uintptr_t)env);
    (void)posix_spawnattr_destroy(&attr);
  }
  (void)posix_spawn_file_actions_destroy(&actions);
  return error;
}

static enum lun_code cannot_run(const char *program, int error,
                                struct lun_error *err)
{
  if (error == ENOMEM)
    return lun_error_nomem(err);
  if (error == ENOENT && strchr(program, '/') == NULL) {
    (void)lun_error_set(err, LUN_EFILE, "command '%s' not found in PATH",
                        program);
    lun_error_hint(err, "install it, or name it by its whole path");
    return LUN_EFILE;
  }
  (void)lun_error_set(err, LUN_EFILE, "cannot run '%s': %s", program,
                      strerror(error));
  if (error == EACCES)
    lun_error_hint(err, "make it executable (chmod +x)");
  if (error == ENOENT)
    lun_error_hint(err, program[0] == '~'
                            ? "no shell expands the ~: write the whole path"
                            : "check the path, and the interpreter in the "
                              "first line if it is a script");
  if (error == EAGAIN)
    lun_error_hint(err, "raise the limit on processes (ulimit -u)");
  return LUN_EFILE;
}

/* Keeps our end of a pipe, which must not block us. */
static int take_end(int *end)
{
  int fd = *end;

  *end = -1;
  if (fd >= 0)
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

static void take_streams(lun_child *child, struct streams *streams)
{
  child->in = take_end(&streams->in[1]);
  child->out = take_end(&streams->out[0]);
  child->err = take_end(&streams->err[0]);
}

static void close_streams(struct streams *streams)
{
  size_t i = 0;

  for (i = 0; i < 2; i++) {
    close_fd(&streams->in[i]);
    close_fd(&streams->out[i]);
    close_fd(&streams->err[i]);
  }
}

static enum lun_code spawn(lun_child *child,
                           const struct lun_spawn_options *options,
                           struct lun_error *err)
{
  const char **own_env = NULL;
  const char *const *env = options->env;
  struct streams streams;
  enum lun_code rc = LUN_OK;
  int error = 0;

  if (env == NULL)
    env = own_env = scrubbed(child->ctx);
  lun_buf_add_span(&child->input, options->input);
  if (env == NULL || child->input.fail != LUN_OK) {
    lun_mem_free(child->ctx, own_env);
    return lun_error_nomem(err);
  }
  error = open_streams(&streams, options) ? 0 : errno;
  if (error == 0)
    error = start(child, options, env, &streams);
  if (error == 0)
    take_streams(child, &streams);
  else
    rc = cannot_run(options->argv[0], error, err);
  close_streams(&streams);
  lun_mem_free(child->ctx, own_env);
  return rc;
}

enum lun_code lun_child_new(lun_child **out, lun_ctx *ctx,
                            const struct lun_spawn_options *options,
                            struct lun_error *err)
{
  lun_child *child = NULL;
  enum lun_code rc = LUN_OK;

  if (options->argv[0] == NULL || options->argv[0][0] == '\0')
    return lun_error_set(err, LUN_EINVALID, "the command is empty");
  child = lun_mem_alloc(ctx, sizeof(*child));
  if (child == NULL)
    return lun_error_nomem(err);
  child->ctx = ctx;
  child->pid = -1;
  child->own_group = options->own_group || options->own_session;
  child->whole = options->whole;
  child->pidfd = child->in = child->out = child->err = -1;
  lun_buf_init(&child->input, ctx, SIZE_MAX);
  lun_buf_init(&child->output, ctx,
               options->limit != 0 ? options->limit : OUTPUT_MAX);
  lun_buf_init(&child->errors, ctx, LUN_CHILD_ERRORS + CHUNK);
  rc = spawn(child, options, err);
  if (rc) {
    lun_child_free(child);
    return rc;
  }
  child->pidfd = pidfd_open(child->pid, 0);
  *out = child;
  return LUN_OK;
}

int lun_child_pid(const lun_child *child)
{
  return child->pid;
}

int lun_child_fd(const lun_child *child)
{
  return child->pidfd;
}

/* -------------------------------------------------------------- waiting -- */

/* Gives the child what it takes of its input now. */
static void feed(lun_child *child)
{
  struct lun_quiet quiet;
  ssize_t put = 1;

  lun_quiet_begin(&quiet);
  while (put > 0 && child->fed < child->input.len) {
    put = write(child->in, child->input.ptr + child->fed,
                child->input.len - child->fed);
    if (put > 0)
      child->fed += (size_t)put;
  }
  lun_quiet_end(&quiet);
  /* All is fed, or it does not want to hear more. */
  if (child->fed == child->input.len ||
      (put < 0 && errno != EAGAIN && errno != EINTR)) {
    close_fd(&child->in);
    lun_buf_done(&child->input);
    child->fed = 0;
  }
}

/* Keeps what of its output fits. */
static void keep(lun_child *child, const char *chunk, size_t len)
{
  size_t room = child->output.max - child->output.len;

  child->cut = child->cut || len > room;
  lun_buf_add(&child->output, chunk, len < room ? len : room);
}

/* Keeps the end of its standard error: that is where it says what is wrong. */
static void keep_last(lun_child *child, const char *chunk, size_t len)
{
  struct lun_buf *errors = &child->errors;

  lun_buf_add(errors, chunk, len);
  if (errors->len > LUN_CHILD_ERRORS) {
    memmove(errors->ptr, errors->ptr + errors->len - LUN_CHILD_ERRORS,
            LUN_CHILD_ERRORS);
    lun_buf_cut(errors, LUN_CHILD_ERRORS);
  }
}

/* Takes what the child says now in one of its streams. */
static void hear(lun_child *child, int *fd,
                 void (*take)(lun_child *child, const char *chunk, size_t len))
{
  char chunk[CHUNK];
  ssize_t got = 1;
  int turns = 0;

  /* Some turns empty a pipe; more of them would serve a flood for ever. */
  for (turns = 0; got > 0 && turns < TURNS_MAX; turns++) {
    got = read(*fd, chunk, sizeof(chunk));
    if (got > 0)
      take(child, chunk, (size_t)got);
  }
  lun_secret_wipe(chunk, sizeof(chunk));
  if (child->cut && child->whole)
    lun_child_kill(child, SIGKILL);
  if (got == 0)
    close_fd(fd);
}

/* Takes the child's end, if it has come. */
static enum lun_code reap(lun_child *child, int flags, struct lun_error *err)
{
  siginfo_t info = {.si_pid = 0};
  int rc = 0;

  do
    rc = waitid(P_PID, (id_t)child->pid, &info, WEXITED | flags);
  while (rc != 0 && errno == EINTR);
  if (rc == 0 && info.si_pid == 0)
    return LUN_OK; /* it still runs */
  child->end.ended = true;
  if (rc != 0)
    return lun_error_set(err, LUN_EFILE,
                         "the exit status of a child process is lost: %s",
                         strerror(errno));
  if (info.si_code == CLD_EXITED)
    child->end.status = info.si_status;
  else
    child->end.signal = info.si_status;
  return LUN_OK;
}

/* Waits at most TIMEOUT_MS for anything to happen, and does what it asks. */
static void await(lun_child *child, int64_t timeout_ms, int stop_fd)
{
  struct pollfd fds[] = {{child->pidfd, POLLIN, 0},
                         {child->in, POLLOUT, 0},
                         {child->out, POLLIN, 0},
                         {child->err, POLLIN, 0},
                         {stop_fd, POLLIN, 0}};

  if (child->pidfd < 0 && (timeout_ms < 0 || timeout_ms > ASK_MS))
    timeout_ms = ASK_MS;
  if (timeout_ms > INT32_MAX)
    timeout_ms = INT32_MAX;
  if (poll(fds, sizeof(fds) / sizeof(fds[0]), (int)timeout_ms) <= 0)
    return;
  if (fds[1].revents != 0)
    feed(child);
  if (fds[2].revents != 0)
    hear(child, &child->out, keep);
  if (fds[3].revents != 0)
    hear(child, &child->err, keep_last);
  child->end.stopped = fds[4].revents != 0;
}

enum lun_code lun_child_wait(lun_child *child, int64_t timeout_ms, int stop_fd,
                             struct lun_child_end *end, struct lun_error *err)
{
  int64_t until = lun_clock_mono_ms(child->ctx) + timeout_ms;
  enum lun_code rc = LUN_OK;
  bool over = false; /* the time is, and all that was ready in it is done */

  child->end.stopped = false;
  while (!child->end.ended) {
    int64_t left = -1;

    rc = reap(child, WNOHANG, err);
    if (rc)
      return rc;
    if (child->end.ended || child->end.stopped || over)
      break;
    if (timeout_ms >= 0) {
      left = until - lun_clock_mono_ms(child->ctx);
      over = left <= 0;
    }
    await(child, over ? 0 : left, stop_fd);
  }
  /* What it said last; a process that it left behind may hold the pipes. */
  if (child->end.ended && child->out >= 0)
    hear(child, &child->out, keep);
  if (child->end.ended && child->err >= 0)
    hear(child, &child->err, keep_last);
  *end = child->end;
  end->stopped = end->stopped && !end->ended;
  if (child->output.fail == LUN_ENOMEM || child->errors.fail == LUN_ENOMEM)
    return lun_error_nomem(err);
  return LUN_OK;
}

size_t lun_child_fds(const lun_child *child, struct pollfd fds[LUN_CHILD_FDS])
{
  const struct pollfd all[LUN_CHILD_FDS] = {{child->pidfd, POLLIN, 0},
                                            {child->in, POLLOUT, 0},
                                            {child->out, POLLIN, 0},
                                            {child->err, POLLIN, 0}};
  size_t count = 0;
  size_t i = 0;

  for (i = 0; i < LUN_CHILD_FDS; i++)
    if (all[i].fd >= 0)
      fds[count++] = all[i];
  return count;
}

struct lun_span lun_child_output(const lun_child *child, bool *cut)
{
  if (cut != NULL)
    *cut = child->cut;
  return lun_buf_view(&child->output);
}

struct lun_span lun_child_errors(const lun_child *child)
{
  return lun_buf_view(&child->errors);
}

void lun_child_kill(lun_child *child, int signal)
{
  if (child->pid > 0 && !child->end.ended)
    (void)kill(child->own_group ? -child->pid : child->pid, signal);
}

/*
 * Reaps what was killed.  One that runs as somebody else, such as sudo, cannot
 * be; it is left to itself, since nobody is to wait for it without bound.
 */
static void bury(lun_child *child)
{
  int64_t until = lun_clock_mono_ms(child->ctx) + BURY_MS;

  while (!child->end.ended && reap(child, WNOHANG, NULL) == LUN_OK &&
         !child->end.ended && lun_clock_mono_ms(child->ctx) < until) {
    struct pollfd fd = {child->pidfd, POLLIN, 0};

    (void)poll(&fd, 1, child->pidfd >= 0 ? BURY_MS : 1);
  }
}

void lun_child_free(lun_child *child)
{
  if (child == NULL)
    return;
  lun_child_kill(child, SIGKILL);
  if (child->pid > 0)
    bury(child);
  close_fd(&child->in);
  close_fd(&child->out);
  close_fd(&child->err);
  close_fd(&child->pidfd);
  lun_buf_done(&child->input);
  lun_buf_done(&child->output);
  lun_buf_done(&child->errors);
  lun_mem_free(child->ctx, child);
}
