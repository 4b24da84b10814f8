#!/usr/bin/env python3
"""Templates of YAML put together at random, most of them strange. Two things
hold for each that lunette renders:

- with a harmless word as the value, a reader gets what it would get from the
  template with the word written in by hand;
- with any other value, it gets the same with that value for the word.

    format_template_test.py [--count N] [--seed N] [--lunette COMMAND]
"""
import argparse
import os
import sys

import yaml

import format_values as values
from format_readers import FAST
from format_roundtrip_test import Lunette

WORD = "QZQZ"
PARTS = [
    "@@", "@@", "@@", "a", "b: ", "k: ", "- ", '"', "'", ": ", "#", " #", " ",
    "  ", "\n", "\n", "\n  ", "\n    ", "\n- ", "\nk: ", "\n  x: ", "[", "{",
    "}", "]", ",", "|\n  ", ">\n  ", "|-\n    ", "&a ", "!!str ", "*a", "---\n",
    "? ", "\n: ", "-", "?", ":", "\\", "%", "@", "`", "...\n", "x", "''"]


def read(text):
    """All documents; None for what is no YAML."""
    try:
        return list(yaml.load_all(text, FAST))
    except (yaml.YAMLError, TypeError, ValueError):
        return None


def replaced(node, value):
    if isinstance(node, str):
        return node.replace(WORD, value)
    if isinstance(node, list):
        return [replaced(item, value) for item in node]
    if isinstance(node, dict):
        return {replaced(k, value): replaced(v, value)
                for k, v in node.items()}
    return node


class Checks:
    def __init__(self, lunette, rng):
        self.lunette = lunette
        self.rng = rng
        self.passed = 0
        self.failed = 0

    def judge(self, right, *what):
        self.passed += right
        self.failed += not right
        if not right and self.failed <= 20:
            print("DIFFERS", *map(ascii, what), file=sys.stderr)

    def template(self, text):
        out, _ = self.lunette.render("yaml", text, "string", WORD.encode())
        if out is None:
            return
        got = read(out)
        if got is None:
            return  # no YAML, with or without lunette
        blocks = "|" in text or ">" in text  # lunette owns their headers
        byhand = read(text.replace("@@", WORD))
        if byhand is not None and not blocks:
            self.judge(got == byhand, text, out, got, byhand)
        for _ in range(2):
            self.value(text, got, values.value(self.rng), blocks)

    def value(self, text, model, value, blocks):
        out, _ = self.lunette.render("yaml", text, "string", value)
        if out is None:
            return
        value = value.decode()
        if blocks and value.endswith("\n"):
            return  # it ends its line; format_roundtrip_test.py has these
        want = replaced(model, value)
        got = read(out)
        self.judge(got == want, text, value, out, got, want)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=20261123)
    parser.add_argument("--lunette", default=os.path.join(
        os.environ.get("BUILD", "build"), "lunette"))
    args = parser.parse_args()
    rng = values.seeded(args.seed)
    checks = Checks(Lunette(args.lunette), rng)
    for _ in range(args.count):
        text = "".join(rng.choice(PARTS) for _ in range(rng.randint(2, 12)))
        if "@@" in text:
            checks.template(text)
    status = checks.lunette.close()
    print("%d passed, %d failed" % (checks.passed, checks.failed))
    return 1 if checks.failed or status or checks.passed < 100 else 0


if __name__ == "__main__":
    sys.exit(main())
