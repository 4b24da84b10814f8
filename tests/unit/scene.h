/*
 * What the tests of conf/, creds/ and aws/ share: an environment and a home of
 * the test's own, a wall clock that stands still until it is moved, a loop,
 * and answers as AWS gives them.  Nothing here looks at the machine it runs
 * on, and the metadata service is off until a test turns it on.
 */
#ifndef TEST_SCENE_H
#define TEST_SCENE_H

#include "../../core/conf/place.h"
#include "server.h"
#include "unit.h"

#include <sys/stat.h>

#define NOW     INT64_C(1795392000) /* 2026-11-23T00:00:00Z */
#define NOW_ISO "2026-11-23T00:00:00Z"

#define VARIABLES 24

static struct {
  char home[64];
  char config[96];
  char credentials[96];
  int64_t wall_s;
  int64_t mono_skip_ms; /* the monotonic clock is ahead by so much */
  bool booting;         /* it is an EC2 instance in its first minutes */
  struct server servers[2];
} scene;

static struct {
  const char *name; /* NULL: free */
  char value[512];
} variables[VARIABLES];

static lun_loop *loop;
static struct lun_settings *settings;
static struct lun_place *place; /* of loop and settings */
static struct lun_error error;

/* ---------------------------------------------------------- environment -- */

/* Sets a variable; NULL removes it.  NAME is borrowed. */
static inline void set_env(const char *name, const char *value)
{
  size_t at = 0;
  size_t i = 0;

  while (at < VARIABLES - 1 && variables[at].name != NULL)
    at++; /* the first that is free */
  for (i = 0; i < VARIABLES; i++)
    if (variables[i].name != NULL && strcmp(variables[i].name, name) == 0)
      at = i;
  variables[at].name = value == NULL ? NULL : name;
  (void)snprintf(variables[at].value, sizeof(variables[0].value), "%s",
                 value == NULL ? "" : value);
}

static const char *scene_get(void *data, const char *name)
{
  size_t i = 0;

  (void)data;
  for (i = 0; i < VARIABLES; i++)
    if (variables[i].name != NULL && strcmp(variables[i].name, name) == 0)
      return variables[i].value;
  return NULL;
}

static bool scene_booting(void *data)
{
  (void)data;
  return scene.booting;
}

static const struct lun_env scene_env = {scene_get, scene_booting, NULL};

static inline void write_file(const char *path, const char *text)
{
  FILE *file = fopen(path, "w");

  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  assert_int_equal(fclose(file), 0);
  assert_int_equal(chmod(path, 0600), 0);
}

static inline void set_config(const char *text)
{
  write_file(scene.config, text);
}

static inline void set_credentials(const char *text)
{
  write_file(scene.credentials, text);
}

/* Settings from the scene as it is now, in place of those before. */
static inline enum lun_code
load_settings(const struct lun_session_options *options)
{
  struct lun_session_options none = {.size = sizeof(none)};
  enum lun_code rc = LUN_OK;

  lun_place_unref(place);
  place = NULL;
  lun_settings_unref(settings);
  settings = NULL;
  memset(&error, 0, sizeof(error));
  rc = lun_settings_new(&settings, ctx, options == NULL ? &none : options,
                        &scene_env, &error);
  return rc ? rc : lun_place_new(&place, loop, settings, &error);
}

/* ---------------------------------------------------------------- clocks -- */

static int64_t scene_wall_ms(void *data)
{
  (void)data;
  return scene.wall_s * 1000;
}

static int64_t scene_mono_ms(void *data)
{
  struct lun_clock clock = {.data = NULL};

  (void)data;
  lun_clock_system(&clock);
  return clock.mono_ms(clock.data) + scene.mono_skip_ms;
}

/* --------------------------------------------------------------- servers -- */

/* A server with this script; every service's endpoint is there then. */
static inline void serve(const struct answer *script, int count)
{
  server_start(&scene.servers[0], script, count);
  set_env("AWS_ENDPOINT_URL", scene.servers[0].url);
  set_env("AWS_REGION", "eu-central-1");
}

/* A metadata service with this script. */
static inline void serve_imds(const struct answer *script, int count)
{
  server_start(&scene.servers[1], script, count);
  set_env("AWS_EC2_METADATA_SERVICE_ENDPOINT", scene.servers[1].url);
  set_env("AWS_EC2_METADATA_DISABLED", NULL);
}

static inline int requests(void)
{
  return atomic_load(&scene.servers[0].log->requests);
}

static inline const char *request(int n)
{
  assert_in_range(n, 0, requests() - 1);
  return scene.servers[0].log->text[n];
}

static inline int imds_requests(void)
{
  return atomic_load(&scene.servers[1].log->requests);
}

static inline const char *imds_request(int n)
{
  assert_in_range(n, 0, imds_requests() - 1);
  return scene.servers[1].log->text[n];
}

static inline void end_servers(void)
{
  size_t i = 0;

  for (i = 0; i < 2; i++)
    if (scene.servers[i].log != NULL) {
      server_stop(&scene.servers[i]);
      scene.servers[i].log = NULL;
    }
}

/* ----------------------------------------------------------- begin, end -- */

static inline int make_scene(void **state)
{
  memset(&scene, 0, sizeof(scene));
  memset(variables, 0, sizeof(variables));
  (void)snprintf(scene.home, sizeof(scene.home), "/tmp/lunette-XXXXXX");
  if (make_ctx(state) || mkdtemp(scene.home) == NULL)
    return -1;
  (void)snprintf(scene.config, sizeof(scene.config), "%s/config", scene.home);
  (void)snprintf(scene.credentials, sizeof(scene.credentials), "%s/credentials",
                 scene.home);
  set_env("HOME", scene.home);
  set_env("AWS_CONFIG_FILE", scene.config);
  set_env("AWS_SHARED_CREDENTIALS_FILE", scene.credentials);
  set_env("AWS_EC2_METADATA_DISABLED", "true");
  scene.wall_s = NOW;
  ctx->clock.wall_ms = scene_wall_ms;
  ctx->clock.mono_ms = scene_mono_ms;
  loop = NULL;
  settings = NULL;
  place = NULL;
  memset(&error, 0, sizeof(error));
  return lun_loop_new(&loop, ctx, NULL);
}

static inline int free_scene(void **state)
{
  lun_place_unref(place);
  lun_settings_unref(settings);
  lun_loop_free(loop);
  end_servers();
  (void)unlink(scene.config);
  (void)unlink(scene.credentials);
  assert_int_equal(rmdir(scene.home), 0);
  return free_ctx(state);
}

#define SCENE(function)                                                        \
  cmocka_unit_test_setup_teardown(function, make_scene, free_scene)

/* The text has the part. */
#define assert_has(text, part)                                                 \
  do {                                                                         \
    if (strstr((text), (part)) == NULL)                                        \
      fail_msg("\"%s\" is not in \"%s\"", (part), (text));                     \
  } while (0)

#endif
