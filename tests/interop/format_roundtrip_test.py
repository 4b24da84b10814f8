#!/usr/bin/env python3
"""The property of the writers: for any bytes, in any place of a format, the
format's own readers give back exactly these bytes, or lunette refuses them
with `invalid`.

    format_roundtrip_test.py [--count N] [--seed N] [--lunette COMMAND]

Values go to one lunette process as lines; what it renders is read by PyYAML
(twice, and with YAML 1.2's schema), json, bash, dash, python-dotenv, node and
models of docker compose and Node's dotenv package.
"""
import argparse
import collections
import json
import math
import os
import subprocess
import sys

import format_readers as readers
import format_values as values

HERE = os.path.dirname(os.path.abspath(__file__))

# --------------------------------------------------------------- positions --
# (name, template with @@ for the value, what a reader makes of it: a path
# into the document and the text around the value)

YAML = [
    ("whole", "k: @@\nz: 1\n", ["k"], "", ""),
    ("comment behind", "k: @@ # c\nz: 1\n", ["k"], "", ""),
    ("list", "- 1\n- @@\n- 2\n", [1], "", ""),
    ("nested", "a:\n  - b: @@\n    c: 1\n", ["a", 0, "b"], "", ""),
    ("own line", "k:\n  @@\nz: 1\n", ["k"], "", ""),
    ("document", "--- @@\n", [], "", ""),
    ("root", "@@\n", [], "", ""),
    ("tag", "k: !!str @@\n", ["k"], "", ""),
    ("anchor", "k: &a @@\nj: *a\n", ["j"], "", ""),
    ("explicit", "? k\n: @@\n", ["k"], "", ""),
    ("flow list", "a: [x, @@, y]\n", ["a", 1], "", ""),
    ("flow map", "a: {x: @@, y: 1}\n", ["a", "x"], "", ""),
    ("flow json", '{"x":@@,"y":1}\n', ["x"], "", ""),
    ("flow lines", "a: [\n  x,\n  @@\n]\n", ["a", 1], "", ""),
    ("mixed", "k: postgres://u:@@@h/db?x=1#y\n", ["k"],
     "postgres://u:", "@h/db?x=1#y"),
    ("mixed front", "k: @@.example: x\n", None, "", ""),
    ("mixed end", "k: -@@ # c\n", ["k"], "-", ""),
    ("mixed list", "- a:@@ b\n", [0], "a:", " b"),
    ("mixed flow", "[a@@b, c]\n", [0], "a", "b"),
    ("double", 'k: "@@"\n', ["k"], "", ""),
    ("double mixed", 'k: "a\\t @@ b"\n', ["k"], "a\t ", " b"),
    ("double lines", 'k: "a @@\n  b"\n', ["k"], "a ", " b"),
    ("single", "k: '@@'\n", ["k"], "", ""),
    ("single mixed", "k: 'it''s @@ ''b'\n", ["k"], "it's ", " 'b"),
    ("single lines", "k: 'a\n  @@\n  b'\n", ["k"], "a ", " b"),
    ("block", "k: |\n  @@\nz: 1\n", ["k"], "", ""),
    ("block strip", "k: |-\n    @@\nz: 1\n", ["k"], "", ""),
    ("block end", "a:\n  - |\n    @@", ["a", 0], "", ""),
    ("block blank", "k: |\n  @@\n\n\n# c\nz: 1\n", ["k"], "", ""),
    ("block comment", "k: !!str | # c\n  @@\nz: 1\n", ["k"], "", ""),
    ("folded", "k: >\n  @@\nz: 1\n", ["k"], "", ""),
    ("folded text", "k: >-\n  a @@ b\nz: 1\n", ["k"], "a ", " b"),
    ("block text", "k: |\n  a @@ b\n  c\nz: 1\n", ["k"], "a ", " b\nc\n"),
    ("key", "@@: 1\n", "key", "", ""),
    ("key mixed", "a_@@ : 1\n", "key", "a_", ""),
    ("key nested", "x:\n  @@: 1\n  z: 2\n", "inner", "", ""),
    ("key double", '"@@": 1\n', "key", "", ""),
    ("key flow", "{@@: 1}\n", "key", "", ""),
    ("comment", "# @@\nk: 1\n", None, "", ""),
    ("end comment", "k: 1 # @@\n", None, "", ""),
    ("alias", "k: *@@\n", None, "", ""),
    ("against", "k:@@\n", None, "", ""),
    ("escape", 'k: "\\@@"\n', None, "", ""),
    ("header", "k: |@@\n  a\n", None, "", ""),
    ("continued", "k: a\n  @@\n", None, "", ""),
]
JSON = [
    ("whole", "@@", [], "", ""),
    ("member", '{"k": @@, "z": [1]}', ["k"], "", ""),
    ("list", "[1, @@]\n", [1], "", ""),
    ("string", '{"k": "@@"}', ["k"], "", ""),
    ("string mixed", '["\\ta @@ \\u00e9"]', [0], "\ta ", " é"),
    ("key", "{@@: 1}", "key", "", ""),
    ("key string", '{"a @@": 1}', "key", "a ", ""),
    ("between", "[1 @@]", None, "", ""),
    ("number", "[1@@]", None, "", ""),
    ("escape", '["\\@@"]', None, "", ""),
    ("behind", "{} @@", None, "", ""),
]
DOTENV = [
    ("whole", "A=1\nK=@@\nZ=2\n", ["K"], "", ""),
    ("comment behind", "K=@@ # it's\nZ='2'\n", ["K"], "", ""),
    ("export", "export K = @@\nZ=\"2\"\n", ["K"], "", ""),
    ("mixed", "URL=postgres://u:@@@h/db\nZ=2\n", ["URL"], "postgres://u:",
     "@h/db"),
    ("mixed blank", "K=a @@ b  \nZ=2\n", ["K"], "a ", " b"),
    ("mixed hash", "K=a#@@\nZ=2\n", ["K"], "a#", ""),
    ("single", "K='@@'\nZ=2\n", ["K"], "", ""),
    ("single mixed", "K='a $@@ b'\nZ=2\n", ["K"], "a $", " b"),
    ("double", "K=\"@@\"\nZ='2'\n", ["K"], "", ""),
    ("double mixed", 'K="a\\n@@ b"\nZ=2\n', ["K"], "a\n", " b"),
    ("end", "K=@@", ["K"], "", ""),
    ("key", "A_@@=1\n", "key", "A_", ""),
    ("comment", "# @@\nK=1\n", None, "", ""),
    ("escape", 'K="\\@@"\n', None, "", ""),
    ("expansion", 'K="$X@@"\n', None, "", ""),
    ("no key", "K @@\n", None, "", ""),
]
SHELL = [
    ("assign", "V=@@\n", "", ""),
    ("mixed", "V=a$KNOWN@@b\n", "aknown", "b"),
    ("joined", "V=x=@@:@@\n", None, None),
    ("argument", "set -- -x --o=@@ y; V=${2#--o=}\n", "", ""),
    ("single", "V='a@@b'\n", "a", "b"),
    ("double", 'V="a@@b"\n', "a", "b"),
    ("double name", 'V="$KNOWN@@"\n', "known", ""),
    ("double brace", 'V="${KNOWN}@@$KNOWN"\n', "known", "known"),
    ("continued", "V=a\\\n@@\n", "a", ""),
    ("substitution", "V=$(printf '%s.' @@)\nV=${V%.}\n", "", ""),
    ("quoted inside", "V=\"$(printf '%s.' \"@@\")\"\nV=${V%.}\n", "", ""),
    ("behind here", "cat <<'E O' >/dev/null\n'$(\nE O\nV=@@\n", "", ""),
    ("behind case", "case x in x) :;; esac; V=@@ # it's\n", "", ""),
    ("behind $((", "X=$((1<<(2))); V=@@\n", "", ""),
    ("behind ((", "X=${KNOWN#'}'} V=@@\n", "", ""),
    ("list", "for V in @@; do :; done\n", "", ""),
    ("local", "f() { local V=@@; printf %s \"$V\" >/dev/null; }; V=@@; f\n",
     "", ""),
    ("comment", "V=1 # @@\n", None, None),
    ("here", "cat <<E\n@@\nE\nV=\n", None, None),
    ("here word", "cat <<@@\n", None, None),
    ("backtick", "V=`echo @@`\n", None, None),
    ("parameter", "V=${X:-@@}\n", None, None),
    ("arithmetic", "V=$((1+@@))\n", None, None),
    ("dollar", "V=$@@\n", None, None),
    ("dollar double", 'V="$@@"\n', None, None),
    ("ansi", "V=$'@@'\n", None, None),
    ("escape", "V=a\\@@\n", None, None),
    ("name", "@@=1\n", None, None),
]

# ----------------------------------------------------------------- lunette --


class Lunette:
    """One process of lunette that renders a line at a time."""

    def __init__(self, command):
        env = dict(os.environ, AWS_EC2_METADATA_DISABLED="true")
        self.child = subprocess.Popen(
            [command, os.path.join(HERE, "format_driver.lua")], env=env,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def render(self, form, template, kind, value):
        line = "\t".join([form, template.encode().hex(), kind, value.hex()])
        self.child.stdin.write(line.encode() + b"\n")
        self.child.stdin.flush()
        answer = self.child.stdout.readline().decode().rstrip("\n").split("\t")
        if answer[0] == "ok":
            return bytes.fromhex(answer[1]), None
        if answer[0] == "invalid":
            return None, answer[1]
        raise SystemExit("lunette: %s on %s" % (answer, line))

    def close(self):
        self.child.stdin.close()
        return self.child.wait(20)


# ---------------------------------------------------------------- the test --


class Report:
    def __init__(self):
        self.same = collections.Counter()
        self.refused = collections.Counter()
        self.wrong = []

    def differ(self, *what):
        self.wrong.append(what)
        if len(self.wrong) <= 20:
            print("DIFFERS", *(ascii(w)[:300] for w in what), file=sys.stderr)


def pick(document, path):
    if path == "key":
        return next(iter(document))
    if path == "inner":
        return next(iter(document["x"]))
    for step in path:
        document = document[step]
    return document


def same(got, want):
    """Equal in value and type; a float may have gone through an integer."""
    if isinstance(want, list):
        return (isinstance(got, list) and len(got) == len(want)
                and all(map(same, got, want)))
    if isinstance(want, dict):
        return (isinstance(got, dict) and list(got) == list(want)
                and all(same(got[k], want[k]) for k in want))
    return type(got) is type(want) and got == want


def wanted(kind, value, before, after):
    if kind == "string" or before or after:
        return before + value.decode() + after
    return json.loads(value)


def check_document(report, lunette, rng, form, position, all_readers):
    name, template, path, before, after = position
    kind = "string" if path == "key" or path == "inner" else rng.choice(
        ["string"] * 8 + ["number", "json"])
    if kind != "string" and (form == "dotenv" or "!!str" in template or
                             '"@@' in template or "'@@" in template or
                             "|" in template or ">" in template):
        kind = "string"
    value = {"string": values.value, "number": values.number,
             "json": values.container}[kind](rng)
    out, why = lunette.render(form, template, kind, value)
    where = (form, name)
    if out is None:
        report.refused[where] += 1
        return
    if path is None:
        report.differ(form, name, value, out, "should be refused")
        return
    for reader in all_readers:
        try:
            got = pick(reader(out.decode()), path)
            want = wanted(kind, value, before, after)
        except Exception as error:  # a reader may raise anything
            got, want = error, None
        infinite = isinstance(want, float) and math.isinf(want)
        if not same(got, want) or (infinite and form == "yaml"):
            report.differ(form, name, value, out, got, want)
            return
    report.same[where] += 1


def check_shell(report, lunette, rng, count):
    """All values of one place go into one script, for speed."""
    for name, template, before, after in SHELL:
        scripts, wants = [], []
        for _ in range(count):
            value = values.value(rng)
            out, why = lunette.render("sh", template, "string", value)
            if out is None:
                report.refused[("sh", name)] += 1
                continue
            if name == "name":
                report.same[("sh", name)] += 1
                continue
            if before is None and name != "joined":
                report.differ("sh", name, value, out, "should be refused")
                continue
            want = (b"x=" + value + b":" + value if name == "joined"
                    else before.encode() + value + after.encode())
            scripts.append(out)
            wants.append(want)
        script = b"".join(s + b"printf '%s\\0' \"$V\"\n" for s in scripts)
        for shell in readers.shells():
            if shell == "bash" or name not in ("ansi",):
                compare_shell(report, shell, name, script, wants)


def compare_shell(report, shell, name, script, wants):
    if not wants:
        return
    got, errors = readers.run_shell(shell, script)
    got = got.split(b"\0")[:-1]
    if got == wants and not errors:
        report.same[("sh", name)] += len(wants)
        return
    for i, want in enumerate(wants):
        if i >= len(got) or got[i] != want:
            report.differ(shell, name, want, got[i:i + 1], errors[:200])
            return
    report.differ(shell, name, errors[:300])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=20261123)
    parser.add_argument("--lunette", default=os.path.join(
        os.environ.get("BUILD", "build"), "lunette"))
    args = parser.parse_args()
    rng = values.seeded(args.seed)
    report = Report()
    lunette = Lunette(args.lunette)
    node = readers.Node()
    dotenvs = [readers.compose, readers.node_package]
    if readers.dotenv:
        dotenvs.append(readers.python_dotenv)
    else:
        print("python-dotenv is not installed: its reader is left out")
    if readers.has_node():
        dotenvs.append(node)
    else:
        print("node is not installed: its reader is left out")
    places = ([("yaml", p, readers.YAML) for p in YAML]
              + [("json", p, readers.JSON) for p in JSON]
              + [("dotenv", p, dotenvs) for p in DOTENV])
    each = max(1, args.count // (len(places) + len(SHELL)))
    for form, position, all_readers in places:
        for _ in range(each):
            check_document(report, lunette, rng, form, position, all_readers)
    check_shell(report, lunette, rng, each)
    node.close()
    status = lunette.close()
    print("%d values in %d places: %d read back, %d refused, %d differ" % (
        each * (len(places) + len(SHELL)), len(places) + len(SHELL),
        sum(report.same.values()), sum(report.refused.values()),
        len(report.wrong)))
    never = [p for p in [(f, q[0]) for f, q, _ in places if q[2]]
             if not report.same[p]]
    if never:
        print("never written:", never)
    failed = len({wrong[:2] for wrong in report.wrong} | set(never))
    print("%d passed, %d failed" % (
        len(places) + len(SHELL) - failed, failed))
    return 1 if failed or status else 0


if __name__ == "__main__":
    sys.exit(main())
