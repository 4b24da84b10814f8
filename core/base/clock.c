/*
 * The system's time and randomness; a test puts its own into the context.
 */
#include "clock.h"

#include "error.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>

static int64_t read_ms(clockid_t id)
{
  struct timespec now = {0, 0};

  (void)clock_gettime(id, &now); /* cannot fail for these two clocks */
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_wall_ms(void *data)
{
  (void)data;
  return read_ms(CLOCK_REALTIME);
}

static int64_t system_mono_ms(void *data)
{
  (void)data;
  return read_ms(CLOCK_MONOTONIC);
}

static bool system_random(void *data, void *out, size_t len)
{
  unsigned char *ptr = out;

  (void)data;
  while (len > 0) {
    ssize_t got = getrandom(ptr, len, 0);

    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return false;
    ptr += got;
    len -= (size_t)got;
  }
  return true;
}

void lun_clock_system(struct lun_clock *clock)
{
  *clock =
      (struct lun_clock){system_wall_ms, system_mono_ms, system_random, NULL};
}

int64_t lun_clock_wall_ms(const lun_ctx *ctx)
{
  return ctx->clock.wall_ms(ctx->clock.data);
}

int64_t lun_clock_mono_ms(const lun_ctx *ctx)
{
  return ctx->clock.mono_ms(ctx->clock.data);
}

enum lun_code lun_clock_random(const lun_ctx *ctx, void *out, size_t len,
                               struct lun_error *err)
{
  if (ctx->clock.random(ctx->clock.data, out, len))
    return LUN_OK;
  return lun_error_set(err, LUN_EFILE, "the system gives no random bytes");
}
