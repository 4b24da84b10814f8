/*
 * The command: makes a state, does everything in protected mode, reports,
 * closes.  A subcommand is a Lua script that is compiled in (scripts/), or one
 * of the user's; this file finds and runs it, and knows nothing of AWS.
 *
 * It alone may end the process, and does so by returning from main.
 */
#include "../core/text/near.h"
#include "lembed.h"
#include "repl.h"
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define STATUS_SCRIPT 1
#define STATUS_USAGE  2

/* What the command line says. */
struct command {
  int argc;
  char **argv;
  bool verbose;
  const char *code; /* -e */
  bool interactive; /* -i */
  const char *name; /* of a script, "-" for standard input; may be NULL */
  int first;        /* index of the script's first argument */
  int status;
};

/* ------------------------------------------------------------- scripts -- */

static const struct lun_embedded *find_embedded(const char *name)
{
  const struct lun_embedded *script = lun_embedded_scripts;

  while (script->name != NULL && strcmp(script->name, name) != 0)
    script++;
  return script->name != NULL ? script : NULL;
}

/* Looks for NAME.lua in the folders of PATH (separated by colons). */
static bool push_from(lua_State *L, const char *path, const char *name)
{
  while (path != NULL && *path != '\0') {
    size_t len = strcspn(path, ":");

    if (len > 0) {
      lua_pushlstring(L, path, len);
      lua_pushfstring(L, "%s/%s.lua", lua_tostring(L, -1), name);
      lua_remove(L, -2);
      if (access(lua_tostring(L, -1), R_OK) == 0)
        return true;
      lua_pop(L, 1);
    }
    path += len + (path[len] == ':');
  }
  return false;
}

/*
 * Pushes the path of a user's own script.  secure_getenv gives nothing when
 * privileges were gained, so that nobody's folders count then.
 */
static bool push_user_script(lua_State *L, const char *name)
{
  const char *config = secure_getenv("XDG_CONFIG_HOME");
  const char *home = secure_getenv("HOME");

  if (push_from(L, secure_getenv("LUNETTE_PATH"), name))
    return true;
  if (config != NULL && *config != '\0')
    lua_pushfstring(L, "%s/lunette/scripts", config);
  else if (home != NULL)
    lua_pushfstring(L, "%s/.config/lunette/scripts", home);
  else
    return false;
  if (push_from(L, lua_tostring(L, -1), name)) {
    lua_remove(L, -2);
    return true;
  }
  lua_pop(L, 1);
  return false;
}

static bool is_file_name(const char *name)
{
  size_t len = strlen(name);

  return strchr(name, '/') != NULL ||
         (len > 4 && strcmp(name + len - 4, ".lua") == 0);
}

static int no_command(lua_State *L, const char *name)
{
  const struct lun_embedded *script = lun_embedded_scripts;
  struct lun_near near = {0};
  const char *best = NULL;

  lun_near_init(&near, lun_span_of(name));
  for (; script->name != NULL; script++)
    lun_near_try(&near, script->name);
  best = near.name;
  lua_getglobal(L, "require");
  lua_pushliteral(L, "lunette.core");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "error");
  lua_createtable(L, 0, 3);
  lua_pushliteral(L, "usage");
  lua_setfield(L, -2, "kind");
  lua_pushfstring(L, "'%s' is no command of lunette", name);
  lua_setfield(L, -2, "message");
  if (best != NULL)
    lua_pushfstring(L, "did you mean '%s'?", best);
  else
    lua_pushliteral(L, "lunette help lists them; a script's name ends in .lua");
  lua_setfield(L, -2, "hint");
  lua_call(L, 1, 1);
  return lua_error(L);
}

/* A file that cannot be opened is a usage error; one that is no Lua is not. */
static int load_file(lua_State *L, const char *path)
{
  if (path != NULL && access(path, R_OK) != 0) {
    lua_pushfstring(L, "cannot open %s: %s", path, strerror(errno));
    return LUA_ERRFILE;
  }
  return luaL_loadfilex(L, path, "t");
}

/* Pushes the function that the command line names; raises what is wrong. */
static void load_script(lua_State *L, struct command *command)
{
  const struct lun_embedded *script = NULL;
  int rc = LUA_OK;

  if (strcmp(command->name, "-") == 0)
    rc = load_file(L, NULL);
  else if (is_file_name(command->name))
    rc = load_file(L, command->name);
  else if ((script = find_embedded(command->name)) != NULL)
    rc = lunL_load_embedded(L, script, lun_embedded_scripts_release);
  else if (push_user_script(L, command->name))
    rc = load_file(L, lua_tostring(L, -1));
  else
    no_command(L, command->name);
  if (rc == LUA_ERRFILE)
    command->status = STATUS_USAGE;
  if (rc != LUA_OK)
    lua_error(L);
}

/* Fills the global `arg` and pushes the same arguments for `...`. */
static int push_arguments(lua_State *L, const struct command *command)
{
  int count = command->argc - command->first;
  int i = 0;

  luaL_checkstack(L, count + 4, "too many arguments");
  lua_createtable(L, count, 1);
  lua_pushstring(L, command->name != NULL ? command->name : command->argv[0]);
  lua_rawseti(L, -2, 0);
  for (i = 0; i < count; i++) {
    lua_pushstring(L, command->argv[command->first + i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setglobal(L, "arg");
  for (i = 0; i < count; i++)
    lua_pushstring(L, command->argv[command->first + i]);
  return count;
}

/* ---------------------------------------------------------------- help -- */

static void print_help(void)
{
  const struct lun_embedded *script = lun_embedded_scripts;

  printf("lunette %s: secrets from AWS Secrets Manager into configuration\n\n"
         "usage: lunette COMMAND [ARG]...      one of the commands below\n"
         "       lunette FILE.lua [ARG]...     a script; - is standard input\n"
         "       lunette -e CODE [ARG]...      a chunk of Lua\n"
         "       lunette -i                    a prompt\n"
         "       lunette -v ...                with events and tracebacks\n\n",
         LUN_VERSION);
  for (; script->name != NULL; script++) {
    const char *line = script->bytes + strspn(script->bytes, "- ");

    printf("  %-10s %.*s\n", script->name, (int)strcspn(line, "\n"), line);
  }
  printf("\nlunette help COMMAND says what a command takes.\n");
}

/* `help`, `help NAME`, --help, --version.  True if that was all. */
static bool answer(struct command *command)
{
  static char help_option[] = "--help";
  const char *name = command->name;

  if (name == NULL)
    return false;
  if (strcmp(name, "--version") == 0) {
    printf("lunette %s\n", LUN_VERSION);
    return true;
  }
  if (strcmp(name, "help") != 0 && strcmp(name, "--help") != 0 &&
      strcmp(name, "-h") != 0)
    return false;
  if (command->first < command->argc) { /* help NAME is NAME --help */
    command->name = command->argv[command->first];
    command->argv[command->first] = help_option;
    command->argc = command->first + 1;
    return false;
  }
  print_help();
  return true;
}

/* ------------------------------------------------------------ the state -- */

/* The sandbox's server is a module beside the command: in the build folder,
 * or where it is installed. */
static void add_module_folder(lua_State *L)
{
  char exe[4096] = "";
  ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
  char *slash = NULL;

  if (len <= 0)
    return;
  exe[len] = '\0';
  slash = strrchr(exe, '/');
  if (slash == NULL)
    return;
  *slash = '\0';
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "cpath");
  lua_pushfstring(L, "%s/lua/?.so;%s/../lib/lua/5.4/?.so;%s", exe, exe,
                  lua_tostring(L, -1));
  lua_setfield(L, -3, "cpath");
  lua_pop(L, 2);
}

static void open_libraries(lua_State *L)
{
  if (getauxval(AT_SECURE) != 0) { /* LUA_PATH and its kin are somebody's */
    lua_pushboolean(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
  }
  luaL_openlibs(L);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushcfunction(L, luaopen_lunette);
  lua_setfield(L, -2, "lunette");
  lua_pop(L, 1);
  add_module_folder(L);
  lua_getglobal(L, "require"); /* it registers its parts */
  lua_pushliteral(L, "lunette");
  lua_call(L, 1, 0);
}

static int protected_main(lua_State *L)
{
  struct command *command = lua_touserdata(L, 1);

  luaL_checkversion(L);
  open_libraries(L);
  if (command->verbose &&
      luaL_dostring(L, "require('lunette').log.to_stderr 'text'"))
    lua_error(L);
  if (answer(command))
    return 0;
  if (command->code != NULL) {
    if (luaL_loadbufferx(L, command->code, strlen(command->code), "=-e", "t"))
      return lua_error(L);
    lua_call(L, push_arguments(L, command), 0);
  } else if (command->name != NULL) {
    load_script(L, command);
    lua_call(L, push_arguments(L, command), 0);
  } else {
    push_arguments(L, command);
    command->interactive = true;
  }
  if (command->interactive)
    lunL_repl(L);
  return 0;
}

/* -------------------------------------------------------------- process -- */

/*
 * Complains of the option at INDEX.  One that stands before a command's name
 * is probably that command's.
 */
static void complain_of(const struct command *command, int index)
{
  const char *const *argv = (const char *const *)command->argv;
  const struct lun_embedded *script = NULL;
  char message[1024] = "";
  size_t len = 0;
  int i = index + 1;

  if (strcmp(argv[index], "-e") == 0) {
    lunL_complain("-e needs a value, a chunk of Lua", NULL, NULL);
    return;
  }
  while (i < command->argc && (script = find_embedded(argv[i])) == NULL)
    i++;
  if (script == NULL) {
    (void)snprintf(message, sizeof(message), "%s is no option", argv[index]);
    lunL_complain(message, NULL, "lunette --help lists them");
    return;
  }
  (void)snprintf(message, sizeof(message),
                 "%s stands behind the command: lunette %s", argv[index],
                 script->name);
  for (i = index; find_embedded(argv[i]) != script; i++) {
    len = strlen(message);
    (void)snprintf(message + len, sizeof(message) - len, " %s", argv[i]);
  }
  lunL_complain(message, NULL, NULL);
}

/* The options before the script's name; complains of what is none. */
static bool read_options(struct command *command)
{
  int i = 1;

  for (; i < command->argc && command->argv[i][0] == '-'; i++) {
    const char *word = command->argv[i];

    if (strcmp(word, "-v") == 0) {
      command->verbose = true;
    } else if (strcmp(word, "-i") == 0) {
      command->interactive = true;
    } else if (strcmp(word, "-e") == 0 && i + 1 < command->argc) {
      command->code = command->argv[i + 1];
      command->first = i + 2;
      return true;
    } else if (strcmp(word, "-") == 0 || strcmp(word, "--help") == 0 ||
               strcmp(word, "-h") == 0 || strcmp(word, "--version") == 0) {
      break;
    } else {
      complain_of(command, i);
      return false;
    }
  }
  command->first = i + 1;
  if (i < command->argc)
    command->name = command->argv[i];
  else
    command->first = i;
  if (command->name == NULL && !command->interactive && !isatty(STDIN_FILENO)) {
    static const char from_stdin[] = "-";

    command->name = from_stdin;
  }
  return true;
}

/*
 * No core dump, no debugger of the same user, no descriptor 0 to 2 that a
 * file could take, and errors in place of signals for what is written.
 */
static void harden(void)
{
  struct rlimit none = {0, 0};
  int fd = 0;

  do {
    fd = open("/dev/null", O_RDWR);
  } while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0)
    close(fd);
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
}

static int run(struct command *command)
{
  lua_State *L = luaL_newstate();

  if (L == NULL) {
    lunL_complain("not enough memory", NULL, NULL);
    return STATUS_SCRIPT;
  }
  lua_pushcfunction(L, lunL_keep_traceback);
  lua_pushcfunction(L, protected_main);
  lua_pushlightuserdata(L, command);
  if (lua_pcall(L, 1, 0, 1) != LUA_OK) {
    int status = lunL_report(L, command->verbose);

    if (command->status == 0)
      command->status = status;
  }
  lua_close(L);
  errno = 0;
  if ((fflush(stdout) != 0 || ferror(stdout)) && command->status == 0) {
    char why[128] = "standard output could not be written";

    if (errno != 0)
      (void)snprintf(why, sizeof(why),
                     "standard output could not be written: %s",
                     strerror(errno));
    lunL_complain(why, NULL, NULL);
    command->status = STATUS_SCRIPT;
  }
  return command->status;
}

int main(int argc, char **argv)
{
  struct command command = {.argc = argc, .argv = argv};

  harden();
  if (!read_options(&command))
    return STATUS_USAGE;
  return run(&command);
}
