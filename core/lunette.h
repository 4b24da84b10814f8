/*
 * lunette: secrets from AWS Secrets Manager, for configuration.
 *
 * This is the only installed header.  It is the client: a context, a session,
 * secret bytes, the caller's identity.  The runtime that runs Lua scripts is
 * declared at the end and lives in liblunette-lua.
 *
 * Threads: a context and everything made from it belong to one thread at a
 * time.  Two contexts are independent of each other.
 *
 * Memory: every block that lunette itself frees is wiped first.  Buffers of
 * libcurl and OpenSSL are their own; a host that wants those wiped as well
 * does what the lunette command does and interposes free.  Secrets lie in
 * pages that no core dump holds and that are empty in a child made by fork: a
 * program that becomes a daemon makes its context afterwards.
 *
 * Errors: every function that can fail returns an enum lun_code, 0 being
 * success, and fills the caller's struct lun_error when one is given.
 */
#ifndef LUNETTE_H
#define LUNETTE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LUN_VERSION     "0.1.0"
#define LUN_VERSION_NUM 0x000100

#if defined(__GNUC__)
#define LUN_API               __attribute__((visibility("default")))
#define LUN_NODISCARD         __attribute__((warn_unused_result))
#define LUN_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define LUN_API
#define LUN_NODISCARD
#define LUN_PRINTF(fmt, args)
#endif

/*
 * What went wrong, by what the caller can do about it.  The command's exit
 * statuses and the `kind` of Lua's error objects are made from these; see
 * lun_code_kind and lun_code_exit.  Values are fixed, new ones are appended.
 */
enum lun_code {
  LUN_OK = 0,
  LUN_ENOMEM = 1,       /* out of memory */
  LUN_EINVALID = 2,     /* bad input: a name, a file, a document, an answer */
  LUN_ECREDENTIALS = 3, /* no credentials, or the service refuses them */
  LUN_EACCESS = 4,      /* access denied by a policy */
  LUN_ENOTFOUND = 5,    /* no such secret, version or field */
  LUN_ETHROTTLED = 6,   /* throttled, after retries */
  LUN_ESERVICE = 7,     /* the service failed, after retries */
  LUN_ENETWORK = 8,     /* name, route, connection or TLS */
  LUN_ECHECK = 9,       /* a check of a staged file failed */
  LUN_ERELOAD = 10,     /* a reload failed; the old files are back */
  LUN_EFILE = 11,       /* the file system refused */
  LUN_EDEADLINE = 12    /* the deadline passed */
};

/*
 * An error, in storage of the caller.  It needs no release and holds no
 * pointer.  No text in it ever contains a secret or a credential.
 */
struct lun_error {
  enum lun_code code;
  int http_status;     /* 0 where there was no answer */
  int attempts;        /* requests sent for the call, 0 if none was */
  int retryable;       /* non-zero: the same call may succeed later */
  char service[32];    /* "secretsmanager" */
  char operation[64];  /* "GetSecretValue" */
  char aws_code[96];   /* "AccessDeniedException" */
  char request_id[96]; /* AWS's request id */
  char message[1024];  /* one line, no final newline */
  char hint[512];      /* the next step, or "" */
  char reserved[208];  /* for fields to come; zero */
};

/* Version of the library that is linked, as LUN_VERSION_NUM. */
LUN_API int lun_version_num(void);

/* The word for a code: "access_denied", "not_found"...; never NULL. */
LUN_API const char *lun_code_kind(enum lun_code code);

/* The exit status that the command gives for a code. */
LUN_API int lun_code_exit(enum lun_code code);

/* ------------------------------------------------------------- context -- */

typedef struct lun_ctx lun_ctx;

/*
 * Makes a context: the allocator's account, the clock and the store of
 * secrets.  Free it after everything that was made from it.
 */
LUN_API LUN_NODISCARD enum lun_code lun_ctx_new(lun_ctx **out,
                                                struct lun_error *err);
LUN_API void lun_ctx_free(lun_ctx *ctx);

/* ------------------------------------------------------------- secrets -- */

typedef struct lun_secret lun_secret;

/* Copies LEN bytes into protected memory.  The caller owns the reference. */
LUN_API LUN_NODISCARD enum lun_code lun_secret_new(lun_secret **out,
                                                   lun_ctx *ctx,
                                                   const void *ptr, size_t len,
                                                   struct lun_error *err);
LUN_API lun_secret *lun_secret_ref(lun_secret *secret);
LUN_API void lun_secret_unref(lun_secret *secret); /* NULL is fine */

/*
 * The bytes, borrowed until the secret is released; not terminated by a NUL.
 * This is the one way to the plaintext.
 */
LUN_API const char *lun_secret_bytes(const lun_secret *secret, size_t *len);

/* ------------------------------------------------------------- session -- */

typedef struct lun_session lun_session;

/*
 * Gives the code that the MFA device SERIAL shows now: six digits and a NUL,
 * written to CODE, which has room for SIZE bytes.  It is asked for each
 * AssumeRole call, as STS takes a code once, and may take its time: somebody
 * types.  Meanwhile everything else of the context waits, so it calls nothing
 * of lunette's with it, but to release what it has.  "" says that there is
 * nobody to ask, and a result other than LUN_OK fails the call with ERR.  It
 * stays callable as long as there is a session that was made with it, or from
 * one that was.
 */
typedef enum lun_code (*lun_mfa_function)(void *data, const char *serial,
                                          char *code, size_t size,
                                          struct lun_error *err);

/*
 * How a session is made.  Fill it by lun_session_options_init, then set what
 * is needed; strings are copied.  What is NULL or 0 comes from the usual
 * environment variables and files, then from defaults.
 */
struct lun_session_options {
  size_t size;               /* set by lun_session_options_init */
  const char *profile;       /* AWS_PROFILE */
  const char *region;        /* AWS_REGION, AWS_DEFAULT_REGION */
  const char *endpoint_url;  /* AWS_ENDPOINT_URL */
  const char *access_key_id; /* static keys: all of the chain is skipped */
  const char *secret_access_key;
  const char *session_token;
  int64_t deadline_ms;       /* for each call in all, retries included;
                                default 120000 */
  int max_attempts;          /* requests for one call; default 3 */
  lun_mfa_function mfa_code; /* for a profile's mfa_serial, and for roles that
                                have none of their own; NULL: there is none */
  void *mfa_data;            /* its first argument */
  int wait; /* for the metadata service, a role, names and routes that are not
               there yet, within the deadline: 1: yes, -1: no, 0: if this is
               an EC2 instance in its first five minutes */
};

LUN_API void lun_session_options_init(struct lun_session_options *options);

/*
 * Makes a session on CTX; OPTIONS may be NULL.  Reads the configuration files,
 * and fetches nothing.  LUN_EINVALID for a bad file or option,
 * LUN_ECREDENTIALS for a profile that does not exist.  The caller owns the
 * reference: lun_session_ref gives another one to the same session, and each
 * is released once, by lun_session_unref.
 */
LUN_API LUN_NODISCARD enum lun_code
lun_session_new(lun_session **out, lun_ctx *ctx,
                const struct lun_session_options *options,
                struct lun_error *err);
LUN_API lun_session *lun_session_ref(lun_session *session);
LUN_API void lun_session_unref(lun_session *session); /* NULL is fine */

/* A session tag. */
struct lun_tag {
  const char *key;
  const char *value;
};

/*
 * The role that lun_session_assume_role takes on.  Fill it by
 * lun_role_options_init, then set what is needed; strings are copied.
 */
struct lun_role_options {
  size_t size;                   /* set by lun_role_options_init */
  const char *role_arn;          /* required */
  const char *role_session_name; /* default: lunette-<unix time> */
  const char *external_id;
  int64_t duration_seconds; /* 0: the role's own default, an hour */
  const char *region;       /* default: the source session's */
  const char *policy;       /* JSON: the session may do no more than this */
  const char *const *policy_arns; /* of managed policies, likewise */
  size_t npolicy_arns;            /* at most 10 */
  const struct lun_tag *tags;
  size_t ntags;                           /* at most 50 */
  const char *const *transitive_tag_keys; /* of tags: roles that the session
                                             goes on to have them too */
  size_t ntransitive_tag_keys;
  const char *source_identity; /* who it is that takes on the role */
  const char *mfa_serial;      /* the device of whoever takes on the role */
  lun_mfa_function mfa_code;   /* default: the source session's */
  void *mfa_data;
};

LUN_API void lun_role_options_init(struct lun_role_options *options);

/*
 * Makes a session whose credentials come from assuming a role with the
 * credentials of SOURCE, which it keeps alive.  STS is asked when the first
 * call needs it, and again before the credentials expire; once for all that
 * ask for the same role with the same options, from sessions that were made
 * from one another.  LUN_EINVALID names the option that cannot be.  The caller
 * owns the reference.
 */
LUN_API LUN_NODISCARD enum lun_code
lun_session_assume_role(lun_session **out, lun_session *source,
                        const struct lun_role_options *options,
                        struct lun_error *err);

/*
 * The role that lun_session_web_identity takes on.  Fill it by
 * lun_web_identity_options_init, then set what is needed; strings are copied.
 */
struct lun_web_identity_options {
  size_t size;                   /* set by lun_web_identity_options_init */
  const char *role_arn;          /* required */
  const char *token_file;        /* required; read again for each call of STS */
  const char *role_session_name; /* default: lunette-<unix time> */
  int64_t duration_seconds;      /* 0: the role's own default, an hour */
  const char *policy;            /* JSON: the session may do no more */
  const char *const *policy_arns; /* of managed policies, likewise */
  size_t npolicy_arns;            /* at most 10 */
  const char *provider_id; /* of an OAuth 2.0 token; not for OpenID Connect */
  const char *region;      /* default: the session's */
};

LUN_API void
lun_web_identity_options_init(struct lun_web_identity_options *options);

/*
 * Makes a session whose credentials come from a token of an identity provider,
 * which STS takes for those of a role; SESSION gives the settings, and its
 * credentials are not asked for.  Otherwise as lun_session_assume_role.
 */
LUN_API LUN_NODISCARD enum lun_code
lun_session_web_identity(lun_session **out, lun_session *session,
                         const struct lun_web_identity_options *options,
                         struct lun_error *err);

/*
 * Fetches the secret that REF names ("ID[?key=value&...][#path]", design
 * section 3) and gives its bytes: the whole value, or the field that #path
 * picks.  The caller owns the reference.
 */
LUN_API LUN_NODISCARD enum lun_code lun_session_get(lun_secret **out,
                                                    lun_session *session,
                                                    const char *ref,
                                                    struct lun_error *err);

/* Who the session's credentials are, as STS says. */
struct lun_identity {
  char account[32];
  char arn[2049];
  char user_id[512];
};

/* Asks STS; credentials that a policy allows nothing at all may ask too. */
LUN_API LUN_NODISCARD enum lun_code
lun_session_identity(struct lun_identity *out, lun_session *session,
                     struct lun_error *err);

/* ------------------------------------------------------------- runtime -- */

/*
 * The runtime runs Lua scripts that see the module `lunette`.  It is in
 * liblunette-lua (lunette-lua.pc); the client above needs no Lua.
 */
typedef struct lun_runtime lun_runtime;

/*
 * The limits of a runtime.  0 means no limit.
 *
 * A script of a runtime has no os.exit, no debug library beside traceback, and
 * loads Lua as text, no bytecode.  Where instructions or time are limited, it
 * also has no os.execute and io.popen, no modules written in C besides
 * lunette, and no finalizers (__gc).
 *
 * Limits hold between two instructions of Lua and in what lunette itself waits
 * for.  They end no C function of Lua's libraries that is at work: reading a
 * pipe or a terminal that stays silent, matching a bad pattern against a long
 * string, or sorting a large table can take longer.  A run that comes back
 * late fails with LUN_EDEADLINE; one that never comes back can be ended by the
 * host's own means alone, such as a process for it.  Nor do limits keep a
 * script from files or programs that the process may use.
 */
struct lun_runtime_options {
  size_t size;          /* set by lun_runtime_options_init */
  size_t memory_bytes;  /* of the Lua state */
  int64_t instructions; /* of the Lua virtual machine, in all */
  int64_t deadline_ms;  /* of each run, from its start */
};

LUN_API void lun_runtime_options_init(struct lun_runtime_options *options);

LUN_API LUN_NODISCARD enum lun_code
lun_runtime_new(lun_runtime **out, const struct lun_runtime_options *options,
                struct lun_error *err);
LUN_API void lun_runtime_close(lun_runtime *runtime); /* NULL is fine */

/*
 * Runs a script file, or a chunk of LEN bytes of text that error messages
 * call NAME, with ARGC strings as its arguments.  A script's own error comes
 * back as LUN_EINVALID with its message, one of lunette's as its own code.
 */
LUN_API LUN_NODISCARD enum lun_code
lun_runtime_run_file(lun_runtime *runtime, const char *path, int argc,
                     const char *const *argv, struct lun_error *err);
LUN_API LUN_NODISCARD enum lun_code
lun_runtime_run_chunk(lun_runtime *runtime, const char *name, const char *chunk,
                      size_t len, int argc, const char *const *argv,
                      struct lun_error *err);

/*
 * Makes FUNCTION a global of the scripts under NAME.  It gets ARGC strings
 * (a secret is refused) and may answer with a string of its own in *OUT,
 * which is copied before it is called again, or with a code other than 0,
 * which raises.
 */
typedef enum lun_code (*lun_host_function)(void *data, int argc,
                                           const char *const *argv,
                                           const char **out,
                                           struct lun_error *err);
LUN_API LUN_NODISCARD enum lun_code
lun_runtime_register(lun_runtime *runtime, const char *name,
                     lun_host_function function, void *data,
                     struct lun_error *err);

#ifdef __cplusplus
}
#endif

#endif
