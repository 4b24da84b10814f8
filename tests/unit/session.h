/*
 * A session of the scene's, for the tests of sessions and of those made from
 * them.
 */
#ifndef TEST_SESSION_H
#define TEST_SESSION_H

#include "../../core/aws/session.h"
#include "aws.h"

#define LATER "2026-11-23T01:00:00Z"

static lun_session *session;
static struct lun_cred *cred;

static inline enum lun_code make(const struct lun_session_options *options)
{
  struct lun_session_options none = {.size = sizeof(none)};

  memset(&error, 0, sizeof(error));
  return lun_session_make(&session, ctx, options == NULL ? &none : options,
                          &scene_env, &error);
}

static inline void env_keys(void)
{
  set_env("AWS_ACCESS_KEY_ID", "AKIDENV");
  set_env("AWS_SECRET_ACCESS_KEY", "canary-secret");
}

/* The key that a session signs with, or the error's message. */
static inline const char *key_of(lun_session *which)
{
  static char text[1100];

  memset(&error, 0, sizeof(error));
  if (lun_session_credentials(&cred, which, &error)) {
    assert_null(strstr(error.message, "canary"));
    return error.message;
  }
  (void)snprintf(text, sizeof(text), "%s", cred->access_key_id);
  lun_cred_unref(cred);
  return text;
}

static inline const char *reader_answer(const char *key)
{
  return assumed("444455556666", "reader/" SESSION, key, LATER);
}

/* The session that REF asks for, a reference of its own. */
static inline lun_session *for_ref(const char *text)
{
  struct lun_ref ref = {.ctx = NULL};
  lun_session *asked = NULL;

  memset(&error, 0, sizeof(error));
  assert_int_equal(lun_ref_parse(&ref, ctx, lun_span_of(text), &error), LUN_OK);
  if (lun_session_for_ref(&asked, session, &ref, &error))
    assert_null(asked);
  lun_ref_done(&ref);
  return asked;
}

static inline int free_session(void **state)
{
  lun_session_unref(session);
  session = NULL;
  return free_scene(state);
}

#define CASE(function)                                                         \
  cmocka_unit_test_setup_teardown(function, make_scene, free_session)

#endif
