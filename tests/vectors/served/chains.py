"""assume-role-tests.json: profiles go in; out comes where the first keys are
from, and the roles that are assumed one after another."""

import hashlib
import json
from typing import NamedTuple

import aws
import case as cases
import folders
import server
import world
from outcome import judged

PROCESS_KEYS = ("AKIAPROCESS", "process-secret")
LOGIN_KEYS = ("ASIALOGIN", "login-secret")
ENVIRONMENT_KEYS = ("AKIAENVIRONMENT", "environment-secret")
COMMANDS = "/commands"

ENV = {"HOME": "/home", "AWS_REGION": "us-east-1", "PATH": COMMANDS,
       "AWS_CA_BUNDLE": world.CA,
       "AWS_ACCESS_KEY_ID": ENVIRONMENT_KEYS[0],
       "AWS_SECRET_ACCESS_KEY": ENVIRONMENT_KEYS[1],
       "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/credentials"}


def config_of(given):
    lines = []

    def section(name, properties):
        lines.append(f"[{name}]")
        lines.extend(f"{key} = {value}" for key, value in properties.items())

    for name, properties in given["profiles"].items():
        section("default" if name == "default" else f"profile {name}",
                properties)
    for name, properties in given.get("sso_sessions", {}).items():
        section(f"sso-session {name}", properties)
    return "\n".join([*lines, ""])


def values(given, key):
    """What the profiles and sessions have for a key, in any of them."""
    tables = [*given["profiles"].values(),
              *given.get("sso_sessions", {}).values()]
    return {table[key] for table in tables if key in table}


def files_of(given, key):
    """Everything that the profiles name is there, and tells its name; KEY is
    that of a login."""
    files = {"/home/.aws/config": config_of(given)}
    for path in values(given, "web_identity_token_file"):
        files[path] = f"token of {path}".replace(" ", "-")
    for text in (values(given, "sso_session") |
                 values(given, "sso_start_url")):
        name = hashlib.sha1(text.encode()).hexdigest()
        files[f"/home/.aws/sso/cache/{name}.json"] = json.dumps(
            {"accessToken": f"token-of-{text}", "expiresAt": aws.LATER})
    for text in values(given, "login_session"):
        name = hashlib.sha256(text.encode()).hexdigest()
        files[f"/home/.aws/login/cache/{name}.json"] = json.dumps(
            {"accessToken": {
                "accessKeyId": LOGIN_KEYS[0],
                "secretAccessKey": LOGIN_KEYS[1],
                "sessionToken": "login-token", "accountId": "123456789012",
                "expiresAt": aws.LATER},
             "clientId": "served", "refreshToken": "served",
             "dpopKey": key})
    for command in values(given, "credential_process"):
        program = command.split()[0]
        if "/" not in program:
            program = f"{COMMANDS}/{program}"
        document = json.dumps({"Version": 1, "AccessKeyId": PROCESS_KEYS[0],
                               "SecretAccessKey": PROCESS_KEYS[1]})
        files[program] = f"#!/bin/sh\necho '{document}'\n"
    return files


# ------------------------------------------------------------------ chains --

def sso_of(members, given):
    """The expected form of what the portal was asked."""
    seen = {"sso_account_id": members["account_id"],
            "sso_role_name": members["role_name"],
            "sso_region": members["host"].split(".")[2]}
    name = members["token"].removeprefix("token-of-")
    if name in values(given, "sso_session"):
        seen["sso_session"] = name
        seen["sso_start_url"] = given["sso_sessions"][name]["sso_start_url"]
    else:
        seen["sso_start_url"] = name
    return seen


def role_of(members, given):
    """Of a session's name only that which a profile has given."""
    seen = {"role_arn": members.pop("RoleArn")}
    name = members.pop("RoleSessionName")
    if name in values(given, "role_session_name"):
        seen["role_session_name"] = name
    token = members.pop("WebIdentityToken", None)
    if token:
        seen["web_identity_token_file"] = token.removeprefix("token-of-")
    if "ExternalId" in members:
        seen["external_id"] = members.pop("ExternalId")
    return {**seen, **members}


def base_of(key, given, got):
    """Where a key is from that nobody was asked for."""
    named = {ENVIRONMENT_KEYS[0]: {"NamedSource": "Environment"},
             LOGIN_KEYS[0]: {"LoginSession": {
                 "login_session": "".join(values(given, "login_session"))}},
             PROCESS_KEYS[0]: {"CredentialProcess": "".join(
                 values(given, "credential_process"))}}
    if key in named:
        return named[key]
    for profile in given["profiles"].values():
        if profile.get("aws_access_key_id") == key:
            seen = {"access_key_id": key,
                    "secret_access_key": profile["aws_secret_access_key"]}
            if "aws_session_token" in profile:
                seen["session_token"] = profile["aws_session_token"]
            if "aws_account_id" in profile:
                seen["account_id"] = profile["aws_account_id"]
            return {"AccessKey": seen}
    return {"Unknown": got}


def chain_of(service, given, got):
    """The chain as it was seen, in the form that the tests have."""
    sources = {"Metadata": {"NamedSource": "Ec2InstanceMetadata"},
               "Container": {"NamedSource": "EcsContainer"}}
    chain = []
    key = None  # of the last link
    for number, (name, members, signer) in enumerate(service.calls, 1):
        if name == "AssumeRole":
            if not chain:
                chain.append(base_of(signer, given, got))
            elif signer != key:
                service.wrong.append(f"link {number} is signed by {signer}")
            chain.append({"AssumeRole": role_of(members, given)})
        elif chain:
            service.wrong.append(f"{name} was asked in between")
        elif name in sources:
            chain.append(sources[name])
        elif name == "GetRoleCredentials":
            chain.append({"Sso": sso_of(members, given)})
        else:
            if signer:
                service.wrong.append(f"{name} is signed")
            chain.append({"WebIdentityToken": role_of(members, given)})
        key = aws.keys(number)["AccessKeyId"]
    if not chain:
        return [base_of(got["access_key_id"], given, got)]
    if got["access_key_id"] != key:
        service.wrong.append("the keys are not those of the last link")
    return chain


def token_chain(given, got):
    """A profile with an sso_session and no role is one for a bearer token."""
    name = got["token"].removeprefix("token-of-")
    session = given.get("sso_sessions", {}).get(name, {})
    return [{"Sso": {"sso_session": name, **session}}]


def normal(chain):
    """What does not tell two chains apart: absent members, other names."""
    renamed = {"session_name": "role_session_name"}
    return [{kind: {renamed.get(name, name): value
                    for name, value in link.items() if value is not None}
             if isinstance(link, dict) else link
             for kind, link in entry.items()} for entry in chain]


def wants_token(want):
    link = want.get("ProfileChain", [{}])[0].get("Sso")
    return link is not None and not link.get("sso_role_name")


def compare(want, given, service, got):
    if isinstance(got, str):
        return [got]
    if "ProfileChain" not in want:
        return [] if "error" in got else [f"it has to fail: {got}"]
    if "error" in got:
        return [f"{got['error']}: {got['message']}"]
    seen = (token_chain(given, got) if wants_token(want)
            else chain_of(service, given, got))
    want = normal(want["ProfileChain"])
    wrong = list(service.wrong)
    if normal(seen) != want:
        wrong.append(f"the chain is {json.dumps(normal(seen))}, not "
                     f"{json.dumps(want)}")
    return wrong


class Task(NamedTuple):
    test: dict

    def __call__(self, tools):
        given, want = self.test["input"], self.test["output"]
        secrets = [(profile.get("aws_access_key_id"),
                    profile.get("aws_secret_access_key"))
                   for profile in given["profiles"].values()]
        service = aws.Aws([*secrets, PROCESS_KEYS, LOGIN_KEYS,
                           ENVIRONMENT_KEYS])
        hosts = {"sts.us-east-1.amazonaws.com"}
        hosts.update(f"portal.sso.{region}.amazonaws.com"
                     for region in values(given, "sso_region"))
        env = {**ENV, "AWS_PROFILE": given.get("selected_profile", "default")}
        with open(tools.key, encoding="ascii") as file:
            key = file.read()
        with world.World(tools, hosts) as here:
            for path, text in files_of(given, key).items():
                here.put(path, text.encode(),
                         0o700 if text.startswith("#!") else 0o600)
            with server.Server(service, {80, 443}, {443},
                               tools.certificate(hosts)) as served:
                got = here.resolve("token" if wants_token(want)
                                   else "profile", folders.NOW, env)
        return judged([*compare(want, given, service, got), *served.mishaps])


def tasks(path):
    for test in cases.read_json(path):
        yield test["docs"], Task(test)
