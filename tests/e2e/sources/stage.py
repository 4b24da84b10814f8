"""Where a case is played: a world with a cloud in it, and in its root the
command and the clock, that is a session whose time is injected."""

import json
import os
import shutil
import socket
import stat
import subprocess
import time
from contextlib import nullcontext
from typing import NamedTuple

import server
import world

from .cloud import Cloud
from .expect import Wrong, same
from .services import REGION, Sts

LIMIT = 60  # seconds that nothing may take
CONFIG, CREDENTIALS = "/home/.aws/config", "/home/.aws/credentials"
PROXY = server.PROXY


class Switched(server.Server):
    """A server that can be switched off, with all of its connections."""

    def __init__(self, *words, **named):
        self.connections = []
        super().__init__(*words, **named)
        self.lock = nullcontext()  # the cloud has one, and lets others in

    def serve(self, sock, port):
        # A copy, since TLS takes the socket itself over.
        self.connections.append(sock.dup())
        super().serve(sock, port)

    def __exit__(self, *_):
        for sock in [*self.listeners, *self.connections]:
            try:
                sock.shutdown(socket.SHUT_RDWR)  # whoever waits is woken
            except OSError:
                pass  # it is over already
            sock.close()
        self.listeners, self.connections = [], []


class Ran(NamedTuple):
    """What a command came to."""
    status: int
    out: str
    err: str
    seconds: float


class Stage(world.World):
    """A case's own."""

    programs = {"lunette": "lunette", "clock": "tests/e2e/clock"}

    def __init__(self, tools):
        self.now = None  # the time of the clocks; None: the real one
        self.clocks = []
        self.cloud = Cloud(self.time)
        self.sts = Sts(self.cloud)
        self.env = {"HOME": "/home", "PATH": world.PATH, "AWS_REGION": REGION,
                    "AWS_CA_BUNDLE": world.CA}
        if tools.under:  # all is slower by it
            self.env["AWS_METADATA_SERVICE_TIMEOUT"] = "10"
        self.profile = None  # that is asked for by name
        self.extra = set()  # names besides the services'
        self.names = set()
        self.server = None
        self.certificate = None
        super().__init__(tools)

    def time(self):
        return time.time() if self.now is None else self.now

    def move(self, seconds):
        """Time goes on, for all clocks."""
        self.now += seconds
        for clock in self.clocks:
            same(clock.order("move", seconds, seconds), {}, "moving a clock")

    # ------------------------------------------------------------- network --

    def on(self):
        """Every service is there, on the usual ports."""
        names = {host for host in self.cloud.services
                 if not world.is_address(host)} | self.extra
        if names != self.names:
            self.name(names)
            self.certificate = self.tools.certificate(names)
            self.names = names
        self.server = Switched(self.cloud, {80, 443}, {443}, self.certificate)

    def off(self):
        """Nobody takes a connection any more."""
        if self.server:
            self.server.__exit__()
            self.cloud.wrong += self.server.mishaps
            self.server = None

    def name(self, hosts, address="127.0.0.1"):
        """HOSTS are known to be at ADDRESS: this machine, usually."""
        lines = [f"{address} {host}" for host in sorted(hosts)]
        self.write("etc/hosts", "\n".join(["127.0.0.1 localhost",
                                           "::1 localhost", *lines, ""]))

    # ------------------------------------------------------------ programs --

    def begin(self, *words, **how):
        """Starts a program of the root's.  What valgrind says would be in
        the way; its exit status is not."""
        under = self.tools.under and [*self.tools.under,
                                      "--log-file=/dev/null"]
        return subprocess.Popen(
            [shutil.which("chroot", path=world.PATH), self.root, *under,
             f"/lunette/{words[0]}", *words[1:]], env=self.env, **how)

    def run(self, *words):
        """Runs the command; it must neither hang nor tell a secret."""
        began = time.monotonic()
        if self.profile:
            words = (*words, "--profile", self.profile)
        child = self.begin("lunette", *words, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return self.end(child, began)

    def end(self, child, began):
        try:
            out, err = child.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
            raise Wrong(f"it did not end in {LIMIT} s") from None
        ran = Ran(child.returncode, out.decode(errors="replace"),
                  err.decode(errors="replace"), time.monotonic() - began)
        if "canary" in ran.out + ran.err:
            raise Wrong(f"a secret is told: {ran}")
        return ran

    # --------------------------------------------------------------- files --

    def write(self, path, text):
        self.put(path, text.encode())

    def read_private(self, path):
        """A document that is for its owner alone, and the one in its
        folder: nothing is left beside it."""
        folder, name = os.path.split(self.path(path))
        same(os.listdir(folder), [name], f"the files in {folder}")
        same(stat.filemode(os.stat(self.path(path)).st_mode), "-rw-------",
             f"the mode of {path}")
        return json.loads(self.read(path))

    # ----------------------------------------------------------------- end --

    def asked(self, *words):
        """These requests came since the last time, and no others."""
        same(self.cloud.take(), list(words), "requests")

    def __exit__(self, *what):
        self.cloud.mend()
        self.off()
        super().__exit__(*what)
