/*
 * Where a here-document ends is a matter of its word, which shells read in
 * their own ways: of what is not plain, and of a backslash-newline near the
 * end of the body, we only know that we do not know.
 */
#include "heredoc.h"

static void add(struct lun_heredoc *here, char c)
{
  if (here->len < sizeof(here->word))
    here->word[here->len++] = c;
  else
    here->lost = true;
}

void lun_heredoc_word(struct lun_heredoc *here, char c, char before)
{
  bool begun = here->len > 0 || here->quoted;

  if (here->quote != '\0' && c != here->quote) {
    here->lost = here->lost || lun_format_one_of("\n\\", c);
    add(here, c);
  } else if (here->quote != '\0') {
    here->quote = '\0';
  } else if (lun_format_one_of("\n;|&<>()", c) ||
             (lun_text_blank(c) && begun)) {
    here->state = LUN_HERE_DUE;
  } else if (c == '-' && before == '<' && !begun) {
    here->tabs = true;
  } else if (lun_format_one_of("'\"", c)) {
    here->quoted = true;
    here->quote = c;
  } else if (!lun_text_blank(c)) {
    here->lost = here->lost || lun_format_one_of("$`", c);
    add(here, c);
  }
}

void lun_heredoc_hidden(struct lun_heredoc *here, char c)
{
  here->quoted = true;
  add(here, c);
}

/* True if LINE ends in a backslash that hides its newline. */
static bool goes_on(const struct lun_heredoc *here, struct lun_span line)
{
  size_t n = 0;

  while (n < line.len && line.ptr[line.len - 1 - n] == '\\')
    n++;
  return !here->quoted && n % 2 == 1;
}

/* True if LINE, which goes on, may be the first part of the word. */
static bool begins_word(const struct lun_heredoc *here, struct lun_span line)
{
  size_t len = line.len - 1; /* the backslash goes */

  return !here->joined && len <= here->len &&
         lun_span_same((struct lun_span){line.ptr, len},
                       (struct lun_span){here->word, len});
}

void lun_heredoc_line(struct lun_heredoc *here, struct lun_span all)
{
  struct lun_span line = {all.ptr + here->line, all.len - here->line};
  struct lun_span word = {here->word, here->len};
  bool on = goes_on(here, line);

  while (here->tabs && line.len > 0 && line.ptr[0] == '\t') {
    line.ptr++;
    line.len--;
  }
  if (on) {
    here->lost = here->lost || begins_word(here, line);
    here->joined = true;
  } else if (lun_span_same(line, word)) {
    bool lost = here->lost || here->joined;
    *here = (struct lun_heredoc){.lost = lost};
  } else {
    here->joined = false;
  }
  here->line = all.len + 1; /* behind the newline that is to come */
}
