/*
 * dpop_lines: makes DPoP headers.  Each line has four words in base64, the
 * PEM of a key, a method, a URL and an id, and then a time in seconds; the
 * answer is a line with the header, or "refused: WHY".
 */
#include "../../core/sign/dpop.h"
#include "../../core/text/text.h"

#include "../../core/base/error.h"

#include <stdio.h>
#include <stdlib.h>

#define LINE_MAX_BYTES ((size_t)1 << 16)
#define WORDS          5

enum word {
  KEY,
  METHOD,
  URL,
  ID,
  TIME
};

/* Takes the next word off LINE. */
static struct lun_span next_word(struct lun_span *line)
{
  struct lun_span word = *line;
  size_t i = 0;

  while (i < line->len && line->ptr[i] != ' ')
    i++;
  word.len = i;
  line->ptr += i < line->len ? i + 1 : i;
  line->len -= i < line->len ? i + 1 : i;
  return word;
}

static bool read_line(struct lun_buf words[WORDS], struct lun_dpop *claim,
                      struct lun_span line)
{
  size_t i = 0;

  for (i = KEY; i < TIME; i++)
    if (!lun_text_unbase64(&words[i], next_word(&line)))
      return false;
  claim->key = lun_buf_view(&words[KEY]);
  claim->method = lun_buf_view(&words[METHOD]);
  claim->url = lun_buf_view(&words[URL]);
  claim->id = lun_buf_view(&words[ID]);
  return lun_text_int(line, 0, INT64_MAX, &claim->time);
}

static void answer(lun_ctx *ctx, struct lun_span line)
{
  struct lun_error err = {.code = LUN_OK};
  struct lun_dpop claim = {.time = 0};
  struct lun_buf words[WORDS];
  struct lun_buf proof = LUN_BUF_INIT(ctx, LINE_MAX_BYTES);
  size_t i = 0;

  for (i = 0; i < WORDS; i++)
    lun_buf_init(&words[i], ctx, LINE_MAX_BYTES);
  if (!read_line(words, &claim, line))
    printf("refused: no order\n");
  else if (lun_dpop_proof(&proof, &claim, &err))
    printf("refused: %s\n", err.message);
  else
    printf("%s\n", lun_buf_text(&proof));
  for (i = 0; i < WORDS; i++)
    lun_buf_done(&words[i]);
  lun_buf_done(&proof);
}

int main(void)
{
  char *line = NULL;
  size_t room = 0;
  ssize_t len = 0;
  lun_ctx *ctx = NULL;
  int status = 0;

  if (lun_ctx_new(&ctx, NULL))
    return 1;
  while ((len = getline(&line, &room, stdin)) > 0)
    answer(ctx, lun_text_trim((struct lun_span){line, (size_t)len}));
  free(line);
  if (ctx->account.live_blocks != 0) {
    fprintf(stderr, "%zu blocks were not released\n", ctx->account.live_blocks);
    status = 1;
  }
  lun_ctx_free(ctx);
  return status;
}
