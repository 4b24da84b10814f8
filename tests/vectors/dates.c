/*
 * Smithy's cases for dates: those that are parsed.  Fractions of a second are
 * dropped by lunette, so the seconds are what is compared.
 */
#include "vectors.h"

#include <stdio.h>
#include <stdlib.h>

static void run_case(struct tally *tally, const struct document *document,
                     size_t node, const char *list,
                     bool (*parse)(struct lun_span text, int64_t *seconds))
{
  struct lun_buf text = LUN_BUF_INIT(tally->ctx, VECTORS_TEXT_MAX);
  struct lun_buf want = LUN_BUF_INIT(tally->ctx, VECTORS_TEXT_MAX);
  bool refused = member_true(document, node, "error");
  int64_t seconds = 0;
  bool parsed = false;

  member_text(&text, document, node, "smithy_format_value");
  member_text(&want, document, node, "canonical_seconds");
  parsed = parse(lun_buf_view(&text), &seconds);
  if (parsed == refused)
    case_failed(tally, list, "%s must be %s", lun_buf_text(&text),
                refused ? "refused" : "parsed");
  else if (parsed && seconds != strtoll(lun_buf_text(&want), NULL, 10))
    case_failed(tally, list, "%s is %s, not %lld", lun_buf_text(&text),
                lun_buf_text(&want), (long long)seconds);
  else
    case_passed(tally);
  lun_buf_done(&text);
  lun_buf_done(&want);
}

static void run_list(struct tally *tally, const struct document *document,
                     const char *list,
                     bool (*parse)(struct lun_span text, int64_t *seconds))
{
  size_t node = member(document, 0, list);
  size_t i = 0;
  size_t at = 0;

  if (node == 0) {
    case_skipped(tally, list, "no such list in the file");
    return;
  }
  for (i = 0; (at = lun_json_element(document->json, node, i)) != 0; i++)
    run_case(tally, document, at, list, parse);
}

void run_dates(struct tally *tally, const char *path)
{
  char file[VECTORS_PATH_MAX] = "";
  struct document document = {.json = NULL};

  join_path(file, path, "date_time_format_test_suite.json");
  if (!read_document(&document, tally, file, "all"))
    return;
  run_list(tally, &document, "parse_http_date", lun_text_date_http);
  run_list(tally, &document, "parse_date_time", lun_text_date_iso);
  document_done(&document);
}
