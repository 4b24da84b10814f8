/*
 * Fuzzes the writers.  The input is a format, then pieces: text of a template
 * and values of each kind, each with its length.  What is looked for is
 * memory errors, leaks, and errors without a message.
 *
 *   clang -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -lcrypto \
 *     tests/fuzz/writer_fuzz.c core/format/[!w]*.c core/base/[a-z]*.c \
 *     core/text/text.c core/text/json.c core/text/jstring.c
 */
#include "../../core/format/writer.c"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One piece off the input: its kind and its bytes. */
static bool take(struct lun_span *input, unsigned *kind, struct lun_span *piece)
{
  size_t len = 0;

  if (input->len < 2)
    return false;
  *kind = (unsigned char)input->ptr[0] % 8;
  len = (unsigned char)input->ptr[1];
  input->ptr += 2;
  input->len -= 2;
  if (len > input->len)
    len = input->len;
  *piece = (struct lun_span){input->ptr, len};
  input->ptr += len;
  input->len -= len;
  return true;
}

static enum lun_code put(lun_writer *writer, unsigned kind,
                         struct lun_span piece, struct lun_error *err)
{
  if (kind == 7)
    return lun_writer_text(writer, piece, err);
  if (kind == 6)
    return lun_writer_raw(writer, piece, err);
  return lun_writer_value(writer, (enum lun_value_kind)kind, piece, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct lun_span input = {(const char *)data, size};
  struct lun_span piece = {NULL, 0};
  struct lun_span out = {NULL, 0};
  struct lun_error err = {.code = LUN_OK};
  lun_ctx *ctx = NULL;
  lun_writer *writer = NULL;
  enum lun_code rc = LUN_OK;
  unsigned kind = 0;

  if (size == 0 || lun_ctx_new(&ctx, &err) != LUN_OK)
    return 0;
  rc = lun_writer_new(&writer, ctx, names[data[0] % 5], &err);
  input.ptr++;
  input.len--;
  while (rc == LUN_OK && take(&input, &kind, &piece))
    rc = put(writer, kind, piece, &err);
  if (rc == LUN_OK)
    rc = lun_writer_end(writer, &out, &err);
  lun_writer_free(writer);
  /* an error has a message, and what was made is gone */
  if ((rc != LUN_OK && err.message[0] == '\0') || ctx->account.live_blocks != 0)
    abort();
  lun_ctx_free(ctx);
  return 0;
}
