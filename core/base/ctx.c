/*
 * Making and ending a context.  The file uses the whole floor, so it stands
 * above the others, though its header is their foundation.
 */
#include "ctx.h"

#include "clock.h"
#include "error.h"
#include "mem.h"
#include "secret.h"

int lun_version_num(void)
{
  return LUN_VERSION_NUM;
}

enum lun_code lun_ctx_new(lun_ctx **out, struct lun_error *err)
{
  lun_ctx *ctx = lun_mem_alloc(NULL, sizeof(*ctx));

  if (ctx == NULL)
    return lun_error_nomem(err);
  ctx->account.fail_after = -1;
  lun_clock_system(&ctx->clock);
  *out = ctx;
  return LUN_OK;
}

void lun_ctx_free(lun_ctx *ctx)
{
  if (ctx == NULL)
    return;
  lun_arena_free(ctx); /* cleansed, even if a handle was forgotten */
  lun_mem_free(NULL, ctx);
}
