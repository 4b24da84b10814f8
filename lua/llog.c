/*
 * ln.log: events on standard error, a line each, as logfmt or JSON: those of
 * core once to_stderr was called, and what a script itself has to say.
 *
 * Core calls the sink in the middle of its work.  The sink formats and writes
 * and calls no Lua; a line for which there is no memory is dropped.
 */
#include "../core/base/clock.h"
#include "../core/base/log.h"
#include "../core/text/json.h"
#include "lbox.h"
#include "lsecret.h"

#include <unistd.h>

#define LINE_MAX_BYTES 8192
#define NAME_MAX_BYTES 512
#define FIELDS_MAX     32

struct log {
  struct lunL_box box;
  lun_ctx *ctx;
  bool json;
};

/* The address is the key of the box in the registry. */
static const char log_key = 0;

static const char *level_word(enum lun_level level)
{
  switch (level) {
  case LUN_DEBUG: return "debug";
  case LUN_INFO: return "info";
  case LUN_WARN: return "warn";
  }
  return "info";
}

/* Appends text for logfmt: in quotes if a reader could lose its end. */
static void put_word(struct lun_buf *line, const char *text)
{
  if (text[0] == '\0' || strpbrk(text, " =\"\\") != NULL)
    lun_json_quote(line, lun_span_of(text));
  else
    lun_buf_adds(line, text);
}

static void put_field(struct lun_buf *line, bool json,
                      const struct lun_field *field)
{
  char name[NAME_MAX_BYTES] = "";
  bool number = field->kind == LUN_FIELD_INT || field->kind == LUN_FIELD_MS;

  lun_error_text(name, sizeof(name),
                 lun_span_of(field->name != NULL ? field->name : ""));
  if (json) {
    lun_buf_addc(line, ',');
    lun_json_quote(line, lun_span_of(field->key));
    lun_buf_addc(line, ':');
  } else {
    lun_buf_addf(line, " %s=", field->key);
  }
  if (number)
    lun_buf_addf(line, "%lld", (long long)field->number);
  if (field->kind == LUN_FIELD_MS && !json)
    lun_buf_adds(line, "ms");
  if (!number && json)
    lun_json_quote(line, lun_span_of(name));
  else if (!number)
    put_word(line, name);
}

static void write_event(void *data, const struct lun_event *event)
{
  const struct log *log = data;
  struct lun_buf line = LUN_BUF_INIT(log->ctx, LINE_MAX_BYTES);
  const char *level = level_word(event->level);
  size_t i = 0;

  lun_buf_adds(&line, log->json ? "{\"time\":\"" : "time=");
  lun_text_put_iso(&line, lun_clock_wall_ms(log->ctx) / 1000);
  if (log->json)
    lun_buf_addf(&line, "\",\"level\":\"%s\",\"event\":", level);
  else
    lun_buf_addf(&line, " level=%s event=", level);
  if (log->json)
    lun_json_quote(&line, lun_span_of(event->word));
  else
    put_word(&line, event->word);
  for (i = 0; i < event->nfields; i++)
    put_field(&line, log->json, &event->fields[i]);
  lun_buf_adds(&line, log->json ? "}\n" : "\n");
  /* One write a line, so that lines of two processes do not mix; nothing can
   * be said about a log that cannot be written. */
  if (line.fail == LUN_OK && write(STDERR_FILENO, line.ptr, line.len) < 0)
    line.fail = LUN_EFILE;
  lun_buf_done(&line);
}

static void log_release(void *object)
{
  struct log *log = object;

  if (log->ctx != NULL)
    lun_log_sink(log->ctx, NULL, NULL);
}

static const struct lunL_type log_type = {
    .name = "lunette.log",
    .size = sizeof(struct log),
    .release = log_release,
};

/* The state's log, made if there is none. */
static struct log *get_log(lua_State *L)
{
  lun_ctx *ctx = lunL_ctx(L);
  struct log *log = NULL;

  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &log_key) == LUA_TUSERDATA) {
    log = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return log;
  }
  lua_pop(L, 1);
  log = lunL_box_new(L, &log_type);
  log->ctx = ctx;
  lua_rawsetp(L, LUA_REGISTRYINDEX, &log_key);
  return log;
}

/* ln.log.to_stderr(form): shows every event, as "text" (logfmt) or "json". */
static int l_to_stderr(lua_State *L)
{
  static const char *const forms[] = {"text", "json", NULL};
  bool json = luaL_checkoption(L, 1, "text", forms) == 1;
  struct log *log = get_log(L);

  log->json = json;
  lun_log_sink(log->ctx, write_event, log);
  return 0;
}

/* Reads the fields, a table at argument 2; texts stay on the stack. */
static size_t read_fields(lua_State *L, struct lun_field *fields)
{
  size_t count = 0;

  if (lua_isnoneornil(L, 2))
    return 0;
  luaL_checktype(L, 2, LUA_TTABLE);
  luaL_checkstack(L, FIELDS_MAX + 8, NULL);
  for (lua_pushnil(L); lua_next(L, 2); count++) {
    struct lun_field *field = &fields[count];

    if (count == FIELDS_MAX || lua_type(L, -2) != LUA_TSTRING)
      luaL_argerror(L, 2, "a table of names and values, not too large");
    field->key = lua_tostring(L, -2);
    if (strspn(field->key, "abcdefghijklmnopqrstuvwxyz0123456789_") !=
        strlen(field->key))
      luaL_argerror(L, 2, "a field's name is of a-z, 0-9 and _");
    field->kind = lua_isinteger(L, -1) ? LUN_FIELD_INT : LUN_FIELD_NAME;
    field->number = lua_tointeger(L, -1);
    field->name = luaL_tolstring(L, -1, NULL);
    lua_insert(L, -3); /* the text below, for lua_next wants the key on top */
    lua_pop(L, 1);
  }
  return count;
}

/* Of a secret value, tostring gives the printed form: that much is logged. */
static int log_event(lua_State *L, enum lun_level level)
{
  struct log *log = get_log(L);
  char word[NAME_MAX_BYTES] = "";
  struct lun_field fields[FIELDS_MAX] = {{NULL, LUN_FIELD_INT, 0, NULL}};
  struct lun_event event = {level, word, fields, 0};

  lun_error_text(word, sizeof(word), lun_span_of(luaL_checkstring(L, 1)));
  event.nfields = read_fields(L, fields);
  if (level != LUN_DEBUG || log->ctx->sink.write != NULL)
    write_event(log, &event);
  return 0;
}

/* ln.log.debug(text, fields): shown once to_stderr was called (-v). */
static int l_debug(lua_State *L)
{
  return log_event(L, LUN_DEBUG);
}

/* ln.log.info(text, fields): a line on standard error; likewise warn. */
static int l_info(lua_State *L)
{
  return log_event(L, LUN_INFO);
}

static int l_warn(lua_State *L)
{
  return log_event(L, LUN_WARN);
}

void lunL_add_log(lua_State *L)
{
  static const luaL_Reg functions[] = {{"to_stderr", l_to_stderr},
                                       {"debug", l_debug},
                                       {"info", l_info},
                                       {"warn", l_warn},
                                       {NULL, NULL}};

  lua_newtable(L);
  luaL_setfuncs(L, functions, 0);
  lua_setfield(L, -2, "log");
}
