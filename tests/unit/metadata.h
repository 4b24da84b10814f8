/*
 * A metadata service with a script, and a client for it, for the tests of
 * net/imds.
 */
#ifndef TEST_METADATA_H
#define TEST_METADATA_H

#include "../../core/net/imds.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "server.h"

#define TTL "X-Aws-Ec2-Metadata-Token-Ttl-Seconds: 21600\r\n"
#define TOKEN                                                                  \
  {                                                                            \
    SEND_IT, answer_text(200, TTL, "canary-token==")                           \
  }

static lun_ctx *ctx;
static lun_loop *loop;
static lun_imds *imds;
static struct server server;
static struct lun_imds_get get;
static struct lun_error error;

static inline int set_up(void **state)
{
  (void)state;
  if (lun_ctx_new(&ctx, NULL) || lun_loop_new(&loop, ctx, NULL))
    return -1;
  imds = NULL;
  server.log = NULL;
  return 0;
}

static inline int tear_down(void **state)
{
  (void)state;
  if (imds != NULL)
    lun_imds_get_done(&get);
  lun_imds_free(imds);
  lun_loop_free(loop);
  if (server.log != NULL)
    server_stop(&server);
  assert_int_equal(ctx->account.live_blocks, 0);
  lun_ctx_free(ctx);
  return 0;
}

/* A service with this script, and a client for it. */
static inline void begin(const struct answer *script, int count,
                         struct lun_imds_options options)
{
  char url[80] = "";

  server_start(&server, script, count);
  (void)snprintf(url, sizeof(url), "%s//", server.url);
  options.endpoint = url; /* slashes at the end do no harm; copied */
  assert_int_equal(lun_imds_new(&imds, loop, &options, &error), LUN_OK);
  lun_imds_get_init(&get, imds);
}

static inline enum lun_code ask(const char *path)
{
  memset(&error, 0, sizeof(error));
  lun_imds_get_start(&get, path, 0);
  return lun_loop_run(loop, &get.task, &error);
}

/* The service is gone, and so is its client. */
static inline void drop(void)
{
  lun_imds_get_done(&get);
  lun_imds_free(imds);
  imds = NULL;
  server_stop(&server);
  server.log = NULL;
}

static inline int requests(void)
{
  return atomic_load(&server.log->requests);
}

static const struct lun_imds_options plain = {.attempts = 1};

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
