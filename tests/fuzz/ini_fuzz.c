/*
 * clang -fsanitize=fuzzer,address,undefined: any text is parsed or refused,
 * as either kind of file; what was parsed can be looked up.
 */
#include "../../core/text/ini.c"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
  if (!holds)
    abort();
}

static void check_section(const struct lun_ini *ini,
                          const struct lun_ini_section *section)
{
  size_t i = 0;
  size_t k = 0;

  must(lun_ini_find(ini, section->kind, section->name) == section);
  for (i = 0; i < section->nproperties; i++) {
    const struct lun_ini_property *property = &section->properties[i];

    must(property->line > 0 && property->value != NULL);
    must(lun_ini_get(section, property->key) == property);
    for (k = 0; k < property->nsubs; k++)
      must(lun_ini_sub(property, property->subs[k].key) != NULL);
  }
}

static void run(lun_ctx *ctx, enum lun_ini_kind kind, struct lun_span text)
{
  struct lun_ini ini = {.ctx = ctx};
  struct lun_error err = {.code = LUN_OK};
  size_t i = 0;

  if (lun_ini_parse(&ini, ctx, kind, text, "config", &err))
    must(err.code == LUN_EINVALID);
  for (i = 0; i < ini.nsections; i++)
    check_section(&ini, &ini.sections[i]);
  lun_ini_done(&ini);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct lun_span text = {(const char *)data, size};
  lun_ctx *ctx = NULL;

  must(lun_ctx_new(&ctx, NULL) == LUN_OK);
  run(ctx, LUN_INI_CONFIG, text);
  run(ctx, LUN_INI_CREDENTIALS, text);
  must(ctx->account.live_blocks == 0);
  lun_ctx_free(ctx);
  return 0;
}
