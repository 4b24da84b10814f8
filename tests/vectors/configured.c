/*
 * AWS's cases for configured endpoint URLs: profiles, services sections,
 * variables and options in, the URL that counts out.
 */
#include "vectors.h"

#include "../../core/conf/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TEXT_MAX ((size_t)65536)

/* A suite's tables, and the case that is run. */
struct configured {
  struct tally *tally;
  const struct document *document;
  size_t suite;
  size_t node;
  size_t environment; /* the case's variables */
  char path[64];      /* of the config file */
  struct lun_buf value;
  struct lun_env env;
};

/* The row of TABLE that the case names. */
static size_t row(const struct configured *c, const char *table,
                  const char *key)
{
  struct lun_buf name = LUN_BUF_INIT(c->tally->ctx, TEXT_MAX);
  size_t found = member(c->document, c->suite, table);

  member_text(&name, c->document, c->node, key);
  found = member(c->document, found, lun_buf_text(&name));
  lun_buf_done(&name);
  return found;
}

static const char *variable(void *data, const char *name)
{
  struct configured *c = data;

  if (strcmp(name, "AWS_CONFIG_FILE") == 0)
    return c->path;
  lun_buf_cut(&c->value, 0);
  member_text(&c->value, c->document, c->environment, name);
  return c->value.len == 0 ? NULL : lun_buf_text(&c->value);
}

/* Appends each member of the object NODE as a property of the file, what is
 * an object itself a level deeper. */
static void put_members(struct lun_buf *out, const struct document *document,
                        size_t node, const char *indent)
{
  const struct lun_json *json = document->json;
  size_t at = node + 1;

  while (at < json->nodes[node].next) {
    size_t value = json->nodes[at].next;

    lun_buf_adds(out, indent);
    lun_json_decode(out, json, document->span, at);
    lun_buf_adds(out, " = ");
    if (json->nodes[value].kind == LUN_JSON_STRING)
      lun_json_decode(out, json, document->span, value);
    lun_buf_addc(out, '\n');
    if (json->nodes[value].kind == LUN_JSON_OBJECT)
      put_members(out, document, value, "  ");
    at = json->nodes[value].next;
  }
}

static void put_sections(struct lun_buf *out, const struct configured *c,
                         const char *table, const char *kind)
{
  const struct lun_json *json = c->document->json;
  size_t node = member(c->document, c->suite, table);
  size_t at = node + 1;

  while (node != 0 && at < json->nodes[node].next) {
    size_t section = json->nodes[at].next;

    lun_buf_addf(out, "[%s ", kind);
    lun_json_decode(out, json, c->document->span, at);
    lun_buf_adds(out, "]\n");
    put_members(out, c->document, section, "");
    at = json->nodes[section].next;
  }
}

/* The config file that the suite's tables describe; false if it cannot be
 * written. */
static bool write_config(struct configured *c)
{
  struct lun_buf text = LUN_BUF_INIT(c->tally->ctx, TEXT_MAX);
  int fd = -1;
  bool written = false;

  put_sections(&text, c, "profiles", "profile");
  put_sections(&text, c, "services", "services");
  (void)snprintf(c->path, sizeof(c->path), "/tmp/lunette-vectors-XXXXXX");
  fd = mkstemp(c->path);
  if (fd >= 0) {
    written = write(fd, lun_buf_text(&text), text.len) == (ssize_t)text.len;
    (void)close(fd);
  }
  lun_buf_done(&text);
  return written;
}

/* Compares the URL of settings with the one wanted; without one of them both
 * leave it to the endpoint rules, whose URL has the profile's region in it. */
static void compare(struct configured *c, const struct lun_settings *settings,
                    const char *name)
{
  struct lun_buf want = LUN_BUF_INIT(c->tally->ctx, TEXT_MAX);
  struct lun_buf service = LUN_BUF_INIT(c->tally->ctx, TEXT_MAX);
  struct lun_error err = {.code = LUN_OK};
  const char *url = NULL;
  size_t i = 0;

  member_text(&want, c->document, member(c->document, c->node, "output"),
              "endpointUrl");
  member_text(&service, c->document, c->node, "service");
  for (i = 0; i < service.len; i++)
    if (service.ptr[i] >= 'a' && service.ptr[i] <= 'z')
      service.ptr[i] = (char)(service.ptr[i] - 'a' + 'A');
  if (lun_settings_endpoint(&url, settings, lun_buf_text(&service), &err))
    case_failed(c->tally, name, "%s", err.message);
  else if (url == NULL && strstr(lun_buf_text(&want), settings->region) != NULL)
    case_passed(c->tally);
  else if (case_same(c->tally, name, "URL", lun_buf_view(&want),
                     lun_span_of(url)))
    case_passed(c->tally);
  lun_buf_done(&want);
  lun_buf_done(&service);
}

static void run_case(struct configured *c)
{
  lun_ctx *ctx = c->tally->ctx;
  struct lun_buf name = LUN_BUF_INIT(ctx, TEXT_MAX);
  struct lun_buf profile = LUN_BUF_INIT(ctx, TEXT_MAX);
  struct lun_buf url = LUN_BUF_INIT(ctx, TEXT_MAX);
  struct lun_session_options options = {.size = sizeof(options)};
  struct lun_settings *settings = NULL;
  struct lun_error err = {.code = LUN_OK};
  size_t client = row(c, "client_configs", "client_config");

  c->environment = row(c, "environments", "environment");
  member_text(&name, c->document, c->node, "name");
  member_text(&profile, c->document, c->node, "profile");
  member_text(&url, c->document, client, "endpoint_url");
  options.profile = lun_buf_text(&profile);
  options.endpoint_url = url.len > 0 ? lun_buf_text(&url) : NULL;
  if (member_true(c->document, client, "ignore_configured_endpoint_urls") &&
      url.len == 0)
    case_skipped(c->tally, lun_buf_text(&name), "no such option");
  else if (lun_settings_new(&settings, ctx, &options, &c->env, &err))
    case_failed(c->tally, lun_buf_text(&name), "%s", err.message);
  else
    compare(c, settings, lun_buf_text(&name));
  lun_settings_unref(settings);
  lun_buf_done(&name);
  lun_buf_done(&profile);
  lun_buf_done(&url);
}

static void run_suite(struct configured *c)
{
  size_t list = member(c->document, c->suite, "endpointUrlTests");
  size_t i = 0;

  if (!write_config(c)) {
    case_failed(c->tally, "all", "no config file can be written");
    return;
  }
  for (i = 0; list != 0 &&
              (c->node = lun_json_element(c->document->json, list, i)) != 0;
       i++)
    run_case(c);
  (void)unlink(c->path);
}

void run_configured(struct tally *tally, const char *path)
{
  struct document document = {.json = NULL};
  struct configured c = {.tally = tally, .document = &document};
  size_t suites = 0;
  size_t i = 0;

  if (!read_document(&document, tally, path, "all"))
    return;
  lun_buf_init(&c.value, tally->ctx, TEXT_MAX);
  c.env.get = variable;
  c.env.data = &c;
  suites = member(&document, 0, "testSuites");
  for (i = 0; suites != 0 &&
              (c.suite = lun_json_element(document.json, suites, i)) != 0;
       i++)
    run_suite(&c);
  lun_buf_done(&c.value);
  document_done(&document);
}
