/*
 * AWS's cases for the trace id by which Lambda knows calls that come back to
 * the function they began in.
 */
#include "vectors.h"

#include "../../core/rules/recursion.h"

#include <stdio.h>

#define TEXT_MAX ((size_t)65536)

/* The headers after the call are as the case has them. */
static void check(struct tally *tally, const struct document *document,
                  size_t node, const char *name)
{
  struct lun_buf function = LUN_BUF_INIT(tally->ctx, TEXT_MAX);
  struct lun_buf trace = LUN_BUF_INIT(tally->ctx, TEXT_MAX);
  struct lun_buf want = LUN_BUF_INIT(tally->ctx, TEXT_MAX);
  struct lun_buf got = LUN_BUF_INIT(tally->ctx, TEXT_MAX);
  size_t env = member(document, node, "env");
  size_t after = member(document, node, "requestHeadersAfter");
  size_t header = after != 0 ? lun_json_element(document->json, after, 0) : 0;

  member_text(&function, document, env, "AWS_LAMBDA_FUNCTION_NAME");
  member_text(&trace, document, env, "_X_AMZN_TRACE_ID");
  if (header != 0)
    lun_json_decode(&want, document->json, document->span, header);
  lun_buf_adds(&got, "X-Amzn-Trace-Id: ");
  if (!lun_recursion_header(&got, lun_buf_text(&function),
                            lun_buf_text(&trace)))
    lun_buf_cut(&got, 0);
  if (case_same(tally, name, "headers", lun_buf_view(&want),
                lun_buf_view(&got)))
    case_passed(tally);
  lun_buf_done(&function);
  lun_buf_done(&trace);
  lun_buf_done(&want);
  lun_buf_done(&got);
}

void run_recursion(struct tally *tally, const char *path)
{
  struct document document = {.json = NULL};
  size_t node = 0;
  size_t i = 0;

  if (!read_document(&document, tally, path, "all"))
    return;
  for (i = 0; (node = lun_json_element(document.json, 0, i)) != 0; i++) {
    char name[32] = "";
    size_t before = member(&document, node, "requestHeadersBefore");

    (void)snprintf(name, sizeof(name), "case %zu", i + 1);
    if (before != 0 && lun_json_element(document.json, before, 0) != 0)
      case_skipped(tally, name, "no caller sets a header of a call by himself");
    else
      check(tally, &document, node, name);
  }
  document_done(&document);
}
