"""A machine that boots: the role, the network and the names come while the
command waits for them; and it says what is missing if it is not to wait."""

import subprocess
import time
from typing import Callable, NamedTuple

import world

from .expect import Wrong, matches, same
from .metadata import FIRST, Instance
from .services import REGION

SOON = 2.5  # seconds
METADATA = "169.254.169.254"
NONE = "credentials: no credentials found: .*instance metadata: "
ELSEWHERE = "192.0.2.7"
STS = f"sts.{REGION}.amazonaws.com"


class Boot(NamedTuple):
    """AT_FIRST and AT_LAST are what is done to a stage, and MESSAGE is what
    is said without waiting in between."""
    at_first: Callable
    at_last: Callable
    status: int
    message: str

    def __call__(self, stage):
        source = begin(stage, self.at_first)
        fails(stage, self.status, self.message, SOON, "--no-wait")
        child, began = wait(stage)
        try:
            child.wait(1)  # as little as there is on a machine that boots
        except subprocess.TimeoutExpired:
            self.at_last(stage, source)
        ran = stage.end(child, began)
        same(ran.status, 0, str(ran))
        same(stage.cloud.take()[-1], f"GetCallerIdentity by {source.owner}",
             "the last request")


def begin(stage, at_first):
    source = Instance()
    source.set_up(stage)
    stage.on()
    at_first(stage, source)
    return source


def wait(stage):
    return (stage.begin("lunette", "whoami", "--wait", "--deadline", "20s",
                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE), time.monotonic())


def fails(stage, status, message, seconds, *words):
    ran = stage.run("whoami", *words)
    same(ran.status, status, str(ran))
    matches(ran.err, f"^lunette: {message}.* hint: .", "the message")
    if not stage.tools.under and ran.seconds > seconds:
        raise Wrong(f"it took {ran.seconds:.1f} s")


def in_vain(stage):
    """What never comes is said in time, and how long it was waited for."""
    begin(stage, off)
    stage.env["AWS_METADATA_SERVICE_TIMEOUT"] = "1"
    fails(stage, 10, f"{NONE}{UNREACHED}.*, after waiting for [1-4] s", 4.5,
          "--wait", "--deadline", "4500ms")


# ------------------------------------------------- what comes, and does not --

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


def no_route(stage, _):
    stage.name({STS}, ELSEWHERE)


def route(*_):
    ip("address", "add", ELSEWHERE, "dev", "lo")


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


UNREACHED = f"the instance metadata service at {METADATA}:80: cannot connect"

SCENES = {
    "the metadata service": Boot(off, on, 10, NONE + UNREACHED),
    "the route to the metadata service": Boot(
        no_address, address, 10, NONE + UNREACHED),
    "the role": Boot(no_role, role, 10, f"{NONE}the instance has no role"),
    "the role's name": Boot(
        empty_list, role, 10, f"{NONE}the instance has no role"),
    "a token": Boot(no_token, mended, 10, f"{NONE}.*refused a token"),
    "the name of STS": Boot(
        no_name, name, 14, f"network: {STS}:443: the name cannot be resolved"),
    "the route to STS": Boot(
        no_route, route, 14, f"network: {STS}:443: cannot connect"),
    "nothing": in_vain,
}
