/* Waiting for what a machine that boots does not have yet. */
#include "calls.h"

#include "../../core/base/log.h"
#include "../../core/net/fault.h"

static int64_t now_ms;
static char told[256]; /* "role name ", as the log has it */

static int64_t mono(void *data)
{
  (void)data;
  return now_ms;
}

static void note(void *data, const struct lun_event *event)
{
  size_t used = strlen(told);

  (void)data;
  if (strcmp(event->word, "boot.wait") != 0)
    return;
  assert_int_equal(event->level, LUN_INFO);
  assert_string_equal(event->fields[0].key, "for");
  (void)snprintf(told + used, sizeof(told) - used, "%s ",
                 event->fields[0].name);
}

static int begin(void **state)
{
  told[0] = '\0';
  return set_up(state);
}

static enum lun_step never(struct lun_task *task)
{
  (void)task;
  return LUN_STEP_WAIT;
}

/* ------------------------------------------------------------- patience -- */

static void pauses(void **state)
{
  static const int64_t lengths[] = {1000, 2000, 3000, 4000, 5000, 5000};
  struct lun_patience patience = {0};
  struct lun_task task = {.step = never};
  struct lun_error err = {.message = "no role"};
  size_t i = 0;

  (void)state;
  now_ms = 10000;
  ctx->clock.mono_ms = mono;
  lun_log_sink(ctx, note, NULL);
  lun_task_start(loop, &task, now_ms + 120000);
  for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
    assert_true(
        lun_patience_again(&patience, &task, LUN_AWAITED_ROLE, 2000, &err));
    assert_int_equal(patience.resume_at - now_ms, lengths[i]);
    now_ms = patience.resume_at;
  }
  assert_string_equal(task.what, "trying again after: no role");
  assert_true(
      lun_patience_again(&patience, &task, LUN_AWAITED_METADATA, 0, &err));
  assert_true(lun_patience_again(&patience, &task, LUN_AWAITED_ROLE, 0, &err));
  assert_string_equal(told, "role metadata "); /* once for each */
  lun_patience_tell(&patience, ctx, &err);
  assert_string_equal(err.message, "no role, after waiting for 20 s");
  lun_task_stop(&task);
}

/* The deadline would say less than what it waits for. */
static void no_time_left(void **state)
{
  struct lun_patience patience = {0};
  struct lun_task task = {.step = never};
  struct lun_error err = {.message = "no role"};

  (void)state;
  now_ms = 10000;
  ctx->clock.mono_ms = mono;
  lun_task_start(loop, &task, 13000);
  assert_false(
      lun_patience_again(&patience, &task, LUN_AWAITED_ROLE, 3000, &err));
  lun_patience_tell(&patience, ctx, &err);
  assert_string_equal(err.message, "no role"); /* it was not waited for */
  assert_null(task.what);
  assert_true(
      lun_patience_again(&patience, &task, LUN_AWAITED_ROLE, 1999, &err));
  assert_int_equal(patience.resume_at, 11000);
  now_ms = 11000; /* less than two seconds: the pause is cut */
  assert_true(
      lun_patience_again(&patience, &task, LUN_AWAITED_ROLE, 1999, &err));
  assert_int_equal(patience.resume_at, 11001);
  now_ms = 11001;
  assert_false(
      lun_patience_again(&patience, &task, LUN_AWAITED_ROLE, 1999, &err));
  lun_task_stop(&task);
}

static void without_a_deadline(void **state)
{
  struct lun_patience patience = {0};
  struct lun_task task = {.step = never};
  struct lun_error err = {.message = "no role"};

  (void)state;
  lun_task_start(loop, &task, 0);
  assert_false(lun_patience_again(&patience, &task, LUN_AWAITED_ROLE, 0, &err));
  lun_task_stop(&task);
}

static void a_long_reason(void **state)
{
  struct lun_patience patience = {0};
  struct lun_task task = {.step = never};
  struct lun_error err = {.code = LUN_ENETWORK};

  (void)state;
  memset(err.message, 'x', sizeof(err.message) - 1);
  lun_task_start(loop, &task, lun_clock_mono_ms(ctx) + 60000);
  assert_true(lun_patience_again(&patience, &task, LUN_AWAITED_NAME, 0, &err));
  assert_in_range(strlen(task.what), 100, sizeof(patience.what) - 1);
  lun_patience_tell(&patience, ctx, &err);
  assert_non_null(strstr(err.message, "x, after waiting for 0 s"));
  lun_task_stop(&task);
}

/* ----------------------------------------------------------------- calls -- */

/* A port that is taken, but where nobody listens: connections are refused. */
static int reserve(struct server *server)
{
  struct sockaddr_in at = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof(at);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  assert_true(fd >= 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
  (void)snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%d",
                 ntohs(at.sin_port));
  return fd;
}

/* A server at that port, after a while. */
struct opening {
  struct lun_task task;
  int fd;
  struct server server;
};

static enum lun_step open_later(struct lun_task *task)
{
  static const struct answer script[] = {
      {SEND_IT, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"}};
  struct opening *opening = (struct opening *)(void *)task;
  struct server *server = &opening->server;

  if (lun_task_rest(task, task->started_at + 300))
    return LUN_STEP_WAIT;
  assert_int_equal(listen(opening->fd, 8), 0);
  server->pid = fork();
  if (server->pid == 0)
    server_run(opening->fd, script, 1, server->log);
  (void)setpgid(server->pid, server->pid);
  return lun_task_end(task, LUN_OK, NULL);
}

/* The route comes: what is answered then is the call's first attempt. */
static void until_it_is_there(void **state)
{
  struct opening opening = {.task = {.step = open_later}};
  struct server *server = &opening.server;
  struct lun_call_input input;

  (void)state;
  lun_log_sink(ctx, note, NULL);
  opening.fd = reserve(server);
  server->log = mmap(NULL, sizeof(*server->log), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(server->log != MAP_FAILED);
  input = input_for(server);
  input.wait = true;
  input.max_attempts = 1;
  lun_task_start(loop, &opening.task, 0);
  assert_int_equal(run(&input, lun_clock_mono_ms(ctx) + 20000), LUN_OK);
  assert_string_equal(header_of(server->log->text[0], "amz-sdk-request"),
                      "attempt=1; max=1");
  assert_string_equal(told, "route ");
  assert_int_equal(quota.capacity, 500);
  lun_task_stop(&opening.task);
  (void)close(opening.fd);
  server_stop(server);
}

/* It never comes: the reason is said, not that the time is over. */
static void until_there_is_no_time(void **state)
{
  struct server server;
  struct lun_call_input input;
  int64_t before = lun_clock_mono_ms(ctx);
  int fd = reserve(&server);

  (void)state;
  input = input_for(&server);
  input.wait = true;
  assert_int_equal(run(&input, before + 2600), LUN_ENETWORK);
  assert_in_range(lun_clock_mono_ms(ctx) - before, 1000, 2600);
  assert_non_null(strstr(error.message, "cannot connect: Connection refused, "
                                        "after waiting for 1 s"));
  assert_string_equal(error.operation, "GetSecretValue");
  assert_in_range(error.attempts, 1, 3);
  (void)close(fd);
}

static void not_if_it_is_not_asked_for(void **state)
{
  struct server server;
  struct lun_call_input input;
  int64_t before = lun_clock_mono_ms(ctx);
  int fd = reserve(&server);

  (void)state;
  lun_log_sink(ctx, note, NULL);
  input = input_for(&server);
  input.max_attempts = 1;
  assert_int_equal(run(&input, before + 20000), LUN_ENETWORK);
  assert_in_range(lun_clock_mono_ms(ctx) - before, 0, 900);
  assert_null(strstr(error.message, "waiting"));
  assert_string_equal(told, "");
  (void)close(fd);
}

/* An error of the service's is no thing to be waited for. */
static void not_for_answers(void **state)
{
  static const struct answer script[] = {
      {SEND_IT, "HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\n{}"}};
  struct server server;
  struct lun_call_input input;

  (void)state;
  lun_log_sink(ctx, note, NULL);
  server_start(&server, script, 1);
  input = input_for(&server);
  input.wait = true;
  input.max_attempts = 2;
  assert_int_equal(run(&input, lun_clock_mono_ms(ctx) + 20000), LUN_ESERVICE);
  assert_int_equal(atomic_load(&server.log->requests), 2);
  assert_string_equal(told, "");
  server_stop(&server);
}

/* --------------------------------------------------------------- faults -- */

static void which_faults_are_of_names(void **state)
{
  int fault = 0;

  (void)state;
  for (fault = LUN_FAULT_NONE; fault <= LUN_FAULT_NOT_HTTP; fault++)
    assert_int_equal(lun_fault_no_name((enum lun_fault)fault),
                     fault == LUN_FAULT_RESOLVE ||
                         fault == LUN_FAULT_SLOW_RESOLVE ||
                         fault == LUN_FAULT_PROXY_NAME);
  (void)lun_fault_set(&error, LUN_FAULT_PROXY_NAME, "aws:443", "canary", ctx);
  assert_non_null(strstr(error.message, "its name cannot be resolved"));
  assert_null(strstr(error.message, "canary"));
}

#define CASE(function)                                                         \
  cmocka_unit_test_setup_teardown(function, begin, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(pauses),
      CASE(no_time_left),
      CASE(without_a_deadline),
      CASE(a_long_reason),
      CASE(until_it_is_there),
      CASE(until_there_is_no_time),
      CASE(not_if_it_is_not_asked_for),
      CASE(not_for_answers),
      CASE(which_faults_are_of_names),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
