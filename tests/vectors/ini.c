/*
 * The cross-SDK parser cases: config and credentials text in, profiles out,
 * merged by the same function that serves the settings.  A corpus of files
 * without expectations must be parsed or refused, never more.
 */
#include "vectors.h"

#include "../../core/conf/files.h"

#include <stdio.h>
#include <sys/stat.h>

/* ---------------------------------------------------------------- cases -- */

struct ini_case {
  struct tally *tally;
  const struct document *document;
  struct lun_files files;
  struct lun_buf name;
  bool failed;
};

/* Only the first thing wrong with a case is told. */
static void wrong(struct ini_case *c, const char *what, const char *where)
{
  if (c->failed)
    return;
  case_failed(c->tally, lun_buf_text(&c->name), "%s: %s", where, what);
  c->failed = true;
}

/* A property of a section, from whichever file has the last word. */
static const struct lun_ini_property *
property_of(const struct ini_case *c, enum lun_ini_section_kind kind,
            const char *section, const char *key)
{
  if (kind == LUN_INI_PROFILE)
    return lun_files_get(&c->files, section, key, NULL);
  return lun_ini_get(lun_ini_find(&c->files.config, kind, section), key);
}

static bool has_section(const struct ini_case *c,
                        enum lun_ini_section_kind kind, const char *section)
{
  if (kind == LUN_INI_PROFILE)
    return lun_files_has(&c->files, section);
  return lun_ini_find(&c->files.config, kind, section) != NULL;
}

/* The property WANTED (a key node) of a section is there and equal. */
static void check_property(struct ini_case *c, enum lun_ini_section_kind kind,
                           const char *section, size_t wanted)
{
  const struct lun_json *json = c->document->json;
  struct lun_buf key = LUN_BUF_INIT(c->tally->ctx, VECTORS_TEXT_MAX);
  struct lun_buf value = LUN_BUF_INIT(c->tally->ctx, VECTORS_TEXT_MAX);
  const struct lun_ini_property *found = NULL;
  size_t i = 0;

  lun_json_decode(&key, json, c->document->span, wanted);
  lun_json_decode(&value, json, c->document->span, wanted + 1);
  for (i = 0; i < key.len; i++) /* keys are compared in lower case */
    key.ptr[i] = lun_text_lower(key.ptr[i]);
  found = property_of(c, kind, section, lun_buf_text(&key));
  if (found == NULL)
    wrong(c, "the property is missing", lun_buf_text(&key));
  else if (!c->failed &&
           !case_same(c->tally, lun_buf_text(&c->name), lun_buf_text(&key),
                      lun_buf_view(&value), lun_span_of(found->value)))
    c->failed = true;
  lun_buf_done(&key);
  lun_buf_done(&value);
}

/* No property of a section but those in the object WANTED. */
static void check_surplus(struct ini_case *c, const struct lun_ini *ini,
                          enum lun_ini_section_kind kind, const char *section,
                          size_t wanted)
{
  const struct lun_ini_section *found = lun_ini_find(ini, kind, section);
  const struct lun_json *json = c->document->json;
  size_t i = 0;

  for (i = 0; found != NULL && i < found->nproperties; i++) {
    const char *key = found->properties[i].key;
    size_t at = wanted + 1;
    bool known = false;

    for (; at < json->nodes[wanted].next; at = json->nodes[at + 1].next)
      known |= lun_text_same(lun_json_raw(json, c->document->span, at),
                             lun_span_of(key));
    if (!known)
      wrong(c, "the property is not wanted", key);
  }
}

/* The sections of one kind are those of the object WANTED. */
static void check_sections(struct ini_case *c, enum lun_ini_section_kind kind,
                           size_t wanted)
{
  const struct lun_json *json = c->document->json;
  const struct lun_ini *inis[] = {&c->files.config, &c->files.credentials};
  size_t sections = wanted + 1;
  size_t i = 0;
  size_t k = 0;

  for (; sections < json->nodes[wanted].next;
       sections = json->nodes[sections + 1].next) {
    struct lun_buf name = LUN_BUF_INIT(c->tally->ctx, VECTORS_TEXT_MAX);
    size_t at = sections + 2;

    lun_json_decode(&name, json, c->document->span, sections);
    if (!has_section(c, kind, lun_buf_text(&name)))
      wrong(c, "the section is missing", lun_buf_text(&name));
    for (; at < json->nodes[sections + 1].next; at = json->nodes[at + 1].next)
      check_property(c, kind, lun_buf_text(&name), at);
    for (i = 0; i < 2; i++)
      check_surplus(c, inis[i], kind, lun_buf_text(&name), sections + 1);
    lun_buf_done(&name);
  }
  for (i = 0; i < 2; i++)
    for (k = 0; k < inis[i]->nsections; k++)
      if (inis[i]->sections[k].kind == kind &&
          lun_json_member(json, c->document->span, wanted,
                          lun_span_of(inis[i]->sections[k].name), NULL) == 0)
        wrong(c, "the section is not wanted", inis[i]->sections[k].name);
}

static void check_output(struct ini_case *c, size_t output)
{
  static const struct {
    const char *key;
    enum lun_ini_section_kind kind;
  } lists[] = {
      {"profiles", LUN_INI_PROFILE},
      {"sso_sessions", LUN_INI_SSO_SESSION},
      {"ssoSessions", LUN_INI_SSO_SESSION},
      {"services", LUN_INI_SERVICES},
  };
  size_t config = member(c->document, output, "config");
  size_t i = 0;

  if (config == 0)
    config = output;
  for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
    size_t list = member(c->document, config, lists[i].key);

    if (list != 0)
      check_sections(c, lists[i].kind, list);
  }
}

static enum lun_code parse_input(struct ini_case *c, size_t input,
                                 const char *key, enum lun_ini_kind kind,
                                 struct lun_ini *out, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct lun_buf text = LUN_BUF_INIT(c->tally->ctx, VECTORS_TEXT_MAX);

  member_text(&text, c->document, input, key);
  rc = lun_ini_parse(out, c->tally->ctx, kind, lun_buf_view(&text), key, err);
  lun_buf_done(&text);
  return rc;
}

static void run_case(struct tally *tally, const struct document *document,
                     size_t node)
{
  struct ini_case c = {.tally = tally, .document = document};
  struct lun_error err = {.code = LUN_OK};
  struct lun_buf want = LUN_BUF_INIT(tally->ctx, VECTORS_TEXT_MAX);
  size_t input = member(document, node, "input");
  size_t output = member(document, node, "output");
  enum lun_code rc = LUN_OK;

  c.files.ctx = tally->ctx;
  c.files.config.ctx = tally->ctx;
  c.files.credentials.ctx = tally->ctx;
  lun_buf_init(&c.name, tally->ctx, VECTORS_TEXT_MAX);
  member_text(&c.name, document, node, "name");
  member_text(&want, document, output, "errorContaining");
  rc = parse_input(&c, input, "configFile", LUN_INI_CONFIG, &c.files.config,
                   &err);
  if (rc == LUN_OK)
    rc = parse_input(&c, input, "credentialsFile", LUN_INI_CREDENTIALS,
                     &c.files.credentials, &err);
  if (want.len > 0 && rc == LUN_OK)
    wrong(&c, "an error was wanted", lun_buf_text(&want));
  else if (want.len > 0 && strstr(err.message, lun_buf_text(&want)) == NULL)
    wrong(&c, err.message, lun_buf_text(&want));
  else if (want.len == 0 && rc != LUN_OK)
    wrong(&c, err.message, "no error was wanted");
  else if (rc == LUN_OK)
    check_output(&c, output);
  if (!c.failed)
    case_passed(tally);
  lun_ini_done(&c.files.config);
  lun_ini_done(&c.files.credentials);
  lun_buf_done(&c.name);
  lun_buf_done(&want);
}

void run_ini(struct tally *tally, const char *path)
{
  struct document document = {.json = NULL};
  size_t tests = 0;
  size_t at = 0;
  size_t i = 0;

  if (!read_document(&document, tally, path, "all"))
    return;
  tests = member(&document, 0, "tests");
  for (i = 0; (at = lun_json_element(document.json, tests, i)) != 0; i++)
    run_case(tally, &document, at);
  document_done(&document);
}

/* --------------------------------------------------------------- corpus -- */

static void run_file(struct tally *tally, const char *path, const char *name)
{
  static const enum lun_ini_kind kinds[] = {LUN_INI_CONFIG,
                                            LUN_INI_CREDENTIALS};
  struct lun_buf text = LUN_BUF_INIT(tally->ctx, VECTORS_TEXT_MAX);
  struct lun_error err = {.code = LUN_OK};
  bool good = read_whole(&text, path);
  size_t i = 0;

  for (i = 0; i < 2 && good; i++) {
    struct lun_ini ini = {.ctx = tally->ctx};
    enum lun_code rc = lun_ini_parse(&ini, tally->ctx, kinds[i],
                                     lun_buf_view(&text), name, &err);

    good = rc == LUN_OK || rc == LUN_EINVALID;
    lun_ini_done(&ini);
  }
  if (good)
    case_passed(tally);
  else
    case_failed(tally, name, "%s", err.message);
  lun_buf_done(&text);
}

static void visit(void *data, const char *path, const char *name)
{
  struct stat info = {.st_mode = 0};

  if (strncmp(name, "LICENSE", 7) == 0 || strcmp(name, "NOTICE") == 0)
    return;
  if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
    each_name(path, visit, data);
  else
    run_file(data, path, name);
}

void run_ini_corpus(struct tally *tally, const char *path)
{
  each_name(path, visit, tally);
}
