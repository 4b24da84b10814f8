/*
 * What the suites share: files, folders, and saying where two texts differ.
 */
#include "vectors.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define SHOWN 60 /* bytes of a line in a report */

void case_passed(struct tally *tally)
{
  tally->passed++;
}

void case_failed(struct tally *tally, const char *name, const char *format, ...)
{
  va_list args;

  tally->failed++;
  printf("FAIL %s %s: ", tally->suite, name);
  va_start(args, format);
  (void)vprintf(format, args);
  va_end(args);
  printf("\n");
}

void case_skipped(struct tally *tally, const char *name, const char *why)
{
  tally->skipped++;
  printf("skip %s %s: %s\n", tally->suite, name, why);
}

static struct lun_span without_end(struct lun_span text)
{
  while (text.len > 0 &&
         (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == '\r'))
    text.len--;
  return text;
}

/* What stands in TEXT from AT to the end of the line, as C would write it. */
static void show(const char *label, struct lun_span text, size_t at)
{
  size_t i = 0;

  printf("  %s ", label);
  if (at == text.len)
    printf("(the end)");
  for (i = at; i < text.len && i < at + SHOWN && text.ptr[i] != '\n'; i++) {
    unsigned char c = (unsigned char)text.ptr[i];

    if (c < 0x20 || c == 0x7F)
      printf("\\x%02x", c);
    else
      (void)putchar(c);
  }
  printf("\n");
}

bool case_same(struct tally *tally, const char *name, const char *what,
               struct lun_span want, struct lun_span got)
{
  size_t at = 0;
  size_t line = 1;
  size_t column = 1;

  want = without_end(want);
  got = without_end(got);
  if (lun_span_same(want, got))
    return true;
  for (at = 0; at < want.len && at < got.len && want.ptr[at] == got.ptr[at];
       at++) {
    column++;
    if (want.ptr[at] == '\n') {
      line++;
      column = 1;
    }
  }
  case_failed(tally, name, "%s: differs from line %zu, column %zu", what, line,
              column);
  show("want:", want, at);
  show("got: ", got, at);
  return false;
}

bool read_whole(struct lun_buf *out, const char *path)
{
  char block[4096] = "";
  size_t got = 0;
  FILE *file = fopen(path, "rb");

  if (file == NULL)
    return false;
  while ((got = fread(block, 1, sizeof(block), file)) > 0)
    lun_buf_add(out, block, got);
  fclose(file);
  return out->fail == LUN_OK;
}

void join_path(char *out, const char *folder, const char *name)
{
  (void)snprintf(out, VECTORS_PATH_MAX, "%s/%s", folder, name);
}

void each_name(const char *folder,
               void (*visit)(void *data, const char *path, const char *name),
               void *data)
{
  struct dirent **entries = NULL;
  int count = scandir(folder, &entries, NULL, alphasort);
  int i = 0;

  for (i = 0; i < count; i++) {
    char path[VECTORS_PATH_MAX] = "";

    join_path(path, folder, entries[i]->d_name);
    if (entries[i]->d_name[0] != '.')
      visit(data, path, entries[i]->d_name);
    free(entries[i]);
  }
  free(entries);
}

bool read_document(struct document *out, struct tally *tally, const char *path,
                   const char *name)
{
  struct lun_error err = {.code = LUN_OK};

  *out = (struct document){.json = NULL};
  lun_buf_init(&out->text, tally->ctx, VECTORS_TEXT_MAX);
  if (!read_whole(&out->text, path)) {
    case_failed(tally, name, "%s cannot be read", path);
    return false;
  }
  out->span = lun_buf_view(&out->text);
  if (lun_json_parse(&out->json, tally->ctx, out->span, path, &err)) {
    case_failed(tally, name, "%s", err.message);
    lun_buf_done(&out->text);
    return false;
  }
  return true;
}

void document_done(struct document *document)
{
  lun_json_unref(document->json);
  lun_buf_done(&document->text);
}

size_t member(const struct document *document, size_t node, const char *key)
{
  return lun_json_member(document->json, document->span, node, lun_span_of(key),
                         NULL);
}

void member_text(struct lun_buf *out, const struct document *document,
                 size_t node, const char *key)
{
  size_t found = member(document, node, key);

  if (found != 0)
    lun_json_decode(out, document->json, document->span, found);
}

bool member_true(const struct document *document, size_t node, const char *key)
{
  size_t found = member(document, node, key);

  return found != 0 && document->json->nodes[found].kind == LUN_JSON_TRUE;
}
