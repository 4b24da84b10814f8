/*
 * A source of credentials and those who wait for it, for the tests of the
 * chain.
 */
#ifndef TEST_SOURCE_H
#define TEST_SOURCE_H

#include "../../core/creds/chain.h"
#include "aws.h"

static lun_source *source;
static struct lun_trace trace; /* of start_why */
static struct lun_cred_wait waits[3];

static inline void chain(const struct lun_session_options *options)
{
  assert_int_equal(load_settings(options), LUN_OK);
  assert_int_equal(lun_source_chain(&source, place, &error), LUN_OK);
}

static inline void env_keys(const char *key_id)
{
  set_env("AWS_ACCESS_KEY_ID", key_id);
  set_env("AWS_SECRET_ACCESS_KEY", "canary-secret");
}

static inline void start(size_t n, struct lun_cred *stale)
{
  lun_cred_wait_done(&waits[n]);
  lun_cred_wait_init(&waits[n], source);
  lun_cred_wait_start(&waits[n], stale, 0);
}

/* Begins a wait for all that is asked, from the start, in TRACE. */
static inline void start_why(size_t n)
{
  lun_cred_wait_done(&waits[n]);
  if (trace.ctx != NULL)
    lun_trace_clear(&trace);
  lun_trace_init(&trace, ctx);
  lun_cred_wait_init(&waits[n], source);
  waits[n].trace = &trace;
  lun_cred_wait_start(&waits[n], NULL, 0);
}

static inline enum lun_code finish(size_t n)
{
  enum lun_code rc = LUN_OK;

  memset(&error, 0, sizeof(error));
  rc = lun_loop_run(loop, &waits[n].task, &error);
  assert_null(strstr(error.message, "canary"));
  return rc;
}

/* The key that the source gives now, or the error's message. */
static inline const char *key(void)
{
  start(0, NULL);
  if (finish(0))
    return error.message;
  return waits[0].cred->access_key_id;
}

static inline int free_chain(void **state)
{
  size_t i = 0;

  for (i = 0; i < 3; i++)
    lun_cred_wait_done(&waits[i]);
  if (trace.ctx != NULL)
    lun_trace_clear(&trace);
  trace.ctx = NULL;
  lun_source_unref(source);
  source = NULL;
  return free_scene(state);
}

#define CHAIN(function)                                                        \
  cmocka_unit_test_setup_teardown(function, make_scene, free_chain)

#endif
