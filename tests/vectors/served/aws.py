"""A little of AWS: it gives each caller credentials of its own, looks whether
calls are signed with those it gave, and keeps what it was asked."""

import calendar
import hashlib
import hmac
import json
import re
import urllib.parse

import record

LATER = "2080-10-16T03:56:45Z"
LATER_S = calendar.timegm((2080, 10, 16, 3, 56, 45))


def keys(number):
    """The credentials that are given for the NUMBER-th time."""
    return {"AccessKeyId": f"ASIASERVED{number:06}",
            "SecretAccessKey": f"served-secret-{number}",
            "Token": f"served-token-{number}"}


def json_answer(value, status=200):
    return record.Answer(status, [("Content-Type", "application/json")],
                         json.dumps(value).encode())


def text_answer(text, *headers):
    return record.Answer(200, [("Content-Type", "text/plain"), *headers],
                         text.encode())


# -------------------------------------------------------------- signatures --

def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signature(secret, request):
    """Version 4's, of a POST to "/" (aws-behaviour 5)."""
    header = request.header("authorization")
    names = re.search("SignedHeaders=([^,]*)", header)[1]
    dated, region, service, last = re.search(
        "Credential=[^/]*/([^,]*)", header)[1].split("/")
    lines = ["POST", "/", ""]
    lines += [f"{name}:{' '.join(request.header(name).split())}"
              for name in names.split(";")]
    lines += ["", names, hashlib.sha256(request.body).hexdigest()]
    text = "\n".join(["AWS4-HMAC-SHA256", request.header("x-amz-date"),
                      "/".join([dated, region, service, last]),
                      hashlib.sha256("\n".join(lines).encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in dated, region, service, last:
        key = sign(key, part)
    return sign(key, text).hex()


# ------------------------------------------------------------------- calls --

ROLE = """<{op}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<{op}Result><AssumedRoleUser>
<AssumedRoleId>AROASERVED:{session}</AssumedRoleId>
<Arn>arn:{partition}:sts::{account}:assumed-role/{name}/{session}</Arn>
</AssumedRoleUser><Credentials><AccessKeyId>{AccessKeyId}</AccessKeyId>
<SecretAccessKey>{SecretAccessKey}</SecretAccessKey>
<SessionToken>{Token}</SessionToken><Expiration>{later}</Expiration>
</Credentials></{op}Result></{op}Response>"""

METADATA = "/latest/meta-data/iam/security-credentials/"


class Aws:
    """SECRETS are those of keys that the caller has without asking, by their
    ids.  Everything that was asked is in `calls`, each with the id of the key
    that signed it."""

    def __init__(self, secrets=()):
        self.secrets = dict(secrets)
        self.given = 0
        self.asked = []  # places, as they came
        self.calls = []  # (name, members, id of the key or None)
        self.wrong = []

    def give(self):
        self.given += 1
        got = keys(self.given)
        self.secrets[got["AccessKeyId"]] = got["SecretAccessKey"]
        return got

    def signer(self, request):
        """The id of the key that signed REQUEST; None if none did."""
        header = request.header("authorization") or ""
        if not header.startswith("AWS4-"):
            return None
        found = re.search("Credential=([^/]*)/.*Signature=(.*)$", header)
        if found[1] not in self.secrets:
            self.wrong.append(f"signed with an unknown key {found[1]}")
        elif signature(self.secrets[found[1]], request) != found[2]:
            self.wrong.append(f"the signature of {found[1]} is another")
        return found[1]

    def __call__(self, request):
        at = request.place
        self.asked.append((request.method, str(at)))
        if at.path == "/latest/api/token":
            return text_answer("metadata-token", (
                "X-aws-ec2-metadata-token-ttl-seconds", "21600"))
        if at.path.startswith(METADATA):
            return self.metadata(at.path.removeprefix(METADATA))
        if at.path == "/federation/credentials":
            return self.portal(request, dict(at.query))
        if request.method == "POST":
            return self.sts(request)
        self.calls.append(("Container", {}, None))
        return json_answer({**self.give(), "Expiration": LATER})

    def metadata(self, role):
        if not role:
            return text_answer("served-role")
        self.calls.append(("Metadata", {}, None))
        return json_answer({"Code": "Success", "Type": "AWS-HMAC",
                            **self.give(), "Expiration": LATER})

    def portal(self, request, query):
        members = {name: urllib.parse.unquote(value)
                   for name, value in query.items()}
        members["host"] = request.place.host
        members["token"] = request.header("x-amz-sso_bearer_token")
        self.calls.append(("GetRoleCredentials", members, None))
        got = self.give()
        return json_answer({"roleCredentials": {
            "accessKeyId": got["AccessKeyId"],
            "secretAccessKey": got["SecretAccessKey"],
            "sessionToken": got["Token"], "expiration": LATER_S * 1000}})

    def sts(self, request):
        members = dict(urllib.parse.parse_qsl(request.body.decode(),
                                              keep_blank_values=True))
        operation = members.pop("Action")
        members.pop("Version")
        self.calls.append((operation, members, self.signer(request)))
        _, partition, _, _, account, role = members["RoleArn"].split(":", 5)
        text = ROLE.format(op=operation, partition=partition, account=account,
                           name=role.rpartition("/")[2], later=LATER,
                           session=members["RoleSessionName"], **self.give())
        return record.Answer(200, [("Content-Type", "text/xml")],
                             text.encode())
