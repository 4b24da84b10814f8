#!/usr/bin/python3
"""run.py DIR: runs those suites of DIR whose cases talk to somebody, each
case in a network and a root of its own, where their addresses are served.

BUILD is where tests/vectors/resolve is; VALGRIND is put before it.  What is
printed is like what `vectors` prints, and so is the exit status."""

import os
import subprocess
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


def why_not():
    """Why no network can be made here; None if it can.  Who is not root may
    make one in a user namespace of his own, and begins again in it."""
    command = ["unshare", "--mount", "--net", "--", "true"]
    if subprocess.run(command, capture_output=True,
                      check=False).returncode == 0:
        return None
    command[1:1] = ["--user", "--map-root-user"]
    done = subprocess.run(command, capture_output=True, text=True,
                          check=False)
    if done.returncode != 0 or "LUN_INSIDE" in os.environ:
        return f"no network can be made here ({done.stderr.strip()})"
    os.environ["LUN_INSIDE"] = "yes"
    sys.stdout.flush()
    os.execvp(command[0], [*command[:-1], sys.executable, *sys.argv])
    return None


def run_suites(directory, tools, total):
    """In processes that begin where no thread can have anything open."""
    with ProcessPoolExecutor(WORKERS, initializer=world.enter) as pool:
        run_suite(pool, tools, "tests/vectors/served", selftest.tasks(), total)
        for suite, tasks_of in SUITES:
            path = os.path.join(directory, suite)
            if os.path.exists(path):
                run_suite(pool, tools, suite, list(tasks_of(path)), total)


def main():
    directory = sys.argv[1]
    total = Tally()
    reason = why_not()
    for suite, _ in SUITES:
        missing = not os.path.exists(os.path.join(directory, suite))
        if missing or reason:
            why = f"not in {directory}" if missing else reason
            print(f"skip {suite}: {why}")
            total.counts["skipped"] += 1
    if not reason:
        tools = world.Tools(os.environ["BUILD"],
                            os.environ.get("VALGRIND", ""))
        try:
            run_suites(directory, tools, total)
        finally:
            tools.done()
    counts = total.counts
    print(f"{counts['passed']} passed, {counts['failed']} failed, "
          f"{counts['skipped']} skipped")
    return counts["failed"] > 0


if __name__ == "__main__":
    sys.exit(main())
