/* The limits of a runtime: what they end, and what they take away. */
#include "../../core/lunette.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static enum lun_code run(lun_runtime *runtime, const char *code,
                         struct lun_error *err)
{
  return lun_runtime_run_chunk(runtime, "chunk", code, strlen(code), 0, NULL,
                               err);
}

static lun_runtime *make(const struct lun_runtime_options *options)
{
  lun_runtime *runtime = NULL;
  struct lun_error err = {0};

  assert_int_equal(lun_runtime_new(&runtime, options, &err), LUN_OK);
  return runtime;
}

static void memory(void **state)
{
  struct lun_runtime_options options = {0};
  lun_runtime *runtime = NULL;
  struct lun_error err = {0};

  (void)state;
  lun_runtime_options_init(&options);
  options.memory_bytes = (size_t)4 << 20;
  runtime = make(&options);
  assert_int_equal(
      run(runtime, "local t = {} for i = 1, 1e9 do t[i] = {} end", &err),
      LUN_ENOMEM);
  assert_int_equal(run(runtime, "local s = ('x'):rep(1 << 30)", &err),
                   LUN_ENOMEM);
  assert_int_equal(run(runtime, "return 1", &err), LUN_OK);
  lun_runtime_close(runtime);
  options.memory_bytes = 1000;
  assert_int_equal(lun_runtime_new(&runtime, &options, &err), LUN_ENOMEM);
}

static void instructions(void **state)
{
  struct lun_runtime_options options = {0};
  lun_runtime *runtime = NULL;
  struct lun_error err = {0};

  (void)state;
  lun_runtime_options_init(&options);
  options.instructions = 100000;
  runtime = make(&options);
  assert_int_equal(run(runtime, "for i = 1, 10 do end", &err), LUN_OK);
  assert_int_equal(
      run(runtime, "while true do pcall(function() while true do end end) end",
          &err),
      LUN_EDEADLINE);
  assert_non_null(strstr(err.message, "100000 instructions"));
  assert_int_equal(run(runtime, "while true do end", &err), LUN_EDEADLINE);
  lun_runtime_close(runtime);
}

static void time_of_a_run(void **state)
{
  struct lun_runtime_options options = {0};
  lun_runtime *runtime = NULL;
  struct lun_error err = {0};

  (void)state;
  lun_runtime_options_init(&options);
  options.deadline_ms = 50;
  runtime = make(&options);
  assert_int_equal(run(runtime,
                       "while true do pcall(coroutine.wrap(function() "
                       "while true do end end)) end",
                       &err),
                   LUN_EDEADLINE);
  assert_non_null(strstr(err.message, "50 ms"));
  assert_int_equal(run(runtime, "require 'lunette'.time.sleep(60)", &err),
                   LUN_EDEADLINE);
  /* Lua calls no hook in a finalizer: there is none. */
  assert_int_equal(run(runtime,
                       "setmetatable({}, {__gc = function() while "
                       "true do end end})",
                       &err),
                   LUN_EINVALID);
  assert_int_equal(run(runtime,
                       "local t <close> = setmetatable({}, {__close ="
                       " function() while true do end end})",
                       &err),
                   LUN_EDEADLINE);
  lun_runtime_close(runtime);
}

/* Nothing ends a C function of Lua's, but a late run has failed. */
static void time_in_c(void **state)
{
  struct lun_runtime_options options = {0};
  lun_runtime *runtime = NULL;
  struct lun_error err = {0};

  (void)state;
  lun_runtime_options_init(&options);
  options.deadline_ms = 1;
  runtime = make(&options);
  assert_int_equal(
      run(runtime, "local _ = ('a'):rep(200):find('.-.-.-b')", &err),
      LUN_EDEADLINE);
  assert_non_null(strstr(err.message, "1 ms"));
  lun_runtime_close(runtime);
}

/* A server that takes connections and says nothing; gives its port. */
static int silent_server(int *fd)
{
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t size = sizeof(address);

  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  *fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_true(*fd >= 0);
  assert_int_equal(bind(*fd, (struct sockaddr *)&address, size), 0);
  assert_int_equal(listen(*fd, 4), 0);
  assert_int_equal(getsockname(*fd, (struct sockaddr *)&address, &size), 0);
  return ntohs(address.sin_port);
}

/* A call may take what is left of the run, not of the run in which its session
 * was made. */
static void time_of_calls(void **state)
{
  struct lun_runtime_options options = {0};
  lun_runtime *runtime = NULL;
  struct lun_error err = {0};
  char code[512] = "";
  struct timespec began = {0};
  struct timespec ended = {0};
  int fd = -1;

  (void)state;
  snprintf(code, sizeof(code),
           "s = require 'lunette'.session{region = 'eu-west-1',\n"
           "  endpoint_url = 'http://127.0.0.1:%d', max_attempts = 1,\n"
           "  credentials = {access_key_id = 'AKIDEXAMPLE',\n"
           "    secret_access_key = 'made-up'}}",
           silent_server(&fd));
  lun_runtime_options_init(&options);
  options.deadline_ms = 2000;
  runtime = make(&options);
  assert_int_equal(run(runtime, code, &err), LUN_OK);
  assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &began), 0);
  assert_int_equal(
      run(runtime, "require 'lunette'.time.sleep(1.6) s:secret 'a'", &err),
      LUN_EDEADLINE);
  assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &ended), 0);
  assert_true((ended.tv_sec - began.tv_sec) * 1000 +
                  (ended.tv_nsec - began.tv_nsec) / 1000000 <
              3400);
  lun_runtime_close(runtime);
  assert_int_equal(close(fd), 0);
}

/* What could wait, or run, for ever is not there. */
static void what_is_not_there(void **state)
{
  static const char code[] =
      "assert(not os.execute and not io.popen and not package.loadlib)\n"
      "assert(#package.searchers == 2)\n"
      "package.cpath = '/nowhere/?.so'\n"
      "assert(not pcall(require, 'socket'))\n"
      "assert(require 'lunette' and require 'lunette.json')";
  struct lun_runtime_options options = {0};
  lun_runtime *runtime = NULL;
  struct lun_error err = {0};

  (void)state;
  lun_runtime_options_init(&options);
  options.deadline_ms = 60000;
  runtime = make(&options);
  if (run(runtime, code, &err))
    fail_msg("%s", err.message);
  lun_runtime_close(runtime);
  runtime = make(NULL);
  assert_int_equal(run(runtime, "assert(os.execute and io.popen)", &err),
                   LUN_OK);
  lun_runtime_close(runtime);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(memory),        cmocka_unit_test(instructions),
      cmocka_unit_test(time_of_a_run), cmocka_unit_test(time_in_c),
      cmocka_unit_test(time_of_calls), cmocka_unit_test(what_is_not_there),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
