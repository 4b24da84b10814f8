#!/usr/bin/python3
"""Compares lunette's signatures with botocore's on generated requests.

What botocore signs, lunette must sign alike and accept; one flipped bit in a
signed request, wherever it is, lunette must refuse.  One process of
sigv4_lines (beside the tests' programs) answers for lunette.
"""

import base64
import datetime
import json
import os
import random
import subprocess
import sys
from urllib.parse import quote, urlsplit

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

REQUESTS = 10000
MUTATIONS = 1000
SEED = int(os.environ.get("SEED", "20261123"))

WORDS = ["a", "Z", "0", "-", "_", ".", "~", "example", "prod/db", "é", "ሴ",
         "😀", "%20", "%2F", "%41", "%", "!", "*", "'", "(", ")", ";", ":",
         "@", "&", "=", "+", "$", ",", "[", "]", "|", "\\", "^", "`", "{",
         "}", "<", ">", '"', " "]
SEGMENTS = ["", ".", "..", "...", ".a", "a.", "secret", "%2e", "%2E%2e", "a b",
            "été", "ሴ", "~", "a+b", "a%20b", "%zz", "100%"]
HEADERS = ["X-Amz-Target", "Content-Type", "X-Amz-Meta-Note", "My-Header1",
           "my-header1", "Accept", "amz-sdk-request", "Cache-Control", "Zeta",
           "x-a_b", "User-Agent", "Expect", "X-Amzn-Trace-Id"]
VALUES = ["application/x-amz-json-1.1", "a  b", "  lead", "trail  ", "a\t b",
          '"quoted   text"', "", "value1,value2", "é", "a=b; c=d", "*/*", ";"]


class Clock(datetime.datetime):
    """Botocore's idea of now."""
    now_is = None

    @classmethod
    def utcnow(cls):
        return cls.now_is


botocore.auth.datetime = type(sys)("datetime")
botocore.auth.datetime.datetime = Clock
if hasattr(botocore.auth, "get_current_datetime"):  # since botocore 1.40
    botocore.auth.get_current_datetime = Clock.utcnow


def word(rng, most):
    return "".join(rng.choice(WORDS) for _ in range(rng.randint(0, most)))


def path(rng, plain):
    if plain:
        names = [quote(word(rng, 3), safe="-_.~") or "x"
                 for _ in range(rng.randint(1, 4))]
        names = ["x" if n.strip(".") == "" else n for n in names]
        return "/" + "/".join(names)
    if rng.random() < 0.2:
        return "/"
    names = [rng.choice(SEGMENTS) if rng.random() < 0.6 else word(rng, 4)
             for _ in range(rng.randint(1, 6))]
    return "/" + "/".join(names)


def query(rng, distinct):
    """A query as clients send it: encoded, with names without a value."""
    pairs = []
    names = set()
    for _ in range(rng.choice([0, 0, 1, 2, 3, 6])):
        name = word(rng, 3) or "p"
        if rng.random() < 0.3:
            name = rng.choice(["Param", "Param-3", "Param1", "param1"])
        if distinct and name in names:
            continue
        names.add(name)
        pair = quote(name, safe="-_.~")
        if rng.random() < 0.85 or distinct:
            pair += "=" + quote(word(rng, 4), safe="-_.~")
        pairs.append(pair)
    return "&".join(pairs)


def headers(rng):
    found = [("Host", rng.choice(["example.amazonaws.com", "[::1]:8443",
                                  "secretsmanager.eu-west-1.amazonaws.com"]))]
    for _ in range(rng.choice([0, 1, 2, 3, 8])):
        found.append((rng.choice(HEADERS), rng.choice(VALUES)))
    rng.shuffle(found)
    return found


def one_request(rng, plain):
    expires = rng.choice([0, 0, 1, 900, 3600, 604800])
    body = b""
    if not expires and rng.random() < 0.6:
        body = bytes(rng.randrange(256) for _ in range(rng.randint(1, 300)))
    letters = "abcXYZ019/+="
    token = "".join(rng.choice(letters) for _ in range(rng.choice([0, 16, 900])))
    when = (datetime.datetime(2000, 1, 1) +
            datetime.timedelta(seconds=rng.randrange(3_000_000_000)))
    return {
        "method": rng.choice(["GET", "POST", "PUT", "DELETE", "HEAD"]),
        "path": path(rng, plain), "query": query(rng, bool(expires)),
        "headers": headers(rng), "body": body, "expires": expires,
        "key": rng.choice(["AKIDEXAMPLE", "ASIAEXAMPLE0123456789"]),
        "secret": "not-a-real-secret-%d" % rng.randrange(10 ** 9),
        "token": token, "region": rng.choice(["us-east-1", "cn-north-1",
                                              "us-gov-west-1", "eu-isoe-west-1"]),
        "service": rng.choice(["secretsmanager", "sts", "kms", "ssm", "a-b"]),
        "time": when.strftime("%Y%m%dT%H%M%SZ"), "when": when,
    }


def by_botocore(case):
    """Signs CASE; gives the signature and the request as it is sent."""
    url = "https://example.amazonaws.com" + case["path"]
    if case["query"]:
        url += "?" + case["query"]
    request = AWSRequest(method=case["method"], url=url, data=case["body"])
    for name, value in case["headers"]:
        request.headers.add_header(name, value)
    keys = Credentials(case["key"], case["secret"], case["token"] or None)
    Clock.now_is = Clock(*case["when"].timetuple()[:6])
    if case["expires"]:
        signer = botocore.auth.SigV4QueryAuth(
            keys, case["service"], case["region"], expires=case["expires"])
    else:
        signer = botocore.auth.SigV4Auth(keys, case["service"], case["region"])
    signer.add_auth(request)
    sent = dict(case)
    if case["expires"]:
        sent["query"] = urlsplit(request.url).query
        signature = sent["query"].rpartition("X-Amz-Signature=")[2]
    else:
        sent["headers"] = list(request.headers.items())
        signature = request.headers["Authorization"].rpartition("Signature=")[2]
    return signature, sent


def raw(text):
    return text if isinstance(text, bytes) else str(text).encode()


def pack(text):
    return base64.b64encode(raw(text)).decode()


def line(operation, case):
    order = {name: pack(case[name])
             for name in ("method", "path", "query", "body", "key", "secret",
                          "token", "region", "service", "time", "expires")}
    order["op"] = pack(operation)
    order["headers"] = [[pack(n), pack(v)] for n, v in case["headers"]]
    return json.dumps(order)


def flip(rng, sent):
    """SENT with one bit flipped, and where; None if that means the same."""
    case = dict(sent)
    where = rng.choice(["method", "path", "query", "body", "value", "name"])
    place = None
    if where in ("value", "name"):
        place = rng.randrange(len(case["headers"]))
        name, value = case["headers"][place]
        if name.lower() in ("user-agent", "expect", "x-amzn-trace-id"):
            return None
        text = raw(value if where == "value" else name)
    else:
        text = raw(case[where])
    if not text:
        return None
    at = rng.randrange(len(text))
    bit = 1 << rng.randrange(8)
    new = text[:at] + bytes([text[at] ^ bit]) + text[at + 1:]
    if where == "value" and value.split() == new.decode("latin-1").split():
        return None
    if where == "name" and new.lower() == text.lower():
        return None  # the case of a header's name means nothing
    if where == "query" and new.lower() == text.lower() and (
            text[at - 1:at] == b"%" or text[at - 2:at - 1] == b"%"):
        return None  # nor does that of a hexadecimal digit
    if place is None:
        case[where] = new
    else:
        case["headers"] = list(case["headers"])
        case["headers"][place] = ((name, new) if where == "value"
                                  else (new, value))
    return case, "%s, byte %d, bit %d" % (where, at, bit)


def ask(lines):
    program = os.path.join(os.environ["BUILD"], "tests", "interop",
                           "sigv4_lines")
    done = subprocess.run([program], input="\n".join(lines) + "\n",
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit("sigv4_lines ended with %d: %s"
                 % (done.returncode, done.stderr))
    answers = done.stdout.splitlines()
    if len(answers) != len(lines):
        sys.exit("%d answers to %d lines" % (len(answers), len(lines)))
    return answers


def main():
    rng = random.Random(SEED)
    lines, wanted, names = [], [], []

    def expect(text, answer, name):
        lines.append(text)
        wanted.append(answer)
        names.append(name)

    for number in range(REQUESTS):
        case = one_request(rng, plain=False)
        signature, sent = by_botocore(case)
        expect(line("sign", case), signature, "request %d" % number)
        expect(line("verify", sent), "valid", "request %d, checked" % number)
    mutations = 0
    while mutations < MUTATIONS:
        _, sent = by_botocore(one_request(rng, plain=True))
        mutant = flip(rng, sent)
        if mutant:
            mutations += 1
            expect(line("verify", mutant[0]), None, "a flip in " + mutant[1])

    failed = 0
    for text, want, name, got in zip(lines, wanted, names, ask(lines)):
        good = got == want
        if want is None:
            good = got != "valid" and not got.startswith("refused: no order")
        if not good:
            failed += 1
            if failed <= 5:
                print("FAIL %s: want %s, got %s\n  %s"
                      % (name, want or "a refusal", got, text))
    print("seed %d" % SEED)
    print("%d passed, %d failed" % (len(lines) - failed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
