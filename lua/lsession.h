/*
 * The userdata lunette.session: a handle with one reference of core's
 * session.  Its methods lie in three files.
 */
#ifndef LUNL_SESSION_H
#define LUNL_SESSION_H

#include "../core/aws/session.h"
#include "lbox.h"

struct lunL_session {
  struct lunL_box box;
  lun_session *session;
};

/* Its user values. */
#define LUNL_SESSION_MFA    1 /* what lunL_readmfa wants to be kept */
#define LUNL_SESSION_SOURCE 2 /* of a role: the session that it came from */

/* Pushes an empty handle, whose `session` the caller fills. */
struct lunL_session *lunL_newsession(lua_State *L);

/*
 * The session at index 1, for a method that may call AWS: what it calls ends
 * when what runs the script has to.
 */
lun_session *lunL_checksession(lua_State *L);

/* The methods that other files have. */
int lunL_session_assume_role(lua_State *L);  /* lrole.c */
int lunL_session_web_identity(lua_State *L); /* lrole.c */
int lunL_session_secret(lua_State *L);       /* lfetch.c */
int lunL_session_secrets(lua_State *L);      /* lfetch.c */
int lunL_session_try_secrets(lua_State *L);  /* lfetch.c */

#endif
