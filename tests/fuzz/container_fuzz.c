/*
 * clang -fsanitize=fuzzer,address,undefined: what a container's agent answers,
 * with a status of 200 or another, is whole credentials or an error, without
 * our token in it; what is configured is a URL that may be asked, or an error.
 */
#include "credentials.h"

#include "../../core/creds/container.c"

#define CANARY "Zq9-canary-of-the-token"

static const struct member members[] = {
    {"AccessKeyId", "\"ASIAONE\""}, {"SecretAccessKey", "\"secret\""},
    {"Token", "\"token\""},         {"Expiration", "\"2026-11-23T06:00:00Z\""},
    {"AccountId", "\"1\""},         {"RoleArn", "\"arn\""},
    {"code", "\"Code\""},           {"message", "\"words\""},
};

#define COUNT (sizeof(members) / sizeof(members[0]))

/* The variables: the one that is fuzzed has a copy of the input. */
static const char *value_of(void *data, const char *name)
{
  const char *const *pair = data;

  return strcmp(name, pair[0]) == 0 ? pair[1] : NULL;
}

/* Our own address or the link, unless it is https. */
static void check_url(struct container_provider *provider, const char *name,
                      const char *value)
{
  const char *pair[2] = {name, value};
  struct lun_uri uri = {.port = 0};
  struct lun_error err = {.code = LUN_OK};
  struct lun_span url = {NULL, 0};

  provider->base.place->settings->env =
      (struct lun_env){.get = value_of, .data = pair};
  if (find_url(provider, &err) == LUN_OK && provider->url.len > 0) {
    url = lun_buf_view(&provider->url);
    must(lun_uri_parse(&uri, url, "it", NULL) == LUN_OK);
    must(uri.secure || lun_uri_loopback(&uri) || lun_uri_link_local(&uri));
    if (strcmp(name, RELATIVE) == 0)
      must(lun_span_is(uri.host, "169.254.170.2") && uri.port == 80);
  }
  must_be_line(err.message);
  lun_buf_done(&provider->url);
  lun_buf_done(&provider->place);
}

static void check_answer(struct container_provider *provider, int status)
{
  struct lun_error err = {.code = LUN_OK};
  bool again = false;
  enum lun_code rc = LUN_OK;

  provider->http.status = status;
  rc = read_answer(provider, &again, &err);
  must_be_whole(rc, provider->base.cred, &err);
  must((rc == LUN_OK) == (provider->base.cred != NULL));
  must(rc != LUN_OK || (status == 200 && !again));
  must(strstr(err.message, CANARY) == NULL);
  must_be_line(provider->base.found);
  lun_cred_unref(provider->base.cred);
  provider->base.cred = NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct lun_settings settings = {.refs = 1};
  struct lun_place place = {.refs = 1, .settings = &settings};
  struct container_provider provider = {.base = {.name = "container-role"}};
  char *value = NULL;

  must(lun_ctx_new(&place.ctx, NULL) == LUN_OK);
  provider.base.place = &place;
  lun_http_init(&provider.http, place.ctx);
  lun_buf_init(&provider.url, place.ctx, URL_MAX);
  lun_buf_init(&provider.place, place.ctx, URL_MAX);
  lun_buf_init(&provider.token, place.ctx, TOKEN_MAX);
  lun_buf_adds(&provider.token, CANARY);
  make_document(&provider.http.body, data, size, members, COUNT);
  check_answer(&provider, 200);
  check_answer(&provider, 403);
  value = lun_mem_copy(place.ctx, (const char *)data, size);
  must(value != NULL);
  if (value[0] != '\0') { /* an empty one is not set */
    check_url(&provider, RELATIVE, value);
    check_url(&provider, FULL, value);
  }
  lun_mem_free(place.ctx, value);
  release(&provider.base);
  must(place.ctx->account.live_blocks == 0);
  lun_ctx_free(place.ctx);
  return 0;
}
