"""What the runner must notice: cases that are right, and the same with
something wrong in each, which have to fail."""

import base64
import copy
from typing import Callable, NamedTuple

import folders
import record
import world
from case import Case
from outcome import judged, passed

STS = """<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser>
<AssumedRoleId>AROA:recorded</AssumedRoleId>
<Arn>arn:aws:sts::111111111111:assumed-role/edited/recorded</Arn>
</AssumedRoleUser><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>
<SecretAccessKey>role-secret</SecretAccessKey>
<SessionToken>role-token</SessionToken>
<Expiration>2009-02-13T21:00:00Z</Expiration></Credentials>
</AssumeRoleResult></AssumeRoleResponse>"""
FORM = ("Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A"
        "222222222222%3Arole%2Fasked&RoleSessionName=recorded")
SIGNED = ("AWS4-HMAC-SHA256 Credential=AKIABASE/20090213/eu-west-1/sts/"
          "aws4_request, SignedHeaders=host, Signature=0")
CONFIG = """[default]
region = eu-west-1
role_arn = arn:aws:iam::222222222222:role/asked
source_profile = base
[profile base]
aws_access_key_id = AKIABASE
aws_secret_access_key = base-secret
"""
METADATA = "http://169.254.169.254/latest/"
ROLES = METADATA + "meta-data/iam/security-credentials/"
KEYS = """{"Code": "Success", "AccessKeyId": "ASIAMETA",
"SecretAccessKey": "meta-secret", "Token": "meta-token",
"Expiration": "2009-02-14T00:00:00Z"}"""


def ok(text):
    return record.Answer(200, [("content-length", "7")], text.encode())


def role_case():
    return Case(
        "role", {"HOME": "/home"},
        {"home/.aws/config": CONFIG.encode()},
        [record.Exchange("POST", "https://sts.eu-west-1.amazonaws.com/",
                         {"content-type": record.FORM,
                          "authorization": SIGNED}, FORM.encode(), ok(STS))],
        {"Ok": {"access_key_id": "ASIAROLE", "expiry": 1234558800,
                "secret_access_key": "role-secret",
                "session_token": "role-token",
                "account_id": "111111111111"}})


def metadata_case():
    token = {"x-aws-ec2-metadata-token": "metadata-token"}
    return Case(
        "metadata", {"HOME": "/home", "AWS_REGION": "eu-west-1"}, {},
        [record.Exchange("PUT", METADATA + "api/token",
                         {"x-aws-ec2-metadata-token-ttl-seconds": "21600"},
                         answer=ok("metadata-token")),
         record.Exchange("GET", ROLES, token, answer=ok("a-role")),
         record.Exchange("GET", ROLES + "a-role", token, answer=ok(KEYS))],
        {"Ok": {"access_key_id": "ASIAMETA",
                "secret_access_key": "meta-secret",
                "session_token": "meta-token", "expiry": 1234569600}})


def failing_case():
    return Case("nothing", {"AWS_EC2_METADATA_DISABLED": "true"}, {}, [],
                {"ErrorContains": "no credentials"})


# ------------------------------------------- cases that are changed to run --

def plain_case():
    case = role_case()
    case.files["home/.aws/config"] += (
        b"[services local]\nsts =\n  endpoint_url = http://sts.example:81\n")
    case.files["home/.aws/config"] = case.files["home/.aws/config"].replace(
        b"[default]\n", b"[default]\nservices = local\n")
    case.exchanges[0].url = "http://sts.example:81/"
    return case


def shell_case():
    document = ('{"Version": 1, "AccessKeyId": "AKIAPIPE", '
                '"SecretAccessKey": "it is a pipe"}')
    config = (f"[default]\ncredential_process = echo '{document}' "
              "| tr ' ' '_' | sed 's/_//g'\n")
    return Case("shell", {"HOME": "/home"},
                {"home/.aws/config": config.encode()}, [],
                {"Ok": {"access_key_id": "AKIAPIPE",
                        "secret_access_key": "itisapipe"}})


def again_case():
    """In the form of events, with every kind of them."""
    case = metadata_case()
    events = []
    failures = [("Ok", {"status": 503, "headers": {}}), ("Err", "reset")]
    answers = [*failures, *(("Ok", {"status": 200, "headers": {}})
                            for _ in case.exchanges)]
    sent = [case.exchanges[0]] * len(failures) + case.exchanges
    for number, (exchange, answer) in enumerate(zip(sent, answers)):
        body = base64.b64encode(exchange.answer.body).decode()
        actions = [
            {"Request": {"request": {
                "method": exchange.method, "uri": exchange.url,
                "headers": {name: [value] for name, value
                            in exchange.headers.items()}}}},
            {"Eof": {"ok": True, "direction": "Request"}},
            {"Response": {"response": dict([answer])}}]
        if number >= len(failures):
            actions.append({"Data": {"data": {"Base64": body},
                                     "direction": "Response"}})
        events += [{"connection_id": number, "action": action}
                   for action in actions]
    case.exchanges = record.exchanges({"version": "V0", "events": events})
    return case


class Bad(NamedTuple):
    """CHANGE makes a good case bad; the runner has to say WHY."""
    make: Callable
    change: Callable
    why: str


def expect(name, value):
    def change(case, _tools):
        case.result["Ok"][name] = value
    return change


def exchange(number, **members):
    def change(case, _tools):
        for name, value in members.items():
            setattr(case.exchanges[number], name, value)
    return change


def form(old, new):
    def change(case, _tools):
        case.exchanges[0].body = FORM.replace(old, new).encode()
    return change


def other_role(case, tools):
    """The case has two roles, and the record asks for the other one."""
    case.files["home/.aws/config"] += (
        b"[profile other]\nrole_arn = arn:aws:iam::222222222222:role/other\n")
    form("asked", "other")(case, tools)


def signed(old, new):
    def change(case, _tools):
        case.exchanges[0].headers["authorization"] = SIGNED.replace(old, new)
    return change


def failure(case, _tools):
    case.result = {"ErrorContains": "anything"}


def one_more(case, _tools):
    case.exchanges.append(case.exchanges[-1])


def one_less(case, _tools):
    case.exchanges.pop()


def other_authority(case, _tools):
    case.env["AWS_CA_BUNDLE"] = "/etc/ssl/openssl.cnf"


def other_certificate(_case, tools):
    tools.certificate = lambda hosts: world.Tools.certificate(
        tools, {"elsewhere.example"})


def unreal_difference(case, _tools):
    case.files["home/.aws/config"] += (
        b"[profile other]\ncredential_process = one | two\n")


def broken_program(_case, tools):
    tools.under = ["/bin/false"]


BAD = {
    "another key": Bad(metadata_case, expect("access_key_id", "ASIAOTHER"),
                       "access_key_id is"),
    "another expiry": Bad(metadata_case, expect("expiry", 1234569601),
                          "expiry is"),
    "a member that nobody knows": Bad(metadata_case, expect("colour", "red"),
                                      "colour is"),
    "success where failure is due": Bad(metadata_case, failure,
                                        "it has to fail"),
    "another path": Bad(metadata_case, exchange(2, url=ROLES + "b-role"),
                        "it is for http://169.254.169.254"),
    "another address": Bad(
        metadata_case, exchange(0, url="http://169.254.170.2/"),
        "it is for http://169.254.169.254"),
    "another method": Bad(metadata_case, exchange(0, method="POST"),
                          "it is a PUT"),
    "a header that is not sent": Bad(
        metadata_case, exchange(1, headers={"x-more": "1"}),
        "x-more is missing"),
    "a header with another known value": Bad(
        metadata_case,
        exchange(2, headers={"x-aws-ec2-metadata-token": "a-role"}),
        "x-aws-ec2-metadata-token is"),
    "a broken connection": Bad(metadata_case, exchange(2, answer=None), ""),
    "a request that never comes": Bad(metadata_case, one_more, "never asked"),
    "a request too many": Bad(metadata_case, one_less, "not in the record"),
    "another role": Bad(role_case, other_role, "RoleArn is"),
    "a form's member that is not sent": Bad(
        role_case, form("Action", "ExternalId=x&Action"),
        "ExternalId is missing"),
    "a form's member too many": Bad(
        role_case, form("Version=2011-06-15&", ""),
        "Version should not be there"),
    "another signer": Bad(role_case, signed("AKIABASE", "AKIAOTHER"),
                          "it is signed as"),
    "another signing region": Bad(role_case, signed("eu-west-1", "eu-west-2"),
                                  "it is signed as"),
    "a signature that should not be": Bad(role_case, signed(SIGNED, ""),
                                          "it is signed"),
    "another host": Bad(
        role_case, exchange(0, url="https://sts.us-east-1.amazonaws.com/"),
        "network"),
    "an authority that is none": Bad(role_case, other_authority, "network"),
    "another host's certificate": Bad(role_case, other_certificate,
                                      "network"),
    "a listed difference that is none": Bad(role_case, unreal_difference,
                                            "listed as different"),
    "a program that breaks": Bad(failing_case, broken_program,
                                 "it ended with status 1"),
}


GOOD = {"a role": role_case, "the metadata service": metadata_case,
        "nothing": failing_case}
CHANGED = {"plain http": plain_case, "a shell's command": shell_case,
           "the metadata service again": again_case}


class Task(NamedTuple):
    name: str

    def __call__(self, tools):
        if self.name in GOOD:
            return folders.run(tools, "default", GOOD[self.name]())
        if self.name in CHANGED:
            outcome = folders.run(tools, "default", CHANGED[self.name]())
            return passed() if outcome.note else outcome._replace(
                word="failed", why=outcome.why or "it was not changed")
        bad = BAD[self.name]
        case = bad.make()
        tools = copy.copy(tools)
        bad.change(case, tools)
        outcome = folders.run(tools, "default", case)
        if outcome.word == "failed" and bad.why in outcome.why:
            return passed()
        return judged([f"not noticed: it {outcome.word}, {outcome.why!r}"])


def tasks():
    return [(name, Task(name)) for name in (*GOOD, *CHANGED, *BAD)]
