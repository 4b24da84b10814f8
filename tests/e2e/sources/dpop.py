"""Proofs of possession (RFC 9449), by the openssl command."""

import base64
import json
import os
import subprocess

import world

AGE = 60  # seconds that a proof may have


def unpack(text):
    if set(text) & set("=+/"):
        raise ValueError("it is not base64url without padding")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def openssl(*words, data=None):
    return subprocess.run(["openssl", *words], input=data, check=True,
                          capture_output=True, env={"PATH": world.PATH}).stdout


def make_key():
    return openssl("ecparam", "-name", "prime256v1", "-genkey",
                   "-noout").decode()


def number(half):
    """The DER of an integer of 32 bytes."""
    text = half.lstrip(b"\0")
    text = b"\0" + text if not text or text[0] & 0x80 else text
    return b"\x02" + bytes([len(text)]) + text


class Proofs:
    """Looks at the proofs of one who has the private KEY; each is good
    once."""

    def __init__(self, key, tools):
        point = openssl("pkey", "-pubout", "-outform", "DER",
                        data=key.encode())[-64:]
        self.jwk = {"kty": "EC", "crv": "P-256",
                    "x": base64.urlsafe_b64encode(point[:32]),
                    "y": base64.urlsafe_b64encode(point[32:])}
        for name in "xy":
            self.jwk[name] = self.jwk[name].decode().rstrip("=")
        self.public = tools.file(f"dpop-{os.getpid()}.pem")
        with open(self.public, "wb") as file:
            file.write(openssl("pkey", "-pubout", data=key.encode()))
        self.signature = tools.file(f"dpop-{os.getpid()}.der")
        self.seen = set()

    def check(self, request, now):
        """What is wrong with the proof of REQUEST."""
        try:
            head, payload, signature = request.header("dpop").split(".")
            says = json.loads(unpack(head))
            claims = json.loads(unpack(payload))
            halves = unpack(signature)
        except (AttributeError, ValueError) as error:
            yield f"there is no proof: {error}"
            return
        if says != {"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk}:
            yield f"the proof is {says}"
        name = claims.pop("jti")
        if name in self.seen:
            yield "the proof has been used"
        self.seen.add(name)
        age = int(now) - claims.pop("iat")
        if not 0 <= age <= AGE:
            yield f"the proof was made {age} s ago"
        if claims != {"htm": request.method, "htu": str(request.place)}:
            yield f"the proof claims {claims}"
        if len(halves) != 64 or not self.signed(f"{head}.{payload}", halves):
            yield "the proof's signature is another key's"

    def signed(self, text, halves):
        ints = number(halves[:32]) + number(halves[32:])
        with open(self.signature, "wb") as file:
            file.write(b"\x30" + bytes([len(ints)]) + ints)
        done = subprocess.run(
            ["openssl", "dgst", "-sha256", "-verify", self.public,
             "-signature", self.signature], input=text.encode(), check=False,
            capture_output=True, env={"PATH": world.PATH})
        return done.returncode == 0
