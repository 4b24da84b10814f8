/*
 * AssumeRole, in the awsQuery protocol.  What comes back is used only if it
 * is for the role and the account that were asked for.
 */
#include "assume.h"

#include "../base/error.h"
#include "../text/xml.h"

#include <inttypes.h>

#define FORM_LEN     ((size_t)16384)
#define NAME_LEN     64 /* of a session's name; the limits are AWS's */
#define EXTERNAL_LEN 1224
#define DURATION_MIN 900
#define DURATION_MAX 43200

/* ---------------------------------------------------------------- role -- */

static bool all_of(const char *text, const char *marks)
{
  return text[0] == '\0' || lun_text_of(lun_span_of(text), marks);
}

static bool length_in(const char *text, size_t min, size_t max)
{
  size_t len = strlen(text);

  return len >= min && len <= max;
}

static enum lun_code refuse(const char *place, const char *what,
                            struct lun_error *err)
{
  return lun_error_set(err, LUN_EINVALID, "%s%s", place, what);
}

static enum lun_code check(const struct lun_role_options *options,
                           const char *place, struct lun_error *err)
{
  struct lun_arn arn = {0};
  struct lun_span name = {0};
  const char *session = options->role_session_name;
  const char *external = options->external_id;

  if (options->role_arn == NULL)
    return refuse(place, "role_arn is missing", err);
  if (!length_in(options->role_arn, 20, 2048) ||
      !lun_arn_role(&arn, &name, lun_span_of(options->role_arn))) {
    (void)refuse(place, "role_arn is not the ARN of a role", err);
    lun_error_hint(err, "as in arn:aws:iam::123456789012:role/NAME; the ARN "
                        "of an instance profile is another thing");
    return LUN_EINVALID;
  }
  if (session != NULL &&
      (!length_in(session, 2, NAME_LEN) || !all_of(session, "_+=,.@-")))
    return refuse(place,
                  "role_session_name has to be 2 to 64 letters, digits and "
                  "_+=,.@-",
                  err);
  if (external != NULL &&
      (!length_in(external, 2, EXTERNAL_LEN) || !all_of(external, "_+=,.@:/-")))
    return refuse(place,
                  "external_id has to be 2 to 1224 letters, digits and "
                  "_+=,.@:/-",
                  err);
  if (options->duration_seconds != 0 &&
      (options->duration_seconds < DURATION_MIN ||
       options->duration_seconds > DURATION_MAX))
    return refuse(place, "duration_seconds has to be 900 to 43200", err);
  if (options->region != NULL &&
      !lun_region_valid(lun_span_of(options->region)))
    return refuse(place, "region is not a region", err);
  return LUN_OK;
}

static bool keep(char **field, lun_ctx *ctx, const char *text)
{
  *field = lun_mem_strdup(ctx, text);
  return text == NULL || *field != NULL;
}

enum lun_code lun_role_init(struct lun_role *out, lun_ctx *ctx,
                            const struct lun_role_options *options,
                            const char *place, struct lun_error *err)
{
  enum lun_code rc = check(options, place, err);
  struct lun_role role = {.ctx = ctx, .duration = options->duration_seconds};
  const char *session = options->role_session_name;
  char name[NAME_LEN] = "";

  if (rc)
    return rc;
  (void)snprintf(name, sizeof(name), "lunette-%" PRId64,
                 lun_clock_wall_ms(ctx) / 1000);
  if (!keep(&role.arn, ctx, options->role_arn) ||
      !keep(&role.session_name, ctx, session != NULL ? session : name) ||
      !keep(&role.external_id, ctx, options->external_id) ||
      !keep(&role.region, ctx, options->region)) {
    lun_role_done(&role);
    return lun_error_nomem(err);
  }
  *out = role;
  return LUN_OK;
}

void lun_role_done(struct lun_role *role)
{
  if (role->ctx == NULL)
    return;
  lun_mem_free(role->ctx, role->arn);
  lun_mem_free(role->ctx, role->session_name);
  lun_mem_free(role->ctx, role->external_id);
  lun_mem_free(role->ctx, role->region);
  memset(role, 0, sizeof(*role));
}

/* -------------------------------------------------------------- request -- */

static void put(struct lun_buf *form, const char *name, const char *value)
{
  if (value == NULL)
    return;
  lun_buf_addf(form, "&%s=", name);
  lun_uri_encode(form, lun_span_of(value), false);
}

static enum lun_code send(struct lun_assume *assume, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  lun_ctx *ctx = assume->place->ctx;
  const struct lun_op *op = lun_op_get(LUN_OP_AssumeRole);
  const struct lun_role *role = assume->role;
  struct lun_buf form = LUN_BUF_INIT(ctx, FORM_LEN);
  struct lun_call_input input = {.op = op, .cred = assume->with};
  struct lun_target target = {0};

  lun_target_init(&target, ctx);
  put(&form, "RoleArn", role->arn);
  put(&form, "RoleSessionName", role->session_name);
  if (role->duration != 0)
    lun_buf_addf(&form, "&DurationSeconds=%" PRId64, role->duration);
  put(&form, "ExternalId", role->external_id);
  rc = lun_buf_status(&form, "the request for a role", err);
  if (!rc)
    rc = lun_target_find(&target, assume->place->settings, op->service,
                         role->region, err);
  if (!rc) {
    lun_target_input(&input, &target, assume->place->settings);
    input.body = lun_buf_view(&form);
    input.quota = &assume->quota;
    rc = lun_call_start(&assume->call, assume->task.loop, &input,
                        assume->task.deadline, err);
  }
  lun_target_done(&target);
  lun_buf_done(&form);
  return rc;
}

/* --------------------------------------------------------------- answer -- */

#define RESULT "AssumeRoleResult/"

static enum lun_code bad_answer(const char *what, struct lun_error *err)
{
  return lun_error_set(err, LUN_ESERVICE, "the answer of AssumeRole %s", what);
}

/*
 * True if the answer's ARN is "arn:P:sts::ACCOUNT:assumed-role/NAME/SESSION"
 * of the role that was asked for.  IAM's names differ in more than case.
 */
static bool is_asked(const struct lun_role *role, struct lun_span text)
{
  static const char assumed[] = "assumed-role/";
  struct lun_arn asked = {0};
  struct lun_arn got = {0};
  struct lun_span asked_name = {0};
  struct lun_span name = {0};
  const char *slash = NULL;

  if (!lun_arn_role(&asked, &asked_name, lun_span_of(role->arn)) ||
      !lun_arn_parse(&got, text) || !lun_span_is(got.service, "sts") ||
      !lun_text_same(got.partition, asked.partition) ||
      !lun_text_same(got.account, asked.account) ||
      !lun_text_prefix(got.resource, assumed))
    return false;
  name.ptr = got.resource.ptr + sizeof(assumed) - 1;
  name.len = got.resource.len - (sizeof(assumed) - 1);
  slash = memchr(name.ptr, '/', name.len);
  if (slash == NULL)
    return false;
  text.ptr = slash + 1;
  text.len = name.len - (size_t)(slash - name.ptr) - 1;
  name.len = (size_t)(slash - name.ptr);
  return lun_text_same(name, asked_name) &&
         lun_span_is(text, role->session_name);
}

static enum lun_code read_credentials(struct lun_assume *assume,
                                      const lun_xml *xml, struct lun_error *err)
{
  static const char *const bad = "has no complete credentials in it";
  struct lun_cred_fields fields = {.provider = "assume-role"};
  struct lun_span arn = {0};
  struct lun_span expiration = {0};
  struct lun_arn parts = {0};

  if (!lun_xml_find(xml, RESULT "AssumedRoleUser/Arn", &arn) ||
      !is_asked(assume->role, arn))
    return bad_answer("is for another role than the one asked for", err);
  if (!lun_xml_find(xml, RESULT "Credentials/AccessKeyId",
                    &fields.access_key_id) ||
      !lun_xml_find(xml, RESULT "Credentials/SecretAccessKey",
                    &fields.secret_access_key) ||
      !lun_xml_find(xml, RESULT "Credentials/SessionToken",
                    &fields.session_token) ||
      !lun_xml_find(xml, RESULT "Credentials/Expiration", &expiration) ||
      fields.session_token.len == 0)
    return bad_answer(bad, err);
  if (!lun_text_date_iso(expiration, &fields.expires_at))
    return bad_answer("has an Expiration that is no date", err);
  if (lun_arn_parse(&parts, arn))
    fields.account_id = parts.account;
  return lun_cred_new(&assume->cred, assume->place->ctx, &fields, err);
}

static enum lun_code read_answer(struct lun_assume *assume,
                                 struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  lun_ctx *ctx = assume->place->ctx;
  lun_xml *xml = NULL;

  if (assume->call.date != 0)
    assume->skew = assume->call.date - lun_clock_wall_ms(ctx) / 1000;
  rc = lun_xml_parse(&xml, ctx, lun_buf_view(&assume->call.answer),
                     "the answer of AssumeRole", err);
  if (rc == LUN_EINVALID)
    rc = bad_answer("is not XML", err);
  if (!rc && !lun_span_is(lun_xml_root(xml), "AssumeRoleResponse"))
    rc = bad_answer("is not an AssumeRoleResponse", err);
  if (!rc)
    rc = read_credentials(assume, xml, err);
  lun_xml_free(xml);
  return rc;
}

/* ----------------------------------------------------------------- task -- */

/* Says which role the error is about, and who has to act. */
static enum lun_step fail(struct lun_assume *assume, enum lun_code rc)
{
  struct lun_error *err = &assume->task.err;

  if (rc == LUN_EACCESS && err->hint[0] == '\0')
    lun_error_hint(err, "the role's trust policy has to name the caller (and "
                        "its external_id, if it asks for one), and the "
                        "caller's own policy has to allow sts:AssumeRole");
  lun_error_prefix(err, "role %s: ", assume->role->arn);
  return lun_task_end(&assume->task, rc, NULL);
}

static enum lun_step step(struct lun_task *task)
{
  struct lun_assume *assume = (struct lun_assume *)(void *)task;
  enum lun_code rc = LUN_OK;

  if (!assume->calling) {
    rc = send(assume, &task->err);
    if (rc)
      return fail(assume, rc);
    assume->calling = true;
  }
  if (!lun_task_await(task, &assume->call.task))
    return LUN_STEP_WAIT;
  assume->expired = assume->call.expired;
  rc = assume->call.task.rc;
  task->err = assume->call.task.err;
  if (!rc)
    rc = read_answer(assume, &task->err);
  return rc ? fail(assume, rc) : lun_task_end(task, LUN_OK, NULL);
}

static void cancel(struct lun_task *task)
{
  struct lun_assume *assume = (struct lun_assume *)(void *)task;

  lun_call_done(&assume->call);
}

void lun_assume_init(struct lun_assume *assume, struct lun_place *place)
{
  memset(assume, 0, sizeof(*assume));
  assume->task.step = step;
  assume->task.cancel = cancel;
  assume->place = lun_place_ref(place);
  lun_call_init(&assume->call, place->ctx);
  lun_retry_quota_init(&assume->quota);
}

void lun_assume_start(struct lun_assume *assume, const struct lun_role *role,
                      struct lun_cred *with, int64_t deadline)
{
  assume->role = role;
  assume->with = lun_cred_ref(with);
  lun_task_start(assume->place->loop, &assume->task, deadline);
}

void lun_assume_done(struct lun_assume *assume)
{
  if (assume->place == NULL)
    return;
  lun_task_stop(&assume->task);
  lun_call_done(&assume->call);
  lun_cred_unref(assume->with);
  lun_cred_unref(assume->cred);
  lun_place_unref(assume->place);
  memset(assume, 0, sizeof(*assume));
}
