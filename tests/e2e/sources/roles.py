"""Roles of profiles: by other profiles, and by places that have keys."""

from . import metadata
from .cloud import error
from .expect import same
from .services import Container, Metadata, REGION, role_arn
from .source import Error, Source
from .stage import CONFIG

CHAIN = ("AssumeRole one by user", "AssumeRole two by one",
         "AssumeRole three by two")
STS_REFUSES = f"sts.{REGION}.amazonaws.com:443: .*refused$"


class Chain(Source):
    """Three roles, each by the one before, and the first by a user's keys."""
    name = "role_arn, a chain of three"
    provider = "assume-role"
    owner = "three"
    first = again = CHAIN
    broken = 3 * CHAIN[:1]
    looked = f'role_arn of profile "three" in {CONFIG}:5'
    ended = ("^network$", f"^role {role_arn('one')}: {STS_REFUSES}", ".")

    def set_up(self, stage):
        keys = stage.cloud.know("user")
        stage.write(CONFIG, f"""\
[profile user]
aws_access_key_id = {keys.id}
aws_secret_access_key = {keys.secret}
[profile three]
role_arn = {role_arn("three")}
source_profile = two
external_id = three-1
[profile two]
role_arn = {role_arn("two")}
source_profile = one
[profile one]
role_arn = {role_arn("one")}
source_profile = user
role_session_name = first
""")
        stage.env["AWS_PROFILE"] = "three"
        stage.sts.wanted = {"one": {"RoleSessionName": "first"},
                            "three": {"ExternalId": "three-1"}}


class Sourced(Source):
    """A role by a place that has keys."""
    provider = "assume-role"
    owner = "role"
    place = ""
    profile, section = "default", "default"

    def __init__(self):
        self.looked = f'role_arn of profile "{self.profile}" in {CONFIG}:2'
        self.at = (f'"{self.place}" referenced in profile "{self.profile}" '
                   rf"\({CONFIG}:3\)")

    def set_up(self, stage):
        stage.write(CONFIG, f"[{self.section}]\n"
                    f"role_arn = {role_arn('role')}\n"
                    f"credential_source = {self.place}\n")


class OfEnvironment(Sourced):
    """Asked for by name, since keys of the environment come before a profile
    that is not."""
    name = "credential_source, Environment"
    place = "Environment"
    first = again = ("AssumeRole role by user",)
    broken = 3 * first
    ended = ("^network$", f"^role {role_arn('role')}: {STS_REFUSES}", ".")
    profile, section = "chosen", "profile chosen"

    def set_up(self, stage):
        super().set_up(stage)
        keys = stage.cloud.know("user")
        stage.env.update(AWS_ACCESS_KEY_ID=keys.id,
                         AWS_SECRET_ACCESS_KEY=keys.secret)
        stage.profile = self.profile


class OfInstance(Sourced):
    name = "credential_source, Ec2InstanceMetadata"
    place = "Ec2InstanceMetadata"
    first = (*metadata.FIRST, "AssumeRole role by instance")
    again = (*metadata.AGAIN, "AssumeRole role by instance")
    broken = metadata.AGAIN[:1]
    ended = ("^credentials$", 'No credentials found in credential_source '
             '"Ec2InstanceMetadata" .*169.254.169.254:80: .*refused;', ".")

    def set_up(self, stage):
        super().set_up(stage)
        self.service = Metadata(stage.cloud)


class OfContainer(Sourced):
    name = "credential_source, EcsContainer"
    place = "EcsContainer"
    url = "http://169.254.170.2/keys"
    first = again = (f"GET {url}", "AssumeRole role by task")
    broken = 3 * first[:1]
    ended = ("^credentials$",
             "^Error when retrieving credentials from container-role: "
             f"{url}: .*refused$", "look at the agent of this container")

    def set_up(self, stage):
        super().set_up(stage)
        Container(stage.cloud)
        stage.env["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/keys"


# ----------------------------------------------------------------- errors --

def change(text, other):
    def spoil(stage, source):
        config = stage.read(CONFIG).decode()
        same(text in config, True, text)
        stage.write(CONFIG, config.replace(text, other))
    return spoil


def unset(name):
    return lambda stage, source: stage.env.pop(name)


def not_trusted(stage, source):
    stage.cloud.fail(error(403, "AccessDenied", "User: user is not authorized "
                           "to perform: sts:AssumeRole"), CHAIN[0])


def unknown_keys(stage, source):
    stage.cloud.keys.clear()


def impostor(stage, source):
    stage.sts.instead = {"two": "one"}


def no_role(stage, source):
    source.service.role = None


def one(name):
    return f"role {role_arn(name)}: "


AT = f"{CONFIG}:"
NONE = "No credentials found in credential_source "

SOURCES = [Chain, OfEnvironment, OfInstance, OfContainer]
ERRORS = [
    Error("a source that is none", Chain,
          change("source_profile = one", "source_profile = onne"),
          'The source_profile "onne" referenced in the profile "two" does not '
          rf"exist \({AT}10\)", 'did you mean "one"'),
    Error("a circle", Chain,
          change("source_profile = user", "source_profile = three"),
          "Infinite loop in credential configuration detected: "
          rf"three -> two -> one -> three \({AT}13\)", "one of them has to"),
    Error("no source", Chain, change("source_profile = user", ""),
          "Partial credentials found in assume-role, missing: source_profile "
          rf'or credential_source \(profile "one", {AT}12\)'),
    Error("two sources", Chain,
          change("source_profile = user",
                 "source_profile = user\ncredential_source = Environment"),
          rf'The profile "one" contains both source_profile \({AT}13\) and '
          rf"credential_source \({AT}14\)", "take one of the two out"),
    Error("a source without keys", Chain, change("aws_", "as_"),
          rf'profile "one" \({AT}13\): The source profile "user" must have '
          "credentials", "give it aws_"),
    Error("half a pair of keys", Chain, change("aws_secret", "as_secret"),
          "Partial credentials found in config-file, missing: "
          rf"aws_secret_access_key \({AT}2 has the key"),
    Error("keys that STS does not know", Chain, unknown_keys,
          one("one") + ".*The security token included in the request is "
          "invalid", ".", ("keys of nobody",)),
    Error("a role that may not be assumed", Chain, not_trusted,
          one("one") + "User: user is not authorized to perform: "
          "sts:AssumeRole", ".", CHAIN[:1], status=11),
    Error("another role than the one asked for", Chain, impostor,
          one("two") + "the answer of AssumeRole is for another role than the "
          "one asked for", f"what answers at sts.{REGION}.amazonaws.com:443 "
          "is not AWS", CHAIN[:2], status=13),
    Error("a place that is none", OfContainer,
          change("EcsContainer", "EcsContainers"),
          'The credential source "EcsContainers" referenced in profile '
          rf'"default" is not valid \({AT}3\)',
          "there are Environment, Ec2InstanceMetadata and EcsContainer"),
    Error("an environment without keys", OfEnvironment,
          unset("AWS_ACCESS_KEY_ID"), NONE + OfEnvironment().at,
          "set AWS_ACCESS_KEY_ID"),
    Error("an instance without a role", OfInstance, no_role,
          NONE + OfInstance().at + ": instance metadata: the instance has no "
          "role attached", "attach a role", metadata.FIRST[:2]),
    Error("no container", OfContainer,
          unset("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
          NONE + OfContainer().at, "run it in a container"),
]
