/*
 * Renders the rows of a table: a template with @@ where the value goes, and
 * what comes out, or the message if the value is refused.
 */
#ifndef LUN_UNIT_WRITER_H
#define LUN_UNIT_WRITER_H

#include "unit.h"

#include "../../core/format/writer.h"

struct row {
  const char *text;
  enum lun_value_kind kind;
  const char *value;
  const char *out;     /* NULL: it is refused */
  const char *message; /* how the message begins */
};

#define STR(text, value, out)                                                  \
  {                                                                            \
    text, LUN_VALUE_STRING, value, out, NULL                                   \
  }
#define NUM(text, value, out)                                                  \
  {                                                                            \
    text, LUN_VALUE_NUMBER, value, out, NULL                                   \
  }
#define DOC(text, value, out)                                                  \
  {                                                                            \
    text, LUN_VALUE_JSON, value, out, NULL                                     \
  }
#define BAD(text, value, message)                                              \
  {                                                                            \
    text, LUN_VALUE_STRING, value, NULL, message                               \
  }

/*
 * The whole of a row into WRITER, the text one piece or a byte at a time:
 * where a template is cut must not matter.
 */
static enum lun_code drive(lun_writer *writer, const struct row *row,
                           bool bytes, struct lun_span *out,
                           struct lun_error *err)
{
  const char *at = row->text;
  enum lun_code rc = LUN_OK;

  while (*at != '\0' && rc == LUN_OK) {
    const char *mark = strstr(at, "@@");
    size_t len = mark == NULL ? strlen(at) : (size_t)(mark - at);
    if (len > 0) {
      len = bytes ? 1 : len;
      rc = lun_writer_text(writer, (struct lun_span){at, len}, err);
    } else {
      rc = lun_writer_value(writer, row->kind, lun_span_of(row->value), err);
      len = 2;
    }
    at += len;
  }
  return rc ? rc : lun_writer_end(writer, out, err);
}

static void check_row(const char *format, const struct row *row, bool bytes)
{
  lun_writer *writer = NULL;
  struct lun_error err = {.code = LUN_OK};
  struct lun_span out = {NULL, 0};
  enum lun_code rc = lun_writer_new(&writer, ctx, format, &err);

  assert_int_equal(rc, LUN_OK);
  rc = drive(writer, row, bytes, &out, &err);
  if (row->out == NULL && rc != LUN_EINVALID)
    fail_msg("%s: not refused: %s", row->text, rc ? err.message : out.ptr);
  if (row->out == NULL &&
      strncmp(err.message, row->message, strlen(row->message)) != 0)
    fail_msg("%s: %s", row->text, err.message);
  if (row->out != NULL && rc != LUN_OK)
    fail_msg("%s: %s", row->text, err.message);
  if (row->out != NULL &&
      (out.len != strlen(row->out) || strcmp(out.ptr, row->out) != 0))
    fail_msg("%s: got %s", row->text, out.ptr);
  lun_writer_free(writer);
}

#define check_rows(format, rows)                                               \
  do {                                                                         \
    for (size_t i_ = 0; i_ < sizeof(rows) / sizeof((rows)[0]); i_++) {         \
      check_row(format, &(rows)[i_], false);                                   \
      check_row(format, &(rows)[i_], true);                                    \
    }                                                                          \
  } while (0)

#endif
