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

enum lun_code lun_clock_uuid(const lun_ctx *ctx, char out[37],
                             struct lun_error *err)
{
  unsigned char r[16] = {0};
  enum lun_code rc = lun_clock_random(ctx, r, sizeof(r), err);

  if (rc)
    return rc;
  r[6] = (unsigned char)((r[6] & 0x0F) | 0x40);
  r[8] = (unsigned char)((r[8] & 0x3F) | 0x80);
  (void)snprintf(out, 37,
                 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
                 "%02x%02x%02x%02x%02x%02x",
                 r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9],
                 r[10], r[11], r[12], r[13], r[14], r[15]);
  return LUN_OK;
}
