"""A way to have credentials, and what the command says of it: who one is by
it, and why; or what is wrong with it."""

import json
import re
from typing import Callable, NamedTuple, Optional

from .cloud import ACCOUNT, iso
from .expect import Wrong, matches, same


class Source:
    name = ""  # of its cases
    provider = ""  # as lunette calls it
    owner = ""  # of the keys
    first = ()  # what is asked until there are keys
    again = ()  # what is asked until there are others in their place
    broken = ()  # what is asked for others if every service is broken
    account = ACCOUNT  # that the keys are known to be of; None: that of nobody
    lifetime = 3600  # seconds that keys are good for; None: for ever
    looked = ""  # what `whoami --why` says that was looked at: a pattern
    ended = ("credentials", "", "")  # kind, message and hint, as patterns,
    # once the keys have ended and there is nobody to ask for others

    def set_up(self, stage):
        """Services, files and variables, at the stage's time."""
        raise NotImplementedError

    def rotate(self, stage, clock):
        """Whoever gives the keys has others from now on."""

    def spoil(self, stage, clock):
        """Nobody gives keys any more."""
        stage.cloud.fail(500)

    def mend(self, stage, clock):
        stage.cloud.mend()


def who(stage, source):
    source.set_up(stage)
    stage.on()
    ran = stage.run("whoami", "--json")
    same((ran.status, ran.err), (0, ""), "whoami --json")
    says, keys = json.loads(ran.out), stage.cloud.last()
    want = {"account": ACCOUNT, "arn": keys.arn, "provider": source.provider,
            "expiration": source.lifetime and iso(keys.until)}
    same({name: says.get(name) for name in want}, want, "whoami --json")
    stage.asked(*source.first, f"GetCallerIdentity by {source.owner}")


def ends_well(stage, source, *words):
    """The command does, by these requests."""
    stage.on()
    ran = stage.run("whoami")
    same((ran.status, ran.err), (0, ""), "whoami")
    stage.asked(*words, f"GetCallerIdentity by {source.owner}")


def refused(stage, source):
    """STS calls the first keys expired, which they are not yet: others are
    had, once."""
    give, cloud = stage.cloud.give, stage.cloud

    def give_old(owner, *rest):
        keys = give(owner, *rest)
        if owner == source.owner:
            cloud.give = give
            cloud.forget(keys)
        return keys

    cloud.give = give_old
    source.set_up(stage)
    ends_well(stage, source, *source.first, f"old keys of {source.owner}",
              *source.again)


def steps(out):
    """Those that `whoami --why` shows: what came of each, and its name."""
    return re.findall(r"^([-+!]) +[\d.]+ m?s  ([^\s:]+)", out, re.MULTILINE)


def why(stage, source):
    source.set_up(stage)
    stage.on()
    ran = stage.run("whoami", "--why", "-v")
    same(ran.status, 0, str(ran))
    matches(ran.err, rf"creds\.found.*{source.provider}", "the log")
    same([step for step in steps(ran.out) if step[0] != "-"],
         [("+", source.provider)], "steps that came to something")
    matches(ran.out, rf"\+ +[\d.]+ m?s {source.provider}: {source.looked}",
            "what was looked at")
    matches(ran.out, rf"provider +{source.provider} ", "the provider")


class Error(NamedTuple):
    """What a source comes to by SPOIL, a function of the stage and of the
    source."""
    name: str
    source: Callable[[], Source]
    spoil: Callable
    message: str  # a pattern
    hint: Optional[str] = "."  # another; None if the message says all of it
    asked: tuple = ()
    status: int = 10
    seconds: float = 2.5
    mark: Optional[str] = "!"  # of its step; None: it is not even asked
    bare: bool = False  # valgrind would change it

    def __call__(self, stage):
        source = self.source()
        source.set_up(stage)
        stage.on()
        self.spoil(stage, source)
        ran = stage.run("whoami", "--why", "--no-wait")
        same(ran.status, self.status, str(ran))
        matches(ran.err, f"^lunette: [a-z ]+: {self.message}", "the message")
        if self.hint:
            matches(ran.err, f" hint: {self.hint}", "the hint")
        same(steps(ran.out)[-1:],
             [(self.mark, source.provider)] if self.mark else [],
             "the last step")
        stage.asked(*self.asked)
        if not stage.tools.under and ran.seconds > self.seconds:
            raise Wrong(f"it took {ran.seconds:.1f} s")
