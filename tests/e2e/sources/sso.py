"""IAM Identity Center, with a token that is renewed or one that is not."""

import hashlib
import json
import os

from .clock import Clock
from .cloud import ACCOUNT, Refusal, iso
from .expect import matches, same
from .renewal import beside, had, playing, until
from .services import IdentityCenter, REGION
from .source import Error, Source
from .stage import CONFIG

FOLDER = "/home/.aws/sso/cache"
START = "https://start.example.com/start"
RENEW, KEYS = ("CreateToken",), ("GetRoleCredentials",)
PORTAL = f"portal.sso.{REGION}.amazonaws.com:443"


def cache_of(name):
    return f"{FOLDER}/{hashlib.sha1(name.encode()).hexdigest()}.json"


class Session(Source):
    """By an sso-session, as `aws sso login` leaves it behind."""
    name = "sso-session"
    provider = "sso"
    owner = "portal"
    first = again = KEYS
    broken = 3 * KEYS
    cache = cache_of("corp")
    looked = f'profile "default" in {CONFIG}:3, token in {cache}'
    ended = ("^network$", f"^{PORTAL}: .*refused$", ".")
    token_lifetime = 8 * 3600
    config = f"""\
[default]
sso_session = corp
sso_account_id = {ACCOUNT}
sso_role_name = portal
[sso-session corp]
sso_start_url = {START}
sso_region = {REGION}
"""

    def set_up(self, stage):
        self.center = IdentityCenter(stage.cloud)
        self.center.token_lifetime = self.token_lifetime
        stage.write(CONFIG, self.config)
        self.write(stage)

    def write(self, stage, **members):
        """The cache, with other members; those that are None are left out."""
        document = {**self.document(stage), **members}
        stage.write(self.cache, json.dumps({
            name: value for name, value in document.items()
            if value is not None}))

    def document(self, stage):
        return {"startUrl": START, "region": REGION,
                "accessToken": self.center.give_token(),
                "expiresAt": iso(stage.time() + self.token_lifetime),
                "clientId": "client", "clientSecret": "canary-client",
                "refreshToken": self.center.refresh,
                "registrationExpiresAt": iso(stage.time() + 90 * 86400)}


class ShortSession(Session):
    """Its token ends with the first keys."""
    token_lifetime = Session.lifetime


class Legacy(Session):
    """By a profile that has all of it; its token ends, and that is that."""
    name = "sso, legacy"
    cache = cache_of(START)
    looked = f'profile "default" in {CONFIG}:4, token in {cache}'
    config = f"""\
[default]
sso_start_url = {START}
sso_region = {REGION}
sso_account_id = {ACCOUNT}
sso_role_name = portal
"""

    def document(self, stage):
        whole = super().document(stage)
        return {name: whole[name] for name in ("startUrl", "region",
                                               "accessToken", "expiresAt")}


# ----------------------------------------------------------------- scenes --

def renewed(stage):
    """In its last quarter of an hour, for the keys of then and for who comes
    later: again and again, since a refresh token is good once."""
    source = ShortSession()
    with playing(stage, source) as clock:
        had(clock, source, words=KEYS)
        for _ in range(2):
            keys, before = stage.cloud.last(), stage.read_private(source.cache)
            until(clock, keys, 899)
            beside(clock, source, keys, RENEW + KEYS)
            center = source.center
            same(stage.read_private(source.cache),
                 {**before, "accessToken": list(center.tokens)[-1],
                  "refreshToken": center.refresh,
                  "expiresAt": iso(stage.now + center.token_lifetime)},
                 "the cache")
        with Clock(stage) as other:
            had(other, source, words=KEYS)


def not_renewed(stage):
    """It is used while it lasts; and nobody is sent to log in again while it
    is the service that fails."""
    source = ShortSession()
    with playing(stage, source) as clock:
        had(clock, source, words=KEYS)
        stage.cloud.fail(500, *RENEW)
        keys = stage.cloud.last()
        until(clock, keys, 899)
        beside(clock, source, keys, 3 * RENEW + KEYS)
        until(clock, stage.cloud.last(), 0)
        got = clock.ask()
        same(got.get("error"), "service", str(got))
        matches(got["message"], "Token has expired and refresh failed "
                rf"\({source.cache}\): ", "the message")
        stage.asked(*3 * RENEW)
        stage.cloud.mend()
        stage.move(60)
        clock.ask()
        stage.asked(*RENEW, *KEYS)


# ----------------------------------------------------------------- errors --

def change(text, other):
    return lambda stage, source: stage.write(
        CONFIG, source.config.replace(text, other))


def cache_has(**members):
    return lambda stage, source: source.write(stage, **members)


def no_cache(stage, source):
    os.unlink(stage.path(source.cache))


def bad_cache(stage, source):
    stage.write(source.cache, "canary-access")


def signed_out(stage, source):
    source.center.tokens.clear()


def not_assigned(stage, source):
    stage.cloud.fail(Refusal(403, {"__type": "ForbiddenException",
                                   "message": "No access"}))


def nobody(stage, source):
    stage.off()


OLD = "2026-01-01T00:00:00Z"
LOADING = "Error loading SSO Token: Token for "
RENEWING = ("Error when retrieving token from sso: Token has expired and "
            rf"refresh failed \({Session.cache}\): ")
EXPIRED = ("The SSO session associated with this profile has expired or is "
           r"otherwise invalid \(")
AGAIN = ("to refresh this SSO session run "
         "`aws sso login --profile default`")

SOURCES = [Session, Legacy]
SCENES = {"its token is renewed": renewed,
          "its token is not renewed": not_renewed}
ERRORS = [
    Error("nobody has logged in", Session, no_cache,
          LOADING + rf"corp does not exist \(there is no {Session.cache}\)",
          AGAIN),
    Error("nobody has logged in", Legacy, no_cache,
          LOADING + rf"{START} does not exist \(there is no {Legacy.cache}\)",
          AGAIN),
    Error("a cache that is no JSON", Session, bad_cache,
          LOADING + f"corp is invalid: {Session.cache} is no valid JSON",
          AGAIN),
    Error("a token that has ended", Legacy, cache_has(expiresAt=OLD),
          EXPIRED + rf"{Legacy.cache} expired at {OLD}\)", AGAIN),
    Error("a token that cannot be renewed", Session,
          cache_has(expiresAt=OLD, refreshToken=None),
          RENEWING + "it has no refreshToken", AGAIN),
    Error("a token that is not renewed", Session,
          cache_has(expiresAt=OLD, refreshToken="canary-other"),
          RENEWING + ".*Invalid refresh token", AGAIN, RENEW),
    Error("signed out elsewhere", Session, signed_out,
          EXPIRED + f"{PORTAL} answered 401 to the token in {Session.cache}",
          AGAIN, KEYS),
    Error("a role that is not assigned", Session, not_assigned,
          rf"role portal in account {ACCOUNT} \({CONFIG}:4\): No access",
          "check sso_account_id and sso_role_name", KEYS),
    Error("a session that is none", Session, change("[sso-session corp]", ""),
          'The specified sso-session does not exist: "corp" '
          rf"\(sso_session in {CONFIG}:2\)", r"add \[sso-session corp\]"),
    Error("half of the settings", Legacy, change("sso_region", "sso_religion"),
          f'{CONFIG}:4: The profile "default" is configured to use SSO but is '
          "missing required configuration: sso_region",
          "`aws configure sso --profile default` writes all of it"),
    Error("nobody there", Session, nobody, f"{PORTAL}: .*refused", status=14),
]
