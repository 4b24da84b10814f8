/*
 * An error is a line that says what happened, for a template's the line that
 * it is about, and the next step.  In a file or a pipe each stays one line,
 * which grep finds; on a terminal they are wrapped at blanks, so that the
 * names in them stay whole.
 */
#include "report.h"

#include "lfail.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_DEFAULT 80 /* of a terminal that does not say */
#define WIDTH_LEAST   40
#define STATUS_SCRIPT 1
#define EXCERPT_MAX   160 /* of a line; behind it nobody sees a caret */

static const char traceback_key = 0; /* its address: the last traceback */

/* ------------------------------------------------------------- wrapping -- */

/* The columns of standard error; SIZE_MAX where it is no terminal. */
static size_t width_of_terminal(void)
{
  struct winsize size = {.ws_col = 0};

  if (!isatty(STDERR_FILENO))
    return SIZE_MAX;
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return WIDTH_DEFAULT;
  return size.ws_col < WIDTH_LEAST ? WIDTH_LEAST : size.ws_col;
}

/* The characters of a UTF-8 text: its bytes that continue none. */
static size_t characters(struct lun_span text)
{
  size_t count = 0;
  size_t i = 0;

  for (i = 0; i < text.len; i++)
    count += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
  return count;
}

/* Prints PREFIX and TEXT within WIDTH, what goes on indented by two blanks. */
static void print_wrapped(const char *prefix, struct lun_span text,
                          size_t width)
{
  size_t column = strlen(prefix);
  size_t at = 0;

  fputs(prefix, stderr);
  while (at < text.len) {
    struct lun_span word = {text.ptr + at, 0};
    char before = at > 0 ? text.ptr[at - 1] : '\0';

    while (at + word.len < text.len && word.ptr[word.len] != ' ' &&
           word.ptr[word.len] != '\n')
      word.len++;
    if (before == '\n') {
      fputc('\n', stderr);
      column = 0;
    } else if (before == ' ' &&
               (column >= width || characters(word) > width - column - 1)) {
      fputs("\n  ", stderr);
      column = 2;
    } else if (before == ' ') {
      fputc(' ', stderr);
      column++;
    }
    fwrite(word.ptr, 1, word.len, stderr);
    column += characters(word);
    at += word.len + 1;
  }
  fputc('\n', stderr);
}

/* ------------------------------------------------------------- printing -- */

/* The lines of an excerpt as they are, less what could steer a terminal;
 * wrapped, its caret would point nowhere. */
static void print_excerpt(const char *excerpt)
{
  const char *line = excerpt;

  for (; *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n')
    if (strcspn(line, "\n") > EXCERPT_MAX)
      return;
  for (line = excerpt; *line != '\0';) {
    char shown[EXCERPT_MAX + 4] = "";
    size_t len = strcspn(line, "\n");

    lun_error_text(shown, sizeof(shown), (struct lun_span){line, len});
    fprintf(stderr, "%s\n", shown);
    line += len + (line[len] == '\n');
  }
}

void lunL_complain(const char *message, const char *excerpt, const char *hint)
{
  size_t width = width_of_terminal();

  fflush(stdout);
  print_wrapped("lunette: ", lun_span_of(message), width);
  if (excerpt != NULL)
    print_excerpt(excerpt);
  if (hint != NULL)
    print_wrapped("  hint: ", lun_span_of(hint), width);
}

/* -------------------------------------------------------------- reports -- */

int lunL_keep_traceback(lua_State *L)
{
  lua_settop(L, 1);
  luaL_traceback(L, L, NULL, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &traceback_key);
  return 1;
}

/* Pushes the excerpt that a template's error has; NULL if this one has none. */
static const char *push_excerpt(lua_State *L, int index)
{
  if (!lunL_iserror(L, index)) {
    lua_pushnil(L);
    return NULL;
  }
  lua_pushliteral(L, "excerpt");
  return lua_rawget(L, index) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
}

struct report {
  bool verbose;
  int status;
};

/*
 * Prints the error at 1 and settles its status, in protected mode as well: an
 * error may have a __tostring that raises, and there may be no memory left.
 */
static int protected_report(lua_State *L)
{
  struct report *report = lua_touserdata(L, 2);
  const char *text = NULL;
  const char *hint = NULL;

  report->status = lunL_exitstatus(L, 1);
  text = luaL_tolstring(L, 1, NULL);
  hint = strstr(text, LUNL_HINT);
  if (hint != NULL) {
    text = lua_pushlstring(L, text, (size_t)(hint - text));
    hint += sizeof(LUNL_HINT) - 1;
  }
  lunL_complain(text, push_excerpt(L, 1), hint);
  if (report->verbose &&
      lua_rawgetp(L, LUA_REGISTRYINDEX, &traceback_key) == LUA_TSTRING)
    fprintf(stderr, "%s\n", lua_tostring(L, -1));
  return 0;
}

int lunL_report(lua_State *L, bool verbose)
{
  struct report report = {verbose, STATUS_SCRIPT};

  lua_pushcfunction(L, protected_report);
  lua_insert(L, -2);
  lua_pushlightuserdata(L, &report);
  if (lua_pcall(L, 2, 0, 0) != LUA_OK) {
    lua_pop(L, 1);
    lunL_complain("the script failed, and its error cannot be shown", NULL,
                  NULL);
  }
  return report.status;
}
