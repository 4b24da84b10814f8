"""A program that prints keys."""

import json
import os

from .cloud import iso, user_arn
from .source import Error, Source
from .stage import CONFIG

PROGRAM, DOCUMENT = "/vault/print keys", "/vault/keys.json"
AT = ("Error when retrieving credentials from custom-process: "
      f"credential_process in {CONFIG}:2: ")


class Process(Source):
    """It prints what somebody has written for it."""
    name = "credential_process"
    provider = "custom-process"
    owner = "user"
    account = None
    looked = f"credential_process in {CONFIG}:2"
    ended = ("^credentials$",
             f"^{AT}'{PROGRAM}' ended with status 3: the vault is shut$",
             "run it by hand")

    def set_up(self, stage):
        stage.write(CONFIG, "[default]\n"
                    f'credential_process = "{PROGRAM}" --of \'all of us\'\n')
        self.write_program(stage, f'[ "$2" = "all of us" ] && cat {DOCUMENT}')
        self.write_keys(stage)

    @staticmethod
    def write_program(stage, line):
        stage.put(PROGRAM, f"#!/bin/sh\n{line}\n".encode(), 0o700)

    def write_keys(self, stage):
        keys = stage.cloud.give(self.owner, user_arn(self.owner),
                                self.lifetime or float("inf"))
        document = {"Version": 1, "AccessKeyId": keys.id,
                    "SecretAccessKey": keys.secret,
                    "SessionToken": keys.token}
        if self.lifetime:
            document["Expiration"] = iso(keys.until)
        stage.write(DOCUMENT, json.dumps(document))

    def rotate(self, stage, clock):
        self.write_keys(stage)

    def spoil(self, stage, clock):
        self.write_program(stage, "echo canary-password; echo cannot >&2\n"
                           "echo the vault is shut >&2; exit 3")

    def mend(self, stage, clock):
        self.set_up(stage)


class Lasting(Process):
    """It tells no end, so it is run once."""
    name = "credential_process, for ever"
    lifetime = None


def runs(line):
    return lambda stage, source: source.write_program(stage, line)


def prints(text):
    return runs(f"cat <<'END'\n{text}\nEND")


def gone(stage, source):
    os.unlink(stage.path(PROGRAM))


KEYS = '"AccessKeyId": "AKIA", "SecretAccessKey": "canary-secret"'
SHOULD = "it has to print one JSON object: Version 1, AccessKeyId"

SOURCES = [Process, Lasting]
ERRORS = [
    Error("a status", Process, runs("echo canary-word; exit 3"),
          AT + f"'{PROGRAM}' ended with status 3 ", "it did not say why"),
    Error("its own words", Process,
          runs("echo first >&2; echo the vault is shut >&2; exit 1"),
          AT + f"'{PROGRAM}' ended with status 1: the vault is shut ",
          "run it by hand"),
    Error("a signal", Process, runs("kill -9 $$"),
          AT + f"'{PROGRAM}' was ended by signal 9 ", "it did not say why"),
    Error("no program", Process, gone,
          AT + f"cannot run '{PROGRAM}': No such file", "check the path",
          bare=True),
    Error("no JSON", Process, prints("canary-secret"),
          AT + "its output is no valid JSON: line 1, column 1", SHOULD),
    Error("another version", Process, prints('{"Version": 2, %s}' % KEYS),
          AT + "Unsupported version '2' for credential process provider, "
          "supported versions: 1", SHOULD),
    Error("half a pair", Process,
          prints('{"Version": 1, "AccessKeyId": "AKIA"}'),
          AT + "its output: SecretAccessKey is missing", SHOULD),
    Error("keys that have ended", Process,
          prints('{"Version": 1, "Expiration": "2001-01-01T00:00:00Z", %s}'
                 % KEYS),
          "Credentials were refreshed, but the refreshed credentials are "
          "still expired: those of custom-process ended at "
          "2001-01-01T00:00:00Z", "get new ones from where these come from"),
]
