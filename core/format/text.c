/*
 * The format that is none: bytes as they are.
 */
#include "format.h"

static enum lun_code text_text(lun_writer *writer, struct lun_span text,
                               struct lun_error *err)
{
  (void)err;
  lun_buf_add_span(&writer->out, text);
  return LUN_OK;
}

static enum lun_code text_value(lun_writer *writer, enum lun_value_kind kind,
                                struct lun_span bytes, struct lun_error *err)
{
  enum lun_code rc = lun_format_check(kind, bytes, true, "in a text", err);

  if (rc)
    return rc;
  lun_buf_add_span(&writer->out, bytes);
  return LUN_OK;
}

static enum lun_code text_end(lun_writer *writer, struct lun_error *err)
{
  (void)writer;
  (void)err;
  return LUN_OK;
}

const struct lun_format lun_format_text = {
    .name = "text",
    .state_size = 1, /* it has none, but a block of 0 bytes is no block */
    .text = text_text,
    .value = text_value,
    .end = text_end,
};
