/* A C program on the client alone: prints a field of a secret, and who asks. */
#include <lunette.h>

#include <stdio.h>

int main(int argc, char **argv)
{
  struct lun_error err = {LUN_OK};
  struct lun_session_options options;
  struct lun_identity me;
  lun_ctx *ctx = NULL;
  lun_session *session = NULL;
  lun_secret *secret = NULL;
  size_t len = 0;
  const char *bytes = NULL;

  if (argc != 2 || lun_version_num() != LUN_VERSION_NUM)
    return 2;
  lun_session_options_init(&options);
  options.deadline_ms = 20000;
  if (lun_ctx_new(&ctx, &err) == LUN_OK &&
      lun_session_new(&session, ctx, &options, &err) == LUN_OK &&
      lun_session_identity(&me, session, &err) == LUN_OK &&
      lun_session_get(&secret, session, argv[1], &err) == LUN_OK) {
    bytes = lun_secret_bytes(secret, &len);
    printf("%s %.*s\n", me.account, (int)len, bytes);
  }
  lun_secret_unref(secret);
  lun_session_unref(session);
  lun_ctx_free(ctx);
  if (err.code != LUN_OK)
    fprintf(stderr, "%s: %s\n", lun_code_kind(err.code), err.message);
  return lun_code_exit(err.code);
}
