/*
 * GetCallerIdentity, in the awsQuery protocol.
 */
#include "../base/error.h"
#include "../text/xml.h"
#include "operation.h"

#define RESULT "GetCallerIdentityResult/"

static bool take(char *field, size_t size, const lun_xml *xml, const char *path)
{
  struct lun_span text = {NULL, 0};

  if (!lun_xml_find(xml, path, &text) || text.len == 0 || text.len >= size ||
      !lun_text_printable(text))
    return false;
  memcpy(field, text.ptr, text.len);
  field[text.len] = '\0';
  return true;
}

static enum lun_code read_answer(struct lun_identity *out, lun_ctx *ctx,
                                 struct lun_span text, struct lun_error *err)
{
  struct lun_identity identity = {.account = ""};
  lun_xml *xml = NULL;
  enum lun_code rc =
      lun_xml_parse(&xml, ctx, text, "the answer of GetCallerIdentity", err);

  if (rc)
    return rc;
  if (take(identity.account, sizeof(identity.account), xml, RESULT "Account") &&
      take(identity.arn, sizeof(identity.arn), xml, RESULT "Arn") &&
      take(identity.user_id, sizeof(identity.user_id), xml, RESULT "UserId"))
    *out = identity;
  else
    rc = lun_error_set(err, LUN_ESERVICE,
                       "the answer of GetCallerIdentity has no identity in it");
  lun_xml_free(xml);
  return rc;
}

enum lun_code lun_session_identity(struct lun_identity *out,
                                   lun_session *session, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct lun_operation operation;

  (void)lun_session_ref(session);
  lun_operation_init(&operation, session, LUN_OP_GetCallerIdentity);
  rc = lun_operation_start(&operation, NULL, err);
  if (!rc)
    rc = lun_session_run(session, &operation.task, err);
  if (!rc)
    rc = read_answer(out, lun_session_ctx(session),
                     lun_buf_view(&operation.answer), err);
  lun_operation_done(&operation);
  lun_session_unref(session);
  return rc;
}
