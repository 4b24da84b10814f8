/*
 * A list of steps; without memory for one it goes on without, and says so.
 */
#include "trace.h"

#include "../base/clock.h"
#include "../base/error.h"
#include "../base/mem.h"

void lun_trace_init(struct lun_trace *trace, lun_ctx *ctx)
{
  memset(trace, 0, sizeof(*trace));
  trace->ctx = ctx;
}

void lun_trace_clear(struct lun_trace *trace)
{
  lun_ctx *ctx = trace->ctx;
  size_t i = 0;

  for (i = 0; i < trace->nsteps; i++) {
    lun_mem_free(ctx, trace->steps[i].name);
    lun_mem_free(ctx, trace->steps[i].looked);
    lun_mem_free(ctx, trace->steps[i].why);
  }
  lun_mem_free(ctx, trace->steps);
  lun_trace_init(trace, ctx);
}

/* A copy that can be printed anywhere: names of files, and what services
 * said, may be anything. */
static char *keep(lun_ctx *ctx, const char *text)
{
  size_t len = strlen(text);
  size_t size = len + sizeof("..."); /* no character gets longer */
  char *copy = lun_mem_alloc(ctx, size);

  if (copy != NULL)
    lun_error_text(copy, size, (struct lun_span){text, len});
  return copy;
}

size_t lun_trace_begin(struct lun_trace *trace, int depth, const char *name)
{
  struct lun_trace_step *steps = NULL;
  struct lun_trace_step step = {.depth = depth};

  if (trace == NULL || trace->lost)
    return 0;
  step.name = lun_mem_strdup(trace->ctx, name);
  if (step.name != NULL)
    steps = lun_mem_resize(trace->ctx, trace->steps,
                           (trace->nsteps + 1) * sizeof(*steps));
  if (steps == NULL) {
    lun_mem_free(trace->ctx, step.name);
    trace->lost = true;
    return 0;
  }
  step.began_ms = lun_clock_mono_ms(trace->ctx);
  steps[trace->nsteps] = step;
  trace->steps = steps;
  return trace->nsteps++;
}

void lun_trace_finish(struct lun_trace *trace, size_t step, const char *looked,
                      enum lun_trace_end end, const char *why)
{
  struct lun_trace_step *at = NULL;

  if (trace == NULL || trace->lost)
    return;
  at = &trace->steps[step];
  at->end = end;
  at->took_ms = lun_clock_mono_ms(trace->ctx) - at->began_ms;
  at->looked = keep(trace->ctx, looked);
  at->why = keep(trace->ctx, why);
  trace->lost = at->looked == NULL || at->why == NULL;
}

void lun_trace_move(struct lun_trace *to, struct lun_trace *from)
{
  struct lun_trace_step *steps = NULL;
  size_t i = 0;

  for (i = 0; i < from->nsteps; i++)
    if (from->steps[i].looked == NULL)
      lun_trace_finish(from, i, "", LUN_TRACE_FAILED,
                       "it was not at its end when nobody waited any more");
  to->lost = to->lost || from->lost;
  if (!to->lost && from->nsteps > 0) {
    steps = lun_mem_resize(to->ctx, to->steps,
                           (to->nsteps + from->nsteps) * sizeof(*steps));
    to->lost = steps == NULL;
  }
  if (steps != NULL) {
    memcpy(steps + to->nsteps, from->steps, from->nsteps * sizeof(*steps));
    to->steps = steps;
    to->nsteps += from->nsteps;
    from->nsteps = 0; /* the texts have a new owner */
  }
  lun_trace_clear(from);
  from->lost = true;
}
