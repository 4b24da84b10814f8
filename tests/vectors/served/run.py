#!/usr/bin/python3
"""run.py DIR: runs those suites of DIR whose cases talk to somebody, each
case in a network and a root of its own, where their addresses are served.

BUILD is where tests/vectors/resolve is; VALGRIND is put before it.  What is
printed is like what `vectors` prints, and so is the exit status."""

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import chains
import folders
import login
import places
import selftest
import world
from outcome import Outcome

WORKERS = 2

SUITES = [
    ("smithy-rs-default-credential-provider-chain",
     partial(folders.tasks, mode="default")),
    ("aws-sdk-kotlin-provider-chain", partial(folders.tasks, mode="default")),
    ("smithy-rs-profile-provider", partial(folders.tasks, mode="profile")),
    ("smithy-rs-default-token-provider-chain",
     partial(folders.tasks, mode="token")),
    ("smithy-rs-config/assume-role-tests.json", chains.tasks),
    ("smithy-rs-config/ecs-tests.json", places.containers),
    ("smithy-rs-config/imds-endpoint-tests.json", places.metadata),
    ("smithy-rs-config/file-location-tests.json", places.files),
    ("botocore-login/login-provider-test-cases.json", login.tasks),
]


def perform(task, tools):
    """In a worker: a case that breaks the runner has failed."""
    try:
        return task(tools)
    except Exception as error:  # pylint: disable=broad-except
        return Outcome("failed", f"{type(error).__name__}: {error}")


class Tally:
    def __init__(self):
        self.counts = {"passed": 0, "failed": 0, "skipped": 0}

    def add(self, suite, name, outcome):
        self.counts[outcome.word] += 1
        if outcome.word == "failed":
            print(f"FAIL {suite} {name}: {outcome.why}")
        elif outcome.word == "skipped":
            print(f"skip {suite} {name}: {outcome.why}")
        elif outcome.note:
            print(f"note {suite} {name}: {outcome.note}")

    def __str__(self):
        return ", ".join(f"{count} {word}"
                         for word, count in self.counts.items()
                         if count or word != "skipped")


def run_suite(pool, tools, suite, tasks, total):
    tally = Tally()
    names = [name for name, _ in tasks]
    outcomes = pool.map(perform, [task for _, task in tasks],
                        [tools] * len(tasks))
    for name, outcome in zip(names, outcomes):
        tally.add(suite, name, outcome)
    print(f"{suite}: {tally}", flush=True)
    for word, count in tally.counts.items():
        total.counts[word] += count


def run_suites(directory, tools, total):
    with ProcessPoolExecutor(WORKERS) as pool:
        reason = pool.submit(world.why_not, tools).result()
        if not reason:
            run_suite(pool, tools, "tests/vectors/served", selftest.tasks(),
                      total)
        for suite, tasks_of in SUITES:
            path = os.path.join(directory, suite)
            if os.path.exists(path) and not reason:
                run_suite(pool, tools, suite, list(tasks_of(path)), total)
            else:
                why = reason or f"not in {directory}"
                print(f"skip {suite}: {why}", flush=True)
                total.counts["skipped"] += 1


def main():
    world.go_where_allowed()
    total = Tally()
    tools = world.Tools(os.environ["BUILD"], os.environ.get("VALGRIND", ""))
    try:
        run_suites(sys.argv[1], tools, total)
    finally:
        tools.done()
    counts = total.counts
    print(f"{counts['passed']} passed, {counts['failed']} failed, "
          f"{counts['skipped']} skipped")
    return counts["failed"] > 0


if __name__ == "__main__":
    sys.exit(main())
