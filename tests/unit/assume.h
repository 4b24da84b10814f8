/*
 * One call of STS for a role, for the tests of assume.c: by somebody's keys,
 * or by a token.
 */
#ifndef TEST_ASSUME_H
#define TEST_ASSUME_H

#include "../../core/creds/assume.h"
#include "sts.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define LATER       "2026-11-23T01:00:00Z"

static struct lun_role role;
static struct lun_assume assume;
static struct lun_session_options session_options; /* of the next settings */
static struct lun_trace *trace;                    /* of the next call */

static inline enum lun_code make_role(const struct lun_role_options *options)
{
  memset(&error, 0, sizeof(error));
  return lun_role_init(&role, ctx, options, "here: ", &error);
}

/* Runs the call of `role`; takes WITH. */
static inline enum lun_code call(struct lun_cred *with)
{
  enum lun_code rc = LUN_OK;

  lun_assume_init(&assume, place);
  assume.trace = trace;
  lun_assume_start(&assume, &role, with, 0);
  lun_cred_unref(with); /* it has a reference of its own */
  rc = lun_loop_run(loop, &assume.task, &error);
  assert_null(strstr(error.message, "canary"));
  assert_null(strstr(error.hint, "canary"));
  return rc;
}

/* Somebody's keys. */
static inline struct lun_cred *made_cred(void)
{
  static const struct lun_cred_fields fields = {
      .access_key_id = {"AKIDBASE", 8},
      .secret_access_key = {"canary-base", 11},
      .provider = "test"};
  struct lun_cred *cred = NULL;

  assert_int_equal(lun_cred_new(&cred, ctx, &fields, &error), LUN_OK);
  return cred;
}

/* Assumes ROLE against a server with this script. */
static inline enum lun_code against(const struct answer *script, int count,
                                    const struct lun_role_options *options)
{
  struct lun_role_options plain = {.role_arn = ROLE};

  serve(script, count);
  assert_int_equal(load_settings(&session_options), LUN_OK);
  assert_int_equal(make_role(options == NULL ? &plain : options), LUN_OK);
  return call(made_cred());
}

/* The same for a token, which is in token_file(). */
static inline enum lun_code by_token(const struct answer *script, int count)
{
  struct lun_web_identity_options options = {.role_arn = ROLE,
                                             .token_file = token_file()};

  serve(script, count);
  assert_int_equal(load_settings(&session_options), LUN_OK);
  memset(&error, 0, sizeof(error));
  assert_int_equal(
      lun_role_init_web(&role, ctx, &options, "", "THE_VARIABLE", &error),
      LUN_OK);
  return call(NULL);
}

static inline void finish(void)
{
  lun_assume_done(&assume);
  lun_assume_done(&assume); /* twice does no harm */
  lun_role_done(&role);
  end_servers();
}

static inline int make_call(void **state)
{
  memset(&role, 0, sizeof(role));
  memset(&assume, 0, sizeof(assume));
  memset(&session_options, 0, sizeof(session_options));
  trace = NULL;
  return make_scene(state);
}

static inline int free_call(void **state)
{
  drop_token();
  return free_scene(state);
}

#define CASE(function)                                                         \
  cmocka_unit_test_setup_teardown(function, make_call, free_call)

#endif
