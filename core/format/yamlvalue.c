/*
 * Values in YAML, in the place that yaml.c has followed the output to.
 */
#include "yaml.h"

#include "../base/error.h"

/* The bytes between single quotes, where there are no escapes. */
static enum lun_code put_single(lun_writer *writer, struct lun_span bytes,
                                struct lun_error *err)
{
  enum lun_code rc =
      lun_yaml_plain_chars(bytes, false, "between single quotes of YAML", err);

  if (rc) {
    lun_error_hint(err, "use double quotes, or none: key: {{ x }}");
    return rc;
  }
  for (size_t i = 0; i < bytes.len; i++) {
    if (bytes.ptr[i] == '\'')
      lun_buf_addc(&writer->out, '\'');
    lun_buf_addc(&writer->out, bytes.ptr[i]);
  }
  return LUN_OK;
}

/*
 * Readers drop the blanks on both sides of a newline.  Double quotes have an
 * escape for those of a value; what no escape helps is refused.
 */
static enum lun_code quoted_value(lun_writer *writer, struct lun_span bytes,
                                  struct lun_error *err)
{
  struct yaml *s = writer->state;
  bool single = s->at == SINGLE;
  bool blank = bytes.len == 0 || (single && lun_text_blank(bytes.ptr[0]));

  if (s->at == DOUBLE && s->escaped)
    return lun_format_refuse(err, "a value", "behind a backslash");
  if (s->line_start && blank)
    return lun_format_refuse(err,
                             "a value that is empty or begins with a blank",
                             "at the start of a line of a quoted YAML scalar");
  s->values++;
  s->line_start = false;
  s->blank_end =
      bytes.len == 0 || (single && lun_text_blank(bytes.ptr[bytes.len - 1]));
  if (single)
    return put_single(writer, bytes, err);
  lun_yaml_escape(&writer->out, bytes);
  return LUN_OK;
}

/* A value in a plain scalar, which it may begin. */
static enum lun_code plain_value(lun_writer *writer, enum lun_value_kind kind,
                                 struct lun_span bytes, struct lun_error *err)
{
  struct yaml *s = writer->state;
  bool in_key =
      s->flow > 0 ? s->mapping[s->flow - 1] && !s->in_value : s->first;

  if (s->at == PLAIN && s->colon && in_key) {
    lun_format_refuse(err, "a value", "against the ':' of a YAML key");
    lun_error_hint(err, "put a blank behind the ':'");
    return LUN_EINVALID;
  }
  if (s->at == INDICATOR) {
    s->at = PLAIN;
    s->literal = true;
  } else if (s->at != PLAIN) {
    lun_yaml_start_node(writer, PLAIN);
  }
  if (s->values == 0)
    s->kind = kind;
  s->values++;
  s->literal = s->literal || s->colon;
  s->colon = false;
  lun_buf_add_span(&writer->out, bytes);
  s->end = writer->out.len;
  return LUN_OK;
}

static enum lun_code misplaced(const struct yaml *s, struct lun_error *err)
{
  switch (s->at) {
  case COMMENT: return lun_format_refuse(err, "a value", "in a comment");
  case PROPERTY:
  case ALIAS:
    return lun_format_refuse(err, "a value", "in a YAML anchor, tag or alias");
  case HEADER:
    return lun_format_refuse(err, "a value",
                             "in the header line of a block scalar");
  case DIRECTIVE:
    return lun_format_refuse(err, "a value", "in a YAML directive");
  case JUNK:
    return lun_format_refuse(err, "a value",
                             "in the next line of a plain scalar; put the "
                             "scalar in quotes");
  default:
    return lun_format_refuse(err, "a value", "behind the end of a YAML scalar");
  }
}

static enum lun_code line_value(lun_writer *writer, enum lun_value_kind kind,
                                struct lun_span bytes, struct lun_error *err)
{
  struct yaml *s = writer->state;

  if (lun_yaml_goes_on(s)) {
    s->at = JUNK;
    return misplaced(s, err);
  }
  s->open_plain = false;
  s->first = true;
  s->in_value = false;
  return plain_value(writer, kind, bytes, err);
}

enum lun_code lun_yaml_value(lun_writer *writer, enum lun_value_kind kind,
                             struct lun_span bytes, struct lun_error *err)
{
  struct yaml *s = writer->state;
  enum lun_code rc = LUN_OK;
  bool inside = false;

  if (!lun_text_is_utf8(bytes)) {
    lun_format_refuse(err, "what is not UTF-8", "in YAML");
    lun_error_hint(err, "encode it: {{ x | base64 }}");
    return LUN_EINVALID;
  }
  if (s->at == BLOCK) {
    rc = lun_yaml_block_value(writer, kind, bytes, &inside, err);
    if (rc || inside)
      return rc;
  }
  if (s->at == SINGLE_QUOTE)
    s->at = AFTER;
  if (s->at == AFTER && s->colon && s->flow > 0) {
    s->colon = false;
    rc = lun_yaml_end_key(writer, err);
    if (rc)
      return rc;
  }
  switch (s->at) {
  case LINE: return line_value(writer, kind, bytes, err);
  case NODE:
  case INDICATOR:
  case PLAIN: return plain_value(writer, kind, bytes, err);
  case SINGLE:
  case DOUBLE:
    rc = lun_format_check(kind, bytes, true, "inside quotes", err);
    return rc ? rc : quoted_value(writer, bytes, err);
  default: return misplaced(s, err);
  }
}
