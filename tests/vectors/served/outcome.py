"""What a case comes to."""

from typing import NamedTuple


class Outcome(NamedTuple):
    word: str  # "passed", "failed" or "skipped"
    why: str = ""
    note: str = ""  # of one that passed, but not as it stands


def passed(note=""):
    return Outcome("passed", note=note)


def skipped(why):
    return Outcome("skipped", why)


def judged(wrong, note=""):
    """Passed, if nothing is wrong."""
    wrong = list(wrong)
    if wrong:
        return Outcome("failed", "\n  ".join(wrong))
    return passed(note)
