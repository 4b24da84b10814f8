"""login-provider-test-cases.json: a cache of `aws login`, the calls that
renew it, and what is in the cache afterwards."""

import base64
import calendar
import json
import os
import subprocess
from typing import NamedTuple

import aws
import case as cases
import folders
import server
import world
from outcome import judged

NOW = calendar.timegm((2025, 11, 19, 0, 0, 0))
HOST = "us-east-1.signin.aws.amazon.com"
URL = f"https://{HOST}/v1/token"
CACHE = "/home/.aws/login/cache"
ENV = {"HOME": "/home", "AWS_REGION": "us-east-1", "AWS_PROFILE": "signin",
       "AWS_CA_BUNDLE": world.CA, "AWS_EC2_METADATA_DISABLED": "true"}


# -------------------------------------------------------------------- DPoP --

def unpack(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def der(number):
    """Of an integer, 32 bytes of it."""
    text = number.lstrip(b"\0")
    text = b"\0" + text if not text or text[0] & 0x80 else text
    return b"\x02" + bytes([len(text)]) + text


def public_half(key):
    """X and Y of a private KEY: what the public one's encoding ends with."""
    point = subprocess.run(
        ["openssl", "pkey", "-pubout", "-outform", "DER"], input=key.encode(),
        capture_output=True, env={"PATH": world.PATH}, check=True).stdout
    return {"kty": "EC", "crv": "P-256", "x": point[-64:-32], "y": point[-32:]}


def verified(signed, signature, key, tools):
    """True if the private KEY made the two halves of SIGNATURE."""
    halves = der(signature[:32]) + der(signature[32:])
    files = {"text": signed, "sig": b"\x30" + bytes([len(halves)]) + halves,
             "key": key.encode()}
    paths = {name: tools.file(f"dpop-{os.getpid()}-{name}")
             for name in files}
    for name, data in files.items():
        with open(paths[name], "wb") as file:
            file.write(data)
    return subprocess.run(
        ["openssl", "dgst", "-sha256", "-prverify", paths["key"],
         "-signature", paths["sig"], paths["text"]],
        capture_output=True, env={"PATH": world.PATH},
        check=False).returncode == 0


def check_dpop(header, key, tools):
    """What is wrong with a DPoP header (aws-behaviour 3.4)."""
    head, payload, signature = header.split(".")
    says = json.loads(unpack(head))
    claims = json.loads(unpack(payload))
    if (says["typ"], says["alg"]) != ("dpop+jwt", "ES256"):
        yield f"DPoP is {says['typ']}, {says['alg']}"
    jwk = {name: unpack(value) if name in "xy" else value
           for name, value in says["jwk"].items()}
    if jwk != public_half(key):
        yield f"DPoP's key is {says['jwk']}"
    if (claims["htm"], claims["htu"], claims["iat"]) != ("POST", URL, NOW):
        yield f"DPoP claims {claims}"
    if len(claims["jti"]) != 36:
        yield f"DPoP's id is {claims['jti']!r}"
    if not verified(f"{head}.{payload}".encode(), unpack(signature), key,
                    tools):
        yield "DPoP's signature is another key's"


# ------------------------------------------------------------------- calls --

class Signin:
    """Answers the calls of a case in their order."""

    def __init__(self, test, tools):
        self.calls = list(test.get("mockApiCalls", []))
        self.key = "".join(token.get("dpopKey", "") for token in
                           test.get("cacheContents", {}).values())
        self.tools = tools
        self.wrong = []

    def __call__(self, request):
        if not self.calls:
            self.wrong.append(f"{request.place} was asked")
            return aws.json_answer({}, 500)
        call = self.calls.pop(0)
        if (request.method, str(request.place)) != ("POST", URL):
            self.wrong.append(f"{request.method} {request.place}")
        if json.loads(request.body) != call["request"]["tokenInput"]:
            self.wrong.append("the body differs")
        if request.header("authorization"):
            self.wrong.append("it is signed")
        self.wrong += check_dpop(request.header("dpop") or "..", self.key,
                                 self.tools)
        if "response" in call:
            return aws.json_answer(call["response"]["tokenOutput"],
                                   call.get("responseCode", 200))
        return aws.json_answer({"message": "refused"}, call["responseCode"])


def compare_outcome(want, got, contents):
    want = dict(want)
    result = want.pop("result")
    if result == "error":
        if "error" not in got:
            yield f"it has to fail, and came to {got}"
    elif result == "cacheContents":
        for name, value in want.items():
            got = contents.get(name, {})
            if got != value:
                differ = [key for key in sorted({*got, *value})
                          if got.get(key) != value.get(key)]
                yield f"{name} has other {', '.join(differ)}"
    elif "error" in got:
        yield f"{got['error']}: {got['message']}"
    else:
        names = {"accessKeyId": "access_key_id", "expiresAt": "expiry",
                 "secretAccessKey": "secret_access_key",
                 "sessionToken": "session_token", "accountId": "account_id"}
        for name, value in want.items():
            if got.get(names[name]) != folders.seconds(value):
                yield f"{name} is {got.get(names[name])!r}, not {value!r}"


class Task(NamedTuple):
    test: dict

    def __call__(self, tools):
        test = self.test
        service = Signin(test, tools)
        contents = {}
        with world.World(tools, {HOST}) as here:
            here.put("/home/.aws/config", test["configContents"].encode())
            os.makedirs(here.path(CACHE))
            for name, value in test.get("cacheContents", {}).items():
                here.put(f"{CACHE}/{name}", json.dumps(value).encode())
            with server.Server(service, {80, 443}, {443},
                               tools.certificate({HOST})) as served:
                got = here.resolve("default", NOW, ENV)
            for name in os.listdir(here.path(CACHE)):
                contents[name] = json.loads(here.read(f"{CACHE}/{name}"))
        if isinstance(got, str):
            return judged([got])
        wrong = [*service.wrong, *served.mishaps]
        wrong += [f"never asked: {call['request']}" for call in service.calls]
        for want in test["outcomes"]:
            wrong += compare_outcome(want, got, contents)
        return judged(wrong)


def tasks(path):
    for test in cases.read_json(path):
        yield test["documentation"], Task(test)
