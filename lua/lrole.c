/*
 * Sessions on roles: their options, as Lua has them, in the form that core
 * takes.  Core copies what it needs before the function returns, so arrays and
 * texts are borrowed from the option table.
 */
#include "lfail.h"
#include "lmfa.h"
#include "lopts.h"
#include "lsecret.h"
#include "lsession.h"

#include <stdlib.h>

#define SELF 1
#define ARG  2

/* ----------------------------------------------------- lists and tables -- */

/* The string on top of the stack, which is a part of the option NAME. */
static const char *check_part(lua_State *L, const char *name)
{
  struct lun_span text = {NULL, 0};

  if (lua_type(L, -1) != LUA_TSTRING)
    luaL_argerror(L, ARG,
                  lua_pushfstring(L, "option '%s': a string expected, got %s",
                                  name, luaL_typename(L, -1)));
  text.ptr = lua_tolstring(L, -1, &text.len);
  if (strlen(text.ptr) != text.len)
    luaL_argerror(L, ARG,
                  lua_pushfstring(L, "option '%s' has a NUL in it", name));
  lunL_checkmark(L, text, name);
  return text.ptr;
}

/*
 * The strings of the list that is the option NAME, NULL if it is left out or
 * empty; pushes what holds them.
 */
static const char *const *read_list(lua_State *L, const char *name,
                                    size_t *count)
{
  const char **list = NULL;
  size_t i = 0;

  if (lunL_getopt(L, ARG, name) == LUA_TNIL)
    return NULL;
  *count = lua_rawlen(L, -1);
  list = lunL_block_new(L, (*count + 1) * sizeof(*list));
  for (i = 0; i < *count; i++) {
    lua_rawgeti(L, -2, (lua_Integer)i + 1);
    list[i] = check_part(L, name); /* the table's: it stays off the stack */
    lua_pop(L, 1);
  }
  return *count > 0 ? list : NULL;
}

static int by_key(const void *a, const void *b)
{
  return strcmp(((const struct lun_tag *)a)->key,
                ((const struct lun_tag *)b)->key);
}

/* The tags, {Key = "value"}, in the order of their keys; likewise. */
static const struct lun_tag *read_tags(lua_State *L, size_t *count)
{
  struct lun_tag *tags = NULL;
  size_t i = 0;

  if (lunL_getopt(L, ARG, "tags") == LUA_TNIL)
    return NULL;
  for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1))
    i++;
  tags = lunL_block_new(L, (i + 1) * sizeof(*tags));
  for (lua_pushnil(L); lua_next(L, -3) != 0; lua_pop(L, 1)) {
    tags[*count].value = check_part(L, "tags");
    lua_pushvalue(L, -2);
    tags[(*count)++].key = check_part(L, "tags");
    lua_pop(L, 1);
  }
  qsort(tags, *count, sizeof(*tags), by_key);
  return *count > 0 ? tags : NULL;
}

/*
 * The option `policy`, JSON or a table for ln.json.encode; pushes it.  That
 * is Lua code, so it runs before anything is borrowed from the options.
 */
static const char *read_policy(lua_State *L)
{
  luaL_checktype(L, ARG, LUA_TTABLE);
  if (lunL_getopt(L, ARG, "policy") == LUA_TNIL)
    return NULL;
  if (lua_istable(L, -1)) {
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_getfield(L, -1, "lunette");
    lua_getfield(L, -1, "json");
    lua_getfield(L, -1, "encode");
    lua_pushvalue(L, -5);
    lua_call(L, 1, 1);
  }
  if (lua_type(L, -1) != LUA_TSTRING)
    luaL_argerror(L, ARG,
                  "option 'policy': JSON or a table expected, without secrets "
                  "in it");
  return check_part(L, "policy");
}

/* --------------------------------------------------------------- roles -- */

/* Pushes a handle for a session that comes from the one at SELF, and keeps
 * what that one keeps. */
static struct lunL_session *new_session(lua_State *L)
{
  struct lunL_session *session = lunL_newsession(L);

  lua_pushvalue(L, SELF);
  lua_setiuservalue(L, -2, LUNL_SESSION_SOURCE);
  return session;
}

#define ROLE_OPT(option, type)                                                 \
  .name = #option, .kind = LUNL_OPT_##type,                                    \
  .offset = offsetof(struct lun_role_options, option)

static const struct lunL_opt role_options[] = {
    {ROLE_OPT(role_arn, STRING), .required = true},
    {ROLE_OPT(role_session_name, STRING)},
    {ROLE_OPT(external_id, STRING)},
    {ROLE_OPT(duration_seconds, INTEGER), .min = 900, .max = 43200},
    {ROLE_OPT(region, STRING)},
    {ROLE_OPT(source_identity, STRING)},
    {ROLE_OPT(mfa_serial, STRING)},
    {.name = "mfa_code", .kind = LUNL_OPT_ANY},
    {.name = "policy", .kind = LUNL_OPT_ANY},
    {.name = "policy_arns", .kind = LUNL_OPT_TABLE},
    {.name = "tags", .kind = LUNL_OPT_TABLE},
    {.name = "transitive_tag_keys", .kind = LUNL_OPT_TABLE},
};

#define ROLE_OPTIONS (sizeof(role_options) / sizeof(role_options[0]))

/*
 * session:assume_role{role_arn=, role_session_name=, external_id=,
 * duration_seconds=, region=, policy=, policy_arns=, tags=,
 * transitive_tag_keys=, source_identity=, mfa_serial=, mfa_code=}: a session
 * on the role, whose STS is asked when something is.
 */
int lunL_session_assume_role(lua_State *L)
{
  lun_session *source = lunL_checksession(L);
  struct lun_role_options options = {.size = 0};
  struct lunL_session *session = NULL;
  struct lun_error err = {0};

  lua_settop(L, ARG);
  lun_role_options_init(&options);
  options.policy = read_policy(L);
  lunL_opts(L, ARG, role_options, ROLE_OPTIONS, &options);
  options.policy_arns = read_list(L, "policy_arns", &options.npolicy_arns);
  options.tags = read_tags(L, &options.ntags);
  options.transitive_tag_keys =
      read_list(L, "transitive_tag_keys", &options.ntransitive_tag_keys);
  session = new_session(L);
  (void)lunL_getopt(L, ARG, "mfa_code");
  lunL_readmfa(L, -1, ARG, &options.mfa_code, &options.mfa_data);
  lua_setiuservalue(L, -2, LUNL_SESSION_MFA);
  if (lun_session_assume_role(&session->session, source, &options, &err))
    return lunL_fail(L, &err);
  return 1;
}

#define WEB_OPT(option, type)                                                  \
  .name = #option, .kind = LUNL_OPT_##type,                                    \
  .offset = offsetof(struct lun_web_identity_options, option)

static const struct lunL_opt web_options[] = {
    {WEB_OPT(role_arn, STRING), .required = true},
    {WEB_OPT(token_file, STRING), .required = true},
    {WEB_OPT(role_session_name, STRING)},
    {WEB_OPT(duration_seconds, INTEGER), .min = 900, .max = 43200},
    {WEB_OPT(provider_id, STRING)},
    {WEB_OPT(region, STRING)},
    {.name = "policy", .kind = LUNL_OPT_ANY},
    {.name = "policy_arns", .kind = LUNL_OPT_TABLE},
};

#define WEB_OPTIONS (sizeof(web_options) / sizeof(web_options[0]))

/*
 * session:web_identity{role_arn=, token_file=, role_session_name=,
 * duration_seconds=, policy=, policy_arns=, provider_id=, region=}: a session
 * on the role that STS gives for an identity provider's token.
 */
int lunL_session_web_identity(lua_State *L)
{
  lun_session *source = lunL_checksession(L);
  struct lun_web_identity_options options = {.size = 0};
  struct lunL_session *session = NULL;
  struct lun_error err = {0};

  lua_settop(L, ARG);
  lun_web_identity_options_init(&options);
  options.policy = read_policy(L);
  lunL_opts(L, ARG, web_options, WEB_OPTIONS, &options);
  options.policy_arns = read_list(L, "policy_arns", &options.npolicy_arns);
  session = new_session(L);
  if (lun_session_web_identity(&session->session, source, &options, &err))
    return lunL_fail(L, &err);
  return 1;
}
