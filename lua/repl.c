/*
 * Lines come from libedit where it is installed and standard input is a
 * terminal, loaded only then; else from plain reads.  A line is tried as an
 * expression first, whose values are printed; one that is incomplete goes on
 * on the next.  History stays in memory: a line may hold a secret.
 */
#include "repl.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 65536

struct editor {
  void *library; /* NULL: there is none */
  char *(*readline)(const char *prompt);
  int (*add_history)(const char *line);
};

static void load_editor(struct editor *editor)
{
  if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
    return;
  editor->library = dlopen("libedit.so.2", RTLD_NOW | RTLD_LOCAL);
  if (editor->library == NULL)
    return;
  /* POSIX says that this assignment works; ISO C has no cast for it. */
  *(void **)&editor->readline = dlsym(editor->library, "readline");
  *(void **)&editor->add_history = dlsym(editor->library, "add_history");
}

/* Pushes a line without its end; false at the end of input. */
static bool push_line(lua_State *L, const struct editor *editor,
                      const char *prompt)
{
  char line[LINE_MAX_BYTES] = "";
  char *edited = NULL;

  if (editor->readline != NULL) {
    edited = editor->readline(prompt);
    if (edited == NULL)
      return false;
    if (*edited != '\0' && editor->add_history != NULL)
      editor->add_history(edited);
    snprintf(line, sizeof(line), "%s", edited);
    free(edited);
  } else {
    if (isatty(STDIN_FILENO))
      fputs(prompt, stdout);
    fflush(stdout);
    if (fgets(line, sizeof(line), stdin) == NULL)
      return false;
  }
  line[strcspn(line, "\n")] = '\0';
  lua_pushstring(L, line);
  return true;
}

/* True if the message on top says that the chunk is not at its end yet. */
static bool incomplete(lua_State *L)
{
  size_t len = 0;
  const char *message = lua_tolstring(L, -1, &len);
  static const char mark[] = "<eof>";

  return message != NULL && len >= sizeof(mark) - 1 &&
         strcmp(message + len - (sizeof(mark) - 1), mark) == 0;
}

static int load_text(lua_State *L, const char *text)
{
  return luaL_loadbufferx(L, text, strlen(text), "=prompt", "t");
}

/* Turns the line on top into a function, or into an error message. */
static int compile(lua_State *L, const struct editor *editor)
{
  int rc = load_text(L, lua_pushfstring(L, "return %s", lua_tostring(L, -1)));

  lua_remove(L, -2);
  if (rc == LUA_OK) {
    lua_remove(L, -2);
    return rc;
  }
  lua_pop(L, 1);
  while ((rc = load_text(L, lua_tostring(L, -1))) == LUA_ERRSYNTAX &&
         incomplete(L)) {
    lua_pop(L, 1);
    lua_pushliteral(L, "\n");
    if (!push_line(L, editor, ">> ")) {
      lua_pop(L, 1);
      rc = load_text(L, lua_tostring(L, -1));
      break;
    }
    lua_concat(L, 3);
  }
  lua_remove(L, -2);
  return rc;
}

static void print_results(lua_State *L, int base)
{
  int count = lua_gettop(L) - base;
  int i = 0;

  for (i = 1; i <= count; i++) {
    printf("%s%s", i > 1 ? "\t" : "", luaL_tolstring(L, base + i, NULL));
    lua_pop(L, 1);
  }
  if (count > 0)
    putchar('\n');
}

/* Both are called in protected mode, for __tostring may raise. */
static int print_protected(lua_State *L)
{
  print_results(L, 0);
  return 0;
}

static int print_error(lua_State *L)
{
  fflush(stdout);
  fprintf(stderr, "%s\n", luaL_tolstring(L, 1, NULL));
  return 0;
}

/* Prints the error on top, even one that cannot say what it is. */
static void report(lua_State *L)
{
  const char *type = luaL_typename(L, -1);

  lua_pushcfunction(L, print_error);
  lua_insert(L, -2);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK)
    fprintf(stderr, "an error whose __tostring raises (a %s)\n", type);
}

void lunL_repl(lua_State *L)
{
  struct editor editor = {NULL, NULL, NULL};
  int base = lua_gettop(L);

  load_editor(&editor);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "lunette");
  lua_call(L, 1, 1);
  lua_setglobal(L, "ln");
  while (push_line(L, &editor, "> ")) {
    int rc = compile(L, &editor);

    if (rc == LUA_OK)
      rc = lua_pcall(L, 0, LUA_MULTRET, 0);
    if (rc == LUA_OK) {
      lua_pushcfunction(L, print_protected);
      lua_insert(L, base + 1);
      rc = lua_pcall(L, lua_gettop(L) - base - 1, 0, 0);
    }
    if (rc != LUA_OK)
      report(L);
    lua_settop(L, base);
  }
  if (editor.library != NULL)
    dlclose(editor.library);
}
