/*
 * Members that stay are copied as they are written, without a look at what
 * they say.
 */
#include "cache.h"

#include "../base/error.h"

#include <errno.h>
#include <sys/stat.h>

#define PATH_LEN ((size_t)4096)
#define MODE     0600

enum lun_code lun_cache_path(char **out, const struct lun_place *place,
                             const char *folder, struct lun_span hash,
                             struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  lun_ctx *ctx = place->ctx;
  struct lun_buf path = LUN_BUF_INIT(ctx, PATH_LEN);
  char *expanded = NULL;

  rc = lun_files_expand(&expanded, ctx, &place->settings->env, folder, folder,
                        err);
  if (rc)
    goto done;
  if (expanded == NULL) {
    rc = lun_error_set(err, LUN_ECREDENTIALS,
                       "HOME is not set, so there is no %s", folder);
    goto done;
  }
  lun_buf_addf(&path, "%s/", expanded);
  lun_text_hex(&path, (const unsigned char *)hash.ptr, hash.len);
  lun_buf_adds(&path, ".json");
  rc = lun_buf_status(&path, folder, err);
  if (rc)
    goto done;
  *out = lun_buf_take(&path, NULL);
  if (*out == NULL)
    rc = lun_error_nomem(err);
done:
  lun_mem_free(ctx, expanded);
  lun_buf_done(&path);
  return rc;
}

enum lun_code lun_cache_read(struct lun_buf *out, const char *path,
                             struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct stat info;

  if (stat(path, &info) != 0 && (errno == ENOENT || errno == ENOTDIR))
    return lun_error_set(err, LUN_ENOTFOUND, "there is no %s", path);
  rc = lun_file_read(out, path, err);
  if (rc && rc != LUN_ENOMEM) {
    rc = LUN_ECREDENTIALS;
    if (err != NULL)
      err->code = rc;
  }
  return rc;
}

/* ISO; tools of old wrote "UTC" at its end where others write "Z". */
static bool read_date(struct lun_span text, int64_t *seconds)
{
  static const char utc[] = "UTC";
  char date[32] = "";
  size_t len = text.len - (sizeof(utc) - 1);

  if (text.len < sizeof(utc) || len + 1 >= sizeof(date) ||
      !lun_span_is((struct lun_span){text.ptr + len, sizeof(utc) - 1}, utc))
    return lun_text_date_iso(text, seconds);
  memcpy(date, text.ptr, len);
  date[len] = 'Z';
  return lun_text_date_iso(lun_span_of(date), seconds);
}

enum lun_code lun_cache_date(int64_t *out, const struct lun_document *doc,
                             const char *key, struct lun_error *err)
{
  struct lun_buf text = LUN_BUF_INIT(doc->ctx, LUN_DOCUMENT_MAX);
  enum lun_code rc = lun_document_text(&text, doc, 0, key, err);

  *out = 0;
  if (!rc && text.len > 0 && !read_date(lun_buf_view(&text), out))
    rc = lun_error_set(err, LUN_ECREDENTIALS, "%s: %s is not a date", doc->what,
                       key);
  lun_buf_done(&text);
  return rc;
}

enum lun_code lun_cache_token(struct lun_buf *out,
                              const struct lun_document *doc, const char *key,
                              struct lun_error *err)
{
  enum lun_code rc = lun_document_text(out, doc, 0, key, err);

  if (rc || (out->len > 0 && lun_text_word(lun_buf_view(out))))
    return rc;
  return lun_error_set(err, LUN_ECREDENTIALS, "%s: %s %s", doc->what, key,
                       out->len == 0
                           ? "is missing or empty"
                           : "has a character that no token can have");
}

/* The member of MEMBERS that is called like the key at node KEY, or NULL. */
static const struct lun_cache_member *
change_of(const struct lun_document *doc, size_t key,
          const struct lun_cache_member *members, size_t nmembers)
{
  struct lun_span raw = lun_json_raw(doc->json, doc->text, key);
  size_t i = 0;

  for (i = 0; i < nmembers; i++)
    if (lun_jstring_is(raw, doc->json->nodes[key].escaped,
                       lun_span_of(members[i].key)))
      return &members[i];
  return NULL;
}

/* A value as it is written: a string's node begins behind its quote. */
static void put_as_it_is(struct lun_buf *out, const struct lun_document *doc,
                         size_t node)
{
  const struct lun_json_node *at = &doc->json->nodes[node];
  bool string = at->kind == LUN_JSON_STRING;

  lun_buf_add(out, doc->text.ptr + at->start - (string ? 1 : 0),
              at->len + (string ? 2 : 0));
}

static void put_separator(struct lun_buf *out, bool *first)
{
  if (!*first)
    lun_buf_adds(out, ", ");
  *first = false;
}

void lun_cache_edit(struct lun_buf *out, const struct lun_document *doc,
                    size_t object, const struct lun_cache_member *members,
                    size_t nmembers)
{
  const struct lun_json_node *nodes = doc->json->nodes;
  size_t key = object + 1;
  size_t i = 0;
  bool first = true;

  lun_buf_addc(out, '{');
  for (; key < nodes[object].next; key = nodes[key + 1].next) {
    if (change_of(doc, key, members, nmembers) != NULL)
      continue;
    put_separator(out, &first);
    put_as_it_is(out, doc, key);
    lun_buf_adds(out, ": ");
    put_as_it_is(out, doc, key + 1);
  }
  for (i = 0; i < nmembers; i++) {
    if (members[i].json.len == 0)
      continue;
    put_separator(out, &first);
    lun_json_quote(out, lun_span_of(members[i].key));
    lun_buf_adds(out, ": ");
    lun_buf_add_span(out, members[i].json);
  }
  lun_buf_addc(out, '}');
}

enum lun_code lun_cache_write(lun_ctx *ctx, const char *path,
                              struct lun_span bytes, struct lun_error *err)
{
  static const struct lun_file_want want = {MODE, -1, -1};
  lun_stage *stage = NULL;
  enum lun_code rc = lun_stage_new(&stage, ctx, path, &want, err);

  if (!rc)
    rc = lun_stage_write(stage, bytes, err);
  if (!rc)
    rc = lun_stage_commit(stage, false, err);
  lun_stage_free(stage);
  return rc;
}

enum lun_code lun_cache_replace(lun_ctx *ctx, const char *path,
                                struct lun_span before, struct lun_span bytes,
                                struct lun_error *err)
{
  struct lun_buf now = LUN_BUF_INIT(ctx, LUN_DOCUMENT_MAX);
  enum lun_code rc = lun_cache_read(&now, path, err);

  if (!rc && !lun_secret_equal(lun_buf_view(&now), before))
    rc =
        lun_error_set(err, LUN_EFILE, "%s: somebody else has written it", path);
  lun_buf_done(&now);
  return rc ? rc : lun_cache_write(ctx, path, bytes, err);
}
