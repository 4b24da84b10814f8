/*
 * One metadata client for a place, made when somebody first needs it; what has
 * been tried lately, the oldest of which is forgotten first; and the region
 * that the machine is in, asked for by a task that all who want it share.
 */
#include "place.h"

#include "../base/error.h"

#include <stdio.h>

#define REGION_PATH "/latest/meta-data/placement/region"

static enum lun_step ask_step(struct lun_task *task);
static void ask_cancel(struct lun_task *task);

enum lun_code lun_place_new(struct lun_place **out, lun_loop *loop,
                            struct lun_settings *settings,
                            struct lun_error *err)
{
  lun_ctx *ctx = lun_loop_ctx(loop);
  struct lun_place *place = lun_mem_alloc(ctx, sizeof(*place));

  if (place == NULL)
    return lun_error_nomem(err);
  place->ctx = ctx;
  place->refs = 1;
  place->loop = loop;
  place->settings = lun_settings_ref(settings);
  place->task.step = ask_step;
  place->task.cancel = ask_cancel;
  *out = place;
  return LUN_OK;
}

struct lun_place *lun_place_ref(struct lun_place *place)
{
  if (place != NULL)
    place->refs++;
  return place;
}

void lun_place_unref(struct lun_place *place)
{
  if (place == NULL || --place->refs > 0)
    return;
  lun_task_stop(&place->task);
  lun_imds_free(place->imds);
  lun_settings_unref(place->settings);
  lun_mem_free(place->ctx, place);
}

/* A variable that names a proxy, whom one might expect to be used. */
static const char *proxy_variable(const struct lun_env *env)
{
  static const char *const names[] = {"http_proxy",  "HTTP_PROXY",
                                      "all_proxy",   "ALL_PROXY",
                                      "https_proxy", "HTTPS_PROXY"};
  size_t i = 0;

  for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    if (lun_env_get(env, names[i]) != NULL)
      return names[i];
  return NULL;
}

enum lun_code lun_place_imds(lun_imds **out, struct lun_place *place,
                             struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  const struct lun_settings *settings = place->settings;
  struct lun_imds_options options = {
      .endpoint = settings->imds_endpoint,
      .timeout_ms = settings->imds_timeout_ms,
      .attempts = settings->imds_attempts,
      .v1 = settings->imds_v1,
      .wait = settings->wait,
      .proxy = proxy_variable(&settings->env),
  };

  if (place->imds == NULL)
    rc = lun_imds_new(&place->imds, place->loop, &options, err);
  *out = place->imds;
  return rc;
}

bool lun_place_try(struct lun_place *place, const char *what, int64_t every_ms)
{
  int64_t now = lun_clock_mono_ms(place->ctx);
  size_t oldest = 0;
  size_t i = 0;

  for (i = 0; i < LUN_PLACE_TRIED; i++) {
    if (place->tried[i].at != 0 &&
        strncmp(place->tried[i].what, what, sizeof(place->tried[i].what) - 1) ==
            0)
      break;
    if (place->tried[i].at < place->tried[oldest].at)
      oldest = i;
  }
  if (i < LUN_PLACE_TRIED && now - place->tried[i].at < every_ms)
    return false;
  if (i == LUN_PLACE_TRIED)
    i = oldest;
  (void)snprintf(place->tried[i].what, sizeof(place->tried[i].what), "%s",
                 what);
  place->tried[i].at = now;
  return true;
}

/* -------------------------------------------------------------- region -- */

static struct lun_place *place_of(struct lun_task *task)
{
  return (struct lun_place *)(void *)((char *)task -
                                      offsetof(struct lun_place, task));
}

static void end_get(struct lun_place *place)
{
  if (place->getting)
    lun_imds_get_done(&place->get);
  place->getting = false;
}

static void ask_cancel(struct lun_task *task)
{
  end_get(place_of(task));
}

static enum lun_code begin_get(struct lun_place *place, struct lun_error *err)
{
  lun_imds *imds = NULL;
  enum lun_code rc = lun_place_imds(&imds, place, err);

  if (rc)
    return rc;
  lun_imds_get_init(&place->get, imds);
  place->getting = true;
  lun_imds_get_start(&place->get, REGION_PATH, place->task.deadline);
  return LUN_OK;
}

/* What the service said, which is remembered unless there was no memory. */
static enum lun_code take_region(struct lun_place *place, struct lun_error *err)
{
  const struct lun_task *got = &place->get.task;
  struct lun_span text = lun_text_trim(lun_buf_view(&place->get.body));

  if (got->rc == LUN_ENOMEM) {
    *err = got->err;
    return LUN_ENOMEM;
  }
  place->asked = true;
  if (got->rc)
    (void)snprintf(place->why, sizeof(place->why), "%.500s%s%.200s",
                   got->err.message, got->err.hint[0] != '\0' ? "; " : "",
                   got->err.hint);
  else if (lun_region_valid(text) && text.len < sizeof(place->here))
    memcpy(place->here, text.ptr, text.len);
  else
    (void)snprintf(place->why, sizeof(place->why),
                   "what the metadata service gives as one is no region");
  return LUN_OK;
}

static enum lun_step ask_step(struct lun_task *task)
{
  struct lun_place *place = place_of(task);
  enum lun_code rc = LUN_OK;

  if (!place->getting) {
    rc = begin_get(place, &task->err);
    if (rc)
      return lun_task_end(task, rc, NULL);
  }
  if (!lun_task_await(task, &place->get.task))
    return LUN_STEP_WAIT;
  rc = take_region(place, &task->err);
  end_get(place);
  return lun_task_end(task, rc, NULL);
}

/* For all who ask meanwhile, so it has a time of its own. */
static void ask(struct lun_place *place)
{
  if (place->task.started && !place->task.done)
    return;
  lun_task_start(place->loop, &place->task,
                 lun_clock_mono_ms(place->ctx) + place->settings->deadline_ms);
}

/* The machine's own region: the environment's word for it comes first. */
static const char *here(const struct lun_place *place)
{
  const char *known = place->settings->here;

  return known != NULL ? known : place->here;
}

static bool wants_here(const struct lun_region_wait *wait)
{
  const struct lun_place *place = wait->place;
  const struct lun_settings *settings = place->settings;

  return !settings->imds_disabled && !place->asked &&
         (wait->region[0] == '\0' ||
          (settings->connect_auto && settings->here == NULL));
}

static enum lun_step wait_step(struct lun_task *task)
{
  struct lun_region_wait *wait = (struct lun_region_wait *)(void *)task;
  struct lun_place *place = wait->place;

  if (wants_here(wait)) {
    if (place->task.done && place->task.rc != LUN_OK && wait->joined)
      return lun_task_end(task, place->task.rc, &place->task.err);
    ask(place);
    wait->joined = true;
    (void)lun_task_await(task, &place->task);
    return LUN_STEP_WAIT;
  }
  if (wait->region[0] == '\0')
    memcpy(wait->region, place->here, sizeof(wait->region));
  wait->connect_ms =
      lun_settings_connect(place->settings, wait->region, here(place));
  return lun_task_end(task, LUN_OK, NULL);
}

void lun_region_wait_init(struct lun_region_wait *wait, struct lun_place *place)
{
  memset(wait, 0, sizeof(*wait));
  wait->task.step = wait_step;
  wait->place = lun_place_ref(place);
}

void lun_region_wait_start(struct lun_region_wait *wait, const char *region,
                           int64_t deadline)
{
  const struct lun_settings *settings = wait->place->settings;

  if (region == NULL)
    region = settings->region;
  wait->joined = false;
  (void)snprintf(wait->region, sizeof(wait->region), "%s",
                 region == NULL ? "" : region);
  lun_task_start(wait->place->loop, &wait->task, deadline);
}

void lun_region_wait_done(struct lun_region_wait *wait)
{
  if (wait->place == NULL)
    return;
  lun_task_stop(&wait->task);
  lun_place_unref(wait->place);
  memset(wait, 0, sizeof(*wait));
}

enum lun_code lun_region_wait_none(const struct lun_region_wait *wait,
                                   const char *service, struct lun_error *err)
{
  enum lun_code rc = lun_endpoint_no_region(service, err);
  const struct lun_place *place = wait->place;
  size_t used = err == NULL ? 0 : strlen(err->message);

  if (err != NULL && place->why[0] != '\0')
    (void)snprintf(err->message + used, sizeof(err->message) - used, ": %s",
                   place->why);
  return rc;
}
