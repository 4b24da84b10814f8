/*
 * AWS's cases for the endpoints of services, and its list of partitions, over
 * the table in rules/endpoint.
 */
#include "vectors.h"

#include "../../core/rules/endpoint.h"

#include <stdio.h>

#define TEXT_MAX ((size_t)4096)

/* The folder of a service, and the prefix of its hosts. */
static const struct {
  const char *name;
  const char *prefix;
} services[] = {
    {"secretsmanager", "secretsmanager"},
    {"sts", "sts"},
    {"kms", "kms"},
    {"sso", "portal.sso"},
    {"sso-oidc", "oidc"},
    {"signin", "signin"},
};

#define SERVICES (sizeof(services) / sizeof(services[0]))

/* One case and what its params come to. */
struct endpoint_case {
  struct tally *tally;
  const struct document *document;
  size_t node;
  struct lun_buf name;
  struct lun_buf region;
  struct lun_buf url;
  struct lun_buf signing;
};

static void expect_url(struct endpoint_case *c, size_t endpoint)
{
  struct lun_buf want = LUN_BUF_INIT(c->tally->ctx, TEXT_MAX);
  struct lun_buf signing = LUN_BUF_INIT(c->tally->ctx, TEXT_MAX);
  const struct document *document = c->document;
  size_t properties = member(document, endpoint, "properties");
  size_t schemes = member(document, properties, "authSchemes");

  member_text(&want, document, endpoint, "url");
  if (properties != 0 && schemes != 0)
    member_text(&signing, document,
                lun_json_element(document->json, schemes, 0), "signingRegion");
  if (!case_same(c->tally, lun_buf_text(&c->name), "URL", lun_buf_view(&want),
                 lun_buf_view(&c->url)))
    goto done;
  if (signing.len > 0 &&
      !case_same(c->tally, lun_buf_text(&c->name), "signing region",
                 lun_buf_view(&signing), lun_buf_view(&c->signing)))
    goto done;
  case_passed(c->tally);
done:
  lun_buf_done(&want);
  lun_buf_done(&signing);
}

static void check(struct endpoint_case *c, const char *prefix)
{
  const struct document *document = c->document;
  size_t params = member(document, c->node, "params");
  size_t expected = member(document, c->node, "expect");
  size_t endpoint = member(document, expected, "endpoint");
  struct lun_buf custom = LUN_BUF_INIT(c->tally->ctx, TEXT_MAX);
  struct lun_endpoint_options options = {.service = prefix};
  struct lun_error err = {.code = LUN_OK};

  if (params != 0) {
    member_text(&c->region, document, params, "Region");
    member_text(&custom, document, params, "Endpoint");
    options.fips = member_true(document, params, "UseFIPS");
    options.dual_stack = member_true(document, params, "UseDualStack");
    options.sts_legacy = member_true(document, params, "UseGlobalEndpoint");
  }
  options.region = c->region.len > 0 ? lun_buf_text(&c->region) : NULL;
  options.url = custom.len > 0 ? lun_buf_text(&custom) : NULL;
  if (lun_endpoint_resolve(&c->url, &c->signing, &options, &err)) {
    if (endpoint == 0)
      case_passed(c->tally);
    else
      case_failed(c->tally, lun_buf_text(&c->name), "%s", err.message);
  } else if (endpoint == 0) {
    case_failed(c->tally, lun_buf_text(&c->name), "must be refused");
  } else {
    expect_url(c, endpoint);
  }
  lun_buf_done(&custom);
}

static void run_case(struct tally *tally, const struct document *document,
                     size_t node, size_t which)
{
  struct endpoint_case c = {.tally = tally, .document = document, .node = node};

  lun_buf_init(&c.name, tally->ctx, TEXT_MAX);
  lun_buf_init(&c.region, tally->ctx, TEXT_MAX);
  lun_buf_init(&c.url, tally->ctx, TEXT_MAX);
  lun_buf_init(&c.signing, tally->ctx, TEXT_MAX);
  lun_buf_addf(&c.name, "%s: ", services[which].name);
  member_text(&c.name, document, node, "documentation");
  check(&c, services[which].prefix);
  lun_buf_done(&c.name);
  lun_buf_done(&c.region);
  lun_buf_done(&c.url);
  lun_buf_done(&c.signing);
}

/* One folder, named like the service that it is about. */
static void run_service(void *data, const char *path, const char *name)
{
  struct tally *tally = data;
  struct document document = {.json = NULL};
  char file[VECTORS_PATH_MAX] = "";
  size_t cases = 0;
  size_t at = 0;
  size_t which = 0;
  size_t i = 0;

  join_path(file, path, "endpoint-tests-1.json");
  while (which < SERVICES && strcmp(services[which].name, name) != 0)
    which++;
  if (which == SERVICES) {
    if (strchr(name, '.') == NULL && strcmp(name, "NOTICE") != 0)
      case_skipped(tally, name, "lunette calls no operation of this service");
    return;
  }
  if (!read_document(&document, tally, file, name))
    return;
  cases = member(&document, 0, "testCases");
  for (i = 0;
       cases != 0 && (at = lun_json_element(document.json, cases, i)) != 0; i++)
    run_case(tally, &document, at, which);
  document_done(&document);
}

void run_endpoints(struct tally *tally, const char *path)
{
  each_name(path, run_service, tally);
}

/* ----------------------------------------------------------- partitions -- */

/* Each region that the partition at NODE lists. */
static void run_partition(struct tally *tally, const struct document *document,
                          size_t node)
{
  const struct lun_json *json = document->json;
  struct lun_buf id = LUN_BUF_INIT(tally->ctx, TEXT_MAX);
  struct lun_buf suffix = LUN_BUF_INIT(tally->ctx, TEXT_MAX);
  size_t outputs = member(document, node, "outputs");
  size_t regions = member(document, node, "regions");
  size_t at = regions + 1;

  member_text(&id, document, node, "id");
  member_text(&suffix, document, outputs, "dnsSuffix");
  lun_buf_addc(&suffix, ' ');
  member_text(&suffix, document, outputs, "dualStackDnsSuffix");
  while (at < json->nodes[regions].next) {
    struct lun_span region = lun_json_raw(json, document->span, at);
    const struct lun_partition *got = lun_partition_of_region(region);
    char suffixes[256] = "";

    (void)snprintf(suffixes, sizeof(suffixes), "%s %s", got->suffix,
                   got->dual_stack_suffix);
    if (!lun_span_is(lun_buf_view(&id), got->id))
      case_failed(tally, lun_buf_text(&id), "%.*s is taken for one of %s",
                  (int)region.len, region.ptr, got->id);
    else if (case_same(tally, lun_buf_text(&id), "suffixes",
                       lun_buf_view(&suffix), lun_span_of(suffixes)))
      case_passed(tally);
    at = json->nodes[at + 1].next; /* behind the value */
  }
  lun_buf_done(&id);
  lun_buf_done(&suffix);
}

void run_partitions(struct tally *tally, const char *path)
{
  struct document document = {.json = NULL};
  size_t list = 0;
  size_t at = 0;
  size_t i = 0;

  if (!read_document(&document, tally, path, "all"))
    return;
  list = member(&document, 0, "partitions");
  for (i = 0; list != 0 && (at = lun_json_element(document.json, list, i)) != 0;
       i++)
    run_partition(tally, &document, at);
  document_done(&document);
}
