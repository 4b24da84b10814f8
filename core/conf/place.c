/*
 * One metadata client for a place, made when somebody first needs it; and what
 * has been tried lately, the oldest of which is forgotten first.
 */
#include "place.h"

#include "../base/error.h"

#include <stdio.h>

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
  lun_imds_free(place->imds);
  lun_settings_unref(place->settings);
  lun_mem_free(place->ctx, place);
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
