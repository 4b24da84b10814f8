/*
 * One metadata client for a place, made when somebody first needs it.
 */
#include "place.h"

#include "../base/error.h"

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
