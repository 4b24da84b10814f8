"""A world for one case: a network with nothing but the loopback interface,
which has the link-local addresses of AWS's metadata services, and a root that
holds the system's programs and the case's own files."""

import ctypes
import functools
import ipaddress
import json
import os
import shutil
import subprocess
import sys
import tempfile

NEWNS, NEWNET = 0x00020000, 0x40000000
RDONLY, REMOUNT, BIND, REC, PRIVATE = 1, 32, 4096, 16384, 1 << 18
KEPT = 2 | 4 | 8 | 1024 | 2048  # flags that a mount may have to keep
DETACH = 2

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
LINK = {"169.254.169.254", "169.254.170.2", "169.254.170.23",
        "fd00:ec2::254", "fd00:ec2::23"}
SYSTEM = ["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"]
DEVICES = ["null", "zero", "urandom"]
CA = "/lunette/ca.pem"  # of the run, in every world
LIMIT = 30  # seconds that a run may take

OPENSSL = """
[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical, CA:TRUE
[leaf]
basicConstraints = critical, CA:FALSE
"""

libc = ctypes.CDLL(None, use_errno=True)


def check(result, *what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{' '.join(what)}: {os.strerror(number)}")


def mount(source, target, kind=None, flags=0):
    check(libc.mount(*(text and str(text).encode()
                       for text in (source, target, kind)),
                     ctypes.c_ulong(flags), None), "mount", str(target))


def bind(source, target):
    """SOURCE is seen at TARGET too, and cannot be changed there."""
    mount(source, target, flags=BIND | REC)
    kept = os.statvfs(target).f_flag & KEPT
    mount(None, target, flags=REMOUNT | BIND | RDONLY | kept)


def run(*command):
    return subprocess.run(command, check=True, capture_output=True,
                          stdin=subprocess.DEVNULL, text=True,
                          env={"PATH": PATH}).stdout


class Tools:
    """What all cases share: the program, and an authority of the run's own
    that signs a certificate for each."""

    def __init__(self, build, valgrind):
        self.build = os.path.abspath(build)
        words = valgrind.split()
        self.under = words and [shutil.which(words[0], path=PATH), *words[1:]]
        self.folder = tempfile.mkdtemp(prefix="lunette-vectors-")
        self.settings = self.file("openssl.cnf")
        self.ca, self.ca_key = self.file("ca.pem"), self.file("ca.key")
        self.key = self.file("server.key")
        with open(self.settings, "w", encoding="ascii") as file:
            file.write(OPENSSL)
        for key in self.ca_key, self.key:
            run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-out", key)
        self.sign("ca", self.ca, "-key", self.ca_key)

    def file(self, name):
        return os.path.join(self.folder, name)

    def sign(self, extensions, out, *words):
        run("openssl", "req", "-x509", "-new", "-config", self.settings,
            "-extensions", extensions, "-subj", f"/CN=lunette {extensions}",
            "-days", "2", "-out", out, *words)

    def certificate(self, hosts):
        """The files of a certificate for HOSTS, and of its key."""
        fd, out = tempfile.mkstemp(suffix=".pem", dir=self.folder)
        os.close(fd)
        names = ",".join(f"{'IP' if is_address(host) else 'DNS'}:{host}"
                         for host in sorted(hosts))
        self.sign("leaf", out, "-key", self.key, "-CA", self.ca, "-CAkey",
                  self.ca_key, "-addext", f"subjectAltName={names}")
        return out, self.key

    def done(self):
        shutil.rmtree(self.folder)


def go_where_allowed():
    """Who is not root may make a network in a user namespace of his own:
    there he begins again, once."""
    inside = ["unshare", "--user", "--map-root-user", "--mount", "--net", "--"]
    if "LUN_INSIDE" in os.environ or subprocess.run(
            ["unshare", "--mount", "--net", "--", "true"],
            capture_output=True, check=False).returncode == 0:
        return
    if subprocess.run([*inside, "true"], capture_output=True,
                      check=False).returncode == 0:
        os.environ["LUN_INSIDE"] = "yes"
        os.execvp(inside[0], [*inside, sys.executable, *sys.argv])


@functools.cache
def enter():
    """Takes this process, once, to where no mount of it is seen outside."""
    check(libc.unshare(NEWNS), "unshare")
    mount("none", "/", flags=REC | PRIVATE)


def is_address(host):
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def bring_up(addresses):
    """The network: an address of IPv6 where there is none is an error only
    to the case that wants it."""
    lines = ["link set lo up"]
    for address in map(ipaddress.ip_address, sorted(addresses)):
        if address.version == 6 and not os.path.exists("/proc/net/if_inet6"):
            continue
        nodad = " nodad" if address.version == 6 else ""
        if not address.is_loopback:
            lines.append(f"address add {address} dev lo{nodad}")
    done = subprocess.run(["ip", "-batch", "-"], input="\n".join(lines) + "\n",
                          capture_output=True, text=True, env={"PATH": PATH},
                          check=False)
    if done.returncode != 0:
        raise OSError(f"ip: {done.stderr.strip()}")


class World:
    """One a process at a time.  HOSTS are names, which are looked up to be
    this machine, and addresses that it has.  OSError if none may be made."""

    programs = {"resolve": "tests/vectors/resolve"}  # in /lunette, as built

    def __init__(self, tools, hosts=()):
        enter()
        self.tools = tools
        self.root = tempfile.mkdtemp(dir=tools.folder)
        addresses = {host for host in hosts if is_address(host)}
        check(libc.unshare(NEWNET), "unshare")
        bring_up(LINK | addresses)
        mount("none", self.root, "tmpfs")
        self.furnish(set(hosts) - addresses)

    def furnish(self, hosts):
        for name in SYSTEM:
            source, target = f"/{name}", self.path(name)
            if os.path.islink(source):
                os.symlink(os.readlink(source), target)
            elif os.path.isdir(source):
                os.mkdir(target)
                bind(source, target)
        for device in DEVICES:
            self.put(f"dev/{device}", b"")
            mount(f"/dev/{device}", self.path(f"dev/{device}"), flags=BIND)
        os.mkdir(self.path("proc"))
        mount("/proc", self.path("proc"), flags=BIND | REC)
        os.mkdir(self.path("tmp"))
        self.put("etc/nsswitch.conf", b"hosts: files\npasswd: files\n")
        names = "".join(f"127.0.0.1 {host}\n" for host in sorted(hosts))
        self.put("etc/hosts",
                 f"127.0.0.1 localhost\n::1 localhost\n{names}".encode())
        if os.path.exists("/etc/ld.so.cache"):
            shutil.copy("/etc/ld.so.cache", self.path("etc"))
        if os.path.isdir("/etc/ssl"):
            shutil.copytree("/etc/ssl", self.path("etc/ssl"),
                            ignore=shutil.ignore_patterns("certs", "private"))
        with open(self.tools.ca, "rb") as file:
            self.put(CA, file.read())
        for name, built in self.programs.items():
            shutil.copy(os.path.join(self.tools.build, built),
                        self.path(f"lunette/{name}"))

    def path(self, name):
        """Where a file of the world lies; nothing leads out of it."""
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if ".." in parts:
            raise ValueError(f"{name} leads out of the root")
        return os.path.join(self.root, *parts)

    def put(self, name, data, mode=0o600):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        os.chmod(path, mode)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def resolve(self, mode, now, variables):
        """What the program came to: an object; or a text, if it came to
        nothing."""
        command = [shutil.which("chroot", path=PATH), self.root,
                   *self.tools.under, "/lunette/resolve", mode, str(now)]
        try:
            done = subprocess.run(
                command, env=variables, stdin=subprocess.DEVNULL,
                capture_output=True, timeout=LIMIT, check=False)
        except subprocess.TimeoutExpired:
            return f"it did not end in {LIMIT} s"
        if done.returncode != 0:
            return (f"it ended with status {done.returncode}: "
                    f"{done.stderr.decode(errors='replace')[-2000:]}")
        try:
            got = json.loads(done.stdout)
        except ValueError:
            return f"it printed no JSON: {done.stdout[:200]!r}"
        if got.get("error") in ("deadline", "out_of_memory"):
            return f"it ended with {got['error']}: {got['message']}"
        return got

    def __enter__(self):
        return self

    def __exit__(self, *_):
        check(libc.umount2(self.root.encode(), DETACH), "umount")
        os.rmdir(self.root)


class Empty(World):
    programs = {}


def why_not(tools):
    """Why no world can be made by this process; None if one can."""
    try:
        with Empty(tools):
            return None
    except OSError as error:
        return f"no network can be made here ({error})"
