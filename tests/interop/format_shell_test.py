#!/usr/bin/env python3
"""Shell scripts put together at random, most of them strange, with a value
that wants to be run.  Whatever lunette renders, no shell runs it.

    format_shell_test.py [--count N] [--seed N] [--lunette COMMAND]
"""
import argparse
import os
import shutil
import subprocess
import sys

import format_readers as readers
import format_values as values
from format_roundtrip_test import Lunette

# What runs if a value gets out of its quotes; no value is this word alone.
SETUP = b"PWNED() { printf '<run>'; }\ncat() { read -r l; }\nA=x\n"
SIGN = b"<run>"

BREAKS = [
    "a\nPWNED\n#", "'\nPWNED\n#", '"\nPWNED\n#', ";PWNED;", "';PWNED;'",
    '";PWNED;"', "$(PWNED)", "'$(PWNED)'", '"$(PWNED)"', "`PWNED`", "(PWNED)",
    "{A:-$(PWNED)}", ")\nPWNED\n(", "}\nPWNED\n{", "))\nPWNED\n((",
    "\nEOF\nPWNED\n", "'\nEOF\nPWNED\n'", "\nE\nPWNED\n", "&&PWNED", "x\\"]

JOIN = "\\\n"
PARTS = [
    "@@", "@@", "@@", "@@", JOIN, JOIN, JOIN, "A=", "echo ", "; ", " ", "\n",
    "'", '"', "$(", "`", ")", "${A}", "${A:-", "}", "$", "\\", "#", " # it's",
    "((", "))", "$((", "1+", "(", "<", "<<", "<<EOF\n", "<<'EOF'\n", "<<-E\n",
    "EOF\n", "E", "\nEOF\n", "\nE\n", "<<\"E F\"\n", "cat ", "$'", "$A", "$$",
    "case x in ", "x) ", ";; ", "esac\n", "|", "&", "it's", "{ ", "<(", "\r\n"]

# A backslash-newline in each place where a shell takes it away.
FIXED = [
    "echo hi \\\n# note @@\n", "echo hi \\\n#it's @@'\n",
    'echo "$\\\n@@"\n', "echo $\\\n@@\n", "echo $\\\n(echo @@)\n",
    'echo "$\\\n(echo @@)"\n', 'echo "$A\\\n@@"\n', "echo a &\\\n#b @@\n",
    "cat <<\\\nEOF\n@@\nEOF\n", "cat <\\\n<EOF\n@@\nEOF\n",
    "cat <<E\\\nOF\n@@\nEOF\n", "cat <<EOF \\\n#\n@@\nEOF\n",
    "cat <<EOF\nx\\\nEOF\n@@\nEOF\n", "cat <<EOF\nE\\\nOF\n@@\nEOF\n",
    "cat <<'E OF'\nE\n@@\nE OF\n", "cat <<EOF<x\nEOF\n@@\n",
    "echo $\\\n'a\\'@@'\n", "echo $(\\\n(1+@@))\n", "(\\\n( A = @@ ))\n",
    "echo \"${A#\\\n'\"'}\" } @@\n", "((A=1))# it's\necho @@\n",
    "((echo ')'); echo @@)\n", "$(ca\\\nse x in x) ;; esac) @@\n"]


class Checks:
    def __init__(self, lunette):
        self.lunette = lunette
        self.shells = [shutil.which(shell) for shell in readers.shells()]
        self.passed = 0
        self.failed = 0

    def judge(self, text, value):
        out, _ = self.lunette.render("sh", text, "string",
                                     value.encode())
        if out is None:
            return
        for shell in self.shells:
            done = subprocess.run(
                [shell, "-c", SETUP + out], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20,
                check=False, env={"PATH": "/nonexistent", "LC_ALL": "C"})
            right = SIGN not in done.stdout
            self.passed += right
            self.failed += not right
            if not right and self.failed <= 20:
                print("RUN by", shell, ascii(text), ascii(value),
                      file=sys.stderr)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=2500)
    parser.add_argument("--seed", type=int, default=20261123)
    parser.add_argument("--lunette", default=os.path.join(
        os.environ.get("BUILD", "build"), "lunette"))
    args = parser.parse_args()
    rng = values.seeded(args.seed)
    checks = Checks(Lunette(args.lunette))
    for text in FIXED:
        for value in BREAKS:
            checks.judge(text, value)
    for _ in range(args.count):
        text = "".join(rng.choice(PARTS) for _ in range(rng.randint(2, 14)))
        if "@@" in text:
            checks.judge(text, rng.choice(BREAKS))
    status = checks.lunette.close()
    print("%d passed, %d failed" % (checks.passed, checks.failed))
    return 1 if checks.failed or status or checks.passed < 100 else 0


if __name__ == "__main__":
    sys.exit(main())
