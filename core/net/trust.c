#include "trust.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define SYSTEM_FOLDER "/etc/ssl/certs"

/* A name that c_rehash gives: eight hexadecimal digits, a dot, a number. */
static bool hashed_name(const char *name)
{
  return strlen(name) > 9 && strspn(name, "0123456789abcdef") == 8 &&
         name[8] == '.' && isdigit((unsigned char)name[9]);
}

static bool hashed_folder(const char *path)
{
  DIR *folder = opendir(path);
  const struct dirent *entry = NULL;
  bool found = false;

  if (folder == NULL)
    return false;
  /* cppcheck-suppress readdirCalled ; nobody else reads this stream */
  while (!found && (entry = readdir(folder)) != NULL)
    found = hashed_name(entry->d_name);
  (void)closedir(folder);
  return found;
}

static enum lun_code refuse(const char *ca, const char *why, const char *hint,
                            struct lun_error *err)
{
  (void)lun_error_set(err, LUN_ENETWORK, "AWS_CA_BUNDLE: cannot use %s: %s", ca,
                      why);
  lun_error_hint(err, "%s", hint);
  return LUN_ENETWORK;
}

enum lun_code lun_trust_find(struct lun_trust *out, const char *ca,
                             struct lun_error *err)
{
  static const char set_it[] = "set AWS_CA_BUNDLE (in a profile: ca_bundle) "
                               "to a file of PEM certificates or to a folder "
                               "that `openssl rehash` made, or unset it to "
                               "trust the system's certificates";
  struct stat info = {.st_size = 0};

  *out = (struct lun_trust){NULL, NULL};
  if (ca == NULL) {
    if (hashed_folder(SYSTEM_FOLDER))
      out->folder = SYSTEM_FOLDER;
    return LUN_OK;
  }
  if (stat(ca, &info) != 0 || access(ca, R_OK) != 0)
    return refuse(ca, strerror(errno), set_it, err);
  if (S_ISDIR(info.st_mode)) {
    if (!hashed_folder(ca))
      return refuse(ca, "the folder has no hashed certificates",
                    "run `openssl rehash` on it, or name a file of PEM "
                    "certificates",
                    err);
    out->folder = ca;
    return LUN_OK;
  }
  if (!S_ISREG(info.st_mode))
    return refuse(ca, "neither a file nor a folder", set_it, err);
  if (info.st_size == 0)
    return refuse(ca, "the file is empty", set_it, err);
  out->file = ca;
  return LUN_OK;
}
