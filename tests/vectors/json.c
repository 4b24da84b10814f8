/*
 * nst/JSONTestSuite: a file a case; y_ must be accepted and n_ refused.  i_
 * is ours to choose, and the choice is: numbers of any size are accepted (they
 * stay text), every invalid encoding is refused.
 */
#include "vectors.h"

#include <sys/stat.h>

/* For a name i_...: -1 if any choice will do, else 1 accepted, 0 refused. */
static int our_choice(const char *name)
{
  static const char *const refused[] = {"i_string_", "i_object_key_",
                                        "i_structure_UTF-8_BOM"};
  size_t i = 0;

  if (strncmp(name, "i_number_", 9) == 0)
    return 1;
  for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
    if (strncmp(name, refused[i], strlen(refused[i])) == 0)
      return 0;
  return -1;
}

static void run_case(struct tally *tally, const char *path, const char *name)
{
  struct lun_buf text = LUN_BUF_INIT(tally->ctx, VECTORS_TEXT_MAX);
  struct lun_error err = {.code = LUN_OK};
  struct lun_json *json = NULL;
  int want = name[0] == 'y' ? 1 : 0;
  bool accepted = false;

  if (name[0] == 'i')
    want = our_choice(name);
  if (!read_whole(&text, path)) {
    case_failed(tally, name, "cannot be read");
    return;
  }
  accepted = lun_json_parse(&json, tally->ctx, lun_buf_view(&text), "the text",
                            &err) == LUN_OK;
  if (want >= 0 && accepted != want)
    case_failed(tally, name, "must be %s: %s", want ? "accepted" : "refused",
                accepted ? "it was accepted" : err.message);
  else
    case_passed(tally);
  lun_json_unref(json);
  lun_buf_done(&text);
}

static void visit(void *data, const char *path, const char *name)
{
  size_t len = strlen(name);
  struct stat info = {.st_mode = 0};

  if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
    each_name(path, visit, data);
  else if (len > 5 && strcmp(name + len - 5, ".json") == 0 &&
           strchr("yni", name[0]) != NULL && name[1] == '_')
    run_case(data, path, name);
}

void run_json(struct tally *tally, const char *path)
{
  each_name(path, visit, tally);
}
