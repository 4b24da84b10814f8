"""The instance's role, by IMDSv2."""

from .cloud import Refusal
from .expect import same
from .renewal import beside, had, playing, until
from .services import Metadata, Metadata6, assumed
from .source import Error, Source, ends_well
from .stage import CONFIG

LIST = f"GET {Metadata.roles.removeprefix('/latest')}"
AGAIN = (f"{LIST}instance",)  # the role is known by then
FIRST = ("PUT /api/token", LIST, *AGAIN)


class Instance(Source):
    name = "instance, IPv4"
    provider = "iam-role"
    owner = "instance"
    account = None
    first, again = FIRST, AGAIN
    broken = AGAIN
    service = Metadata
    looked = ".*instance"
    ended = ("^credentials$", "no credentials found any more: "
             "instance metadata: .*169.254.169.254:80.*refused", ".")

    def set_up(self, stage):
        self.service = self.service(stage.cloud)


class Instance6(Instance):
    name = "instance, IPv6"
    service = Metadata6
    ended = ("^credentials$", "no credentials found any more: "
             r"instance metadata: .*\[fd00:ec2::254\]:80.*refused", ".")

    def set_up(self, stage):
        super().set_up(stage)
        stage.env["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"] = "IPv6"


# ----------------------------------------------------------------- scenes --

def new_token(stage):
    """It is used until 2 minutes before its end, and then another."""
    source = Instance()
    with playing(stage, source) as clock:
        source.service.ttl = 2880  # of the first one
        had(clock, source, words=FIRST)
        source.service.ttl = 2760
        for words in AGAIN, (FIRST[0], *AGAIN), (FIRST[0], *AGAIN):
            keys = stage.cloud.last()
            until(clock, keys, 900)
            beside(clock, source, keys, words)


def forgotten_token(stage):
    """A service that has forgotten its tokens gives another."""
    source = Instance()
    with playing(stage, source) as clock:
        had(clock, source, words=FIRST)
        source.service.tokens.clear()
        until(clock, stage.cloud.last(), 600)
        clock.ask()
        stage.asked(*AGAIN, FIRST[0], *AGAIN)


def other_role(stage):
    """The instance gets another role, whose keys are had from then on."""
    source = Instance()
    with playing(stage, source) as clock:
        had(clock, source, words=FIRST)
        source.service.role = "other"
        until(clock, stage.cloud.last(), 600)
        clock.ask()
        same(stage.cloud.last().owner, "other", "the role")
        stage.asked(*AGAIN, LIST, f"{LIST}other")


def no_newer_keys(stage):
    """A service that has trouble of its own gives the same again: they are
    used on, past their end, and others once there are some."""
    source = Instance()
    with playing(stage, source) as clock:
        had(clock, source, words=FIRST)
        keys = source.service.stuck = stage.cloud.last()
        until(clock, keys, 900)
        beside(clock, source, keys, AGAIN)
        lasts_longer(stage, had(clock, source, keys))
        until(clock, keys, -600)
        lasts_longer(stage, had(clock, source, keys, AGAIN))
        source.service.stuck = None
        stage.move(900)
        same(had(clock, source, words=AGAIN)["expiry"],
             int(stage.cloud.last().until), "the end")


def lasts_longer(stage, got):
    """By a quarter of an hour and from 2 to 10 minutes."""
    left = got["expiry"] - stage.now
    same(900 + 120 <= left <= 900 + 600, True, f"{left} s left")


def ended_keys(stage):
    """The first ones have ended, says the service; AWS may think otherwise,
    and does."""
    source = Instance()
    source.set_up(stage)
    keys = stage.cloud.give("instance", assumed("instance", "i-0"), 3600)
    source.service.stuck = keys._replace(until=stage.time() - 60)
    ends_well(stage, source, *FIRST)


def version_1(stage):
    """It is asked where that is allowed in so many words."""
    source = Instance()
    source.set_up(stage)
    source.service.version = 1
    stage.env["AWS_EC2_METADATA_V1_DISABLED"] = "false"
    ends_well(stage, source, *FIRST)


def version_1_of_profile(stage):
    source = Instance()
    source.set_up(stage)
    source.service.version = 1
    stage.write(CONFIG, "[default]\nec2_metadata_v1_disabled = false\n")
    ends_well(stage, source, *FIRST)


def region(stage):
    """Where nobody names one, the machine's own is asked for."""
    source = Instance()
    source.set_up(stage)
    del stage.env["AWS_REGION"]
    ends_well(stage, source, *FIRST, "GET /meta-data/placement/region")


def named_role(stage):
    """There is no need of a list."""
    source = Instance()
    source.set_up(stage)
    stage.env["AWS_EC2_INSTANCE_PROFILE_NAME"] = "instance"
    ends_well(stage, source, FIRST[0], *AGAIN)


# ----------------------------------------------------------------- errors --

def no_role(stage, source):
    source.service.role = None


def no_name(stage, source):
    source.service.role = "a/../b"


def only_version_1(stage, source):
    source.service.version = 1


def switched_off(stage, source):
    stage.env["AWS_EC2_METADATA_DISABLED"] = "true"


def refuses(status, body, word="all"):
    return lambda stage, source: stage.cloud.fail(Refusal(status, body), word)


def silent(stage, source):
    stage.cloud.fail("silence")


def nobody(stage, source):
    stage.off()


NONE = "no credentials found: .*instance metadata: "
TRUST = {"Code": "AssumeRoleUnauthorizedAccess", "Type": "AWS-HMAC",
         "Message": "EC2 cannot assume the role instance."}
HALF = {"Code": "Success", "AccessKeyId": "ASIA",
        "SecretAccessKey": "canary-secret"}

SOURCES = [Instance, Instance6]
SCENES = {"its token ends": new_token,
          "its token is forgotten": forgotten_token,
          "another role": other_role,
          "no newer keys": no_newer_keys,
          "keys that have ended": ended_keys,
          "version 1": version_1,
          "version 1, by the profile": version_1_of_profile,
          "its region": region,
          "a role that is named": named_role}
ERRORS = [
    Error("no role", Instance, no_role,
          NONE + "the instance has no role attached", ".*attach a role",
          FIRST[:2], mark="-"),
    Error("a role that goes", Instance, refuses(404, b"", *AGAIN),
          NONE + "the metadata service has no credentials of the role "
          "instance, which it lists", ".*is being changed: try again", FIRST,
          mark="-"),
    Error("nothing but version 1", Instance, only_version_1,
          NONE + r"the instance metadata service at .* refused a token \(HTTP "
          r"status 404\)", ".*AWS_EC2_METADATA_V1_DISABLED", FIRST[:1],
          mark="-"),
    Error("switched off", Instance, switched_off,
          NONE + "AWS_EC2_METADATA_DISABLED is true", mark="-"),
    Error("off for the instance", Instance, refuses(403, b""),
          NONE + "the instance metadata service at .* is disabled for this "
          "instance", ".", FIRST[:1], mark="-"),
    Error("a role that EC2 cannot assume", Instance,
          refuses(200, TRUST, AGAIN[0]),
          "EC2 cannot give out the credentials of role instance: "
          "AssumeRoleUnauthorizedAccess: EC2 cannot assume",
          "the role's trust policy has to let ec2.amazonaws.com", FIRST),
    Error("half of what there should be", Instance,
          refuses(200, HALF, AGAIN[0]),
          "the metadata service's credentials of role instance: .*Token", ".",
          FIRST),
    Error("a role that is no name", Instance, no_name,
          NONE + "the metadata service's list of roles has no role's name",
          ".", FIRST[:2], mark="-"),
    Error("too many hops", Instance, silent,
          NONE + "the instance metadata service at 169.254.169.254:80: ",
          ".*response hop limit", FIRST[:1], mark="-"),
    Error("nobody there", Instance6, nobody,
          NONE + r"the instance metadata service at \[fd00:ec2::254\]:80: ",
          ".", mark="-"),
]
