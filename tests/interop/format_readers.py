"""The readers that say what a rendered file means.

Where a reader is not installed (docker compose, Node's dotenv package), its
documented rules are written down here anew.
"""
import io
import json
import re
import shutil
import subprocess

import yaml

try:
    import dotenv
except ImportError:  # the test says so
    dotenv = None

# ------------------------------------------------------------------- YAML --

FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Core12(yaml.SafeLoader):
    """YAML 1.2: the core schema decides what a plain scalar is."""


Core12.yaml_implicit_resolvers = {}
for tag, pattern, first in [
        ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
        ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
        ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
        ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
                  r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
         list("-+0123456789."))]:
    Core12.add_implicit_resolver("tag:yaml.org,2002:" + tag,
                                 re.compile("^(?:%s)$" % pattern), first)


def _decimal(loader, node):
    return int(node.value, 0) if node.value[:2] in ("0x", "0o") \
        else int(node.value)


Core12.add_constructor("tag:yaml.org,2002:int", _decimal)
Core12.add_constructor("tag:yaml.org,2002:float",
                       lambda loader, node: float(node.value))

YAML = [lambda text: yaml.load(text, FAST),
        lambda text: yaml.load(text, yaml.SafeLoader),
        lambda text: yaml.load(text, Core12)]

JSON = [lambda text: json.loads(text)]

# ----------------------------------------------------------------- dotenv --


def compose(text):
    """docker compose: quotes, \\n and \\r, $NAME outside single quotes."""
    found = {}
    at = 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text):
            return found
        if text[at] == "#":
            at = (text + "\n").index("\n", at)
            continue
        key = re.compile(r"(?:export[ \t]+)?([\w.]+)[ \t]*[=:][ \t]*")
        match = key.match(text, at)
        if not match:
            raise ValueError("compose: no key")
        at = match.end()
        quote = text[at:at + 1]
        if quote in ("'", '"'):
            value, at = _compose_quoted(text, at + 1, quote)
        else:
            end = (text + "\n").index("\n", at)
            value = _compose_expand(
                re.split(r"(?:^|\s)#", text[at:end])[0].rstrip())
            at = end
        found[match.group(1)] = value


def _compose_quoted(text, at, quote):
    value = ""
    while text[at] != quote:
        if text[at] == "\\":
            if text[at + 1] != quote:
                value += "\\"
            elif quote == '"':
                value += "\\"
            at += 1
        value += text[at]
        at += 1
    if quote == '"':
        value = re.sub(r"\\(.)", lambda m: {"n": "\n", "r": "\r"}.get(
            m.group(1), m.group(1)), value)
        value = _compose_expand(value)
    return value, at + 1


def _compose_expand(value):
    return re.sub(r"\$(\$|\w+|\{[^}]*\})",
                  lambda m: "$" if m.group(1) == "$" else "", value)


def node_package(text):
    """Node's dotenv: one expression a line, quotes over several lines."""
    text = re.sub("\r\n?", "\n", text)
    line = re.compile(
        r"^\s*(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)"
        r"(\s*'(?:\\'|[^'])*'|\s*\"(?:\\\"|[^\"])*\"|\s*`(?:\\`|[^`])*`"
        r"|[^#\r\n]+)?\s*(?:#.*)?$", re.M | re.A)
    found = {}
    for match in line.finditer(text):
        value = (match.group(2) or "").strip()
        first = value[:1]
        value = re.sub(r"^(['\"`])([\s\S]*)\1$", r"\2", value, flags=re.M) \
            if first else value
        if first == '"':
            value = value.replace("\\n", "\n").replace("\\r", "\r")
        found[match.group(1)] = value
    return found


def python_dotenv(text):
    return dict(dotenv.dotenv_values(stream=io.StringIO(text, newline=None)))


class Node:
    """node --env-file's own reader, by util.parseEnv, in one process."""

    SCRIPT = ("const {parseEnv}=require('util');"
              "require('readline').createInterface({input:process.stdin})"
              ".on('line',l=>console.log(JSON.stringify("
              "parseEnv(JSON.parse(l)))))")

    def __init__(self):
        self.child = None

    def __call__(self, text):
        if self.child is None:
            self.child = subprocess.Popen(
                ["node", "-e", self.SCRIPT], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.child.stdin.write(json.dumps(text).encode() + b"\n")
        self.child.stdin.flush()
        return json.loads(self.child.stdout.readline())

    def close(self):
        if self.child is not None:
            self.child.stdin.close()
            self.child.wait(10)


def has_node():
    node = shutil.which("node")
    if not node:
        return False
    script = "process.exit(require('util').parseEnv ? 0 : 1)"
    return subprocess.run([node, "-e", script], check=False,
                          stderr=subprocess.DEVNULL).returncode == 0


# ------------------------------------------------------------------ shell --


def shells():
    return [s for s in ("bash", "dash") if shutil.which(s)]


def run_shell(shell, script):
    """What SCRIPT prints, at most 60 seconds."""
    done = subprocess.run([shell], input=script, capture_output=True,
                          timeout=60, check=False,
                          env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8",
                               "KNOWN": "known"})
    return done.stdout, done.stderr
