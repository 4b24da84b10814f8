"""The instance's role, by IMDSv2."""

from .cloud import Refusal
from .expect import same
from .renewal import beside, had, playing, until
from .services import Metadata, Metadata6
from .source import Error, Source

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
    """Its token is used until shortly before its end, and then another."""
    source = Instance()
    with playing(stage, source) as clock:
        source.service.ttl = 3000
        had(clock, source, words=FIRST)
        for words in AGAIN, (FIRST[0], *AGAIN):
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


def refused_keys(stage):
    """STS calls keys expired that are not yet: others are had, once."""
    source = Instance()
    source.set_up(stage)
    give = stage.cloud.give

    def give_old(*words):
        stage.cloud.give = give
        keys = give(*words)
        stage.cloud.forget(keys)
        return keys

    stage.cloud.give = give_old
    stage.on()
    same(stage.run("whoami").status, 0, "whoami")
    stage.asked(*FIRST, "old keys of instance", *AGAIN,
                "GetCallerIdentity by instance")


# ----------------------------------------------------------------- errors --

def no_role(stage, source):
    source.service.role = None


def no_name(stage, source):
    source.service.role = "a/../b"


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
          "keys that STS refuses": refused_keys}
ERRORS = [
    Error("no role", Instance, no_role,
          NONE + "the instance has no role attached", ".*attach a role",
          FIRST[:2], mark="-"),
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
