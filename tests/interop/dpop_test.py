#!/usr/bin/python3
"""Checks lunette's DPoP headers with Python's cryptography.

Keys of its making, in both forms of PEM, must give headers that it takes
apart and finds well signed; keys of other kinds, and locked ones, must give
none.  One process of dpop_lines (beside the tests' programs) answers for
lunette.
"""

import base64
import json
import os
import random
import subprocess
import sys

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import (
        encode_dss_signature)
except ImportError:
    print("skipped: there is no python3-cryptography")
    sys.exit(77)

KEYS = 500
SEED = int(os.environ.get("SEED", "20261123"))
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
FORMS = (serialization.PrivateFormat.PKCS8,
         serialization.PrivateFormat.TraditionalOpenSSL)


def pem(key, form, word=None):
    lock = (serialization.BestAvailableEncryption(word) if word
            else serialization.NoEncryption())
    return key.private_bytes(serialization.Encoding.PEM, form, lock)


def order(key_pem, method, url, name, time):
    words = [base64.b64encode(word).decode() for word in
             (key_pem, method.encode(), url.encode(), name.encode())]
    return " ".join(words + [str(time)])


def unpack(text):
    if "=" in text or "+" in text or "/" in text:
        raise ValueError("not base64url without padding")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number(text):
    data = unpack(text)
    if len(data) != 32:
        raise ValueError("a coordinate of %d bytes" % len(data))
    return int.from_bytes(data, "big")


def wrong_with(answer, key, claim):
    """What is wrong with the header ANSWER; None if nothing is."""
    try:
        head, payload, signature = answer.split(".")
        raw = unpack(signature)
        point = key.public_key().public_numbers()
        jwk = json.loads(unpack(head)).pop("jwk")
        want = {"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}
        if json.loads(unpack(head)) != want or len(raw) != 64:
            return "its form"
        if (jwk.pop("kty"), jwk.pop("crv"), number(jwk.pop("x")),
                number(jwk.pop("y")), jwk) != ("EC", "P-256", point.x,
                                               point.y, {}):
            return "its key"
        if json.loads(unpack(payload)) != claim:
            return "what it claims"
        key.public_key().verify(
            encode_dss_signature(int.from_bytes(raw[:32], "big"),
                                 int.from_bytes(raw[32:], "big")),
            ("%s.%s" % (head, payload)).encode(), ec.ECDSA(hashes.SHA256()))
    except (ValueError, KeyError) as error:
        return str(error)
    except InvalidSignature:
        return "its signature"
    return None


def good_cases(rng):
    """Lines, and the key and the claim of each."""
    cases = []
    for i in range(KEYS):
        # Small numbers, and those with a 0 at the front, among the others.
        bits = rng.choice((8, 64, 240, 248, 256, 256, 256))
        key = ec.derive_private_key(rng.randrange(1, min(2 ** bits, ORDER)),
                                    ec.SECP256R1())
        claim = {"htm": rng.choice(("POST", "GET")),
                 "htu": "https://%s.signin.aws.amazon.com/v1/token?é=\"%d\\"
                        % (rng.choice(("eu-central-1", "us-west-2")), i),
                 "iat": rng.randrange(2 ** 33), "jti": "id-%d" % i}
        text = pem(key, FORMS[i % 2])
        if i % 3 == 0:
            text = text.replace(b"\n", b"\r\n")
        cases.append((order(text, claim["htm"], claim["htu"], claim["jti"],
                            claim["iat"]), key, claim))
    return cases


def bad_cases():
    good = ec.generate_private_key(ec.SECP256R1())
    keys = [rsa.generate_private_key(65537, 2048),
            ec.generate_private_key(ec.SECP384R1()),
            ec.generate_private_key(ec.SECP256K1())]
    texts = [pem(key, form) for key in keys for form in FORMS]
    texts.append(pem(ed25519.Ed25519PrivateKey.generate(), FORMS[0]))
    texts += [pem(good, form, b"word") for form in FORMS]
    texts.append(good.public_key().public_bytes(
        serialization.Encoding.PEM,
        serialization.PublicFormat.SubjectPublicKeyInfo))
    return [order(text, "POST", "https://a/", "id", 0) for text in texts]


def ask(lines):
    program = os.path.join(os.environ["BUILD"], "tests", "interop",
                           "dpop_lines")
    done = subprocess.run([program], input="\n".join(lines) + "\n",
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit("dpop_lines ended with %d: %s"
                 % (done.returncode, done.stderr))
    answers = done.stdout.splitlines()
    if len(answers) != len(lines):
        sys.exit("%d answers to %d lines" % (len(answers), len(lines)))
    return answers


def main():
    good = good_cases(random.Random(SEED))
    bad = bad_cases()
    answers = ask([case[0] for case in good] + bad)
    failures = []
    for (_, key, claim), answer in zip(good, answers):
        wrong = wrong_with(answer, key, claim)
        if wrong:
            failures.append("%s: %s: %s" % (claim["jti"], wrong, answer))
    for number_, answer in enumerate(answers[len(good):]):
        if not answer.startswith("refused: the DPoP key is not"):
            failures.append("bad key %d: %s" % (number_, answer))
    for failure in failures[:5]:
        print("FAIL " + failure)
    print("seed %d" % SEED)
    print("%d passed, %d failed" % (len(answers) - len(failures),
                                    len(failures)))
    return len(failures) > 0


if __name__ == "__main__":
    sys.exit(main())
