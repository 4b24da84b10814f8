/*
 * YAML's structure: which construct the output stands in, and what a value
 * becomes there.
 *
 *   plain scalar     followed to its end; with values in it, it is written as
 *                    one quoted string, or as the value itself if it is
 *                    nothing else (a number stays a number)
 *   '...' and "..."  the value is escaped for these quotes
 *   block scalar     yamlblock.c
 *   comment, tag, anchor, directive     refused
 *
 * Columns of the block collections that are open are kept, for they decide
 * whether a line goes on with a scalar or begins something new.
 */
#include "yaml.h"

#include "../base/error.h"

static enum lun_code follow(lun_writer *writer, char c, struct lun_error *err);

/* --------------------------------------------------------------- columns -- */

/* A block collection begins or goes on at COLUMN. */
static enum lun_code open_column(struct yaml *s, int column,
                                 struct lun_error *err)
{
  while (s->ncolumns > 0 && s->columns[s->ncolumns - 1] > column)
    s->ncolumns--;
  if (s->ncolumns > 0 && s->columns[s->ncolumns - 1] == column)
    return LUN_OK;
  if (s->ncolumns == YAML_DEPTH)
    return lun_error_set(err, LUN_EINVALID, "more than %d levels of YAML",
                         YAML_DEPTH);
  s->columns[s->ncolumns++] = column;
  return LUN_OK;
}

/* The column of the collection that a node at the current place is in. */
static int parent_column(const struct yaml *s)
{
  size_t n = s->ncolumns;

  if (s->first) {
    while (n > 0 && s->columns[n - 1] >= s->node_column)
      n--;
  }
  return n == 0 ? -1 : s->columns[n - 1];
}

/* --------------------------------------------------------- plain scalars -- */

void lun_yaml_start_node(lun_writer *writer, enum yaml_at at)
{
  struct yaml *s = writer->state;

  if (!s->has_property)
    s->node_column = s->column;
  s->has_property = false;
  s->at = at;
  s->start = writer->out.len;
  s->end = s->start;
  s->values = 0;
  s->literal = false;
  s->colon = false;
  s->escaped = false;
  s->line_start = false;
  s->blank_end = false;
}

static enum lun_code put_scalar(lun_writer *writer, struct lun_span text,
                                bool key, struct lun_error *err)
{
  struct yaml *s = writer->state;
  bool alone = s->values == 1 && !s->literal;
  size_t before = writer->out.len;

  if (alone && s->kind == LUN_VALUE_JSON) {
    if (key)
      return lun_format_refuse(err, "an object or array", "as a YAML key");
    return lun_yaml_flow(&writer->out, writer->ctx, text, err);
  }
  if (alone && s->kind == LUN_VALUE_NUMBER)
    return lun_yaml_number(&writer->out, text, err);
  if (alone && s->kind != LUN_VALUE_STRING) {
    lun_buf_add_span(&writer->out, text);
    return LUN_OK;
  }
  if (!lun_text_is_utf8(text))
    return lun_error_set(err, LUN_EINVALID, "the template is not UTF-8");
  lun_yaml_quote(&writer->out, text);
  if (key && writer->out.len - before > LUN_YAML_KEY_MAX)
    return lun_format_refuse(err, "a key of more than 1000 bytes", "in YAML");
  return LUN_OK;
}

/*
 * The plain scalar is over.  With values in it, it is lifted off the output,
 * along with what stands behind it, and written anew.
 */
static enum lun_code end_plain(lun_writer *writer, bool key,
                               struct lun_error *err)
{
  struct yaml *s = writer->state;
  size_t len = s->end - s->start;
  struct lun_span lifted = {NULL, 0};
  enum lun_code rc = LUN_OK;

  if (s->values == 0)
    return LUN_OK;
  lifted = lun_format_lift(writer, s->start);
  if (writer->lifted.fail == LUN_OK && lifted.len >= len) {
    rc = put_scalar(writer, (struct lun_span){lifted.ptr, len}, key, err);
    if (lifted.len > len)
      lun_buf_add(&writer->out, lifted.ptr + len, lifted.len - len);
  }
  return rc;
}

enum lun_code lun_yaml_end_key(lun_writer *writer, struct lun_error *err)
{
  struct yaml *s = writer->state;
  enum lun_code rc = LUN_OK;

  if (s->at == AFTER && s->values > 0 &&
      writer->out.len - s->start > LUN_YAML_KEY_MAX)
    return lun_format_refuse(err, "a key of more than 1000 bytes", "in YAML");
  if (s->flow == 0 && s->in_value && s->values > 0)
    return lun_format_refuse(err, "a second key", "in one line of YAML");
  if (s->flow == 0)
    rc = open_column(s, s->node_column, err);
  s->at = NODE;
  s->first = false;
  s->in_value = true;
  return rc;
}

/* -------------------------------------------------------- flow and nodes -- */

static enum lun_code open_flow(struct yaml *s, char c, struct lun_error *err)
{
  if (s->flow == YAML_DEPTH)
    return lun_error_set(err, LUN_EINVALID, "more than %d levels of YAML",
                         YAML_DEPTH);
  s->mapping[s->flow++] = c == '{';
  s->at = NODE;
  s->in_value = false;
  s->has_property = false;
  return LUN_OK;
}

static void close_flow(struct yaml *s)
{
  if (s->flow > 0)
    s->flow--;
  s->at = AFTER;
}

/* A sign of flow context, wherever no quotes hide it. */
static enum lun_code flow_sign(struct yaml *s, char c, struct lun_error *err)
{
  if (c == '[' || c == '{')
    return open_flow(s, c, err);
  if (c == ',') {
    s->at = NODE;
    s->in_value = false;
  } else {
    close_flow(s);
  }
  return LUN_OK;
}

static bool is_flow_sign(char c)
{
  return c != '\0' && strchr(",[]{}", c) != NULL;
}

static bool ends_token(const struct yaml *s, char c)
{
  return lun_text_blank(c) || lun_format_newline(c) ||
         (s->flow > 0 && is_flow_sign(c));
}

/* The first character of a node, or of what comes before one. */
static enum lun_code in_node(lun_writer *writer, char c, struct lun_error *err)
{
  struct yaml *s = writer->state;

  if (lun_text_blank(c))
    return LUN_OK;
  if (is_flow_sign(c) && (s->flow > 0 || c == '[' || c == '{')) {
    if (s->flow == 0)
      s->node_column = s->column;
    return flow_sign(s, c, err);
  }
  switch (c) {
  case '#': s->at = COMMENT; break;
  case '-':
  case '?':
  case ':': lun_yaml_start_node(writer, INDICATOR); break;
  case '\'': lun_yaml_start_node(writer, SINGLE); break;
  case '"': lun_yaml_start_node(writer, DOUBLE); break;
  case '&':
  case '!':
    lun_yaml_start_node(writer, PROPERTY);
    s->has_property = true;
    break;
  case '*': lun_yaml_start_node(writer, ALIAS); break;
  case '|':
  case '>':
    if (s->flow == 0) {
      lun_yaml_start_node(writer, HEADER);
      s->block.parent = parent_column(s);
      break;
    }
    lun_yaml_start_node(writer, PLAIN);
    break;
  default: lun_yaml_start_node(writer, PLAIN); return follow(writer, c, err);
  }
  return LUN_OK;
}

/* Behind - ? or :, which is a sign only if a blank follows. */
static enum lun_code in_indicator(lun_writer *writer, char c,
                                  struct lun_error *err)
{
  struct yaml *s = writer->state;
  char sign = writer->out.ptr[s->start];
  enum lun_code rc = LUN_OK;

  if (!ends_token(s, c)) {
    s->at = PLAIN;
    s->end = s->start + 1;
    s->literal = true;
    return follow(writer, c, err);
  }
  if (s->flow == 0)
    rc = open_column(s, s->node_column, err);
  s->at = NODE;
  s->first = false;
  s->in_value = s->flow > 0 && sign == ':';
  if (rc)
    return rc;
  return follow(writer, c, err);
}

static enum lun_code in_plain(lun_writer *writer, char c, struct lun_error *err)
{
  struct yaml *s = writer->state;
  enum lun_code rc = LUN_OK;

  if (s->colon && ends_token(s, c)) {
    rc = end_plain(writer, true, err);
    if (rc == LUN_OK)
      rc = lun_yaml_end_key(writer, err);
    return rc ? rc : follow(writer, c, err);
  }
  if (s->colon) {
    s->colon = false;
    s->end = writer->out.len;
    s->literal = true;
  }
  if (c == '#' && s->end < writer->out.len) {
    s->at = COMMENT;
    return end_plain(writer, false, err);
  }
  if (s->flow > 0 && is_flow_sign(c)) {
    rc = end_plain(writer, false, err);
    return rc ? rc : flow_sign(s, c, err);
  }
  if (c == ':') {
    s->colon = true; /* END stays before it until it is known to be text */
  } else if (!lun_text_blank(c)) {
    s->end = writer->out.len + 1;
    s->literal = true;
  }
  return LUN_OK;
}

static enum lun_code goes_on_behind(struct lun_error *err)
{
  return lun_format_refuse(err, "the next line of a plain scalar",
                           "behind a line with a value in it; put the scalar "
                           "in quotes");
}

/* Behind a node that has its own end: quotes, an alias, a flow collection. */
static enum lun_code in_after(lun_writer *writer, char c, struct lun_error *err)
{
  struct yaml *s = writer->state;

  if (s->colon) {
    s->colon = false;
    if (s->flow > 0 || ends_token(s, c)) {
      enum lun_code rc = lun_yaml_end_key(writer, err);
      return rc ? rc : follow(writer, c, err);
    }
    s->at = JUNK;
  } else if (s->flow > 0 && is_flow_sign(c)) {
    return flow_sign(s, c, err);
  } else if (c == ':') {
    s->colon = true;
  } else if (c == '#') {
    s->at = COMMENT;
  } else if (!lun_text_blank(c)) {
    s->at = JUNK;
    if (s->flow > 0 && s->values > 0)
      return goes_on_behind(err);
  }
  return LUN_OK;
}

static enum lun_code in_quotes(struct yaml *s, char c, struct lun_error *err)
{
  if (s->at == SINGLE_QUOTE) { /* '' is one quote; see follow */
    s->at = SINGLE;
    return LUN_OK;
  }
  if (lun_format_newline(c)) {
    if (s->blank_end)
      return lun_format_refuse(err, "a value that is empty or ends in a blank",
                               "at the end of a line of a quoted YAML scalar");
    s->line_start = true;
  } else if (!lun_text_blank(c)) {
    s->line_start = false;
    s->blank_end = false;
  }
  if (s->at == DOUBLE && (s->escaped || c == '\\'))
    s->escaped = !s->escaped;
  else if (s->at == DOUBLE && c == '"')
    s->at = AFTER;
  else if (s->at == SINGLE && c == '\'')
    s->at = SINGLE_QUOTE;
  return LUN_OK;
}

/* ----------------------------------------------------------------- lines -- */

bool lun_yaml_goes_on(const struct yaml *s)
{
  return s->open_plain && s->flow == 0 && s->column > s->open_parent;
}

/* The first character of a line that is no blank. */
static enum lun_code in_line(lun_writer *writer, char c, struct lun_error *err)
{
  struct yaml *s = writer->state;
  bool on = lun_yaml_goes_on(s); /* --- and ... end a scalar: see is_marker */

  if (lun_text_blank(c))
    return LUN_OK;
  s->at = NODE;
  s->first = true;
  s->in_value = false;
  if (on && c != '#') {
    s->marker = s->open_values && s->column == 0 && (c == '-' || c == '.');
    s->at = JUNK;
    return s->open_values && !s->marker ? goes_on_behind(err) : LUN_OK;
  }
  s->open_plain = false;
  if (c == '%' && s->column == 0) {
    s->at = DIRECTIVE;
    return LUN_OK;
  }
  return in_node(writer, c, err);
}

static enum lun_code newline(lun_writer *writer, char c, struct lun_error *err)
{
  struct yaml *s = writer->state;
  enum lun_code rc = LUN_OK;

  if (s->at == PLAIN && s->colon) {
    rc = end_plain(writer, true, err);
    if (rc == LUN_OK)
      rc = lun_yaml_end_key(writer, err);
  } else if (s->at == PLAIN) {
    rc = end_plain(writer, false, err);
    s->open_plain = s->flow == 0;
    s->open_values = s->values > 0;
    s->open_parent = parent_column(s);
    if (s->flow > 0)
      s->at = AFTER;
  } else if (s->at == INDICATOR) {
    return in_indicator(writer, c, err);
  } else if (s->at == AFTER && s->colon) {
    s->colon = false;
    rc = lun_yaml_end_key(writer, err);
  } else if (s->at == HEADER) {
    lun_yaml_block_start(writer);
    return LUN_OK;
  }
  s->has_property = false;
  if (s->flow == 0)
    s->at = LINE;
  else if (s->at == COMMENT || s->at == PROPERTY)
    s->at = s->behind;
  else if (s->at == ALIAS)
    s->at = AFTER;
  return rc;
}

/* True if the line so far is --- or ... and C ends it. */
static bool is_marker(const lun_writer *writer, char c)
{
  const struct yaml *s = writer->state;
  struct lun_span all = lun_buf_view(&writer->out);

  if (s->column != 3 || all.len < 3 || s->at == SINGLE || s->at == DOUBLE ||
      (s->at == PLAIN && s->values > 0) ||
      (all.len > 3 && all.ptr[all.len - 4] != '\n') ||
      !(lun_text_blank(c) || lun_format_newline(c)))
    return false;
  all.ptr += all.len - 3;
  all.len = 3;
  return lun_span_is(all, "---") || lun_span_is(all, "...");
}

/* ------------------------------------------------------------- following -- */

static enum lun_code in_place(lun_writer *writer, char c, struct lun_error *err)
{
  struct yaml *s = writer->state;

  switch (s->at) {
  case LINE: return in_line(writer, c, err);
  case NODE: s->behind = NODE; return in_node(writer, c, err);
  case INDICATOR: return in_indicator(writer, c, err);
  case PLAIN: s->behind = AFTER; return in_plain(writer, c, err);
  case AFTER: s->behind = AFTER; return in_after(writer, c, err);
  case PROPERTY:
    if (ends_token(s, c)) {
      s->at = NODE;
      return follow(writer, c, err);
    }
    break;
  case ALIAS:
    if (ends_token(s, c)) {
      s->at = AFTER;
      return follow(writer, c, err);
    }
    break;
  case JUNK:
    if (s->flow > 0 && is_flow_sign(c))
      return flow_sign(s, c, err);
    if (c == '#' && lun_text_blank(writer->out.ptr[writer->out.len - 1]))
      s->at = COMMENT;
    break;
  case SINGLE:
  case SINGLE_QUOTE:
  case DOUBLE: return in_quotes(s, c, err);
  case HEADER:
  case BLOCK:
  case COMMENT:
  case DIRECTIVE: break;
  }
  return LUN_OK;
}

static enum lun_code follow(lun_writer *writer, char c, struct lun_error *err)
{
  struct yaml *s = writer->state;

  if (writer->out.fail != LUN_OK)
    return LUN_OK; /* the writer reports it */
  if (s->marker && s->column < 3 && (c == '-' || c == '.'))
    return LUN_OK;
  if (s->marker && !is_marker(writer, c))
    return goes_on_behind(err);
  if (is_marker(writer, c)) {
    memset(s, 0, sizeof(*s));
    s->column = 3;
    s->at = NODE;
  }
  if (s->at == SINGLE_QUOTE && c != '\'')
    s->at = AFTER;
  if (lun_format_newline(c) && s->at != SINGLE && s->at != DOUBLE)
    return newline(writer, c, err);
  return in_place(writer, c, err);
}

static enum lun_code yaml_text(lun_writer *writer, struct lun_span text,
                               struct lun_error *err)
{
  struct yaml *s = writer->state;
  enum lun_code rc = LUN_OK;

  for (size_t i = 0; i < text.len && rc == LUN_OK; i++) {
    char c = text.ptr[i];
    if (s->at == BLOCK && lun_yaml_block_text(writer, c))
      continue;
    rc = follow(writer, c, err);
    lun_buf_addc(&writer->out, c);
    s->column = lun_format_newline(c) ? 0 : s->column + 1;
  }
  return rc;
}

/* ---------------------------------------------------------------- ending -- */

static enum lun_code yaml_end(lun_writer *writer, struct lun_error *err)
{
  struct yaml *s = writer->state;
  enum lun_code rc = LUN_OK;

  if (s->at == SINGLE_QUOTE)
    s->at = AFTER;
  if (s->at == SINGLE || s->at == DOUBLE)
    return lun_error_set(err, LUN_EINVALID, "a quoted scalar is not closed");
  if (s->at == BLOCK)
    rc = lun_yaml_block_end(writer, err);
  else
    rc = follow(writer, '\n', err);
  if (rc)
    return rc;
  if (s->flow > 0)
    return lun_error_set(err, LUN_EINVALID, "a '%c' is not closed",
                         s->mapping[s->flow - 1] ? '{' : '[');
  if (!lun_text_is_utf8(lun_buf_view(&writer->out)))
    return lun_error_set(err, LUN_EINVALID, "the template is not UTF-8");
  return LUN_OK;
}

const struct lun_format lun_format_yaml = {
    .name = "yaml",
    .state_size = sizeof(struct yaml),
    .text = yaml_text,
    .value = lun_yaml_value,
    .end = yaml_end,
};
