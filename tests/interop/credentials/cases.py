"""Combinations of environment, config file and credentials file.

A case is a dictionary: env, profile (what code asks for), config and
credentials (sections by their headers, each a dictionary of properties, a
property of services sections being a dictionary again).  All that is made up
here is a matter of the seed alone."""

import hashlib
import json
import os

PROFILES = ["default", "dev", "ops-1"]
REGIONS = ["us-east-1", "eu-west-2", "ap-northeast-1", "us-gov-west-1",
           "cn-north-1", "us-iso-east-1"]
ROLES = ["arn:aws:iam::444455556666:role/reader",
         "arn:aws:iam::444455556666:role/path/to/writer",
         "arn:aws-cn:iam::111122223333:role/audit",
         "arn:aws:iam::999900001111:role/a+b=c,d.e@f-g_h"]
START = "https://corp.example/start"
OLD_START = "https://old.example/start"
NOWHERE = "http://127.0.0.1:9"  # nobody listens there


def token_file(home, name, **members):
    """One in the cache of IAM Identity Center; NAME is what is hashed."""
    folder = os.path.join(home, ".aws", "sso", "cache")
    os.makedirs(folder, exist_ok=True)
    digest = hashlib.sha1(name.encode()).hexdigest()
    with open(os.path.join(folder, digest + ".json"), "w",
              encoding="ascii") as file:
        json.dump(members, file)


def login_file(home, name, **members):
    folder = os.path.join(home, ".aws", "login", "cache")
    os.makedirs(folder, exist_ok=True)
    digest = hashlib.sha256(name.encode()).hexdigest()
    with open(os.path.join(folder, digest + ".json"), "w",
              encoding="ascii") as file:
        json.dump(members, file)


LOGIN = "arn:aws:sts::555566667777:assumed-role/login/somebody"
LOGIN_LOST = "arn:aws:iam::555566667777:user/nobody"
PROCESS = """#!/bin/sh
# What a credential process answers: its first word says how.
later=2099-01-01T00:00:00Z
case $1 in
  fail) echo 'the vault is sealed' >&2; exit 3 ;;
  version) printf '{"Version":2,"AccessKeyId":"A","SecretAccessKey":"b"}' ;;
  half) printf '{"Version":1,"AccessKeyId":"AKIDHALF"}' ;;
  text) echo 'Enter your code:' ;;
  *)
    sum=$(printf %s "$*" | cksum | cut -d ' ' -f 1)
    printf '{"Version":1,"AccessKeyId":"AKIDPROC%s%s",' "$#" "$sum"
    [ $# -lt 2 ] || printf '"SessionToken":"t","Expiration":"%s",' "$later"
    [ $# -lt 3 ] || printf '"AccountId":"%s",' "$3"
    printf '"SecretAccessKey":"made-up"}' ;;
esac
"""


def prepare(root):
    """The files that all cases share; their HOME."""
    home = os.path.join(root, "home")
    later, past = "2099-01-01T00:00:00Z", "2020-01-01T00:00:00Z"
    token_file(home, START, accessToken="made-up-legacy", expiresAt=later,
               startUrl=START, region="eu-west-1")
    token_file(home, OLD_START, accessToken="made-up-old", expiresAt=past,
               startUrl=OLD_START, region="eu-west-1")
    token_file(home, "corp", accessToken="made-up-session", expiresAt=later,
               startUrl=START, region="eu-west-1")
    token_file(home, "worn", accessToken="made-up-worn", expiresAt=past,
               startUrl=START, region="eu-west-1")
    login_file(home, LOGIN, clientId="made-up", refreshToken="made-up",
               dpopKey="made-up", tokenType="urn:aws:params:sts:temporary",
               accessToken={"accessKeyId": "ASIALOGIN",
                            "secretAccessKey": "made-up",
                            "sessionToken": "made-up",
                            "accountId": "555566667777",
                            "expiresAt": later})
    for name in "one", "two":
        with open(os.path.join(root, "token-" + name), "w",
                  encoding="ascii") as file:
            file.write("made-up-token-" + name)
    process = os.path.join(root, "process")
    with open(process, "w", encoding="ascii") as file:
        file.write(PROCESS)
    os.chmod(process, 0o755)
    return home


class Maker:
    """Makes cases for botocores that know AGE's features: "old" or "new"."""

    def __init__(self, rng, root, age, server, bare):
        self.rng = rng
        self.root = root
        self.new = age == "new"
        self.server = server  # answers everything
        self.bare = bare  # answers nothing but 404

    def chance(self, part):
        return self.rng.random() < part

    def maybe(self, target, key, part, *values):
        if self.chance(part):
            target[key] = self.rng.choice(values)

    # ------------------------------------------------------------- sections

    def section(self, file, name):
        header = name
        if file == "config" and name != "default":
            header = "profile " + name
        return self.case[file].setdefault(header, {})

    def keys(self, file, name):
        """A pair in one of the files, most often a whole one."""
        section = self.section(file, name)
        kind = self.rng.choice(["plain"] * 5 + ["token", "old", "both",
                                                "half", "empty", "account",
                                                "secret"])
        if kind != "secret":
            section["aws_access_key_id"] = \
                f"AKID{file[:4].upper()}{name[:3].upper()}{len(self.made)}"
        if kind not in ("half", "empty"):
            section["aws_secret_access_key"] = "made-up"
        if kind == "empty":
            section["aws_secret_access_key"] = ""
        if kind in ("token", "both"):
            section["aws_session_token"] = "token-new"
        if kind in ("old", "both"):
            section["aws_security_token"] = "token-old"
        if kind == "account":
            section["aws_account_id"] = "123456789012"
        self.made.append(kind)

    def process(self, name):
        words = self.rng.choice(["plain", "'two words' x", "a b 222233334444",
                                 "a\\ b", "fail", "version", "half", "text",
                                 "plain", '"" x', "a | b"])
        self.section("config", name)["credential_process"] = \
            f"{self.root}/process {words}"

    def sso(self, name, way):
        section = self.section("config", name)
        self.network = True
        section["sso_account_id"] = "333344445555"
        section["sso_role_name"] = self.rng.choice(["Admin", "Read Only"])
        # The old one forgot the session of a role's source.
        if self.chance(0.4) and (self.new or not way):
            session = self.rng.choice(["corp", "corp", "corp", "worn", "lost"])
            section["sso_session"] = session
            if session != "lost" or self.chance(0.5):
                self.case["config"]["sso-session " + session] = {
                    "sso_region": "eu-west-1", "sso_start_url": START,
                    "sso_registration_scopes": "sso:account:access"}
            self.maybe(section, "sso_region", 0.2, "eu-west-1", "us-east-1")
        else:
            # Nor did it look when a token had expired.
            section["sso_start_url"] = self.rng.choice(
                [START, START, START, OLD_START if self.new else START,
                 "https://lost.example/start"])
            section["sso_region"] = "eu-west-1"
        if self.chance(0.15):
            del section[self.rng.choice(["sso_account_id", "sso_role_name"])]
        elif self.chance(0.05):
            section.pop("sso_region", None)

    def login(self, name):
        if self.new:
            self.section("config", name)["login_session"] = self.rng.choice(
                [LOGIN, LOGIN, LOGIN_LOST])

    def web(self, name):
        section = self.section("config", name)
        self.network = True
        section["web_identity_token_file"] = os.path.join(
            self.root, self.rng.choice(["token-one", "token-one", "token-two",
                                        "token-lost"]))
        if self.chance(0.9):
            section["role_arn"] = self.rng.choice(ROLES)
        self.maybe(section, "role_session_name", 0.3, "web", "x.y@z")

    def role(self, name, way):
        section = self.section("config", name)
        rng = self.rng
        self.network = True
        section["role_arn"] = rng.choice(ROLES)
        self.maybe(section, "role_session_name", 0.3, "chain", "x.y@z")
        self.maybe(section, "external_id", 0.2, "ab", "id=1/2:3")
        self.maybe(section, "duration_seconds", 0.15, "900", "43200", "soon")
        kind = rng.choice(["profile"] * 12 + ["named"] * 4 + ["both", "none",
                                                              "lost", "loop"])
        if kind in ("named", "both"):
            section["credential_source"] = rng.choice(
                ["Environment", "Environment", "Ec2InstanceMetadata",
                 "EcsContainer", "environment", "Vault"])
        if kind in ("profile", "both"):
            section["source_profile"] = f"base{len(way)}"
            self.profile(f"base{len(way)}", way + [name])
        if kind == "lost":
            section["source_profile"] = "lost"
        if kind == "loop":
            section["source_profile"] = rng.choice(way + [name])

    def profile(self, name, way=()):
        """What a profile has: of a role's source most often just keys."""
        way = list(way)
        kinds = ["credentials", "config", "process", "sso", "login", "web",
                 "role", "role", "role"]
        count = self.rng.choice([0, 1, 1, 1, 1, 2, 2, 3, 4])
        if way:
            kinds = ["credentials", "config", "config", "role", "role",
                     "process", "sso", "login", "web"]
            count = self.rng.choice([0, 1, 1, 1, 1, 1, 1, 2])
        self.section("config", name)
        for kind in self.rng.sample(kinds, count):
            if kind in ("credentials", "config"):
                self.keys(kind, name)
            elif kind == "role":
                if len(way) < 3:
                    self.role(name, way)
            elif kind == "sso":
                self.sso(name, way)
            else:
                getattr(self, kind)(name)

    # ---------------------------------------------------------- environment

    def choose_profile(self):
        env = self.case["env"]
        kind = self.rng.choice(["none", "none", "none", "env", "env", "old",
                                "both", "code", "code", "lost", "empty"])
        name = "default" if kind in ("none", "empty") \
            else self.rng.choice(PROFILES)
        if kind in ("env", "both"):
            env["AWS_PROFILE"] = name
        if kind in ("old", "both"):
            env["AWS_DEFAULT_PROFILE"] = name
        if kind == "both" and self.chance(0.6):
            env["AWS_DEFAULT_PROFILE"] = "other"
            self.profile("other")
        if kind == "empty":
            env["AWS_PROFILE"] = ""
        if kind == "code":
            self.case["profile"] = name
            self.maybe(env, "AWS_PROFILE", 0.3, "lost")
        if kind == "lost":
            if self.chance(0.8):
                env["AWS_PROFILE"] = "lost"
            else:
                self.case["profile"] = "lost"
        return name

    def environment_keys(self):
        env = self.case["env"]
        kind = self.rng.choice(["none"] * 20 + ["plain"] * 3 + [
            "token", "old", "both", "half", "empty", "blank", "secret",
            "expires", "account", "blanks"])
        if kind == "none":
            return
        if kind != "secret":
            env["AWS_ACCESS_KEY_ID"] = "AKIDENV"
        if kind != "half":
            env["AWS_SECRET_ACCESS_KEY"] = "made-up"
        if kind == "empty":
            name = self.rng.choice(["AWS_ACCESS_KEY_ID",
                                    "AWS_SECRET_ACCESS_KEY"])
            env[name] = ""
        if kind == "blank":
            env["AWS_ACCESS_KEY_ID"] = "  "
        if kind == "blanks":
            env["AWS_ACCESS_KEY_ID"] = " AKIDENV\t"
        if kind in ("token", "both"):
            env["AWS_SESSION_TOKEN"] = "token-new"
        if kind in ("old", "both"):
            env["AWS_SECURITY_TOKEN"] = "token-old"
        if kind == "expires":
            env["AWS_CREDENTIAL_EXPIRATION"] = self.rng.choice(
                ["2099-01-01T00:00:00Z", "2020-01-01T00:00:00Z"])
        if kind == "account":
            env["AWS_ACCOUNT_ID"] = "210987654321"

    def environment_web(self):
        env = self.case["env"]
        if not self.chance(0.12):
            return
        self.network = True
        env["AWS_WEB_IDENTITY_TOKEN_FILE"] = os.path.join(
            self.root, self.rng.choice(["token-one", "token-two"]))
        if self.chance(0.85):
            env["AWS_ROLE_ARN"] = self.rng.choice(ROLES)
        self.maybe(env, "AWS_ROLE_SESSION_NAME", 0.4, "pod", "x.y@z")

    def container(self):
        env = self.case["env"]
        if not self.chance(0.2):
            return
        uri = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
        if self.chance(0.2):
            env[uri] = "http://elsewhere.example/container/a"
            return
        env[uri] = self.server + self.rng.choice(["/container/a",
                                                  "/container/b?x=y"])
        self.maybe(env, "AWS_CONTAINER_AUTHORIZATION_TOKEN", 0.4, "made-up",
                   "Basic bWFkZS11cA==")
        if self.new:
            self.maybe(env, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", 0.2,
                       os.path.join(self.root, "token-one"),
                       os.path.join(self.root, "token-lost"))

    def instance(self):
        env = self.case["env"]
        if self.chance(0.4):
            env["AWS_EC2_METADATA_DISABLED"] = self.rng.choice(
                ["true", "TRUE"])
        else:
            self.maybe(env, "AWS_EC2_METADATA_DISABLED", 0.1, "false", "1", "")
        env["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = self.rng.choice(
            [self.server, self.server + "/", self.server, self.bare, NOWHERE])

    def region(self, name):
        env = self.case["env"]
        self.maybe(env, "AWS_DEFAULT_REGION", 0.7, *REGIONS)
        self.maybe(env, "AWS_DEFAULT_REGION", 0.03, "")
        self.maybe(env, "AWS_REGION", 0.15, *REGIONS)
        self.maybe(self.section("config", name), "region", 0.7, *REGIONS)
        if self.chance(0.1):
            self.section("credentials", name)["region"] = \
                self.rng.choice(REGIONS)

    # ------------------------------------------------------------ endpoints

    def address(self):
        """One that this machine answers: many names of one server."""
        port = self.server.rpartition(":")[2]
        return self.rng.choice([self.server, self.server, self.server + "/",
                                self.server + "/one", self.server + "/two/",
                                f"http://localhost:{port}"])

    def elsewhere(self):
        return self.rng.choice(["https://sm.example", "https://sm.example/",
                                "https://sm.example:8443/path", NOWHERE,
                                "https://[2001:db8::1]",
                                "http://sm.example/path"])

    def services(self, name, services):
        """A services section, and the profile's name for it."""
        if services:
            self.section("config", name)["services"] = "mine"
            self.case["config"]["services mine"] = {
                service: {"endpoint_url": url}
                for service, url in services.items()}
            if not self.network and self.chance(0.1):
                del self.case["config"]["services mine"]

    def endpoints(self, name):
        """Endpoints of all sorts; what has to be asked has to be here."""
        env, rng = self.case["env"], self.rng
        section = self.section("config", name)
        services = {}
        if self.network:
            kind = rng.choice(["global", "service", "service", "profile",
                               "services"])
            if not self.new:
                kind = "service"
            if kind == "global":
                env["AWS_ENDPOINT_URL"] = self.address()
            if kind == "profile":
                section["endpoint_url"] = self.address()
            for service in "STS", "SSO":
                if kind == "service":
                    env["AWS_ENDPOINT_URL_" + service] = self.address()
                if kind == "services":
                    services[service.lower()] = self.address()
        if self.new:
            self.maybe(env, "AWS_ENDPOINT_URL_STS", 0.1, self.address())
            self.maybe(env, "AWS_ENDPOINT_URL_SECRETS_MANAGER", 0.15,
                       self.elsewhere(), "")
            self.maybe(services, "secrets_manager", 0.15, self.elsewhere())
            self.maybe(section, "endpoint_url", 0.1, self.address())
            self.services(name, services)
        if not self.network:
            where = rng.choice([env, section])
            if self.new:
                key = "ignore_configured_endpoint_urls"
                key = key if where is section else "AWS_" + key.upper()
                self.maybe(where, key, 0.15, "true", "TRUE", "false", "yes")
            # The old rules have other names for dual stack.
            for key in ["use_fips_endpoint",
                        "use_dualstack_endpoint"][:1 + self.new]:
                where = rng.choice([env, section])
                key = key if where is section else "AWS_" + key.upper()
                self.maybe(where, key, 0.15, "true", "True", "false", "1")
        if self.new:
            self.maybe(env, "AWS_STS_REGIONAL_ENDPOINTS", 0.1, "legacy",
                       "regional")
            self.maybe(section, "sts_regional_endpoints", 0.1, "legacy",
                       "regional")
        else:  # where nothing was said it was legacy once
            env["AWS_STS_REGIONAL_ENDPOINTS"] = rng.choice(
                ["regional"] * 4 + ["legacy"] * (not self.network))

    # ---------------------------------------------------------------- whole

    def flourish(self, name):
        """What the dialects of the files' readers differ in."""
        if self.chance(0.05):
            self.section("config", name)["region"] = "eu-west-2 # not ours"
        if not self.network and name == "default" and self.chance(0.05):
            self.case["config"]["profile default"] = {
                "region": "ap-northeast-1"}
        if self.chance(0.02):
            self.section("config", name)["aws_access_key_id"] = ""

    def make(self):
        self.case = {"env": {}, "profile": None, "config": {},
                     "credentials": {}}
        self.made = []
        self.network = False
        name = self.choose_profile()
        self.profile(name)
        self.environment_keys()
        self.environment_web()
        self.container()
        self.instance()
        self.region(name)
        self.flourish(name)
        self.endpoints(name)
        return self.case


def render(sections):
    """A file's text."""
    lines = []
    for header, section in sections.items():
        lines.append(f"[{header}]")
        for key, value in section.items():
            if isinstance(value, dict):
                lines.append(f"{key} =")
                lines.extend(f"  {sub} = {text}"
                             for sub, text in value.items())
            else:
                lines.append(f"{key} = {value}")
    return "".join(line + "\n" for line in lines)
