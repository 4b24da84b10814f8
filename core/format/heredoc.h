/*
 * Here-documents: the word behind <<, and the line that ends the body.
 * Private to the format sh.
 */
#ifndef LUN_HEREDOC_H
#define LUN_HEREDOC_H

#include "format.h"

/* Zero is the state where there is none. */
struct lun_heredoc {
  enum {
    LUN_HERE_NONE,
    LUN_HERE_WORD, /* the word is being read */
    LUN_HERE_DUE,  /* it is known; the body begins with the next line */
    LUN_HERE_BODY
  } state;
  bool tabs;   /* <<- */
  bool quoted; /* the word was: the body is taken as it is */
  bool joined; /* the body's last line ended in a backslash */
  bool lost;   /* shells differ about where a body ends; stays true */
  char quote;  /* that is open in the word */
  size_t line; /* where the body's line begins in the output */
  size_t len;
  char word[64];
};

/* The character C of the word; BEFORE is the literal one before it. */
void lun_heredoc_word(struct lun_heredoc *here, char c, char before);

/* The character C of the word, which a backslash hides. */
void lun_heredoc_hidden(struct lun_heredoc *here, char c);

/* A line of the body, the last of the output ALL, has ended. */
void lun_heredoc_line(struct lun_heredoc *here, struct lun_span all);

#endif
