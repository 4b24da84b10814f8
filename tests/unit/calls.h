/*
 * One call of an operation, for the tests of net/: its credentials, the loop
 * that turns it, and what those look for in a request.
 */
#ifndef TEST_CALLS_H
#define TEST_CALLS_H

#include "../../core/net/call.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "server.h"

#define SECRET "not-a-real-secret-access-key"

static lun_ctx *ctx;
static lun_loop *loop;
static struct lun_cred *cred;
static struct lun_retry_quota quota;
static struct lun_call call;
static struct lun_error error;

static inline int set_up(void **state)
{
  struct lun_cred_fields fields = {.access_key_id = LUN_SPAN_LIT("AKIDEXAMPLE"),
                                   .secret_access_key = LUN_SPAN_LIT(SECRET),
                                   .session_token =
                                       LUN_SPAN_LIT("canary-token"),
                                   .provider = "test"};

  (void)state;
  if (lun_ctx_new(&ctx, NULL) || lun_loop_new(&loop, ctx, NULL) ||
      lun_cred_new(&cred, ctx, &fields, NULL))
    return -1;
  lun_retry_quota_init(&quota);
  lun_call_init(&call, ctx);
  return 0;
}

static inline int tear_down(void **state)
{
  (void)state;
  lun_call_done(&call);
  lun_cred_unref(cred);
  lun_loop_free(loop);
  assert_int_equal(ctx->account.live_blocks, 0);
  assert_int_equal(ctx->live_secrets, 0);
  lun_ctx_free(ctx);
  return 0;
}

static inline struct lun_call_input input_for(const struct server *server)
{
  return (struct lun_call_input){.op = lun_op_get(LUN_OP_GetSecretValue),
                                 .endpoint = server->url,
                                 .region = "eu-central-1",
                                 .body =
                                     LUN_SPAN_LIT("{\"SecretId\":\"prod/db\"}"),
                                 .cred = cred,
                                 .quota = &quota};
}

static inline enum lun_code run(const struct lun_call_input *input,
                                int64_t deadline)
{
  enum lun_code rc = LUN_OK;

  memset(&error, 0, sizeof(error));
  rc = lun_call_start(&call, loop, input, deadline, &error);
  return rc ? rc : lun_loop_run(loop, &call.task, &error);
}

/* The value of a header of a recorded request. */
static inline const char *header_of(const char *request, const char *name)
{
  static char values[4][512];
  static int next;
  char *value = values[next++ % 4];
  char line[64] = "";
  const char *at = NULL;

  (void)snprintf(line, sizeof(line), "\r\n%s: ", name);
  at = strstr(request, line);
  assert_non_null(at);
  (void)snprintf(value, sizeof(values[0]), "%.*s",
                 (int)strcspn(at + strlen(line), "\r"), at + strlen(line));
  return value;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
