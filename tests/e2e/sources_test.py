#!/usr/bin/python3
"""sources_test.py [WORD]...: every source of credentials, end to end (see
sources/); of the cases those alone that have one of the words in their names.

Each case has a network and a root of its own, which takes root, or a user who
may make himself one in a namespace; else they are skipped."""

import os
import sys
import traceback
from concurrent.futures import ProcessPoolExecutor
from typing import Callable, NamedTuple

sys.dont_write_bytecode = True

from sources import (boot, container, environment, expect, files, login,
                     metadata, network, process, renewal, roles, source, sso,
                     stage, web)
import world

UNDER = os.environ.get("VALGRIND", "")
WORKERS = 2 if UNDER else 4  # most of which wait
MODULES = (environment, files, roles, web, sso, login, process, container,
           metadata, network, boot)


class Scene(NamedTuple):
    """What is played with every source."""
    play: Callable
    make: type

    def __call__(self, here):
        self.play(here, self.make())


def scenes_of(made):
    yield from (source.who, source.why, renewal.renew)
    if made.again:
        yield source.refused
    if made.lifetime is not None:
        yield renewal.fail


def cases():
    """Names, and functions of a stage."""
    for module in MODULES:
        for make in getattr(module, "SOURCES", ()):
            for play in scenes_of(make()):
                yield f"{make.name}: {play.__name__}", Scene(play, make)
        for name, play in getattr(module, "SCENES", {}).items():
            yield f"{module.__name__.partition('.')[2]}: {name}", play
        for error in getattr(module, "ERRORS", ()):
            if not (error.bare and UNDER):
                yield f"{error.source.name}: {error.name}", error


CASES = [case for case in cases()
         if any(word in case[0] for word in sys.argv[1:] or [""])]


def perform(number, tools):
    """What is wrong with a case."""
    try:
        with stage.Stage(tools) as here:
            CASES[number][1](here)
        return here.cloud.wrong
    except expect.Wrong as wrong:
        return [str(wrong), *here.cloud.wrong]
    except Exception:  # pylint: disable=broad-except
        return [traceback.format_exc()]


def play_all(tools):
    with ProcessPoolExecutor(WORKERS) as pool:
        reason = pool.submit(world.why_not, tools).result()
        if reason:
            print(f"skipped: {reason}")
            return 77
        found = pool.map(perform, range(len(CASES)), [tools] * len(CASES))
        failed = 0
        for (name, _), wrong in zip(CASES, found):
            if wrong:
                failed += 1
                print(f"FAIL {name}: " + "\n  ".join(wrong), flush=True)
    print(f"{len(CASES) - failed} passed, {failed} failed")
    return failed > 0


def main():
    world.go_where_allowed()
    tools = world.Tools(os.environ["BUILD"], UNDER)
    try:
        return play_all(tools)
    finally:
        tools.done()


if __name__ == "__main__":
    sys.exit(main())
