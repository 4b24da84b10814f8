"""Keys are renewed in time, and kept where others are not to be had, whatever
they come from (docs/credentials.md, Renewal)."""

from contextlib import contextmanager

from .clock import Clock
from .expect import matches, same


class Windows:
    """Seconds before the end of keys that came with LIFETIME left: renewed
    beside the calls, renewed before a call, and never used."""

    def __init__(self, lifetime):
        self.beside = min(900, lifetime // 4)
        self.before = min(600, lifetime // 6)
        self.never = min(300, lifetime // 12)


@contextmanager
def playing(stage, source):
    """A clock that the source gives keys to."""
    clock = Clock(stage)
    source.set_up(stage)
    stage.on()
    with clock:
        yield clock


def until(clock, keys, seconds):
    """Time goes on until so many seconds before the end of KEYS."""
    stage = clock.stage
    stage.move(int(keys.until) - stage.now - seconds)


def is_had(got, source, keys):
    same((got.get("provider"), got.get("access_key_id"),
          got.get("account_id")), (source.provider, keys.id, source.account),
         str(got))


def had(clock, source, keys=None, words=()):
    """KEYS, or the last that were given, are had by asking WORDS."""
    got = clock.ask()
    is_had(got, source, keys or clock.stage.cloud.last())
    clock.stage.asked(*words)
    return got


def beside(clock, source, keys, words):
    """KEYS are had at once, and WORDS asked meanwhile, once for all who
    wait."""
    is_had(clock.ask(waits=3), source, keys)
    clock.settle()
    clock.stage.asked(*words)


# ----------------------------------------------------------------- scenes --

def renew(stage, source):
    """In time, once for all who wait, and never before."""
    with playing(stage, source) as clock:
        got = had(clock, source, words=source.first)
        old = stage.cloud.last()
        if source.lifetime is None:
            same(got["expiry"], 0, "the end")
            stage.move(10 * 365 * 86400)
            had(clock, source, old)
            return
        same(got["expiry"], int(old.until), "the end")
        until(clock, old, Windows(source.lifetime).beside + 1)
        source.rotate(stage, clock)
        beside(clock, source, old, ())
        stage.move(1)
        beside(clock, source, old, source.again)
        new = stage.cloud.last()
        had(clock, source, new)

        left = int(new.until) - stage.now
        until(clock, new, Windows(left).before)
        source.rotate(stage, clock)
        is_had(clock.ask(waits=3), source, stage.cloud.last())
        same(stage.cloud.last() is new, False, "the same keys")
        stage.asked(*source.again)


def fail(stage, source):
    """Nobody loses good keys since others are not to be had; once they have
    ended it is said why, and once all is well again there are others."""
    window = Windows(source.lifetime)
    with playing(stage, source) as clock:
        had(clock, source, words=source.first)
        keys = stage.cloud.last()
        source.spoil(stage, clock)
        until(clock, keys, window.beside)
        beside(clock, source, keys, source.broken)
        had(clock, source, keys)  # not again within the minute
        until(clock, keys, window.before)
        had(clock, source, keys, source.broken)
        had(clock, source, keys)
        stage.move(60)
        had(clock, source, keys, source.broken)
        stage.off()
        until(clock, keys, window.never + 1)
        had(clock, source, keys)
        until(clock, keys, 0)
        got = clock.ask(waits=3)
        for name, pattern in zip(("error", "message", "hint"), source.ended):
            matches(got.get(name, ""), pattern, f"{name} of {got}")

        stage.on()
        source.mend(stage, clock)
        stage.cloud.take()
        is_had(clock.ask(), source, stage.cloud.last())
        same(stage.cloud.last() is keys, False, "the same keys")
