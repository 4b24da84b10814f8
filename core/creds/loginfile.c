/*
 * A renewal makes the new file's bytes and reads the keys from those: what is
 * used is what is written.
 */
#include "loginfile.h"

#include "../base/error.h"
#include "../sign/hash.h"

#define FOLDER       "~/.aws/login/cache"
#define VARIABLE     "AWS_LOGIN_CACHE_DIRECTORY"
#define LIFETIME_MAX 604800 /* of what is said to last a quarter of an hour */
#define QUOTED_MAX   (2 * LUN_DOCUMENT_MAX)

enum lun_code lun_login_file_init(struct lun_login_file *file,
                                  const struct lun_place *place,
                                  const char *session, struct lun_error *err)
{
  const char *folder = lun_env_get(&place->settings->env, VARIABLE);
  unsigned char hash[LUN_SHA256_LEN] = {0};
  enum lun_code rc = lun_hash_sha256(hash, lun_span_of(session), err);

  memset(file, 0, sizeof(*file));
  file->ctx = place->ctx;
  file->doc.ctx = place->ctx;
  lun_buf_init(&file->bytes, place->ctx, LUN_DOCUMENT_MAX);
  lun_buf_init(&file->body, place->ctx, QUOTED_MAX);
  lun_buf_init(&file->dpop, place->ctx, LUN_DOCUMENT_MAX);
  if (rc)
    return rc;
  return lun_cache_path(&file->path, place, folder != NULL ? folder : FOLDER,
                        (struct lun_span){(const char *)hash, sizeof(hash)},
                        err);
}

static void forget(struct lun_login_file *file)
{
  lun_document_close(&file->doc);
  lun_buf_done(&file->bytes);
  lun_buf_done(&file->body);
  lun_buf_done(&file->dpop);
  lun_cred_unref(file->cred);
  file->cred = NULL;
}

void lun_login_file_done(struct lun_login_file *file)
{
  if (file->ctx == NULL)
    return;
  forget(file);
  lun_mem_free(file->ctx, file->path);
  memset(file, 0, sizeof(*file));
}

/* -------------------------------------------------------------- reading -- */

static enum lun_code missing(const struct lun_document *doc, const char *key,
                             struct lun_error *err)
{
  return lun_error_set(err, LUN_ECREDENTIALS, "%s: %s is missing or empty",
                       doc->what, key);
}

/* Appends the text that is member KEY of OBJECT, which has to be there. */
static enum lun_code need(struct lun_buf *out, const struct lun_document *doc,
                          size_t object, const char *key, struct lun_error *err)
{
  size_t before = out->len;
  enum lun_code rc = lun_document_text(out, doc, object, key, err);

  return !rc && out->len == before ? missing(doc, key, err) : rc;
}

/* The same, appended as a JSON string. */
static enum lun_code need_quoted(struct lun_buf *out,
                                 const struct lun_document *doc, size_t object,
                                 const char *key, struct lun_error *err)
{
  struct lun_buf text = LUN_BUF_INIT(doc->ctx, LUN_DOCUMENT_MAX);
  enum lun_code rc = need(&text, doc, object, key, err);

  lun_json_quote(out, lun_buf_view(&text));
  lun_buf_done(&text);
  return rc ? rc : lun_buf_status(out, key, err);
}

static enum lun_code need_object(size_t *out, const struct lun_document *doc,
                                 const char *key, struct lun_error *err)
{
  enum lun_code rc = lun_document_object(out, doc, 0, key, err);

  return !rc && *out == 0 ? missing(doc, key, err) : rc;
}

/* The keys, in a document that is a session's. */
static enum lun_code read_keys(struct lun_cred **out, size_t *object,
                               const struct lun_document *doc,
                               struct lun_error *err)
{
  static const struct lun_document_names names = {
      .access_key_id = "accessKeyId",
      .secret_access_key = "secretAccessKey",
      .session_token = "sessionToken",
      .expiration = "expiresAt",
      .account_id = "accountId",
      .token_required = true,
      .expiration_required = true,
  };
  enum lun_code rc = need_object(object, doc, "accessToken", err);

  if (!rc)
    rc = lun_document_cred(out, doc, *object, &names, "login", NULL, err);
  if (!rc && (*out)->account_id == NULL)
    rc = missing(doc, names.account_id, err);
  return rc;
}

/* What the file's bytes say. */
static enum lun_code parse(struct lun_login_file *file, struct lun_error *err)
{
  struct lun_document *doc = &file->doc;
  enum lun_code rc = lun_document_open(
      doc, file->ctx, lun_buf_view(&file->bytes), file->path, err);

  if (!rc)
    rc = read_keys(&file->cred, &file->keys, doc, err);
  lun_buf_adds(&file->body, "{\"clientId\":");
  if (!rc)
    rc = need_quoted(&file->body, doc, 0, "clientId", err);
  lun_buf_adds(&file->body, ",\"refreshToken\":");
  if (!rc)
    rc = need_quoted(&file->body, doc, 0, "refreshToken", err);
  lun_buf_adds(&file->body, ",\"grantType\":\"refresh_token\"}");
  if (!rc)
    rc = lun_buf_status(&file->body, "a request for keys", err);
  if (!rc)
    rc = need(&file->dpop, doc, 0, "dpopKey", err);
  return rc;
}

enum lun_code lun_login_file_load(struct lun_login_file *file,
                                  struct lun_error *err)
{
  enum lun_code rc = LUN_OK;

  forget(file);
  rc = lun_cache_read(&file->bytes, file->path, err);
  if (rc == LUN_ENOTFOUND)
    return lun_error_set(err, LUN_ECREDENTIALS, "there is no %s", file->path);
  return rc ? rc : parse(file, err);
}

/* -------------------------------------------------------------- renewal -- */

/* Appends, as JSON, the date when what lasts as ANSWER says ends. */
static enum lun_code add_end(struct lun_buf *out,
                             const struct lun_document *answer, int64_t now,
                             struct lun_error *err)
{
  int64_t seconds = 0;
  bool found = false;
  enum lun_code rc =
      lun_document_int(&seconds, &found, answer, 0, "expiresIn", err);

  if (!rc && (!found || seconds < 1 || seconds > LIFETIME_MAX))
    rc = lun_error_set(err, LUN_ECREDENTIALS, "%s: expiresIn is %s",
                       answer->what, found ? "no lifetime" : "missing");
  if (rc)
    return rc;
  lun_buf_addc(out, '"');
  lun_text_put_iso(out, now + seconds);
  lun_buf_addc(out, '"');
  return lun_buf_status(out, "a date", err);
}

/* Appends the object with the keys, with those of ANSWER in their place. */
static enum lun_code edit_keys(struct lun_buf *out,
                               const struct lun_login_file *file,
                               const struct lun_document *answer, int64_t now,
                               struct lun_error *err)
{
  struct lun_cache_member members[] = {{.key = "accessKeyId"},
                                       {.key = "secretAccessKey"},
                                       {.key = "sessionToken"},
                                       {.key = "expiresAt"}};
  struct lun_buf values[4];
  size_t object = 0;
  size_t i = 0;
  enum lun_code rc = need_object(&object, answer, "accessToken", err);

  for (i = 0; i < 4; i++)
    lun_buf_init(&values[i], file->ctx, QUOTED_MAX);
  for (i = 0; !rc && i < 3; i++)
    rc = need_quoted(&values[i], answer, object, members[i].key, err);
  if (!rc)
    rc = add_end(&values[3], answer, now, err);
  for (i = 0; i < 4; i++)
    members[i].json = lun_buf_view(&values[i]);
  if (!rc) {
    lun_cache_edit(out, &file->doc, file->keys, members, 4);
    rc = lun_buf_status(out, "a session's keys", err);
  }
  for (i = 0; i < 4; i++)
    lun_buf_done(&values[i]);
  return rc;
}

/* Appends the whole document with what is new in ANSWER. */
static enum lun_code edit(struct lun_buf *out,
                          const struct lun_login_file *file,
                          const struct lun_document *answer, int64_t now,
                          struct lun_error *err)
{
  struct lun_buf keys = LUN_BUF_INIT(file->ctx, QUOTED_MAX);
  struct lun_buf refresh = LUN_BUF_INIT(file->ctx, QUOTED_MAX);
  enum lun_code rc = edit_keys(&keys, file, answer, now, err);

  if (!rc)
    rc = need_quoted(&refresh, answer, 0, "refreshToken", err);
  if (!rc) {
    const struct lun_cache_member members[] = {
        {"accessToken", lun_buf_view(&keys)},
        {"refreshToken", lun_buf_view(&refresh)}};

    lun_cache_edit(out, &file->doc, 0, members, 2);
    rc = lun_buf_status(out, "a session's file", err);
  }
  lun_buf_done(&keys);
  lun_buf_done(&refresh);
  return rc;
}

enum lun_code lun_login_file_renew(struct lun_login_file *file,
                                   struct lun_span answer, int64_t now,
                                   enum lun_code *saved, struct lun_error *err)
{
  static const char what[] = "the answer of CreateOAuth2Token";
  struct lun_document given = {.ctx = file->ctx};
  struct lun_document next = {.ctx = file->ctx};
  struct lun_buf bytes = LUN_BUF_INIT(file->ctx, LUN_DOCUMENT_MAX);
  struct lun_cred *cred = NULL;
  size_t object = 0;
  enum lun_code rc = lun_document_open(&given, file->ctx, answer, what, err);

  *saved = LUN_OK;
  if (!rc)
    rc = edit(&bytes, file, &given, now, err);
  if (!rc)
    rc = lun_document_open(&next, file->ctx, lun_buf_view(&bytes), what, err);
  if (!rc)
    rc = read_keys(&cred, &object, &next, err);
  if (!rc) {
    *saved =
        lun_cache_replace(file->ctx, file->path, lun_buf_view(&file->bytes),
                          lun_buf_view(&bytes), NULL);
    rc = *saved == LUN_ENOMEM ? lun_error_nomem(err) : LUN_OK;
  }
  if (!rc) {
    lun_cred_unref(file->cred);
    file->cred = lun_cred_ref(cred);
  }
  lun_cred_unref(cred);
  lun_document_close(&next);
  lun_document_close(&given);
  lun_buf_done(&bytes);
  return rc;
}
