/*
 * config: reads paths of config files, one a line, and prints for each what it
 * is parsed to, as a line of JSON: {"KIND NAME": {"key": "value" or an object
 * of what stands below it}}, or null for a file that is refused.
 */
#include "../../core/base/mem.h"
#include "../../core/os/file.h"
#include "../../core/text/ini.h"
#include "../../core/text/jstring.h"

#include <stdio.h>

#define FILE_MAX ((size_t)1 << 20)

static void put_key(struct lun_buf *out, bool first, const char *key)
{
  if (!first)
    lun_buf_adds(out, ", ");
  lun_json_quote(out, lun_span_of(key));
  lun_buf_adds(out, ": ");
}

static void put_properties(struct lun_buf *out,
                           const struct lun_ini_property *properties,
                           size_t count)
{
  size_t i = 0;

  lun_buf_addc(out, '{');
  for (i = 0; i < count; i++) {
    put_key(out, i == 0, properties[i].key);
    if (properties[i].nsubs > 0)
      put_properties(out, properties[i].subs, properties[i].nsubs);
    else
      lun_json_quote(out, lun_span_of(properties[i].value));
  }
  lun_buf_addc(out, '}');
}

static void put_ini(struct lun_buf *out, const struct lun_ini *ini)
{
  static const char *const kinds[] = {
      [LUN_INI_PROFILE] = "profile",
      [LUN_INI_SSO_SESSION] = "sso-session",
      [LUN_INI_SERVICES] = "services",
  };
  char name[512] = "";
  size_t i = 0;

  lun_buf_addc(out, '{');
  for (i = 0; i < ini->nsections; i++) {
    const struct lun_ini_section *section = &ini->sections[i];

    (void)snprintf(name, sizeof(name), "%s %s", kinds[section->kind],
                   section->name);
    put_key(out, i == 0, name);
    put_properties(out, section->properties, section->nproperties);
  }
  lun_buf_addc(out, '}');
}

static void answer(lun_ctx *ctx, const char *path)
{
  struct lun_buf text = LUN_BUF_INIT(ctx, FILE_MAX);
  struct lun_buf out = LUN_BUF_INIT(ctx, FILE_MAX);
  struct lun_ini ini = {.ctx = NULL};
  enum lun_code rc = lun_file_read(&text, path, NULL);

  if (!rc)
    rc = lun_ini_parse(&ini, ctx, LUN_INI_CONFIG, lun_buf_view(&text), path,
                       NULL);
  if (!rc)
    put_ini(&out, &ini);
  printf("%s\n", rc ? "null" : lun_buf_text(&out));
  if (!rc)
    lun_ini_done(&ini);
  lun_buf_done(&out);
  lun_buf_done(&text);
}

int main(void)
{
  lun_ctx *ctx = NULL;
  char path[4096] = "";

  if (lun_ctx_new(&ctx, NULL))
    return 1;
  while (scanf(" %4095[^\n]", path) == 1)
    answer(ctx, path);
  lun_ctx_free(ctx);
  return 0;
}
