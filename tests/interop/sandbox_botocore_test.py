#!/usr/bin/python3
"""botocore against the sandbox over real sockets: what it signs is accepted,
what it sends is understood, and what it gets reads as AWS's.

Debian's botocore does not know AWS_ENDPOINT_URL, so every client here is given
its endpoint; nothing leaves the machine."""

import http.client
import os
import random
import re
import subprocess
import sys
import urllib.parse
from contextlib import contextmanager

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import botocore.session

REGION = "ap-northeast-1"
SECRET = f"arn:aws:secretsmanager:{REGION}:222222222222:secret:prod/db-AbCdEf"
ADMIN = "arn:aws:iam::222222222222:role/secrets-admin"
OPERATOR = ("AKIASANDBOXOPERATOR0", "not-a-real-key/+")
REQUESTS = 2000

WORLD = """
local world = founding()
world.accounts["222222222222"].users = { {
  name = "operator",
  access_keys = { { id = "%s", secret = "%s" } },
  policies = { all = { Version = "2012-10-17",
    Statement = { { Effect = "Allow", Action = "*", Resource = "*" } } } },
} }
return world
""" % OPERATOR

passed = failed = 0


def check(name, good, detail=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"FAIL {name}: {detail}")


def refused(name, code, call, **members):
    try:
        call(**members)
    except botocore.exceptions.ClientError as error:
        got = error.response["Error"]
        check(name, got["Code"] == code, got)
        return got["Message"]
    check(name, False, "was not refused")
    return ""


@contextmanager
def sandbox():
    folder = os.environ["T"]
    world = os.path.join(folder, "world.lua")
    with open(world, "w", encoding="utf-8") as file:
        file.write(WORLD)
    command = ["lunette", "sandbox", "--world", world,
               "--log-file", os.path.join(folder, "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE,
                          text=True) as process:
        try:
            url = None
            for line in process.stdout:
                found = re.match("export AWS_ENDPOINT_URL='(.*)'", line)
                url = found.group(1) if found else url
                if line.startswith("#   --endpoint-url"):
                    break
            if not url:
                sys.exit("the sandbox does not start")
            yield url
        finally:
            process.terminate()
            check("ends on TERM", process.wait(10) == 0,
                  process.returncode)


def session(keys=None):
    out = botocore.session.Session()
    out.set_config_variable("region", REGION)
    if keys:
        out.set_credentials(*keys)
    return out


def clients(url, keys=None):
    own = session(keys)
    return (own.create_client("secretsmanager", endpoint_url=url),
            own.create_client("sts", endpoint_url=url))


def founding_case(url):
    secrets, sts = clients(url)  # credentials from the metadata service
    identity = sts.get_caller_identity()
    check("instance role", identity["Arn"].startswith(
        "arn:aws:sts::111111111111:assumed-role/app-server/i-"), identity)
    answer = secrets.get_secret_value(SecretId=SECRET)
    check("secret", '"rate": 1.10' in answer["SecretString"], answer)
    check("stages", answer["VersionStages"] == ["AWSCURRENT"])
    check("date", answer["CreatedDate"].year >= 2026, answer["CreatedDate"])
    message = refused("by name", "AccessDeniedException",
                      secrets.get_secret_value, SecretId="prod/db")
    check("reason", message.endswith(
        "because no identity-based policy allows the "
        "secretsmanager:GetSecretValue action"), message)
    refused("trust", "AccessDenied", sts.assume_role, RoleArn=ADMIN,
            RoleSessionName="test")


def operations(url):
    secrets, sts = clients(url, OPERATOR)
    assumed = sts.assume_role(RoleArn=ADMIN, RoleSessionName="test",
                              DurationSeconds=900)
    check("assumed", assumed["AssumedRoleUser"]["Arn"].endswith(
        ":assumed-role/secrets-admin/test"), assumed["AssumedRoleUser"])
    keys = assumed["Credentials"]
    secrets, _ = clients(url, (keys["AccessKeyId"], keys["SecretAccessKey"],
                               keys["SessionToken"]))
    made = secrets.create_secret(Name="test/one", SecretBinary=b"\0\xff")
    first = secrets.get_secret_value(SecretId="test/one")
    check("binary", first["SecretBinary"] == b"\0\xff", first)
    secrets.put_secret_value(SecretId="test/one", SecretString="two ✓")
    current = secrets.get_secret_value(SecretId=made["ARN"])
    check("text", current["SecretString"] == "two ✓", current)
    stages = secrets.describe_secret(
        SecretId="test/one")["VersionIdsToStages"]
    check("moved", stages == {made["VersionId"]: ["AWSPREVIOUS"],
                              current["VersionId"]: ["AWSCURRENT"]}, stages)
    policy = secrets.get_resource_policy(SecretId="prod/db")["ResourcePolicy"]
    secrets.put_resource_policy(SecretId="test/one", ResourcePolicy=policy)
    refused("twice", "ResourceExistsException", secrets.create_secret,
            Name="test/one", SecretString="x")
    refused("slip", "MalformedPolicyDocumentException",
            secrets.put_resource_policy, SecretId="test/one",
            ResourcePolicy="{")
    refused("none", "ResourceNotFoundException", secrets.get_secret_value,
            SecretId="nothing")
    wrong, _ = clients(url, (OPERATOR[0], "another-key"))
    refused("wrong key", "InvalidSignatureException", wrong.describe_secret,
            SecretId="x")
    wrong, other = clients(url, ("AKIASANDBOXNOBODY000", "another-key"))
    refused("nobody", "UnrecognizedClientException", wrong.describe_secret,
            SecretId="x")
    refused("nobody", "InvalidClientTokenId", other.get_caller_identity)


ODD = "abcXYZ019-_.~ /?&=%+!*'()$,;:@[]{}|\\^`\"<>éあ"


def word(rng, most, alphabet=ODD):
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(0, most)))


def generated(rng):
    path = "/" + "/".join(urllib.parse.quote(word(rng, 8), safe="~!*'()$,;:@")
                          for _ in range(rng.randint(0, 4)))
    query = "&".join(urllib.parse.quote(word(rng, 6), safe="-_.~") + "="
                     + urllib.parse.quote(word(rng, 6), safe="-_.~")
                     for _ in range(rng.randint(0, 4)))
    headers = {}
    for _ in range(rng.randint(0, 3)):
        name = "X-Amz-Meta-" + word(rng, 5, "abcXYZ019")
        headers[name] = word(rng, 10, "abc  XYZ\t,;=\"'").strip()
    body = word(rng, 40).encode()
    method = rng.choice(["POST", "PUT", "DELETE"]) if body else "GET"
    return method, path + ("?" + query if query else ""), headers, body


def signatures(url):
    """Of no service that is there: good ones end in UnknownOperation."""
    rng = random.Random(20261123)
    keys = botocore.credentials.Credentials(*OPERATOR)
    host = urllib.parse.urlparse(url).netloc
    connection = http.client.HTTPConnection(host, timeout=20)
    for _ in range(REQUESTS):
        method, target, headers, body = generated(rng)
        request = botocore.awsrequest.AWSRequest(
            method=method, url=url + target, data=body, headers=headers)
        region = rng.choice(["us-east-1", REGION, "us-gov-west-1"])
        service = rng.choice(["secretsmanager", "sts", "kms", "execute-api"])
        botocore.auth.SigV4Auth(keys, service, region).add_auth(request)
        signed = dict(request.headers.items())
        flipped = rng.random() < 0.1
        if flipped:
            value = signed["Authorization"]
            last = "1" if value[-1] == "0" else "0"
            signed["Authorization"] = value[:-1] + last
        connection.request(method, target, body=body, headers=signed)
        text = connection.getresponse().read().decode()
        want = "InvalidSignature" if flipped else "UnknownOperation"
        check("signature", want in text,
              (method, target, signed, body, text))


def main():
    for name in list(os.environ):
        if name.startswith("AWS_"):
            del os.environ[name]
    os.environ.update(AWS_CONFIG_FILE="/dev/null",
                      AWS_SHARED_CREDENTIALS_FILE="/dev/null")
    with sandbox() as url:
        os.environ["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = url + "/"
        founding_case(url)
        operations(url)
        signatures(url)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
