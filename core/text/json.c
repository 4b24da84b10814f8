/*
 * The scanner is one loop over the text with a stack of open containers of
 * its own: hostile nesting costs an error, not the C stack.  Every byte is
 * looked at once.  Strings are jstring's work.
 */
#include "json.h"

#include "../base/error.h"

#define NO_NODE UINT32_MAX

/* What may stand at the current place. */
enum state {
  WANT_VALUE,
  WANT_ELEMENT_OR_END, /* behind '[' */
  WANT_KEY_OR_END,     /* behind '{' */
  WANT_KEY,            /* behind a comma in an object */
  WANT_NEXT,           /* behind a value */
  AT_END
};

struct scanner {
  struct lun_json *json;
  size_t room; /* nodes that fit */
  struct lun_span text;
  size_t at;
  enum state state;
  size_t depth;
  uint32_t open[LUN_JSON_DEPTH]; /* the containers around this place */
  enum lun_code fail;
  const char *wrong; /* what is wrong at this place */
};

static bool refuse(struct scanner *s, const char *wrong)
{
  s->fail = LUN_EINVALID;
  s->wrong = wrong;
  return false;
}

/* ------------------------------------------------------------- scanning -- */

/* Appends a node; NO_NODE if that fails. */
static uint32_t add_node(struct scanner *s, enum lun_json_kind kind,
                         size_t start)
{
  struct lun_json *json = s->json;
  struct lun_json_node *grown = NULL;

  if (json->count == LUN_JSON_NODES) {
    (void)refuse(s, "there are too many values");
    return NO_NODE;
  }
  if (json->count == s->room) {
    size_t room = s->room == 0 ? 16 : s->room * 2;

    grown = lun_mem_resize(json->ctx, json->nodes, room * sizeof(*grown));
    if (grown == NULL) {
      s->fail = LUN_ENOMEM;
      return NO_NODE;
    }
    json->nodes = grown;
    s->room = room;
  }
  json->nodes[json->count] = (struct lun_json_node){
      .start = (uint32_t)start,
      .next = (uint32_t)json->count + 1,
      .kind = (uint8_t)kind,
  };
  return (uint32_t)json->count++;
}

/* A value or a key ended: what comes next. */
static void value_ended(struct scanner *s)
{
  s->state = s->depth == 0 ? AT_END : WANT_NEXT;
}

static void count_child(struct scanner *s)
{
  if (s->depth > 0)
    s->json->nodes[s->open[s->depth - 1]].count++;
}

/* At a '"': the node of the string, or NO_NODE. */
static uint32_t scan_string(struct scanner *s)
{
  struct lun_span rest = {s->text.ptr + s->at + 1, s->text.len - s->at - 1};
  size_t len = 0;
  bool escaped = false;
  const char *wrong = lun_jstring_scan(rest, &len, &escaped);
  uint32_t node = NO_NODE;

  if (wrong != NULL) {
    s->at += 1 + len;
    (void)refuse(s, wrong);
    return NO_NODE;
  }
  node = add_node(s, LUN_JSON_STRING, s->at + 1);
  if (node == NO_NODE)
    return NO_NODE;
  s->json->nodes[node].len = (uint32_t)len;
  s->json->nodes[node].escaped = escaped;
  s->at += len + 2;
  return node;
}

static size_t digits_at(struct lun_span text, size_t at)
{
  size_t count = 0;

  while (at + count < text.len && lun_text_digit(text.ptr[at + count]))
    count++;
  return count;
}

/* The length of the number at AT, 0 if there is none. */
static size_t number_at(struct lun_span text, size_t at)
{
  size_t i = at;
  size_t count = 0;

  if (i < text.len && text.ptr[i] == '-')
    i++;
  count = digits_at(text, i);
  if (count == 0 || (text.ptr[i] == '0' && count > 1))
    return 0;
  i += count;
  if (i < text.len && text.ptr[i] == '.') {
    count = digits_at(text, i + 1);
    if (count == 0)
      return 0;
    i += 1 + count;
  }
  if (i < text.len && (text.ptr[i] == 'e' || text.ptr[i] == 'E')) {
    i++;
    if (i < text.len && (text.ptr[i] == '+' || text.ptr[i] == '-'))
      i++;
    count = digits_at(text, i);
    if (count == 0)
      return 0;
    i += count;
  }
  return i - at;
}

static bool add_plain(struct scanner *s, enum lun_json_kind kind, size_t len)
{
  uint32_t node = add_node(s, kind, s->at);

  if (node == NO_NODE)
    return false;
  s->json->nodes[node].len = (uint32_t)len;
  s->at += len;
  value_ended(s);
  return true;
}

static bool scan_word(struct scanner *s, const char *word,
                      enum lun_json_kind kind)
{
  struct lun_span rest = {s->text.ptr + s->at, s->text.len - s->at};

  if (!lun_text_prefix(rest, word))
    return refuse(s, "a value was expected");
  return add_plain(s, kind, strlen(word));
}

static bool open_container(struct scanner *s, enum lun_json_kind kind)
{
  uint32_t node = NO_NODE;

  if (s->depth == LUN_JSON_DEPTH)
    return refuse(s, "the nesting is too deep");
  node = add_node(s, kind, s->at);
  if (node == NO_NODE)
    return false;
  s->open[s->depth++] = node;
  s->at++;
  s->state = kind == LUN_JSON_ARRAY ? WANT_ELEMENT_OR_END : WANT_KEY_OR_END;
  return true;
}

static bool close_container(struct scanner *s)
{
  struct lun_json_node *node = &s->json->nodes[s->open[s->depth - 1]];

  s->at++;
  node->len = (uint32_t)(s->at - node->start);
  node->next = (uint32_t)s->json->count;
  s->depth--;
  value_ended(s);
  return true;
}

static bool scan_number(struct scanner *s)
{
  char c = s->text.ptr[s->at];
  size_t len = number_at(s->text, s->at);

  if (len > 0)
    return add_plain(s, LUN_JSON_NUMBER, len);
  return refuse(s, c == '-' || lun_text_digit(c) ? "no valid number"
                                                 : "a value was expected");
}

static bool scan_value(struct scanner *s)
{
  count_child(s);
  switch (s->text.ptr[s->at]) {
  case '{': return open_container(s, LUN_JSON_OBJECT);
  case '[': return open_container(s, LUN_JSON_ARRAY);
  case 'n': return scan_word(s, "null", LUN_JSON_NULL);
  case 't': return scan_word(s, "true", LUN_JSON_TRUE);
  case 'f': return scan_word(s, "false", LUN_JSON_FALSE);
  case '"':
    if (scan_string(s) == NO_NODE)
      return false;
    value_ended(s);
    return true;
  default: return scan_number(s);
  }
}

static void skip_blanks(struct scanner *s)
{
  while (s->at < s->text.len &&
         (s->text.ptr[s->at] == ' ' || s->text.ptr[s->at] == '\n' ||
          s->text.ptr[s->at] == '\r' || s->text.ptr[s->at] == '\t'))
    s->at++;
}

static bool scan_key(struct scanner *s)
{
  if (s->text.ptr[s->at] != '"')
    return refuse(s, "a key in quotes was expected");
  if (scan_string(s) == NO_NODE)
    return false;
  skip_blanks(s);
  if (s->at == s->text.len || s->text.ptr[s->at] != ':')
    return refuse(s, "a colon was expected behind a key");
  s->at++;
  s->state = WANT_VALUE;
  return true;
}

/* At a place behind a value inside a container. */
static bool scan_next(struct scanner *s, char c)
{
  bool array = s->json->nodes[s->open[s->depth - 1]].kind == LUN_JSON_ARRAY;

  if (c == (array ? ']' : '}'))
    return close_container(s);
  if (c != ',')
    return refuse(s, array ? "a comma or ] was expected"
                           : "a comma or } was expected");
  s->at++;
  s->state = array ? WANT_VALUE : WANT_KEY;
  return true;
}

static bool scan_step(struct scanner *s)
{
  char c = s->text.ptr[s->at];

  switch (s->state) {
  case WANT_VALUE: return scan_value(s);
  case WANT_ELEMENT_OR_END:
    return c == ']' ? close_container(s) : scan_value(s);
  case WANT_KEY_OR_END: return c == '}' ? close_container(s) : scan_key(s);
  case WANT_KEY: return scan_key(s);
  case WANT_NEXT: return scan_next(s, c);
  case AT_END: break;
  }
  return refuse(s, "nothing may follow the value");
}

static bool scan(struct scanner *s)
{
  if (s->text.len > UINT32_MAX)
    return refuse(s, "the text is too long");
  if (lun_text_prefix(s->text, "\xEF\xBB\xBF"))
    return refuse(s, "it begins with a byte order mark");
  for (skip_blanks(s); s->at < s->text.len; skip_blanks(s))
    if (!scan_step(s))
      return false;
  if (s->state == AT_END)
    return true;
  return refuse(s, s->text.len == 0 ? "the text is empty"
                                    : "the text ends in the middle");
}

static enum lun_code explain(const struct scanner *s, const char *what,
                             struct lun_error *err)
{
  size_t line = 1;
  size_t column = 1;
  size_t i = 0;

  if (s->fail == LUN_ENOMEM)
    return lun_error_nomem(err);
  for (i = 0; i < s->at && i < s->text.len; i++) {
    column++;
    if (s->text.ptr[i] == '\n') {
      line++;
      column = 1;
    }
  }
  return lun_error_set(err, LUN_EINVALID,
                       "%s is no valid JSON: line %zu, column %zu: %s", what,
                       line, column, s->wrong);
}

enum lun_code lun_json_parse(struct lun_json **out, lun_ctx *ctx,
                             struct lun_span text, const char *what,
                             struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct scanner scanner = {.text = text};

  scanner.json = lun_mem_alloc(ctx, sizeof(*scanner.json));
  if (scanner.json == NULL)
    return lun_error_nomem(err);
  scanner.json->ctx = ctx;
  scanner.json->refs = 1;
  if (!scan(&scanner)) {
    rc = explain(&scanner, what, err);
    lun_json_unref(scanner.json);
    return rc;
  }
  *out = scanner.json;
  return LUN_OK;
}

struct lun_json *lun_json_ref(struct lun_json *json)
{
  if (json != NULL)
    json->refs++;
  return json;
}

void lun_json_unref(struct lun_json *json)
{
  if (json == NULL || --json->refs > 0)
    return;
  lun_mem_free(json->ctx, json->nodes);
  lun_mem_free(json->ctx, json);
}

/* -------------------------------------------------------------- looking -- */

struct lun_span lun_json_raw(const struct lun_json *json, struct lun_span text,
                             size_t node)
{
  const struct lun_json_node *at = &json->nodes[node];

  return (struct lun_span){text.ptr + at->start, at->len};
}

size_t lun_json_member(const struct lun_json *json, struct lun_span text,
                       size_t object, struct lun_span key, bool *twice)
{
  const struct lun_json_node *nodes = json->nodes;
  size_t found = 0;
  size_t at = object + 1;
  uint32_t i = 0;

  if (twice != NULL)
    *twice = false;
  if (object >= json->count || nodes[object].kind != LUN_JSON_OBJECT)
    return 0;
  for (i = 0; i < nodes[object].count; i++) {
    if (lun_jstring_is(lun_json_raw(json, text, at), nodes[at].escaped, key)) {
      if (found != 0 && twice != NULL)
        *twice = true;
      found = at + 1;
    }
    at = nodes[at + 1].next;
  }
  return found;
}

size_t lun_json_element(const struct lun_json *json, size_t array, size_t index)
{
  const struct lun_json_node *nodes = json->nodes;
  size_t at = array + 1;

  if (array >= json->count || nodes[array].kind != LUN_JSON_ARRAY ||
      index >= nodes[array].count)
    return 0;
  while (index-- > 0)
    at = nodes[at].next;
  return at;
}

/* ------------------------------------------------------------- decoding -- */

void lun_json_decode(struct lun_buf *out, const struct lun_json *json,
                     struct lun_span text, size_t node)
{
  struct lun_span raw = lun_json_raw(json, text, node);

  if (json->nodes[node].kind == LUN_JSON_STRING && json->nodes[node].escaped)
    lun_jstring_decode(out, raw);
  else
    lun_buf_add_span(out, raw);
}

enum lun_code lun_json_secret(lun_secret **out, const struct lun_json *json,
                              lun_secret *source, size_t node,
                              struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  const struct lun_json_node *at = &json->nodes[node];
  struct lun_span raw = lun_json_raw(json, lun_secret_view(source), node);
  lun_secret *secret = NULL;
  char *ptr = NULL;
  char c[4] = {0};
  size_t len = 0;

  if (at->kind != LUN_JSON_STRING && at->kind != LUN_JSON_NUMBER)
    return lun_error_set(err, LUN_EINVALID,
                         "the value is neither a string nor a number");
  if (!at->escaped)
    return lun_secret_part(out, source, at->start, at->len, err);
  /* Decoding never makes it longer. */
  rc = lun_secret_alloc(&secret, json->ctx, raw.len, &ptr, err);
  if (rc)
    return rc;
  while (raw.len > 0) {
    size_t used = lun_jstring_next(&raw, c);

    memcpy(ptr + len, c, used);
    len += used;
  }
  lun_secret_wipe(c, sizeof(c));
  lun_secret_trim(secret, len);
  *out = secret;
  return LUN_OK;
}
