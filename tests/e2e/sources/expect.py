"""What a case was to come to, and did not."""

import re


class Wrong(Exception):
    """What a case was not to come to."""


def same(got, want, what):
    if got != want:
        raise Wrong(f"{what}: {got!r}, not {want!r}")


def matches(text, pattern, what):
    if not re.search(pattern, " ".join(text.split())):
        raise Wrong(f"{what}: no '{pattern}' in {text!r}")
