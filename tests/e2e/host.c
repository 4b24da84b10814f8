/* A C program with the runtime inside: its scripts call a function of its. */
#include <lunette.h>

#include <stdio.h>
#include <string.h>

static enum lun_code host_name(void *data, int argc, const char *const *argv,
                               const char **out, struct lun_error *err)
{
  (void)argv;
  if (argc != 0) {
    err->code = LUN_EINVALID;
    strcpy(err->message, "host_name takes nothing");
    return err->code;
  }
  *out = data;
  return LUN_OK;
}

static int run(const char *code)
{
  struct lun_error err = {LUN_OK};
  struct lun_runtime_options options;
  lun_runtime *runtime = NULL;
  const char *args[] = {"one", "two"};

  lun_runtime_options_init(&options);
  options.memory_bytes = (size_t)16 << 20;
  options.instructions = 20000000;
  options.deadline_ms = 20000;
  if (lun_runtime_new(&runtime, &options, &err) == LUN_OK &&
      lun_runtime_register(runtime, "host_name", host_name, "example", &err) ==
          LUN_OK &&
      lun_runtime_run_chunk(runtime, "=code", code, strlen(code), 2, args,
                            &err) == LUN_OK)
    puts("ran");
  lun_runtime_close(runtime);
  if (err.code != LUN_OK)
    fprintf(stderr, "%s: %s\n", lun_code_kind(err.code), err.message);
  return lun_code_exit(err.code);
}

int main(int argc, char **argv)
{
  return argc == 2 ? run(argv[1]) : 2;
}
