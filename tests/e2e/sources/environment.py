"""Keys in the environment, for ever or for a time."""

from .cloud import iso, user_arn
from .expect import same
from .renewal import had, playing, until
from .source import Error, Source


class Environment(Source):
    name = "environment"
    provider = "env"
    owner = "user"
    account = None
    lifetime = None
    looked = "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY"

    def set_up(self, stage):
        stage.env.update(self.variables(stage))

    def variables(self, stage):
        """What stands for new keys."""
        keys = stage.cloud.know(self.owner)
        return {"AWS_ACCESS_KEY_ID": keys.id,
                "AWS_SECRET_ACCESS_KEY": keys.secret}


class Expiring(Environment):
    """Whoever set them sets others before they end, and they are read
    again."""
    name = "environment, for a time"
    lifetime = 3600
    ended = ("^credentials$",
             "^Partial credentials found in env, missing: "
             "AWS_SECRET_ACCESS_KEY$", "^set it, or unset AWS_ACCESS_KEY_ID$")

    def variables(self, stage):
        keys = stage.cloud.give(self.owner, user_arn(self.owner),
                                self.lifetime)
        return {"AWS_ACCESS_KEY_ID": keys.id,
                "AWS_SECRET_ACCESS_KEY": keys.secret,
                "AWS_SESSION_TOKEN": keys.token,
                "AWS_CREDENTIAL_EXPIRATION": iso(keys.until)}

    def rotate(self, stage, clock):
        for name, value in self.variables(stage).items():
            clock.set(name, value)

    def spoil(self, stage, clock):
        clock.set("AWS_SECRET_ACCESS_KEY", "")

    def mend(self, stage, clock):
        self.rotate(stage, clock)


def no_end(stage):
    """Keys that had one cannot have none from then on."""
    source = Expiring()
    with playing(stage, source) as clock:
        had(clock, source)
        clock.set("AWS_CREDENTIAL_EXPIRATION", "")
        until(clock, stage.cloud.last(), 0)
        same(clock.ask().get("message"), "Partial credentials found in env, "
             "missing: AWS_CREDENTIAL_EXPIRATION", "the message")


def unset(name):
    return lambda stage, source: stage.env.pop(name)


def setting(**variables):
    return lambda stage, source: stage.env.update(variables)


def refused(stage, source):
    stage.cloud.forget(stage.cloud.last())


SOURCES = [Environment, Expiring]
SCENES = {"no end any more": no_end}
ERRORS = [
    Error("half a pair", Environment, unset("AWS_SECRET_ACCESS_KEY"),
          "Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY ",
          "set it, or unset AWS_ACCESS_KEY_ID"),
    Error("no date", Expiring,
          setting(AWS_CREDENTIAL_EXPIRATION="canary tomorrow"),
          "AWS_CREDENTIAL_EXPIRATION is not a date",
          "write it as in 2026-11-23T00:00:00Z"),
    Error("ended", Expiring,
          setting(AWS_CREDENTIAL_EXPIRATION="2026-01-01T00:00:00Z"),
          "Credentials were refreshed, but the refreshed credentials are "
          "still expired: those of env ended at 2026-01-01T00:00:00Z",
          "get new ones from where these come from"),
    Error("keys that STS calls expired", Environment, refused,
          "the credentials of env have expired, and it has no newer ones",
          "get new ones, then run this again", ("old keys of user",),
          mark="+"),
    Error("no header", Environment,
          setting(AWS_SECRET_ACCESS_KEY="canary\nsecret"),
          "credentials of the environment: "),
]
