"""A machine that boots: the role, the network and the names come while the
command waits for them; and it says what is missing if it is not to wait."""

import subprocess
import time
from typing import Callable, NamedTuple

import world

from .expect import Wrong, matches, same
from .metadata import FIRST, Instance
from .services import REGION

DEADLINE, SOON = 20, 2.5  # seconds
METADATA = "169.254.169.254"
NONE = "credentials: no credentials found: .*instance metadata: "
STS = f"sts.{REGION}.amazonaws.com"


class Boot(NamedTuple):
    """AT_FIRST and AT_LAST are what is done to a stage, and MESSAGE is what
    is said without waiting in between."""
    at_first: Callable
    at_last: Callable
    status: int
    message: str

    def __call__(self, stage):
        source = Instance()
        source.set_up(stage)
        stage.on()
        self.at_first(stage, source)
        ran = stage.run("whoami", "--no-wait")
        same(ran.status, self.status, str(ran))
        matches(ran.err, f"^lunette: {self.message}.* hint: .", "the message")
        if not stage.tools.under and ran.seconds > SOON:
            raise Wrong(f"it took {ran.seconds:.1f} s not to wait")
        self.wait(stage, source)

    def wait(self, stage, source):
        began = time.monotonic()
        child = stage.begin("lunette", "whoami", "--wait",
                            "--deadline", f"{DEADLINE}s",
                            stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            child.wait(1)  # as little as there is on a machine that boots
        except subprocess.TimeoutExpired:
            self.at_last(stage, source)
        ran = stage.end(child, began)
        same(ran.status, 0, str(ran))
        same(stage.cloud.take()[-1], f"GetCallerIdentity by {source.owner}",
             "the last request")


def ip(*words):
    subprocess.run(["ip", *words], check=True, env={"PATH": world.PATH})


def off(stage, _):
    stage.off()


def on(stage, _):
    stage.on()


def no_address(*_):
    ip("address", "del", f"{METADATA}/32", "dev", "lo")


def address(*_):
    ip("address", "add", METADATA, "dev", "lo")


def no_name(stage, _):
    stage.name(())


def name(stage, _):
    stage.name({STS})


def no_role(_, source):
    source.service.role = None


def empty_list(_, source):
    source.service.role = ""


def role(_, source):
    source.service.role = "instance"


def no_token(stage, _):
    stage.cloud.fail(401, FIRST[0])


def mended(stage, _):
    stage.cloud.mend()


SCENES = {
    "the metadata service": Boot(
        off, on, 10, f"{NONE}.*{METADATA}:80: cannot connect"),
    "the route to the metadata service": Boot(
        no_address, address, 10, f"{NONE}.*{METADATA}:80: cannot connect"),
    "the role": Boot(no_role, role, 10, f"{NONE}the instance has no role"),
    "the role's name": Boot(empty_list, role, 10, f"{NONE}the instance has no role"),
    "a token": Boot(no_token, mended, 10, f"{NONE}.*refused a token"),
    "the name of STS": Boot(
        no_name, name, 14, f"network: {STS}:443: the name cannot be resolved"),
}
