/*
 * A loopback server that misbehaves on order, for the tests of net/.  It
 * gives the N-th request the N-th answer of its script (the last one again
 * when the script is over), over as many connections as it gets, and keeps
 * what was asked.  It runs in a child process that dies with the test.
 */
#ifndef TEST_SERVER_H
#define TEST_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum act {
  SEND_IT,   /* the text as it is */
  SEND_SHUT, /* the text, then the connection is closed */
  HANG,      /* nothing, and no end */
  RESET,     /* the connection is reset */
  DRIP,      /* the text, a byte every 20 ms */
  FLOOD,     /* the text, then a chunk of 64 KiB again and again */
  REPEAT     /* the text again and again */
};

struct answer {
  enum act act;
  const char *text;
};

#define SERVER_LOG  32
#define SERVER_TEXT 8192

struct server_log {
  atomic_int connections;
  atomic_int requests;
  char text[SERVER_LOG][SERVER_TEXT];
};

struct server {
  pid_t pid;
  int port;
  char url[64];
  struct server_log *log;
};

/* An answer with a length, as AWS gives one. */
static inline const char *answer_text(int status, const char *headers,
                                      const char *body)
{
  static char pool[64][4096];
  static size_t next;
  char *text = pool[next++ % 64];

  (void)snprintf(text, sizeof(pool[0]),
                 "HTTP/1.1 %d Status\r\n%sContent-Length: %zu\r\n\r\n%s",
                 status, headers, strlen(body), body);
  return text;
}

/* Not by _exit: a memory checker would look for what the test still has. */
static _Noreturn void server_end(void)
{
  (void)execl("/bin/true", "true", (char *)NULL);
  abort();
}

static void server_write(int fd, const char *text, size_t len)
{
  while (len > 0) {
    ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

    if (n <= 0)
      server_end();
    text += n;
    len -= (size_t)n;
  }
}

/* Reads a request whole; false at the end of the connection. */
static bool server_read(int fd, char *text, size_t size)
{
  size_t used = 0;

  memset(text, 0, size);
  for (;;) {
    const char *body = strstr(text, "\r\n\r\n");
    const char *length = strcasestr(text, "\r\nContent-Length:");
    ssize_t n = 0;

    if (body != NULL) {
      size_t want = length == NULL ? 0 : strtoul(length + 17, NULL, 10);

      if (used >= (size_t)(body + 4 - text) + want)
        return true;
    }
    n = recv(fd, text + used, size - 1 - used, 0);
    if (n <= 0)
      return false;
    used += (size_t)n;
  }
}

static void server_answer(int fd, const struct answer *answer)
{
  struct linger now = {1, 0};
  const char *text = answer->text == NULL ? "" : answer->text;
  size_t i = 0;

  if (answer->act == HANG)
    for (;;)
      pause();
  if (answer->act == RESET) {
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    (void)close(fd);
    server_end();
  }
  for (i = 0; answer->act == DRIP && text[i] != '\0'; i++) {
    server_write(fd, text + i, 1);
    (void)usleep(20000);
  }
  if (answer->act == DRIP)
    return;
  server_write(fd, text, strlen(text));
  while (answer->act == REPEAT)
    server_write(fd, text, strlen(text));
  while (answer->act == FLOOD) {
    static char chunk[65536];

    memset(chunk, 'x', sizeof(chunk));
    server_write(fd, "10000\r\n", 7);
    server_write(fd, chunk, sizeof(chunk));
    server_write(fd, "\r\n", 2);
  }
  if (answer->act == SEND_SHUT)
    server_end();
}

static void server_connection(int fd, const struct answer *script, int count,
                              struct server_log *log)
{
  char text[SERVER_TEXT];

  while (server_read(fd, text, sizeof(text))) {
    int index = atomic_fetch_add(&log->requests, 1);

    if (index < SERVER_LOG)
      memcpy(log->text[index], text, sizeof(text));
    server_answer(fd, &script[index < count ? index : count - 1]);
  }
  server_end();
}

static void server_run(int fd, const struct answer *script, int count,
                       struct server_log *log)
{
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  (void)setpgid(0, 0);
  (void)signal(SIGCHLD, SIG_IGN);
  for (;;) {
    int peer = accept(fd, NULL, NULL);

    if (peer < 0)
      continue;
    atomic_fetch_add(&log->connections, 1);
    if (fork() == 0) {
      (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
      server_connection(peer, script, count, log);
    }
    (void)close(peer);
  }
}

/* A listening socket on a port of the system's choice. */
static int server_listen(int *port)
{
  struct sockaddr_in at = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof(at);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd < 0 || bind(fd, (struct sockaddr *)&at, size) != 0 ||
      listen(fd, 64) != 0 ||
      getsockname(fd, (struct sockaddr *)&at, &size) != 0)
    abort();
  *port = ntohs(at.sin_port);
  return fd;
}

static void server_start(struct server *server, const struct answer *script,
                         int count)
{
  int fd = server_listen(&server->port);

  server->log = mmap(NULL, sizeof(*server->log), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (server->log == MAP_FAILED)
    abort();
  (void)snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%d",
                 server->port);
  server->pid = fork();
  if (server->pid == 0)
    server_run(fd, script, count, server->log);
  (void)setpgid(server->pid, server->pid);
  (void)close(fd);
}

static void server_stop(struct server *server)
{
  (void)kill(-server->pid, SIGKILL);
  (void)waitpid(server->pid, NULL, 0);
  (void)munmap(server->log, sizeof(*server->log));
}

#endif
