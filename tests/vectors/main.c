/*
 * vectors DIR: runs every suite that DIR has, says what it passes over, and
 * ends with "N passed, M failed, K skipped".  Exit status 1 if one failed.
 */
#include "vectors.h"

#include <stdio.h>
#include <unistd.h>

struct suite {
  const char *path; /* below DIR */
  void (*run)(struct tally *tally, const char *path);
};

static const struct suite suites[] = {
    {"sigv4-aws-c-auth/v4", run_sigv4_aws},
    {"sigv4-botocore", run_sigv4_botocore},
    {"sigv4-smithy-rs-extra", run_sigv4_aws},
    {"json-test-suite", run_json},
    {"smithy-rs-config/profile-parser-tests.json", run_ini},
    {"aws-c-auth-profile-corpus", run_ini_corpus},
    {"botocore-cfg", run_ini_corpus},
    {"smithy-rs-datetime", run_dates},
    {"botocore-endpoint-rules", run_endpoints},
    {"reference-botocore-data/partitions.json", run_partitions},
    {"botocore-configured-endpoint-urls/profile-tests.json", run_configured},
    {"smithy-rs-config/recursion-detection.json", run_recursion},
};

/* What is in such folders and has nothing here to run it, with the reason. */
static const struct {
  const char *path;
  const char *why;
} passed_over[] = {
    {"sigv4-aws-c-auth/v4a", "SigV4a is not part of lunette"},
};

static void run(struct tally *total, const char *dir, const struct suite *suite)
{
  char path[VECTORS_PATH_MAX] = "";
  struct tally tally = {.ctx = total->ctx, .suite = suite->path};

  join_path(path, dir, suite->path);
  if (access(path, R_OK) != 0) {
    printf("skip %s: not in %s\n", suite->path, dir);
    total->skipped++;
    return;
  }
  suite->run(&tally, path);
  printf("%s: %d passed, %d failed", suite->path, tally.passed, tally.failed);
  if (tally.skipped > 0)
    printf(", %d skipped", tally.skipped);
  printf("\n");
  total->passed += tally.passed;
  total->failed += tally.failed;
  total->skipped += tally.skipped;
}

int main(int argc, char **argv)
{
  struct tally total = {.ctx = NULL};
  struct lun_error err = {.code = LUN_OK};
  size_t i = 0;

  if (argc != 2) {
    fprintf(stderr, "usage: vectors DIR\n");
    return 2;
  }
  if (lun_ctx_new(&total.ctx, &err))
    return 1;
  for (i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
    run(&total, argv[1], &suites[i]);
  for (i = 0; i < sizeof(passed_over) / sizeof(passed_over[0]); i++) {
    char path[VECTORS_PATH_MAX] = "";

    join_path(path, argv[1], passed_over[i].path);
    if (access(path, R_OK) == 0) {
      printf("skip %s: %s\n", passed_over[i].path, passed_over[i].why);
      total.skipped++;
    }
  }
  if (total.ctx->account.live_blocks != 0) {
    printf("FAIL all: %zu blocks were not released\n",
           total.ctx->account.live_blocks);
    total.failed++;
  }
  printf("%d passed, %d failed, %d skipped\n", total.passed, total.failed,
         total.skipped);
  lun_ctx_free(total.ctx);
  return total.failed > 0;
}
