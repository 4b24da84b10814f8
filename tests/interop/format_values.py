"""Nasty values, and the places in each format where they are put.

Everything is made from a seed, so that a difference can be found again.
"""
import json
import random

WORDS = [
    "", "true", "false", "null", "~", "yes", "No", "on", "0123", "0x1F", "1e5",
    "1_000", "12:30:45", "1.10", "-", "--", "---", "...", "?", ":", "#", "# x",
    " #", ": ", "key: value", "- item", "[a, b]", "{a: b}", "[", "]", "{", "}",
    ",", "&a", "*a", "!t", "!!int 3", "|", ">", "|-", "%TAG", "@x", "`x`", "'",
    '"', "''", '""', "'\"", "\\", "\\\\", "\\n", "\\'", '\\"', "$", "$$", "$x",
    "${HOME}", "${x:-y}", "$(id)", "`id`", "!!", "a b", " a", "a ", "\t", "\n",
    "\r", "\r\n", "a\nb", "\na", "a\n", "a\n\n", "\n\n", "a\n b", "a\n\nb\n",
    " \n a", "a\n \nb", "a \nb", "=", "a=b", "export a=b", "<<", "<<EOF", "=",
    ".inf", ".nan", "2026-11-23", "\u00e9", "\u2028", "\u2029", "\u0085", "\ufeff",
    "\ufffe", "\uffff", "\U0001f600", "\U0010ffff", "\x00", "\x7f", "\x01",
    "{{ x }}", "</script>", "é\n", "pa'ss\"wo$rd", "it's", "say \"hi\"", "a#b",
    "a #b", "a:b", "a: b", "\\", "x\\", "\\x", "${", "$ {", "{x}", "{", "a'b\"c",
    "-----BEGIN KEY-----\nbm90IGEga2V5\n-----END KEY-----\n",
]
ALPHABET = list("ab01 \t\n'\"\\$#:{}[],&*!|>%@`~-?=<;()^.+/") + [
    "\r", "\x00", "\x01", "\x1b", "\x7f", "é", "\u0085", "\u2028", "\ufeff",
    "\U0001f600", "${", "\\n", "''", ": ", " #", "\n ", "\n\n", "=", "EOF"]


def value(rng):
    """One value, as bytes."""
    kind = rng.random()
    if kind < 0.25:
        return rng.choice(WORDS).encode()
    if kind < 0.80:
        return "".join(rng.choice(ALPHABET)
                       for _ in range(rng.randint(1, 9))).encode()
    if kind < 0.88:
        return bytes(rng.randrange(256) for _ in range(rng.randint(1, 6)))
    if kind < 0.96:
        return "".join(chr(rng.choice([rng.randrange(1, 0xD800),
                                       rng.randrange(0xE000, 0x110000)]))
                       for _ in range(rng.randint(1, 5))).encode()
    if kind < 0.99:
        return (rng.choice(WORDS) + rng.choice(ALPHABET)
                + rng.choice(WORDS)).encode()
    return (rng.choice(WORDS) * rng.randint(20, 400)).encode()


def number(rng):
    """The text of a JSON number."""
    return rng.choice([
        "0", "-0", "5432", "123456789012345678", "1.10", "-1.5e3", "1e5",
        "1E-5", "2.50E+2", "0.1", "1e400", "12345678901234567890.5",
        str(rng.randrange(-10**6, 10**6)), repr(rng.uniform(-1e9, 1e9)),
        repr(rng.random() * 10.0 ** rng.randint(-200, 200))]).encode()


def document(rng, depth=3):
    """A JSON document, in one of the ways that JSON can be written."""
    kind = rng.randrange(7 if depth else 5)
    if kind < 3:
        while True:
            try:
                return value(rng).decode()
            except UnicodeDecodeError:
                pass
    if kind == 3:
        return rng.choice([True, False, None])
    if kind == 4:
        return rng.choice([rng.randrange(-10**9, 10**9), rng.uniform(-9, 9)])
    if kind == 5:
        return [document(rng, depth - 1) for _ in range(rng.randrange(4))]
    return {str(document(rng, 0)): document(rng, depth - 1)
            for _ in range(rng.randrange(4))}


def container(rng):
    """The text of a JSON object or array."""
    while True:
        made = document(rng)
        if isinstance(made, (list, dict)):
            text = json.dumps(made, ensure_ascii=rng.random() < 0.5)
            return text.replace("/", rng.choice(["/", "\\/"])).encode()


def seeded(seed):
    return random.Random(seed)
