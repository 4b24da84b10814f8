/*
 * clang -fsanitize=fuzzer,address,undefined: any text is parsed or refused;
 * every element that was parsed is found by its path.
 */
#include "../../core/text/xml.c"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
  if (!holds)
    abort();
}

/* Appends the path from the root's child down to an element. */
static void put_path(struct lun_buf *out, const lun_xml *xml, size_t at)
{
  const struct element *element = &xml->elements[at];

  if (element->depth > 1) {
    put_path(out, xml, element->parent);
    lun_buf_addc(out, '/');
  }
  lun_buf_add_span(out, name_of(xml, element));
}

static void check(const lun_xml *xml)
{
  size_t i = 0;

  (void)lun_xml_root(xml);
  for (i = 1; i < xml->count && i < 200; i++) {
    struct lun_buf path = LUN_BUF_INIT(xml->ctx, SIZE_MAX / 4);
    struct lun_span found = {NULL, 0};

    put_path(&path, xml, i);
    must(lun_xml_find(xml, lun_buf_text(&path), &found));
    must(found.len == 0 || memchr(found.ptr, 1, found.len) == NULL);
    lun_buf_done(&path);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct lun_error err = {.code = LUN_OK};
  lun_xml *xml = NULL;
  lun_ctx *ctx = NULL;

  must(lun_ctx_new(&ctx, NULL) == LUN_OK);
  if (lun_xml_parse(&xml, ctx, (struct lun_span){(const char *)data, size},
                    "it", &err) == LUN_OK)
    check(xml);
  else
    must(err.code == LUN_EINVALID);
  lun_xml_free(xml);
  must(ctx->account.live_blocks == 0);
  lun_ctx_free(ctx);
  return 0;
}
