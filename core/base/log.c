/*
 * Events go straight to the context's sink; keeping them is the sink's work.
 */
#include "log.h"

void lun_log(const lun_ctx *ctx, enum lun_level level, const char *word,
             const struct lun_field *fields, size_t nfields)
{
  struct lun_event event = {level, word, fields, nfields};

  if (ctx != NULL && ctx->sink.write != NULL)
    ctx->sink.write(ctx->sink.data, &event);
}

void lun_log_sink(lun_ctx *ctx,
                  void (*write)(void *data, const struct lun_event *event),
                  void *data)
{
  ctx->sink = (struct lun_sink){write, data};
}
