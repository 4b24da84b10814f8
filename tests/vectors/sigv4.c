/*
 * The signature suites.  aws-c-auth's has a folder a case with context.json
 * and the texts of both forms; smithy's additions have no context.json, so
 * there only the canonical request can be compared; botocore's has NAME.req
 * with .creq, .sts, .authz and .sreq beside it.
 *
 * Each form of a case is signed, every text that is there is compared, and
 * the signed request is given to the other side, which must accept it.
 */
#include "request.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* One form of one case. */
struct attempt {
  struct tally *tally;
  char name[512]; /* "get-vanilla (header)" */
  const char *folder;
  const char *prefix; /* of its files: "header-", or "NAME" */
  struct raw_request raw;
  struct lun_sigv4_key key;
  struct lun_sigv4_options options;
  struct lun_sigv4_result result;
  bool good;
  bool head_only; /* the key is not given: compare the canonical request */
};

struct text_file {
  const char *suffix;
  const char *what;
  const struct lun_buf *got;
  bool needs_key;
};

/* Compares the file PREFIX SUFFIX, if it is there. */
static void compare_text(struct attempt *a, const struct text_file *file)
{
  struct lun_buf want = LUN_BUF_INIT(a->tally->ctx, VECTORS_TEXT_MAX);
  char leaf[512] = "";
  char path[VECTORS_PATH_MAX] = "";

  if (!a->good || (a->head_only && file->needs_key))
    return;
  (void)snprintf(leaf, sizeof(leaf), "%s%s", a->prefix, file->suffix);
  join_path(path, a->folder, leaf);
  if (read_whole(&want, path))
    a->good = case_same(a->tally, a->name, file->what, lun_buf_view(&want),
                        lun_buf_view(file->got));
  lun_buf_done(&want);
}

/* Puts into the request what signing says that the caller has to add. */
static void apply(struct attempt *a)
{
  struct raw_request *raw = &a->raw;
  struct lun_sigv4_result *result = &a->result;

  request_drop(raw, "x-amz-date");
  request_drop(raw, "x-amz-security-token");
  request_drop(raw, "authorization");
  if (a->options.expires > 0) {
    raw->request.query = lun_buf_view(&result->query);
    return;
  }
  request_add(raw, "x-amz-date", lun_span_of(result->date));
  if (a->key.session_token.len > 0)
    request_add(raw, "x-amz-security-token", a->key.session_token);
  if (a->options.sign_body) {
    request_drop(raw, "x-amz-content-sha256");
    request_add(raw, "x-amz-content-sha256", lun_buf_view(&result->body_hash));
  }
  request_add(raw, "authorization", lun_buf_view(&result->authorization));
}

/*
 * A token that is not signed is the caller's to add, and some texts show the
 * request without it: then ours goes without as well.
 */
static void drop_late_token(struct attempt *a,
                            const struct lun_sigv4_request *expected)
{
  static const char param[] = "&X-Amz-Security-Token=";
  struct lun_span *query = &a->raw.request.query;
  const char *at = NULL;

  if (!a->options.token_after ||
      request_header(expected, "x-amz-security-token").len > 0 ||
      memmem(expected->query.ptr, expected->query.len, param, strlen(param)))
    return;
  request_drop(&a->raw, "x-amz-security-token");
  at = memmem(query->ptr, query->len, param, strlen(param));
  if (at != NULL) /* it stands last */
    query->len = (size_t)(at - query->ptr);
}

/* Compares the signed request with the file PREFIX SUFFIX, if it is there. */
static void compare_request(struct attempt *a, const char *suffix)
{
  struct lun_buf want = LUN_BUF_INIT(a->tally->ctx, VECTORS_TEXT_MAX);
  struct lun_buf got = LUN_BUF_INIT(a->tally->ctx, VECTORS_TEXT_MAX);
  struct raw_request expected = {.text = LUN_BUF_INIT(a->tally->ctx, 0)};
  char leaf[512] = "";
  char path[VECTORS_PATH_MAX] = "";

  (void)snprintf(leaf, sizeof(leaf), "%s%s", a->prefix, suffix);
  join_path(path, a->folder, leaf);
  if (!a->good || a->head_only || access(path, R_OK) != 0)
    return;
  a->good = read_request(&expected, a->tally, path, a->name);
  if (a->good) {
    drop_late_token(a, &expected.request);
    request_sorted(&want, &expected.request);
    request_sorted(&got, &a->raw.request);
    a->good = case_same(a->tally, a->name, "signed request",
                        lun_buf_view(&want), lun_buf_view(&got));
  }
  request_done(&expected);
  lun_buf_done(&want);
  lun_buf_done(&got);
}

/* The signed request is read and checked as a service would. */
static void check_other_side(struct attempt *a)
{
  struct lun_sigv4_claim claim = {.ctx = a->tally->ctx};
  struct lun_sigv4_result result;
  struct lun_error err = {.code = LUN_OK};
  bool valid = false;

  /* A service cannot know that a path was signed as it stood, and a token
   * that is not signed is refused. */
  if (!a->good || a->head_only || a->options.keep_path ||
      (a->options.token_after && a->key.session_token.len > 0))
    return;
  lun_sigv4_result_init(&result, a->tally->ctx);
  if (lun_sigv4_claim_read(&claim, a->tally->ctx, &a->raw.request, &err) ||
      lun_sigv4_verify(&valid, &result, &a->raw.request, &claim,
                       a->key.secret_access_key, &err) ||
      !valid) {
    case_failed(a->tally, a->name, "lunette refuses what it signed: %s",
                err.message);
    a->good = false;
  }
  lun_sigv4_claim_done(&claim);
  lun_sigv4_result_done(&result);
}

static void attempt(struct attempt *a, const struct text_file *files,
                    size_t nfiles, const char *signed_suffix)
{
  struct lun_error err = {.code = LUN_OK};
  size_t i = 0;

  a->good = true;
  if (lun_sigv4_sign(&a->result, &a->raw.request, &a->key, &a->options, &err)) {
    case_failed(a->tally, a->name, "%s", err.message);
    return;
  }
  for (i = 0; i < nfiles; i++)
    compare_text(a, &files[i]);
  if (!a->good)
    return;
  apply(a);
  compare_request(a, signed_suffix);
  check_other_side(a);
  if (a->good)
    case_passed(a->tally);
}

/* ------------------------------------------------------------ aws-c-auth -- */

/* What context.json says; the buffers hold what the spans point into. */
struct context {
  struct lun_buf access_key_id;
  struct lun_buf secret_access_key;
  struct lun_buf token;
  struct lun_buf region;
  struct lun_buf service;
  bool given;
  bool keep_path;
  bool sign_body;
  bool token_after;
  int64_t time;
  int64_t expires;
};

static void context_done(struct context *context)
{
  lun_buf_done(&context->access_key_id);
  lun_buf_done(&context->secret_access_key);
  lun_buf_done(&context->token);
  lun_buf_done(&context->region);
  lun_buf_done(&context->service);
}

/*
 * A stand-in for a context that is not given; the date, which is in the
 * canonical request, is the one thing of it that can be known.
 */
static void stand_in(struct context *context, const char *folder)
{
  static const char field[] = "\nx-amz-date:";
  struct lun_buf text = LUN_BUF_INIT(context->region.ctx, VECTORS_TEXT_MAX);
  char path[VECTORS_PATH_MAX] = "";
  const char *found = NULL;

  join_path(path, folder, "header-canonical-request.txt");
  if (read_whole(&text, path))
    found = strstr(lun_buf_text(&text), field);
  if (found != NULL)
    (void)lun_text_date_basic((struct lun_span){found + strlen(field), 16},
                              &context->time);
  lun_buf_done(&text);
  lun_buf_adds(&context->access_key_id, "EXAMPLE");
  lun_buf_adds(&context->secret_access_key, "not-a-real-key");
  lun_buf_adds(&context->region, "us-east-1");
  lun_buf_adds(&context->service, "service");
}

static void read_context(struct context *out, const struct document *document)
{
  size_t keys = member(document, 0, "credentials");
  size_t normalize = member(document, 0, "normalize");
  struct lun_buf text = LUN_BUF_INIT(out->region.ctx, VECTORS_TEXT_MAX);

  out->given = true;
  member_text(&out->access_key_id, document, keys, "access_key_id");
  member_text(&out->secret_access_key, document, keys, "secret_access_key");
  member_text(&out->token, document, keys, "token");
  member_text(&out->region, document, 0, "region");
  member_text(&out->service, document, 0, "service");
  out->keep_path = normalize != 0 && !member_true(document, 0, "normalize");
  out->sign_body = member_true(document, 0, "sign_body");
  out->token_after = member_true(document, 0, "omit_session_token");
  member_text(&text, document, 0, "timestamp");
  (void)lun_text_date_iso(lun_buf_view(&text), &out->time);
  lun_buf_cut(&text, 0);
  out->expires = 3600;
  member_text(&text, document, 0, "expiration_in_seconds");
  (void)lun_text_int(lun_buf_view(&text), 1, INT64_MAX, &out->expires);
  lun_buf_done(&text);
}

/* One form of a folder case, if its texts are there. */
static void run_form(struct tally *tally, const char *folder, const char *name,
                     const struct context *context, bool query_form)
{
  struct attempt a = {
      .tally = tally,
      .folder = folder,
      .prefix = query_form ? "query-" : "header-",
      .key = {lun_buf_view(&context->access_key_id),
              lun_buf_view(&context->secret_access_key),
              lun_buf_view(&context->token)},
      .options = {.region = lun_buf_view(&context->region),
                  .service = lun_buf_view(&context->service),
                  .time = context->time,
                  .expires = query_form ? context->expires : 0,
                  .keep_path = context->keep_path,
                  .sign_body = context->sign_body,
                  .token_after = context->token_after},
      .head_only = !context->given,
  };
  const struct text_file files[] = {
      {"canonical-request.txt", "canonical request",
       &a.result.canonical_request, false},
      {"string-to-sign.txt", "string to sign", &a.result.string_to_sign, true},
      {"signature.txt", "signature", &a.result.signature, true},
  };
  char path[VECTORS_PATH_MAX] = "";
  char leaf[64] = "";

  (void)snprintf(leaf, sizeof(leaf), "%scanonical-request.txt", a.prefix);
  join_path(path, folder, leaf);
  if (access(path, R_OK) != 0)
    return;
  (void)snprintf(a.name, sizeof(a.name), "%s (%s)", name,
                 query_form ? "query" : "header");
  join_path(path, folder, "request.txt");
  if (!read_request(&a.raw, tally, path, a.name))
    return;
  lun_sigv4_result_init(&a.result, tally->ctx);
  attempt(&a, files, sizeof(files) / sizeof(files[0]), "signed-request.txt");
  lun_sigv4_result_done(&a.result);
  request_done(&a.raw);
}

static void run_folder(struct tally *tally, const char *folder,
                       const char *name)
{
  struct context context = {.given = false};
  struct document document = {.json = NULL};
  char path[VECTORS_PATH_MAX] = "";
  bool good = true;

  lun_buf_init(&context.access_key_id, tally->ctx, VECTORS_TEXT_MAX);
  lun_buf_init(&context.secret_access_key, tally->ctx, VECTORS_TEXT_MAX);
  lun_buf_init(&context.token, tally->ctx, VECTORS_TEXT_MAX);
  lun_buf_init(&context.region, tally->ctx, VECTORS_TEXT_MAX);
  lun_buf_init(&context.service, tally->ctx, VECTORS_TEXT_MAX);
  join_path(path, folder, "context.json");
  if (access(path, R_OK) != 0) {
    stand_in(&context, folder);
  } else {
    good = read_document(&document, tally, path, name);
    if (good) {
      read_context(&context, &document);
      document_done(&document);
    }
  }
  if (good) {
    run_form(tally, folder, name, &context, false);
    run_form(tally, folder, name, &context, true);
  }
  context_done(&context);
}

static bool is_folder(const char *path)
{
  struct stat info = {.st_mode = 0};

  return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static void visit_aws(void *data, const char *path, const char *name)
{
  char request[VECTORS_PATH_MAX] = "";

  join_path(request, path, "request.txt");
  if (access(request, R_OK) == 0)
    run_folder(data, path, name);
  else if (is_folder(path))
    each_name(path, visit_aws, data);
}

void run_sigv4_aws(struct tally *tally, const char *path)
{
  each_name(path, visit_aws, tally);
}

/* -------------------------------------------------------------- botocore -- */

/*
 * The token that a case signs with stands in its request; one that stands
 * only in the signed request was added behind the signature.
 */
static void find_token(struct attempt *a, struct raw_request *sent)
{
  char leaf[512] = "";
  char path[VECTORS_PATH_MAX] = "";

  a->key.session_token =
      request_header(&a->raw.request, "x-amz-security-token");
  (void)snprintf(leaf, sizeof(leaf), "%s.sreq", a->prefix);
  join_path(path, a->folder, leaf);
  if (a->key.session_token.len > 0 || access(path, R_OK) != 0 ||
      !read_request(sent, a->tally, path, a->name))
    return;
  a->key.session_token = request_header(&sent->request, "x-amz-security-token");
  a->options.token_after = a->key.session_token.len > 0;
}

/* The keys, region and service of this suite are the same for all. */
static void run_botocore(struct tally *tally, const char *folder,
                         const char *prefix, const char *path)
{
  struct attempt a = {
      .tally = tally,
      .folder = folder,
      .prefix = prefix,
      .key = {LUN_SPAN_LIT("AKIDEXAMPLE"),
              LUN_SPAN_LIT("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
              {NULL, 0}},
      .options = {.region = LUN_SPAN_LIT("us-east-1"),
                  .service = LUN_SPAN_LIT("service")},
  };
  const struct text_file files[] = {
      {".creq", "canonical request", &a.result.canonical_request, false},
      {".sts", "string to sign", &a.result.string_to_sign, true},
      {".authz", "authorization", &a.result.authorization, true},
  };
  struct raw_request sent = {.text = LUN_BUF_INIT(tally->ctx, 0)};
  struct lun_span date = LUN_SPAN_LIT("20150830T123600Z");

  (void)snprintf(a.name, sizeof(a.name), "%s", prefix);
  (void)lun_text_date_basic(date, &a.options.time);
  if (!read_request(&a.raw, tally, path, a.name))
    return;
  find_token(&a, &sent);
  lun_sigv4_result_init(&a.result, tally->ctx);
  attempt(&a, files, sizeof(files) / sizeof(files[0]), ".sreq");
  lun_sigv4_result_done(&a.result);
  request_done(&a.raw);
  request_done(&sent);
}

static void visit_botocore(void *data, const char *path, const char *name)
{
  size_t len = strlen(name);
  char folder[VECTORS_PATH_MAX] = "";
  char prefix[512] = "";

  if (is_folder(path)) {
    each_name(path, visit_botocore, data);
    return;
  }
  if (len < 5 || len >= sizeof(prefix) || strcmp(name + len - 4, ".req") != 0)
    return;
  memcpy(prefix, name, len - 4);
  memcpy(folder, path, strlen(path) - len - 1);
  run_botocore(data, folder, prefix, path);
}

void run_sigv4_botocore(struct tally *tally, const char *path)
{
  each_name(path, visit_botocore, tally);
}
