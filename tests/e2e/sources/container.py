"""The agent of a container: ECS's, or EKS Pod Identity's."""

import os
import re

from .cloud import Refusal
from .services import Container as Agent
from .source import Error, Source

PREFIX = "AWS_CONTAINER_"
TOKEN_FILE = "/var/run/secrets/token"
FROM = "Error when retrieving credentials from container-role: "


class Container(Source):
    """By a path at ECS's address."""
    name = "container, ECS"
    provider = "container-role"
    owner = "task"
    lifetime = Agent.lifetime
    url = "http://169.254.170.2/v2/credentials/0f3a"
    looked = PREFIX + "CREDENTIALS_RELATIVE_URI"

    def __init__(self):
        self.first = self.again = (f"GET {self.url}",)
        self.broken = 3 * self.first
        self.at = f"{FROM}{re.escape(self.url)}: "
        self.ended = ("^credentials$", f"^{self.at}.*refused$",
                      "look at the agent of this container")

    def set_up(self, stage):
        self.agent = Agent(stage.cloud)
        self.agent.token = "canary-authorization"
        stage.env[f"{PREFIX}CREDENTIALS_RELATIVE_URI"] = \
            self.url.removeprefix("http://169.254.170.2")
        stage.env[f"{PREFIX}AUTHORIZATION_TOKEN"] = self.agent.token


class PodIdentity(Container):
    """By a URL, with a token in a file that others renew."""
    name = "container, EKS by IPv4"
    url = "http://169.254.170.23/v1/credentials"
    looked = PREFIX + "CREDENTIALS_FULL_URI"
    number = 0  # of the token

    def set_up(self, stage):
        self.agent = Agent(stage.cloud)
        stage.env[f"{PREFIX}CREDENTIALS_FULL_URI"] = self.url
        stage.env[f"{PREFIX}AUTHORIZATION_TOKEN_FILE"] = TOKEN_FILE
        self.write_token(stage)

    def write_token(self, stage):
        self.agent.token = f"canary-authorization-{self.number}"
        stage.write(TOKEN_FILE, self.agent.token)

    def rotate(self, stage, clock):
        self.number += 1
        self.write_token(stage)


class PodIdentity6(PodIdentity):
    name = "container, EKS by IPv6"
    url = "http://[fd00:ec2::23]/v1/credentials"


# ----------------------------------------------------------------- errors --

def variable(name, value):
    return lambda stage, source: stage.env.update({PREFIX + name: value})


def answers(status, body):
    return lambda stage, source: stage.cloud.fail(Refusal(status, body))


def silent(stage, source):
    stage.cloud.fail("silence")


def nobody(stage, source):
    stage.off()


def no_file(stage, source):
    os.unlink(stage.path(TOKEN_FILE))


def line_break(stage, source):
    stage.write(TOKEN_FILE, "canary-token\n")


ECS, EKS, EKS6 = Container(), PodIdentity(), PodIdentity6()
PAUSES = 4.5  # seconds, two of them between three attempts

SOURCES = [Container, PodIdentity, PodIdentity6]
ERRORS = [
    Error("another token", Container,
          variable("AUTHORIZATION_TOKEN", "canary-other"),
          ECS.at + "it answered with HTTP status 401: InvalidToken: Token is "
          "expired", "it does not take the token", ECS.broken,
          seconds=PAUSES),
    Error("an internal error", Container, answers(500, b"the agent is ill"),
          ECS.at + "it answered with HTTP status 500: the agent is ill", ".",
          ECS.broken, seconds=PAUSES),
    Error("no JSON", Container, answers(200, b"canary-secret"),
          ECS.at + "its answer is no valid JSON", ".", ECS.broken,
          seconds=PAUSES),
    Error("half of what there should be", Container,
          answers(200, {"AccessKeyId": "ASIA", "Expiration": "now",
                        "SecretAccessKey": "canary-secret"}),
          ECS.at + ".*Token is missing", ".", ECS.first),
    Error("nobody there", PodIdentity, nobody,
          EKS.at + "cannot connect: Connection refused",
          "look at the agent of this container", seconds=PAUSES),
    Error("another machine", PodIdentity,
          variable("CREDENTIALS_FULL_URI", "http://192.0.2.1/keys"),
          FROM + f"{PREFIX}CREDENTIALS_FULL_URI: Unsupported host "
          "'192.0.2.1'", "the token and the keys would go over the network"),
    Error("no token file", PodIdentity, no_file,
          FROM + f"{PREFIX}AUTHORIZATION_TOKEN_FILE: {TOKEN_FILE}: cannot "
          "open it: No such file"),
    Error("a line break behind the token", PodIdentity, line_break,
          FROM + f"the token in {TOKEN_FILE} has a line break",
          "it is sent as it is"),
    Error("silence", PodIdentity6, silent, EKS6.at, ".", EKS6.broken,
          seconds=PAUSES + 3 * 2.5),
]
