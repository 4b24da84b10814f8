/*
 * Paths are read step by step and checked against the document as they are
 * followed.  Messages name the steps, which are keys and places, never what
 * stands there.
 */
#include "path.h"

#include "../base/error.h"

#define KEY_SHOWN 80 /* bytes of a step in a message */

static enum lun_code refuse(struct lun_span whole, struct lun_span at,
                            const char *wrong, struct lun_error *err)
{
  return lun_error_set(err, LUN_EINVALID,
                       "column %zu of the path to a field: %s",
                       (size_t)(at.ptr - whole.ptr) + 1, wrong);
}

static void advance(struct lun_span *text, size_t count)
{
  text->ptr += count;
  text->len -= count;
}

/* Behind `["`: the quoted key, its closing quote and bracket. */
static const char *take_quoted(struct lun_span *rest,
                               struct lun_path_step *step)
{
  size_t len = 0;
  bool escaped = false;
  const char *wrong = lun_jstring_scan(*rest, &len, &escaped);

  step->quoted = true;
  step->key = (struct lun_span){rest->ptr, len};
  advance(rest, len);
  if (wrong != NULL)
    return wrong;
  advance(rest, 1);
  if (rest->len == 0 || rest->ptr[0] != ']')
    return "a ] was expected";
  advance(rest, 1);
  return NULL;
}

/* Behind '[': the digits of an index, and the closing bracket. */
static const char *take_index(struct lun_span *rest, struct lun_path_step *step)
{
  struct lun_span digits = {rest->ptr, 0};
  int64_t at = 0;

  while (digits.len < rest->len && lun_text_digit(rest->ptr[digits.len]))
    digits.len++;
  if (digits.len == 0)
    return "an index (from 0) or a key in double quotes was expected";
  if (digits.ptr[0] == '0' && digits.len > 1)
    return "an index has no leading zero";
  if (!lun_text_int(digits, 0, INT32_MAX, &at))
    return "the index is too large";
  advance(rest, digits.len);
  if (rest->len == 0 || rest->ptr[0] != ']')
    return "a ] was expected";
  advance(rest, 1);
  step->index = true;
  step->at = (size_t)at;
  return NULL;
}

/* A key as far as the next '.' or '['. */
static const char *take_key(struct lun_span *rest, struct lun_path_step *step)
{
  size_t len = 0;

  while (len < rest->len && rest->ptr[len] != '.' && rest->ptr[len] != '[' &&
         rest->ptr[len] != ']' && rest->ptr[len] != '"')
    len++;
  step->key = (struct lun_span){rest->ptr, len};
  advance(rest, len);
  return len == 0 ? "a key was expected" : NULL;
}

/* Between a step and the next: a '.' before a key, nothing before a '['. */
static const char *take_joint(struct lun_span *rest)
{
  if (rest->len == 0 || rest->ptr[0] == '[')
    return NULL;
  if (rest->ptr[0] != '.')
    return "a . or a [ was expected";
  advance(rest, 1);
  if (rest->len == 0 || rest->ptr[0] == '[')
    return "a key was expected behind the dot";
  return NULL;
}

/* As lun_path_next; WHOLE is what columns are counted in. */
static enum lun_code take(struct lun_span whole, struct lun_span *path,
                          struct lun_path_step *step, bool *done,
                          struct lun_error *err)
{
  struct lun_span rest = *path;
  const char *wrong = NULL;

  *step = (struct lun_path_step){.index = false};
  *done = rest.len == 0;
  if (*done)
    return LUN_OK;
  if (rest.ptr[0] != '[') {
    wrong = take_key(&rest, step);
  } else if (rest.len > 1 && rest.ptr[1] == '"') {
    advance(&rest, 2);
    wrong = take_quoted(&rest, step);
  } else {
    advance(&rest, 1);
    wrong = take_index(&rest, step);
  }
  if (wrong == NULL)
    wrong = take_joint(&rest);
  if (wrong != NULL)
    return refuse(whole, rest, wrong, err);
  *path = rest;
  return LUN_OK;
}

enum lun_code lun_path_next(struct lun_span *path, struct lun_path_step *step,
                            bool *done, struct lun_error *err)
{
  return take(*path, path, step, done, err);
}

enum lun_code lun_path_check(struct lun_span path, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct lun_path_step step = {.index = false};
  struct lun_span rest = path;
  bool done = false;

  if (path.len == 0)
    return lun_error_set(err, LUN_EINVALID, "the path to a field is empty");
  while (rc == LUN_OK && !done)
    rc = take(path, &rest, &step, &done, err);
  return rc;
}

/* ------------------------------------------------------------ following -- */

/* The node that STEP leads to from NODE, 0 if there is none. */
static enum lun_code follow(size_t *next, const struct lun_json *json,
                            struct lun_span text, size_t node,
                            const struct lun_path_step *step,
                            struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct lun_buf key = LUN_BUF_INIT(json->ctx, step->key.len);

  if (step->index) {
    *next = lun_json_element(json, node, step->at);
    return LUN_OK;
  }
  if (!step->quoted) {
    *next = lun_json_member(json, text, node, step->key, NULL);
    return LUN_OK;
  }
  lun_jstring_decode(&key, step->key); /* which never makes it longer */
  rc = lun_buf_status(&key, "a key", err);
  if (rc == LUN_OK)
    *next = lun_json_member(json, text, node, lun_buf_view(&key), NULL);
  lun_buf_done(&key);
  return rc;
}

static const char *kind_name(uint8_t kind)
{
  static const char *const names[] = {
      "null", "false", "true", "a number", "a string", "an array", "an object"};

  return names[kind];
}

/* Says why STEP led nowhere; BEFORE is the path as far as NODE. */
static enum lun_code explain(const struct lun_json_node *node,
                             const struct lun_path_step *step,
                             struct lun_span before, struct lun_error *err)
{
  char where[KEY_SHOWN] = "";
  char key[KEY_SHOWN] = "";

  lun_error_text(where, sizeof(where),
                 before.len > 0 ? before : LUN_SPAN_LIT("the top"));
  lun_error_text(key, sizeof(key), step->key);
  if (!step->index && node->kind == LUN_JSON_OBJECT)
    return lun_error_set(err, LUN_ENOTFOUND, "no field \"%s\" at %s", key,
                         where);
  if (!step->index)
    return lun_error_set(err, LUN_ENOTFOUND,
                         "no field \"%s\": %s is %s, not an object", key, where,
                         kind_name(node->kind));
  if (node->kind == LUN_JSON_ARRAY)
    return lun_error_set(err, LUN_ENOTFOUND,
                         "no element [%zu]: %s has %u, counted from 0",
                         step->at, where, node->count);
  return lun_error_set(err, LUN_ENOTFOUND,
                       "no element [%zu]: %s is %s, not an array", step->at,
                       where, kind_name(node->kind));
}

enum lun_code lun_path_find(size_t *found, const struct lun_json *json,
                            struct lun_span text, size_t node,
                            struct lun_span path, struct lun_error *err)
{
  enum lun_code rc = lun_path_check(path, err);
  struct lun_span rest = path;

  while (rc == LUN_OK && rest.len > 0) {
    struct lun_span before = {path.ptr, (size_t)(rest.ptr - path.ptr)};
    struct lun_path_step step = {.index = false};
    bool done = false;
    size_t next = 0;

    rc = take(path, &rest, &step, &done, err);
    if (rc == LUN_OK)
      rc = follow(&next, json, text, node, &step, err);
    if (rc)
      return rc;
    if (next == 0) {
      if (before.len > 0 && before.ptr[before.len - 1] == '.')
        before.len--;
      return explain(&json->nodes[node], &step, before, err);
    }
    node = next;
  }
  if (rc == LUN_OK)
    *found = node;
  return rc;
}
