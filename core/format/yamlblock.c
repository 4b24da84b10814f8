/*
 * YAML's block scalars, | and >.  Each line of a value gets the indentation
 * of the block.  The header is lunette's: where the block is nothing but one
 * value, its chomping indicator is chosen so that a reader gets exactly that
 * value, and an indentation indicator is added where the first line could
 * hide the indentation.
 *
 * A value that ends in a newline at the end of a line of the template ends
 * that line: PEM blocks below each other get no empty lines between them.
 */
#include "yaml.h"

#include "../base/error.h"

static const char in_block[] = "in a YAML block scalar";

void lun_yaml_block_start(lun_writer *writer)
{
  struct yaml *s = writer->state;
  struct lun_span all = lun_buf_view(&writer->out);
  struct yaml_block *b = &s->block;
  int parent = b->parent;

  memset(b, 0, sizeof(*b));
  b->parent = parent;
  b->indent = -1;
  b->header = s->start;
  b->folded = all.ptr[s->start] == '>';
  for (size_t i = s->start + 1; i < all.len; i++) {
    char c = all.ptr[i];
    if (c == '-' || c == '+')
      b->chomp = c;
    else if (c >= '1' && c <= '9' && !b->given) {
      b->given = true;
      b->indent = (parent < 0 ? 0 : parent) + (c - '0');
    } else
      break; /* blanks and a comment */
  }
  s->at = BLOCK;
  s->open_plain = false;
}

/* ------------------------------------------------------------------ end -- */

/* Writes the header anew: |, the indent if it is needed, CHOMP if not 0. */
static void put_header(lun_writer *writer, char chomp)
{
  struct yaml *s = writer->state;
  struct yaml_block *b = &s->block;
  struct lun_span lifted = lun_format_lift(writer, b->header);
  size_t skip = 1;

  while (skip < lifted.len && strchr("+-123456789", lifted.ptr[skip]) != NULL)
    skip++;
  if (lifted.len == 0)
    return; /* out of memory; the writer reports it */
  lun_buf_addc(&writer->out, lifted.ptr[0]);
  if (b->given || b->needs_indent)
    lun_buf_addf(&writer->out, "%d",
                 b->indent - (b->parent < 0 ? 0 : b->parent));
  if (chomp != '\0')
    lun_buf_addc(&writer->out, chomp);
  lun_buf_add(&writer->out, lifted.ptr + skip, lifted.len - skip);
}

/* Finishes the scalar.  LINE bytes at the end are the next line already. */
static void finish(lun_writer *writer, size_t line)
{
  struct yaml *s = writer->state;
  struct yaml_block *b = &s->block;
  bool whole = b->values == 1 && !b->text;
  bool keep = b->newlines > 1 || (b->newlines == 1 && !b->content);
  char chomp = b->chomp;
  struct lun_buf *out = &writer->out;

  s->at = LINE;
  if (b->values == 0 || out->fail != LUN_OK)
    return;
  if (keep) {
    /* nothing but empty lines follows, and + would count them */
    struct lun_span next = lun_format_lift(writer, out->len - line);
    lun_buf_cut(out, b->tail);
    lun_buf_add_span(out, next);
    chomp = '+';
  } else if (whole || (b->newlines == 1 && chomp == '-')) {
    chomp = b->newlines == 1 ? '\0' : '-';
  }
  put_header(writer, chomp);
}

enum lun_code lun_yaml_block_end(lun_writer *writer, struct lun_error *err)
{
  (void)err;
  finish(writer, 0);
  return LUN_OK;
}

/* ----------------------------------------------------------------- lines -- */

/*
 * At a line's first character that is no blank of its indentation: false if
 * the scalar has ended before this line.
 */
static bool line_begins(lun_writer *writer)
{
  struct yaml *s = writer->state;
  struct yaml_block *b = &s->block;

  if (b->indent < 0 ? s->column <= b->parent : s->column < b->indent) {
    finish(writer, (size_t)s->column);
    return false;
  }
  if (b->indent < 0)
    b->indent = s->column;
  b->line_done = true;
  return true;
}

static void put_indent(lun_writer *writer)
{
  struct yaml *s = writer->state;

  for (int i = 0; i < s->block.indent; i++)
    lun_buf_addc(&writer->out, ' ');
}

bool lun_yaml_block_text(lun_writer *writer, char c)
{
  struct yaml *s = writer->state;
  struct yaml_block *b = &s->block;

  if (lun_format_newline(c)) {
    if (c == '\r' && b->line_owed)
      return true;
    if (!b->line_owed)
      lun_buf_addc(&writer->out, c);
    b->line_owed = false;
    b->line_done = false;
    s->column = 0;
    return true;
  }
  if (!b->line_done && c == ' ' && (b->indent < 0 || s->column < b->indent)) {
    lun_buf_addc(&writer->out, c);
    s->column++;
    return true;
  }
  if (!b->line_done && !line_begins(writer))
    return false;
  if (b->line_owed)
    put_indent(writer);
  b->line_owed = false;
  b->content = true;
  b->text = true;
  b->newlines = 0;
  lun_buf_addc(&writer->out, c);
  s->column++;
  return true;
}

/* ---------------------------------------------------------------- values -- */

/* Newlines at the end of TEXT. */
static size_t count_newlines(struct lun_span text)
{
  size_t n = 0;

  while (n < text.len && text.ptr[text.len - n - 1] == '\n')
    n++;
  return n;
}

static enum lun_code check(struct yaml *s, struct lun_span bytes,
                           bool line_start, struct lun_error *err)
{
  struct yaml_block *b = &s->block;
  bool hides =
      bytes.len == 0 || lun_text_blank(bytes.ptr[0]) || bytes.ptr[0] == '\n';
  int digit = b->indent - b->parent;
  enum lun_code rc = lun_yaml_plain_chars(bytes, true, in_block, err);

  if (rc) {
    lun_error_hint(err, "use a quoted scalar: key: {{ x }}");
    return rc;
  }
  if (b->indent == 0)
    return lun_format_refuse(err, "a value",
                             "in a YAML block scalar without indentation");
  if (b->folded && lun_format_has(bytes, '\n'))
    return lun_format_refuse(err, "a newline",
                             "in a folded YAML scalar; use '|'");
  if (b->folded && line_start && hides)
    return lun_format_refuse(err,
                             "an empty value or one that begins with a "
                             "blank",
                             "at the start of a line of a folded YAML "
                             "scalar; use '|'");
  if (!b->content && line_start && hides && !b->given) {
    if (b->parent < 0 || digit > 9)
      return lun_format_refuse(err,
                               "an empty value or one that begins with "
                               "a blank",
                               "at the start of this block scalar");
    b->needs_indent = true;
  }
  return LUN_OK;
}

/* The lines of BYTES; what follows a last newline is not indented yet. */
static void put_lines(lun_writer *writer, struct lun_span bytes)
{
  struct yaml *s = writer->state;
  struct yaml_block *b = &s->block;

  for (size_t i = 0; i < bytes.len; i++) {
    if (b->line_owed && bytes.ptr[i] != '\n')
      put_indent(writer);
    b->line_owed = bytes.ptr[i] == '\n';
    b->content = b->content || !b->line_owed;
    lun_buf_addc(&writer->out, bytes.ptr[i]);
  }
}

enum lun_code lun_yaml_block_value(lun_writer *writer, enum lun_value_kind kind,
                                   struct lun_span bytes, bool *inside,
                                   struct lun_error *err)
{
  struct yaml *s = writer->state;
  struct yaml_block *b = &s->block;
  bool line_start = !b->line_done || b->line_owed;
  size_t newlines = count_newlines(bytes);
  enum lun_code rc = LUN_OK;

  *inside = b->line_done || line_begins(writer);
  if (!*inside)
    return LUN_OK;
  rc = lun_format_check(kind, bytes, false, in_block, err);
  if (rc == LUN_OK)
    rc = check(s, bytes, line_start, err);
  if (rc)
    return rc;
  b->values++;
  if (bytes.len == 0)
    return LUN_OK;
  put_lines(writer, bytes);
  b->newlines = newlines == bytes.len ? b->newlines + newlines : newlines;
  b->tail = writer->out.len;
  return LUN_OK;
}
