/*
 * Sessions: options in, identities out.  A handle holds one reference of
 * core's session; every secret value that came of it holds another, so that
 * ln.wipe finds the cache whose entry it ends.
 */
#include "lsession.h"

#include "lcred.h"
#include "lfail.h"
#include "lmfa.h"
#include "lopts.h"

#define SELF 1

static void session_release(void *object)
{
  struct lunL_session *session = object;

  lun_session_unref(session->session);
  session->session = NULL;
}

static const struct lunL_type session_type;

/* Its address is the key in the registry of a table that has all handles, as
 * weak keys. */
static const char family_key = 0;

static void push_family(lua_State *L)
{
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &family_key) == LUA_TTABLE)
    return;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &family_key);
}

struct lunL_session *lunL_newsession(lua_State *L)
{
  struct lunL_session *session = lunL_box_new(L, &session_type);

  push_family(L);
  lua_pushvalue(L, -2);
  lua_pushboolean(L, 1);
  lua_rawset(L, -3);
  lua_pop(L, 1);
  return session;
}

/* A session of the state that is there, whichever; or NULL. */
static lun_session *any_session(lua_State *L)
{
  lun_session *found = NULL;

  push_family(L);
  for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
    const struct lunL_session *box = lua_touserdata(L, -2);

    found = box->session; /* none in a handle that is released, or failed */
    if (found != NULL) {
      lua_pop(L, 2);
      break;
    }
  }
  lua_pop(L, 1);
  return found;
}

lun_session *lunL_checksession(lua_State *L)
{
  struct lunL_session *box = lunL_box_check(L, SELF, &session_type);

  lunL_enter(L);
  lun_session_limit(box->session, lunL_deadline(L));
  return box->session;
}

/* ---------------------------------------------------------- ln.session -- */

struct options {
  const char *profile;
  const char *region;
  const char *endpoint_url;
  int64_t deadline_ms;
  int64_t max_attempts;
  bool wait;
};

static const struct lunL_opt session_options[] = {
    {.name = "profile",
     .kind = LUNL_OPT_STRING,
     .offset = offsetof(struct options, profile)},
    {.name = "region",
     .kind = LUNL_OPT_STRING,
     .offset = offsetof(struct options, region)},
    {.name = "endpoint_url",
     .kind = LUNL_OPT_STRING,
     .offset = offsetof(struct options, endpoint_url)},
    {.name = "credentials", .kind = LUNL_OPT_TABLE},
    {.name = "wait",
     .kind = LUNL_OPT_BOOLEAN,
     .offset = offsetof(struct options, wait)}, /* see read_wait */
    {.name = "mfa_code", .kind = LUNL_OPT_ANY},
    {.name = "deadline",
     .kind = LUNL_OPT_SECONDS,
     .offset = offsetof(struct options, deadline_ms)},
    {.name = "max_attempts",
     .kind = LUNL_OPT_INTEGER,
     .offset = offsetof(struct options, max_attempts),
     .min = 1,
     .max = 100},
};

#define SESSION_OPTIONS (sizeof(session_options) / sizeof(session_options[0]))

/* A copy of BYTES in TEXT, ended by a NUL, for as long as TEXT is full. */
static size_t add_text(lua_State *L, struct lun_buf *text,
                       struct lun_span bytes)
{
  size_t at = text->len;

  if (bytes.len > 0 && memchr(bytes.ptr, '\0', bytes.len) != NULL)
    lunL_failf(L, LUN_ECREDENTIALS, NULL, "the credentials have a NUL in them");
  lun_buf_add_span(text, bytes);
  lun_buf_addc(text, '\0');
  return at;
}

/* Reads `credentials` into OUT, by way of a wiped buffer that it pushes. */
static void read_key(lua_State *L, struct lun_session_options *out)
{
  struct lun_sigv4_key key = {.access_key_id = {NULL, 0}};
  struct lun_buf *text = NULL;
  size_t at[3] = {0};

  if (!lunL_readcred(L, 1, &key))
    return;
  text = lunL_buf_new(L, SIZE_MAX);
  at[0] = add_text(L, text, key.access_key_id);
  at[1] = add_text(L, text, key.secret_access_key);
  at[2] = add_text(L, text, key.session_token);
  lunL_buf_check(L, text, "credentials");
  out->access_key_id = text->ptr + at[0];
  out->secret_access_key = text->ptr + at[1];
  if (key.session_token.len > 0)
    out->session_token = text->ptr + at[2];
}

/* `wait` as core has it: left out, it is for core to say. */
static int read_wait(lua_State *L)
{
  int wait = 0;

  if (lunL_getopt(L, 1, "wait") != LUA_TNIL)
    wait = lua_toboolean(L, -1) ? 1 : -1;
  lua_pop(L, 1);
  return wait;
}

/* Reads `mfa_code` into OUT, and keeps it with the handle on top. */
static void keep_mfa(lua_State *L, struct lun_session_options *out)
{
  if (!lua_istable(L, 1))
    return;
  (void)lunL_getopt(L, 1, "mfa_code");
  lunL_readmfa(L, -1, 1, &out->mfa_code, &out->mfa_data);
  lua_setiuservalue(L, -2, LUNL_SESSION_MFA);
}

/*
 * ln.session{profile=, region=, credentials=, endpoint_url=, deadline=,
 * max_attempts=, wait=, mfa_code=}: reads the configuration and fetches
 * nothing yet.
 */
static int l_session(lua_State *L)
{
  struct options given = {.profile = NULL};
  struct lun_session_options options = {.size = 0};
  struct lunL_session *session = NULL;
  lun_session *other = NULL;
  struct lun_error err = {0};
  enum lun_code rc = LUN_OK;

  lua_settop(L, 1);
  lun_session_options_init(&options);
  if (!lua_isnil(L, 1)) {
    lunL_opts(L, 1, session_options, SESSION_OPTIONS, &given);
    options.profile = given.profile;
    options.region = given.region;
    options.endpoint_url = given.endpoint_url;
    options.deadline_ms = given.deadline_ms;
    options.max_attempts = (int)given.max_attempts;
    options.wait = read_wait(L);
    read_key(L, &options);
  }
  other = any_session(L);
  session = lunL_newsession(L);
  keep_mfa(L, &options);
  /* All of a state's share a run, and with it their connections. */
  if (other != NULL)
    rc = lun_session_beside(&session->session, other, &options, &err);
  else
    rc = lun_session_new(&session->session, lunL_ctx(L), &options, &err);
  if (rc)
    return lunL_fail(L, &err);
  return 1;
}

/* --------------------------------------------------------- credentials -- */

struct credentials {
  struct lunL_box box;
  struct lun_cred *cred;
};

static void credentials_release(void *object)
{
  struct credentials *credentials = object;

  lun_cred_unref(credentials->cred);
  credentials->cred = NULL;
}

static const struct lunL_type credentials_type = {
    .name = "lunette.credentials",
    .size = sizeof(struct credentials),
    .release = credentials_release,
};

/*
 * session:credentials(): {access_key_id=, secret_access_key=, session_token=,
 * expiration=, account_id=, provider=}; expiration in seconds, as os.time.
 */
static int session_credentials(lua_State *L)
{
  lun_session *session = lunL_checksession(L);
  struct credentials *box = lunL_box_new(L, &credentials_type);
  struct lun_error err = {0};

  lua_toclose(L, -1);
  if (lun_session_credentials(&box->cred, session, &err))
    return lunL_fail(L, &err);
  lunL_pushcred(L, box->cred);
  return 1;
}

/* ---------------------------------------------------------------- why -- */

struct trace {
  struct lunL_box box;
  struct lun_trace trace;
};

static void trace_release(void *object)
{
  struct trace *trace = object;

  if (trace->trace.ctx != NULL)
    lun_trace_clear(&trace->trace);
}

static const struct lunL_type trace_type = {
    .name = "lunette.trace",
    .size = sizeof(struct trace),
    .release = trace_release,
};

static void set_text(lua_State *L, const char *name, const char *text)
{
  if (text == NULL || text[0] == '\0')
    return;
  lua_pushstring(L, text);
  lua_setfield(L, -2, name);
}

/* Pushes {depth=, name=, looked=, result=, reason=, seconds=}. */
static void push_step(lua_State *L, const struct lun_trace_step *step)
{
  static const char *const results[] = {[LUN_TRACE_PASSED] = "passed",
                                        [LUN_TRACE_FOUND] = "found",
                                        [LUN_TRACE_FAILED] = "failed"};

  lua_createtable(L, 0, 6);
  lua_pushinteger(L, step->depth);
  lua_setfield(L, -2, "depth");
  set_text(L, "name", step->name);
  set_text(L, "looked", step->looked);
  set_text(L, "result", results[step->end]);
  set_text(L, "reason", step->why);
  lua_pushnumber(L, (lua_Number)step->took_ms / 1000);
  lua_setfield(L, -2, "seconds");
}

/*
 * session:why(): {steps=, credentials=, error=}: everybody who is asked for
 * credentials, now and anew, in order; then what was found, as credentials()
 * gives it, or the error that it would raise.
 */
static int session_why(lua_State *L)
{
  lun_session *session = lunL_checksession(L);
  struct trace *trace = lunL_box_new(L, &trace_type);
  struct credentials *box = NULL;
  struct lun_error err = {0};
  size_t i = 0;

  lua_toclose(L, -1);
  lun_trace_init(&trace->trace, lunL_ctx(L));
  box = lunL_box_new(L, &credentials_type);
  lua_toclose(L, -1);
  if (lun_session_why(&trace->trace, &box->cred, session, &err) == LUN_ENOMEM ||
      trace->trace.lost) {
    (void)lun_error_nomem(&err);
    return lunL_fail(L, &err);
  }
  lua_createtable(L, 0, 2);
  lua_createtable(L, (int)trace->trace.nsteps, 0);
  for (i = 0; i < trace->trace.nsteps; i++) {
    push_step(L, &trace->trace.steps[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "steps");
  if (box->cred != NULL) {
    lunL_pushcred(L, box->cred);
    lua_setfield(L, -2, "credentials");
  } else {
    lunL_pusherror(L, &err);
    lua_setfield(L, -2, "error");
  }
  return 1;
}

/* ------------------------------------------------------------ identity -- */

/* session:identity(): {account=, arn=, user_id=}, as STS says. */
static int session_identity(lua_State *L)
{
  lun_session *session = lunL_checksession(L);
  struct lun_identity identity = {.account = ""};
  struct lun_error err = {0};

  if (lun_session_identity(&identity, session, &err))
    return lunL_fail(L, &err);
  lua_createtable(L, 0, 3);
  lua_pushstring(L, identity.account);
  lua_setfield(L, -2, "account");
  lua_pushstring(L, identity.arn);
  lua_setfield(L, -2, "arn");
  lua_pushstring(L, identity.user_id);
  lua_setfield(L, -2, "user_id");
  return 1;
}

/*
 * session:region(): of option, environment or profile, or the machine's own,
 * and where it is from, in words; nil if none is known.
 */
static int session_region(lua_State *L)
{
  lun_session *session = lunL_checksession(L);
  const char *from = lun_session_region_from(session);
  char region[LUN_REGION_LEN] = "";
  struct lun_error err = {0};

  if (lun_session_find_region(region, session, &err))
    return lunL_fail(L, &err);
  lua_pushstring(L, region[0] != '\0' ? region : NULL);
  if (region[0] == '\0')
    return 1;
  lua_pushstring(L, from != NULL ? from : "the instance metadata service");
  return 2;
}

/* ------------------------------------------------------------- methods -- */

static const luaL_Reg session_methods[] = {
    {"assume_role", lunL_session_assume_role},
    {"web_identity", lunL_session_web_identity},
    {"credentials", session_credentials},
    {"identity", session_identity},
    {"region", session_region},
    {"why", session_why},
    {"secret", lunL_session_secret},
    {"secrets", lunL_session_secrets},
    {"try_secrets", lunL_session_try_secrets},
    {NULL, NULL},
};

static const struct lunL_type session_type = {
    .name = "lunette.session",
    .size = sizeof(struct lunL_session),
    .uservalues = 2,
    .release = session_release,
    .methods = session_methods,
};

void lunL_add_session(lua_State *L)
{
  lua_pushcfunction(L, l_session);
  lua_setfield(L, -2, "session");
}
