/*
 * A command line's words.  An operator of the shell outside of quotes is
 * refused: as an argument it would do something else than it says.
 */
#include "../base/error.h"
#include "../text/text.h"
#include "spawn.h"

#define LINE_MAX_BYTES ((size_t)64 << 10)

/* What is left of the line, and the words so far. */
struct splitter {
  lun_ctx *ctx;
  const char *line;
  const char *at;
  struct lun_buf word;
  char **words;
  size_t count;
};

static bool blank(char c)
{
  return lun_text_blank(c) || c == '\n';
}

/* How much of what stands at AT only parts words: a blank, or the backslash
 * and the end of a line that goes on in the next. */
static size_t gap(const char *at)
{
  if (blank(at[0]))
    return 1;
  return at[0] == '\\' && at[1] == '\n' ? 2 : 0;
}

static enum lun_code wrong(const struct splitter *splitter, const char *why,
                           struct lun_error *err)
{
  (void)lun_error_set(err, LUN_EINVALID, "the command: %s at column %zu", why,
                      (size_t)(splitter->at - splitter->line) + 1);
  return LUN_EINVALID;
}

/* Where only an operator of the shell can stand. */
static enum lun_code refuse_operator(const struct splitter *splitter,
                                     struct lun_error *err)
{
  char why[] = "there is an unquoted 'x'";

  *strchr(why, 'x') = *splitter->at;
  (void)wrong(splitter, why, err);
  lun_error_hint(err, "no shell runs it: quote what is meant literally, or "
                      "run one, as sh -c '...'");
  return LUN_EINVALID;
}

/* The inside of single quotes; stands on the opening one. */
static enum lun_code single_quoted(struct splitter *splitter,
                                   struct lun_error *err)
{
  const char *end = strchr(splitter->at + 1, '\'');

  if (end == NULL)
    return wrong(splitter, "a quote without its end", err);
  lun_buf_add(&splitter->word, splitter->at + 1,
              (size_t)(end - splitter->at) - 1);
  splitter->at = end + 1;
  return LUN_OK;
}

/* A backslash is one of its own between double quotes, but before these. */
static bool escapable(char c)
{
  return c == '$' || c == '`' || c == '"' || c == '\\' || c == '\n';
}

static enum lun_code double_quoted(struct splitter *splitter,
                                   struct lun_error *err)
{
  const char *at = splitter->at + 1;

  for (; *at != '"'; at++) {
    if (*at == '\0')
      return wrong(splitter, "a quote without its end", err);
    if (*at == '\\' && escapable(at[1])) {
      at++;
      if (*at == '\n')
        continue;
    }
    lun_buf_addc(&splitter->word, *at);
  }
  splitter->at = at + 1;
  return LUN_OK;
}

static enum lun_code escaped(struct splitter *splitter, struct lun_error *err)
{
  char c = splitter->at[1];

  if (c == '\0')
    return wrong(splitter, "a backslash with nothing behind it", err);
  if (c != '\n')
    lun_buf_addc(&splitter->word, c);
  splitter->at += 2;
  return LUN_OK;
}

/* Takes one word; stands on its first character. */
static enum lun_code take_word(struct splitter *splitter, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;

  while (rc == LUN_OK && *splitter->at != '\0' && !blank(*splitter->at)) {
    char c = *splitter->at;

    if (c == '\'')
      rc = single_quoted(splitter, err);
    else if (c == '"')
      rc = double_quoted(splitter, err);
    else if (c == '\\')
      rc = escaped(splitter, err);
    else if (strchr("|&;<>()", c) != NULL)
      rc = refuse_operator(splitter, err);
    else
      lun_buf_addc(&splitter->word, *splitter->at++);
  }
  return rc;
}

/* Puts the word that has been taken behind the others. */
static enum lun_code keep_word(struct splitter *splitter, struct lun_error *err)
{
  char *word = lun_buf_take(&splitter->word, NULL);
  char **words = lun_mem_resize(splitter->ctx, splitter->words,
                                (splitter->count + 2) * sizeof(*words));

  if (words != NULL)
    splitter->words = words;
  if (word == NULL || words == NULL) {
    lun_mem_free(splitter->ctx, word);
    return lun_error_nomem(err);
  }
  words[splitter->count++] = word;
  return LUN_OK;
}

enum lun_code lun_words_split(char ***out, lun_ctx *ctx, const char *line,
                              struct lun_error *err)
{
  struct splitter splitter = {.ctx = ctx, .line = line, .at = line};
  enum lun_code rc = LUN_OK;

  lun_buf_init(&splitter.word, ctx, LINE_MAX_BYTES);
  for (;;) {
    while (gap(splitter.at) > 0)
      splitter.at += gap(splitter.at);
    if (*splitter.at == '\0')
      break;
    rc = take_word(&splitter, err);
    if (rc == LUN_OK)
      rc = lun_buf_status(&splitter.word, "a word of the command", err);
    if (rc == LUN_OK)
      rc = keep_word(&splitter, err);
    if (rc)
      break;
  }
  if (rc == LUN_OK && splitter.count == 0)
    rc = lun_error_set(err, LUN_EINVALID, "the command is empty");
  lun_buf_done(&splitter.word);
  if (rc)
    lun_words_free(ctx, splitter.words);
  else
    *out = splitter.words;
  return rc;
}

void lun_words_free(lun_ctx *ctx, char **words)
{
  size_t i = 0;

  if (words == NULL)
    return;
  for (i = 0; words[i] != NULL; i++)
    lun_mem_free(ctx, words[i]);
  lun_mem_free(ctx, words);
}
