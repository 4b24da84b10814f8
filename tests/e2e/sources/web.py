"""The token of an identity provider, which stands for a role."""

import os

from .cloud import error
from .services import REGION, role_arn
from .source import Error, Source
from .stage import CONFIG

TOKEN_FILE = "/var/run/secrets/web-token"
ASKED = ("AssumeRoleWithWebIdentity web",)
AT = f"role {role_arn('web')}: "
IN_ENVIRONMENT = "the token file of AWS_WEB_IDENTITY_TOKEN_FILE: "
IN_PROFILE = f"the token file of web_identity_token_file in {CONFIG}:2: "


class WebIdentity(Source):
    """As EKS has it, in the environment; the token is renewed by others."""
    name = "web identity, environment"
    provider = "assume-role-with-web-identity"
    owner = "web"
    first = again = ASKED
    broken = 3 * ASKED
    looked = rf"{TOKEN_FILE} \(AWS_WEB_IDENTITY_TOKEN_FILE\)"
    number = 0  # of the token
    ended = ("^network$", f"^{AT}sts.{REGION}.amazonaws.com:443: .*refused$",
             ".")

    def set_up(self, stage):
        self.write_token(stage)
        stage.env.update(AWS_WEB_IDENTITY_TOKEN_FILE=TOKEN_FILE,
                         AWS_ROLE_ARN=role_arn("web"),
                         AWS_ROLE_SESSION_NAME="pod")
        stage.sts.wanted = {"web": {"RoleSessionName": "pod"}}

    def write_token(self, stage):
        stage.sts.web_token = f"canary-web-{self.number}"
        stage.write(TOKEN_FILE, stage.sts.web_token)

    def rotate(self, stage, clock):
        self.number += 1
        self.write_token(stage)


class InProfile(WebIdentity):
    name = "web identity, profile"
    looked = rf"{TOKEN_FILE} \(web_identity_token_file in {CONFIG}:2\)"

    def set_up(self, stage):
        self.write_token(stage)
        stage.write(CONFIG, f"""\
[default]
web_identity_token_file = {TOKEN_FILE}
role_arn = {role_arn("web")}
role_session_name = job
""")
        stage.sts.wanted = {"web": {"RoleSessionName": "job"}}


def no_file(stage, source):
    os.unlink(stage.path(TOKEN_FILE))


def empty_file(stage, source):
    stage.write(TOKEN_FILE, "")


def no_role(stage, source):
    del stage.env["AWS_ROLE_ARN"]


def old_token(stage, source):
    stage.sts.web_token = "another"


def not_trusted(stage, source):
    stage.cloud.fail(error(403, "AccessDenied", "Not authorized to perform "
                           "sts:AssumeRoleWithWebIdentity"), *ASKED)


def nobody(stage, source):
    stage.off()


SOURCES = [WebIdentity, InProfile]
ERRORS = [
    Error("no token file", WebIdentity, no_file,
          AT + f"{IN_ENVIRONMENT}{TOKEN_FILE}: cannot open it: No such file",
          "the platform that runs this writes the file"),
    Error("no token file", InProfile, no_file,
          AT + f"{IN_PROFILE}{TOKEN_FILE}: cannot open it: No such file",
          "the platform that runs this writes the file"),
    Error("an empty token file", WebIdentity, empty_file,
          AT + f"{IN_ENVIRONMENT}{TOKEN_FILE}: there is no token in it"),
    Error("no role", WebIdentity, no_role,
          r"a token file is named \(AWS_WEB_IDENTITY_TOKEN_FILE\), but no "
          "role",
          "set AWS_ROLE_ARN, or role_arn in profile"),
    Error("a token that has expired", WebIdentity, old_token,
          AT + "Token expired", f"the token has expired: .*{TOKEN_FILE}",
          ASKED),
    Error("a role that does not trust it", InProfile, not_trusted,
          AT + "Not authorized to perform", "the role's trust policy",
          ASKED, status=11),
    Error("nobody there", WebIdentity, nobody,
          AT + f"sts.{REGION}.amazonaws.com:443: .*refused", status=14),
]
