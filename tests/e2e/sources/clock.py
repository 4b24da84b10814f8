"""Sessions whose time is injected: see ../clock.c."""

import calendar
import json
import select
import subprocess

from .expect import Wrong, same
from .stage import LIMIT

NOW = calendar.timegm((2026, 11, 23, 0, 0, 0))


class Clock:
    """A session in a process of its own, which has the stage's time."""

    def __init__(self, stage):
        self.stage = stage
        if stage.now is None:
            stage.now = NOW

    def __enter__(self):
        named = [self.stage.profile] if self.stage.profile else []
        self.child = self.stage.begin("clock", str(self.stage.now), *named,
                                      stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE)
        self.stage.clocks.append(self)
        return self

    def order(self, *words):
        """What it answers."""
        line = " ".join(map(str, words))
        self.child.stdin.write(f"{line}\n".encode())
        self.child.stdin.flush()
        if not select.select([self.child.stdout], [], [], LIMIT)[0]:
            raise Wrong(f"{line}: no answer in {LIMIT} s")
        answer = self.child.stdout.readline()
        if not answer:
            raise Wrong(f"{line}: it ended with {self.child.wait(LIMIT)}")
        return json.loads(answer)

    def ask(self, waits=1):
        """The credentials, which are one whole set; or an error, which must
        not tell one."""
        got = self.order("ask", waits)
        if "error" in got:
            if "canary" in json.dumps(got):
                raise Wrong(f"a secret is told: {got}")
            return got
        keys = self.stage.cloud.keys.get(got["access_key_id"])
        if keys is None:
            raise Wrong(f"keys of nobody: {got}")
        same((got["secret_access_key"], got["session_token"]),
             (keys.secret, keys.token), f"the secrets of {keys.owner}")
        return got

    def settle(self):
        same(self.order("settle"), {}, "waiting for the renewal")

    def set(self, name, value):
        same(self.order("set", name, value), {}, "setting a variable")

    def __exit__(self, kind, *_):
        self.stage.clocks.remove(self)
        self.child.stdin.close()
        try:
            status = self.child.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.child.kill()
            status = self.child.wait()
        self.child.stdout.close()
        if not kind:
            same(status, 0, "the clock's exit status")
