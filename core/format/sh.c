/*
 * POSIX shell, as bash and dash read it.  Where a word may stand a value is
 * put between single quotes, which hide everything; between double quotes
 * the four special characters get a backslash.  The quoting that the template
 * opens is followed on a small stack; where quoting rules nest in ways that
 * shells disagree about (here-documents, ${...}, arithmetic, back quotes)
 * values are refused rather than guessed.
 *
 * A shell takes a backslash and the newline behind it away before it looks:
 * what a backslash does is decided at the character that follows it.
 */
#include "heredoc.h"

#include "../base/error.h"

#define DEPTH 64

/* What is open, innermost last.  The bottom is the script itself. */
enum sh_in {
  CODE,       /* words; also inside $( ) */
  SINGLE,     /* '...' */
  DOUBLE,     /* "..." */
  ANSI,       /* $'...' */
  BACKTICK,   /* `...` */
  PARAMETER,  /* ${...} */
  ARITHMETIC, /* $((...)) */
  COMMAND     /* ((...)), which is no part of a word */
};

struct sh {
  unsigned char in[DEPTH];
  int parens[DEPTH];    /* open parentheses in each level */
  size_t starts[DEPTH]; /* of the word that was open when a level began */
  size_t depth;
  bool escaped; /* behind a backslash, which is not followed yet */
  bool comment;
  bool word;     /* inside a word */
  bool value;    /* the word has a value in it */
  bool argument; /* a command went before: the word is no assignment */
  bool name;     /* in DOUBLE: behind $NAME, which could grow */
  bool lost;     /* more than is followed here: no values from here on */
  char before;   /* the literal character before this one; else '\0' */
  size_t start;  /* of the word in the output */
  struct lun_heredoc here;
};

static enum sh_in inside(const struct sh *s)
{
  return (enum sh_in)s->in[s->depth];
}

static enum lun_code push(struct sh *s, enum sh_in in, struct lun_error *err)
{
  if (s->depth + 1 == DEPTH)
    return lun_error_set(err, LUN_EINVALID,
                         "more than %d levels of shell quoting", DEPTH);
  s->depth++;
  s->in[s->depth] = (unsigned char)in;
  s->parens[s->depth] = 0;
  s->starts[s->depth] = s->start;
  if (in == CODE) {
    s->word = false;
    s->argument = false;
  }
  return LUN_OK;
}

/* The innermost level ends; all but a command were a part of a word. */
static void pop(struct sh *s)
{
  if (inside(s) == CODE)
    s->value = false;
  s->word = inside(s) != COMMAND;
  s->start = s->starts[s->depth];
  s->depth--;
}

/* True if IN is open, here or around. */
static bool within(const struct sh *s, enum sh_in in)
{
  for (size_t i = 0; i <= s->depth; i++) {
    if (s->in[i] == (unsigned char)in)
      return true;
  }
  return false;
}

/* True between double quotes of the same words, ${...} passed over. */
static bool double_quoted(const struct sh *s)
{
  size_t i = s->depth;

  while (i > 0 && s->in[i] == PARAMETER)
    i--;
  return s->in[i] == DOUBLE;
}

static void start_word(lun_writer *writer)
{
  struct sh *s = writer->state;

  if (s->word)
    return;
  s->word = true;
  s->value = false;
  s->start = writer->out.len;
}

/* ---------------------------------------------------------------- words -- */

static struct lun_span word_so_far(const lun_writer *writer)
{
  const struct sh *s = writer->state;
  struct lun_span all = lun_buf_view(&writer->out);

  return (struct lun_span){all.ptr + s->start, all.len - s->start};
}

/* True if a shell reads the word TEXT, broken by no backslash-newline. */
static bool reads(struct lun_span word, const char *text)
{
  size_t i = 0;

  while (i < word.len) {
    if (i + 1 < word.len && word.ptr[i] == '\\' && word.ptr[i + 1] == '\n') {
      i += 2;
    } else if (*text != '\0' && word.ptr[i] == *text) {
      i++;
      text++;
    } else {
      return false;
    }
  }
  return *text == '\0';
}

static void end_word(lun_writer *writer)
{
  struct sh *s = writer->state;
  struct lun_span word = word_so_far(writer);

  if (!s->word)
    return;
  if (s->depth > 0 && reads(word, "case"))
    s->lost = true; /* its patterns close parentheses that none opened */
  if (!lun_format_has(word, '='))
    s->argument = true;
  s->word = false;
  s->value = false;
}

/*
 * A name before = that has values in it: 'NAME'= would be no assignment, so
 * its quotes go, and what needs them is no name.
 */
static enum lun_code bare_name(lun_writer *writer, struct lun_error *err)
{
  struct sh *s = writer->state;
  struct lun_span lifted = lun_format_lift(writer, s->start);
  size_t from = writer->out.len;
  struct lun_span all = {NULL, 0};

  for (size_t i = 0; i < lifted.len; i++) {
    if (lifted.ptr[i] != '\'')
      lun_buf_addc(&writer->out, lifted.ptr[i]);
  }
  all = lun_buf_view(&writer->out);
  if (lun_format_is_name((struct lun_span){all.ptr + from, all.len - from}))
    return LUN_OK;
  if (!s->argument) {
    lun_format_refuse(err, "this value", "in the name of a variable");
    lun_error_hint(err, "a name is letters, digits and _, and begins with no "
                        "digit");
    return LUN_EINVALID;
  }
  lun_buf_cut(&writer->out, from);
  lun_buf_add_span(&writer->out, lifted);
  return LUN_OK;
}

/* ------------------------------------------------------------ following -- */

static void code_newline(lun_writer *writer)
{
  struct sh *s = writer->state;

  end_word(writer);
  s->argument = false;
  s->comment = false;
  if (s->here.state == LUN_HERE_DUE) {
    s->lost = s->lost || s->depth > 0;
    s->here.state = LUN_HERE_BODY;
    s->here.line = writer->out.len + 1;
  }
}

/* What $ and the character C behind it open. */
static enum lun_code dollar(struct sh *s, char c, struct lun_error *err)
{
  if (c == '(')
    return push(s, CODE, err);
  if (c == '{')
    return push(s, PARAMETER, err);
  return push(s, c == '"' ? DOUBLE : ANSI, err);
}

static enum lun_code parenthesis(lun_writer *writer, char c,
                                 struct lun_error *err)
{
  struct sh *s = writer->state;
  enum lun_code rc = LUN_OK;

  if (c == ')' && s->depth > 0 && s->parens[s->depth] == 0) {
    end_word(writer);
    pop(s);
    return LUN_OK;
  }
  if (c == '(' && s->before == '(') { /* ((...)) or $((...)) */
    bool substitution = s->depth > 0 && s->parens[s->depth] == 0;
    if (substitution) {
      s->in[s->depth] = ARITHMETIC;
    } else {
      s->parens[s->depth] -= s->depth > 0;
      rc = push(s, COMMAND, err);
    }
    s->parens[s->depth] = 2;
    return rc;
  }
  end_word(writer);
  s->argument = false;
  if (s->depth > 0)
    s->parens[s->depth] += c == '(' ? 1 : -1;
  return LUN_OK;
}

static void operator(lun_writer *writer, char c)
{
  struct sh *s = writer->state;
  bool here = c == '<' && s->before == '<';

  end_word(writer);
  s->argument = s->argument && !lun_format_one_of(";&|", c);
  if (here && s->here.state == LUN_HERE_WORD) { /* <<< is a here-string */
    s->here.state = LUN_HERE_NONE;
  } else if (here) {
    s->lost = s->lost || s->here.state != LUN_HERE_NONE || s->depth > 0;
    s->here.state = LUN_HERE_WORD;
  }
}

/* A character of a word. */
static enum lun_code in_word(lun_writer *writer, char c, struct lun_error *err)
{
  struct sh *s = writer->state;

  start_word(writer);
  if (c == '=' && s->value && !lun_format_has(word_so_far(writer), '='))
    return bare_name(writer, err);
  if (s->before == '$' && lun_format_one_of("{'\"", c))
    return dollar(s, c, err);
  if (c == '\'')
    return push(s, SINGLE, err);
  else if (c == '"')
    return push(s, DOUBLE, err);
  else if (c == '`')
    return push(s, BACKTICK, err);
  return LUN_OK;
}

static enum lun_code in_code(lun_writer *writer, char c, struct lun_error *err)
{
  struct sh *s = writer->state;

  if (s->here.state == LUN_HERE_WORD && (c != '<' || s->before != '<')) {
    lun_heredoc_word(&s->here, c, s->before);
    if (s->here.state == LUN_HERE_WORD)
      return LUN_OK;
  }
  if (c == '\n')
    code_newline(writer);
  else if (lun_text_blank(c))
    end_word(writer);
  else if (c == '#' && !s->word)
    s->comment = true;
  else if (c == '(' && s->before == '$')
    return dollar(s, c, err);
  else if (c == '(' || c == ')')
    return parenthesis(writer, c, err);
  else if (lun_format_one_of(";&|<>", c))
    operator(writer, c);
  else
    return in_word(writer, c, err);
  return LUN_OK;
}

static enum lun_code in_double(struct sh *s, char c, struct lun_error *err)
{
  s->name = lun_format_name(c) && (s->name || s->before == '$');
  if (c == '"')
    pop(s);
  else if (c == '`')
    return push(s, BACKTICK, err);
  else if (s->before == '$' && lun_format_one_of("({", c))
    return dollar(s, c, err);
  return LUN_OK;
}

static enum lun_code in_parameter(struct sh *s, char c, struct lun_error *err)
{
  if (s->before == '$' && lun_format_one_of("({", c))
    return dollar(s, c, err);
  if (c == '}')
    pop(s);
  else if (c == '"')
    return push(s, DOUBLE, err);
  else if (c == '\'' && double_quoted(s))
    s->lost = true; /* shells differ about what it is there */
  else if (c == '\'')
    return push(s, SINGLE, err);
  else if (c == '`')
    return push(s, BACKTICK, err);
  return LUN_OK;
}

static enum lun_code in_level(lun_writer *writer, char c, struct lun_error *err)
{
  struct sh *s = writer->state;

  switch (inside(s)) {
  case CODE: return in_code(writer, c, err);
  case DOUBLE: return in_double(s, c, err);
  case PARAMETER: return in_parameter(s, c, err);
  case SINGLE:
  case ANSI:
  case BACKTICK:
    if (c == (inside(s) == BACKTICK ? '`' : '\''))
      pop(s);
    break;
  case ARITHMETIC:
  case COMMAND:
    /* or, after all, a subshell in a subshell, with quotes and comments */
    s->lost = s->lost || lun_format_one_of("'\"`", c) ||
              (c == '#' && (lun_text_blank(s->before) || s->before == '\n'));
    s->parens[s->depth] += (c == '(') - (c == ')');
    if (s->parens[s->depth] == 0)
      pop(s);
    break;
  }
  return LUN_OK;
}

/* C stands behind a backslash, which hides it. */
static void hidden(lun_writer *writer, char c)
{
  struct sh *s = writer->state;

  if (inside(s) == CODE && s->here.state == LUN_HERE_WORD) {
    lun_heredoc_hidden(&s->here, c);
  } else if (inside(s) == CODE && !s->word) {
    start_word(writer);
    s->start--; /* with the backslash */
  }
  s->lost = s->lost || inside(s) == ARITHMETIC || inside(s) == COMMAND;
  s->name = false;
  s->before = '\0';
}

static enum lun_code follow(lun_writer *writer, char c, struct lun_error *err)
{
  struct sh *s = writer->state;
  size_t depth = s->depth;
  enum lun_code rc = LUN_OK;

  if (s->here.state == LUN_HERE_BODY) {
    if (c == '\n')
      lun_heredoc_line(&s->here, lun_buf_view(&writer->out));
    return LUN_OK;
  }
  if (s->comment) {
    if (c == '\n')
      code_newline(writer);
    return LUN_OK;
  }
  if (s->escaped) {
    s->escaped = false;
    if (c != '\n')
      hidden(writer, c);
    return LUN_OK;
  }
  if (c == '\\' && inside(s) != SINGLE && s->here.quote == '\0') {
    s->escaped = true;
    return LUN_OK;
  }
  rc = in_level(writer, c, err);
  /* $$ and what a quote or bracket has closed are whole: all begins anew */
  s->before = (c == '$' && s->before == '$') || depth > s->depth ? '\0' : c;
  return rc;
}

static enum lun_code sh_text(lun_writer *writer, struct lun_span text,
                             struct lun_error *err)
{
  enum lun_code rc = LUN_OK;

  for (size_t i = 0; i < text.len && rc == LUN_OK; i++) {
    rc = follow(writer, text.ptr[i], err);
    lun_buf_addc(&writer->out, text.ptr[i]);
  }
  return rc;
}

/* --------------------------------------------------------------- values -- */

static const char *no_value_here(const struct sh *s)
{
  if (s->lost || s->here.lost)
    return "behind shell code that lunette does not follow (case or << "
           "inside $( ), quotes inside (( )) or \"${ }\", a here-document's "
           "word that is not plain)";
  if (s->here.state == LUN_HERE_BODY || s->here.state == LUN_HERE_WORD)
    return "in a here-document";
  if (s->comment)
    return "in a comment";
  if (within(s, BACKTICK))
    return "between back quotes; use $( )";
  if (within(s, PARAMETER))
    return "in ${...}";
  if (within(s, ARITHMETIC) || within(s, COMMAND))
    return "in shell arithmetic";
  if (within(s, ANSI))
    return "in $'...'";
  if (s->escaped)
    return "behind a backslash";
  if (s->before == '$' && inside(s) != SINGLE)
    return "behind a '$'";
  return NULL;
}

static void put_single(lun_writer *writer, struct lun_span bytes)
{
  for (size_t i = 0; i < bytes.len; i++) {
    if (bytes.ptr[i] == '\'')
      lun_buf_adds(&writer->out, "'\\''");
    else
      lun_buf_addc(&writer->out, bytes.ptr[i]);
  }
}

static void put_double(lun_writer *writer, struct lun_span bytes)
{
  struct sh *s = writer->state;

  if (s->name)
    lun_buf_adds(&writer->out, "\"\""); /* "$NAME" ends here */
  s->name = false;
  for (size_t i = 0; i < bytes.len; i++) {
    char c = bytes.ptr[i];
    if (c == '"' || c == '\\' || c == '$' || c == '`')
      lun_buf_addc(&writer->out, '\\');
    lun_buf_addc(&writer->out, c);
  }
}

static enum lun_code sh_value(lun_writer *writer, enum lun_value_kind kind,
                              struct lun_span bytes, struct lun_error *err)
{
  struct sh *s = writer->state;
  enum lun_code rc =
      lun_format_check(kind, bytes, false, "in a shell word", err);
  const char *where = no_value_here(s);
  bool typed = kind != LUN_VALUE_STRING && kind != LUN_VALUE_JSON;

  if (rc)
    return rc;
  if (where != NULL) {
    lun_format_refuse(err, "a value", where);
    lun_error_hint(err, "give it to a variable first: NAME={{ x }}");
    return LUN_EINVALID;
  }
  if (inside(s) == SINGLE) {
    put_single(writer, bytes);
  } else if (inside(s) == DOUBLE) {
    put_double(writer, bytes);
  } else if (typed && s->before == '=' && s->word) {
    lun_buf_add_span(&writer->out, bytes);
    s->value = true;
  } else {
    start_word(writer);
    s->value = true;
    lun_buf_addc(&writer->out, '\'');
    put_single(writer, bytes);
    lun_buf_addc(&writer->out, '\'');
  }
  s->before = '\0';
  return LUN_OK;
}

static enum lun_code sh_end(lun_writer *writer, struct lun_error *err)
{
  struct sh *s = writer->state;

  if (s->here.state == LUN_HERE_BODY) /* the last line may lack its newline */
    lun_heredoc_line(&s->here, lun_buf_view(&writer->out));
  if (s->here.state == LUN_HERE_BODY && !s->lost && !s->here.lost)
    return lun_error_set(err, LUN_EINVALID, "a here-document is not closed");
  if (s->depth > 0 && !s->lost && !s->here.lost)
    return lun_error_set(err, LUN_EINVALID,
                         "a quote or bracket of the shell is not closed");
  return LUN_OK;
}

const struct lun_format lun_format_sh = {
    .name = "sh",
    .state_size = sizeof(struct sh),
    .text = sh_text,
    .value = sh_value,
    .end = sh_end,
};
