/*
 * TLS against a server of the test's own, with certificates made on the spot:
 * what is trusted, what is not, and what the user is told.
 */
#include "../../core/net/http.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DAY 86400L

static lun_ctx *ctx;
static lun_loop *loop;
static struct lun_http http;
static struct lun_error error;
static char folder[64];
static char key_log[128];
static EVP_PKEY *ca_key;
static X509 *ca_cert;

/* --------------------------------------------------------- certificates -- */

static const char *in_folder(const char *name)
{
  static char paths[4][128];
  static int next;
  char *path = paths[next++ % 4];

  (void)snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
  return path;
}

static void extend(X509 *cert, int nid, const char *value)
{
  X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

  assert_non_null(extension);
  X509_add_ext(cert, extension, -1);
  X509_EXTENSION_free(extension);
}

/* A certificate from FROM to TO, in seconds from now, signed by the CA; the
 * CA itself while there is none. */
static X509 *certify(EVP_PKEY *key, const char *name, const char *san,
                     long from, long to)
{
  static long serial;
  X509 *cert = X509_new();
  X509_NAME *subject = X509_get_subject_name(cert);

  X509_set_version(cert, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(cert), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(cert), from);
  X509_gmtime_adj(X509_getm_notAfter(cert), to);
  X509_set_pubkey(cert, key);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             (const unsigned char *)name, -1, -1, 0);
  if (ca_cert == NULL)
    extend(cert, NID_basic_constraints, "critical,CA:TRUE");
  else
    extend(cert, NID_subject_alt_name, san);
  X509_set_issuer_name(cert, ca_cert == NULL ? subject
                                             : X509_get_subject_name(ca_cert));
  assert_true(X509_sign(cert, ca_cert == NULL ? key : ca_key, EVP_sha256()));
  return cert;
}

/* Writes a certificate, and its key if there is one, to a PEM file. */
static void write_pem(const char *path, X509 *cert, EVP_PKEY *key)
{
  FILE *file = fopen(path, "we");

  assert_non_null(file);
  if (key != NULL)
    assert_true(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL));
  assert_true(PEM_write_X509(file, cert));
  assert_int_equal(fclose(file), 0);
}

static void make_leaf(const char *name, const char *san, long from, long to)
{
  EVP_PKEY *key = EVP_EC_gen("P-256");
  X509 *cert = certify(key, "localhost", san, from, to);

  write_pem(in_folder(name), cert, key);
  X509_free(cert);
  EVP_PKEY_free(key);
}

static int make_certificates(void **state)
{
  char hashed[32] = "";

  (void)state;
  (void)snprintf(folder, sizeof(folder), "/tmp/lunette-test-XXXXXX");
  if (mkdtemp(folder) == NULL)
    return -1;
  ca_key = EVP_EC_gen("P-256");
  ca_cert = certify(ca_key, "a test's own CA", NULL, -DAY, DAY);
  write_pem(in_folder("ca.pem"), ca_cert, NULL);
  (void)mkdir(in_folder("hashed"), 0700);
  (void)snprintf(hashed, sizeof(hashed), "hashed/%08lx.0",
                 X509_subject_name_hash(ca_cert));
  write_pem(in_folder(hashed), ca_cert, NULL);
  make_leaf("good.pem", "IP:127.0.0.1", -DAY, DAY);
  make_leaf("other.pem", "DNS:other.invalid", -DAY, DAY);
  make_leaf("expired.pem", "IP:127.0.0.1", -2 * DAY, -DAY);
  make_leaf("early.pem", "IP:127.0.0.1", DAY, 2 * DAY);
  /* libcurl is made ready at the first request, and reads it then. */
  (void)snprintf(key_log, sizeof(key_log), "%s", in_folder("keys"));
  (void)setenv("SSLKEYLOGFILE", key_log, 1);
  return 0;
}

static int remove_certificates(void **state)
{
  static const char *const names[] = {"ca.pem",    "good.pem",
                                      "other.pem", "expired.pem",
                                      "early.pem", "garbage.pem"};
  DIR *dir = opendir(in_folder("hashed"));
  struct dirent *entry = NULL;
  size_t i = 0;

  (void)state;
  while ((entry = readdir(dir)) != NULL)
    (void)unlinkat(dirfd(dir), entry->d_name, 0);
  (void)closedir(dir);
  (void)rmdir(in_folder("hashed"));
  for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    (void)unlink(in_folder(names[i]));
  X509_free(ca_cert);
  EVP_PKEY_free(ca_key);
  return rmdir(folder); /* which fails if keys were written */
}

/* --------------------------------------------------------------- server -- */

struct peer {
  pid_t pid;
  int out;
  char url[64];
};

static void peer_start(struct peer *peer, const char *cert, const char *mode)
{
  const char *python = getenv("PYTHON");
  char port[16] = "";
  size_t len = 0;
  int ends[2];

  assert_int_equal(pipe(ends), 0);
  peer->pid = fork();
  if (peer->pid == 0) {
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)dup2(ends[1], 1);
    (void)close(ends[0]);
    (void)close(ends[1]);
    (void)execl(python == NULL ? "/usr/bin/python3" : python, "python3",
                "tests/unit/tls_server.py", in_folder(cert), mode,
                (char *)NULL);
    _exit(127);
  }
  (void)close(ends[1]);
  peer->out = ends[0];
  do /* the whole line: what comes behind it is a request */
    assert_int_equal(read(peer->out, port + len, 1), 1);
  while (port[len++] != '\n' && len < sizeof(port) - 1);
  (void)snprintf(peer->url, sizeof(peer->url), "https://127.0.0.1:%ld/",
                 strtol(port, NULL, 10));
}

/* Ends it; true if it ever saw a request. */
static bool peer_stop(struct peer *peer)
{
  struct pollfd fd = {peer->out, POLLIN, 0};
  bool seen = poll(&fd, 1, 0) > 0 && (fd.revents & POLLIN);

  (void)kill(peer->pid, SIGKILL);
  (void)waitpid(peer->pid, NULL, 0);
  (void)close(peer->out);
  return seen;
}

/* ---------------------------------------------------------------- tests -- */

static int set_up(void **state)
{
  (void)state;
  memset(&error, 0, sizeof(error));
  if (lun_ctx_new(&ctx, NULL) || lun_loop_new(&loop, ctx, NULL))
    return -1;
  lun_http_init(&http, ctx);
  return 0;
}

static int tear_down(void **state)
{
  (void)state;
  lun_http_done(&http);
  lun_loop_free(loop);
  assert_int_equal(ctx->account.live_blocks, 0);
  lun_ctx_free(ctx);
  return 0;
}

static enum lun_code ask(const struct peer *peer, const char *ca,
                         struct lun_span body)
{
  struct lun_http_request request = {
      .method = "POST", .url = peer->url, .ca = ca, .body = body};
  enum lun_code rc = LUN_OK;

  rc = lun_http_start(&http, loop, &request, 0, &error);
  return rc ? rc : lun_loop_run(loop, &http.task, &error);
}

static void trusted(void **state)
{
  const char *stores[2];
  struct peer peer;
  int i = 0;

  (void)state;
  stores[0] = in_folder("ca.pem");
  stores[1] = in_folder("hashed");
  for (i = 0; i < 2; i++) {
    peer_start(&peer, "good.pem", "answer");
    assert_int_equal(ask(&peer, stores[i], LUN_SPAN_LIT("{}")), LUN_OK);
    assert_string_equal(lun_buf_text(&http.body), "{}");
    assert_true(peer_stop(&peer));
  }
  assert_string_equal(getenv("SSLKEYLOGFILE"), key_log);
  assert_int_equal(access(key_log, F_OK), -1);
}

/* No request is sent to who cannot be trusted, and there is no second try. */
static void not_trusted(void **state)
{
  static const struct {
    const char *cert;
    const char *mode;
    const char *ca;
    const char *text;
    const char *hint;
  } cases[] = {{"good.pem", "answer", NULL,
                "signed by nobody whom this machine trusts", "AWS_CA_BUNDLE"},
               {"other.pem", "answer", "ca.pem",
                "the certificate is for another host", "endpoint's name"},
               {"expired.pem", "answer", "ca.pem",
                "the certificate has expired", "clock says"},
               {"early.pem", "answer", "ca.pem",
                "the certificate is not valid yet", "clock says"},
               {"good.pem", "old", "ca.pem", "no TLS connection", "TLS 1.2"},
               {"good.pem", "plain", "ca.pem", "no TLS connection", "https"}};
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct peer peer;

    peer_start(&peer, cases[i].cert, cases[i].mode);
    assert_int_equal(ask(&peer,
                         cases[i].ca == NULL ? NULL : in_folder(cases[i].ca),
                         LUN_SPAN_LIT("{}")),
                     LUN_ENETWORK);
    assert_int_equal(error.retryable, 0);
    assert_non_null(strstr(error.message, cases[i].text));
    assert_non_null(strstr(error.hint, cases[i].hint));
    assert_false(peer_stop(&peer));
  }
}

static void garbage_for_trust(void **state)
{
  int fd = open(in_folder("garbage.pem"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  struct peer peer;

  (void)state;
  assert_int_equal(write(fd, "not a certificate\n", 18), 18);
  (void)close(fd);
  peer_start(&peer, "good.pem", "answer");
  assert_int_equal(ask(&peer, in_folder("garbage.pem"), LUN_SPAN_LIT("{}")),
                   LUN_ENETWORK);
  assert_int_equal(error.retryable, 0);
  assert_non_null(strstr(error.message, "certificates cannot be read"));
  assert_non_null(strstr(error.message, "garbage.pem"));
  assert_false(peer_stop(&peer));
}

static void lost_halfway(void **state)
{
  static char big[4 << 20];
  struct peer peer;

  (void)state;
  peer_start(&peer, "good.pem", "reset");
  assert_int_equal(ask(&peer, in_folder("ca.pem"), LUN_SPAN_LIT("{}")),
                   LUN_ENETWORK);
  assert_int_equal(error.retryable, 1);
  assert_non_null(strstr(error.message, "while TLS was set up"));
  (void)peer_stop(&peer);

  peer_start(&peer, "good.pem", "cut");
  assert_int_equal(ask(&peer, in_folder("ca.pem"), LUN_SPAN_LIT("{}")),
                   LUN_ENETWORK);
  assert_int_equal(error.retryable, 1);
  (void)peer_stop(&peer);

  /* It goes while we write: SIGPIPE would end this test. */
  memset(big, 'x', sizeof(big));
  (void)signal(SIGPIPE, SIG_DFL);
  peer_start(&peer, "good.pem", "vanish");
  assert_int_equal(
      ask(&peer, in_folder("ca.pem"), (struct lun_span){big, sizeof(big)}),
      LUN_ENETWORK);
  assert_int_equal(error.retryable, 1);
  (void)peer_stop(&peer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(trusted),
      TEST(not_trusted),
      TEST(garbage_for_trust),
      TEST(lost_halfway),
  };

  return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
