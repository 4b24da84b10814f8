"""A session of `aws login`, renewed with a proof of its key."""

import hashlib
import json
import os

from .clock import Clock
from .cloud import ACCOUNT, Refusal, iso
from .dpop import make_key
from .expect import same
from .renewal import beside, had, playing, until
from .services import Signin
from .source import Error, Source
from .stage import CONFIG

SESSION = f"arn:aws:iam::{ACCOUNT}:user/ana"
FOLDER = "/home/.aws/login/cache"
CACHE = f"{FOLDER}/{hashlib.sha256(SESSION.encode()).hexdigest()}.json"
RENEW = ("CreateOAuth2Token",)


class Login(Source):
    """It begins with the keys that its file has."""
    name = "aws login"
    provider = "login"
    owner = "ana"
    again = RENEW
    broken = 3 * RENEW
    lifetime = Signin.lifetime
    looked = f'profile "ana" in {CONFIG}:2, session in {CACHE}'
    ended = ("^network$", f'^profile "ana" .{CONFIG}:2.: the login session '
             "could not be renewed: .*signin.*refused$", ".")

    def set_up(self, stage):
        key = make_key()
        self.signin = Signin(stage.cloud, key, stage.tools)
        stage.write(CONFIG, f"[profile ana]\nlogin_session = {SESSION}\n")
        stage.env["AWS_PROFILE"] = "ana"
        self.document = {
            "accessToken": {**self.signin.give_token(), "accountId": ACCOUNT,
                            "expiresAt": iso(stage.time() + self.lifetime)},
            "clientId": "client", "refreshToken": self.signin.refresh,
            "idToken": "canary-id", "tokenType": "aws_sigv4", "dpopKey": key}
        self.write(stage)

    def write(self, stage, **members):
        """The file, with other members; those that are None are left out."""
        document = {**self.document, **members}
        stage.write(CACHE, json.dumps({
            name: value for name, value in document.items()
            if value is not None}))


# ----------------------------------------------------------------- scenes --

def check_file(stage, source):
    """It has the new keys, and what else it had."""
    keys = stage.cloud.last()
    token = {"accessKeyId": keys.id, "secretAccessKey": keys.secret,
             "sessionToken": keys.token, "accountId": ACCOUNT,
             "expiresAt": iso(keys.until)}
    same(stage.read_private(CACHE),
         {**source.document, "accessToken": token,
          "refreshToken": source.signin.refresh}, "the file")


def for_others(stage):
    """What is renewed is in the file, for who comes later: again and again,
    since a refresh token is good once."""
    source = Login()
    with playing(stage, source) as clock:
        had(clock, source)
        for _ in range(2):
            keys = stage.cloud.last()
            until(clock, keys, 225)
            beside(clock, source, keys, RENEW)
            check_file(stage, source)
        with Clock(stage) as other:
            had(other, source)


def by_another(stage):
    """Who finds the file renewed by another takes what it has."""
    source = Login()
    with playing(stage, source) as clock, Clock(stage) as other:
        had(clock, source)
        had(other, source)
        until(clock, stage.cloud.last(), 150)
        had(clock, source, words=RENEW)
        had(other, source)


def ended(stage):
    """Keys that have ended are renewed by the command itself."""
    source = Login()
    source.set_up(stage)
    token = {**source.document["accessToken"],
             "expiresAt": "2026-01-01T00:00:00Z"}
    source.write(stage, accessToken=token)
    stage.on()
    same(stage.run("whoami").status, 0, "whoami")
    stage.asked(*RENEW, "GetCallerIdentity by ana")
    same(stage.read_private(CACHE)["refreshToken"], source.signin.refresh,
         "the refresh token")


# ----------------------------------------------------------------- errors --

OLD = {"accessKeyId": "ASIAOLD", "secretAccessKey": "canary-old",
       "sessionToken": "canary-old", "accountId": ACCOUNT,
       "expiresAt": "2026-01-01T00:00:00Z"}
AT = f'profile "ana" .{CONFIG}:2.: '
AGAIN = "to log in again run `aws login --profile ana`"


def file_has(**members):
    return lambda stage, source: source.write(stage, **members)


def refuses(status, word):
    def spoil(stage, source):
        source.write(stage, accessToken=OLD)
        stage.cloud.fail(Refusal(status, {
            "__type": "AccessDeniedException", "error": word,
            "message": "No."}))
    return spoil


def no_file(stage, source):
    os.unlink(stage.path(CACHE))


def nobody(stage, source):
    source.write(stage, accessToken=OLD)
    stage.off()


SOURCES = [Login]
SCENES = {"for who comes later": for_others,
          "renewed by another": by_another,
          "keys that have ended": ended}
ERRORS = [
    Error("nobody has logged in", Login, no_file,
          AT + f"Error loading login session token: .*{CACHE}", AGAIN),
    Error("half of what there should be", Login, file_has(refreshToken=None),
          AT + f"Error loading login session token: {CACHE}.*refreshToken",
          AGAIN),
    Error("another kind of key", Login, file_has(
        accessToken=OLD, dpopKey="canary key"),
          AT + f"Error loading login session token: {CACHE}.*DPoP key", AGAIN),
    Error("a login that has ended", Login,
          file_has(accessToken=OLD, refreshToken="canary-other"),
          AT + "Your session has expired .* answered TOKEN_EXPIRED", AGAIN,
          RENEW),
    Error("another password", Login, refuses(403, "USER_CREDENTIALS_CHANGED"),
          AT + "Your session has expired or credentials have changed.", AGAIN,
          RENEW),
    Error("no permission", Login, refuses(403, "INSUFFICIENT_PERMISSIONS"),
          AT + "the login session cannot be renewed without permission for "
          "signin:CreateOAuth2Token",
          "have a policy of whoever logged in allow", RENEW),
    Error("nobody there", Login, nobody,
          AT + "the login session could not be renewed: "
          r"eu-central-1\.signin\.aws\.amazon\.com:443: .*refused",
          status=14),
]
