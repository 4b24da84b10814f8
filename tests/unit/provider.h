/*
 * One provider of credentials, asked once, for the tests of creds/.
 */
#ifndef TEST_PROVIDER_H
#define TEST_PROVIDER_H

#include "../../core/creds/provider.h"
#include "aws.h"

static struct lun_provider *provider;

static inline void drop_provider(void)
{
  lun_provider_free(provider);
  provider = NULL;
}

/* Asks a new provider, with settings from the scene as it is now. */
static inline enum lun_code ask(lun_provider_make *make,
                                const struct lun_session_options *options)
{
  enum lun_code rc = LUN_OK;

  drop_provider();
  assert_int_equal(load_settings(options), LUN_OK);
  assert_int_equal(make(&provider, place, NULL, &error), LUN_OK);
  lun_task_start(loop, &provider->task, 0);
  rc = lun_loop_run(loop, &provider->task, &error);
  assert_null(strstr(error.message, "canary"));
  assert_null(strstr(provider->reason, "canary"));
  return rc;
}

/* It has nothing to give, for a reason that has TEXT in it. */
static inline void passes(lun_provider_make *make,
                          const struct lun_session_options *options,
                          const char *text)
{
  assert_int_equal(ask(make, options), LUN_OK);
  assert_null(provider->cred);
  assert_has(provider->reason, text);
}

/* It fails, with an error that has TEXT in it. */
static inline void fails(lun_provider_make *make,
                         const struct lun_session_options *options,
                         const char *text)
{
  assert_int_equal(ask(make, options), LUN_ECREDENTIALS);
  assert_int_equal(error.code, LUN_ECREDENTIALS);
  assert_null(provider->cred);
  assert_has(error.message, text);
}

/* It gives KEY, its secret "canary-secret" and TOKEN (NULL: none). */
static inline void gives(lun_provider_make *make,
                         const struct lun_session_options *options,
                         const char *key, const char *token)
{
  if (ask(make, options))
    fail_msg("%s", error.message);
  if (provider->cred == NULL)
    fail_msg("%s", provider->reason);
  assert_string_equal(provider->cred->access_key_id, key);
  assert_span(lun_secret_view(provider->cred->secret_access_key),
              "canary-secret");
  assert_span(lun_secret_view(provider->cred->session_token),
              token == NULL ? "" : token);
  assert_string_equal(provider->cred->provider, provider->name);
}

/* Asking, for a sweep: settings are there already. */
static inline enum lun_code ask_once(lun_provider_make *make,
                                     struct lun_error *err)
{
  struct lun_provider *mine = NULL;
  enum lun_code rc = make(&mine, place, NULL, err);

  if (!rc) {
    lun_task_start(loop, &mine->task, 0);
    rc = lun_loop_run(loop, &mine->task, err);
  }
  lun_provider_free(mine);
  return rc;
}

static inline int free_provider(void **state)
{
  drop_provider();
  return free_scene(state);
}

#define PROVIDER(function)                                                     \
  cmocka_unit_test_setup_teardown(function, make_scene, free_provider)

#endif
