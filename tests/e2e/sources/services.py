"""The services that give out credentials, and STS, which says whose they are.

Each looks whether it is asked as AWS wants to be asked."""

import json
import urllib.parse

import record

from .cloud import ACCOUNT, Refusal, error, iso, user_arn
from .dpop import Proofs

REGION = "eu-central-1"
HOUR = 3600


def json_answer(value):
    return record.Answer(200, [("Content-Type", "application/json")],
                         json.dumps(value).encode())


def text_answer(text, *headers):
    return record.Answer(200, [("Content-Type", "text/plain"), *headers],
                         text.encode())


def role_arn(name):
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def assumed(name, session):
    return f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}"


class Service:
    """HEAR has the cloud keep a word of a request, and break where it is to
    be broken."""
    name = ""

    def __init__(self, cloud):
        self.cloud = cloud
        cloud.serve(self, *self.hosts())

    def hosts(self):
        raise NotImplementedError

    def hear(self, word):
        self.cloud.hear(self.name, word)

    def want(self, truth, what):
        """It should be so; what comes next is as if it were."""
        if not truth:
            self.cloud.wrong.append(f"{self.name}: {what}")


# --------------------------------------------------------------------- STS --

CALLER = """<GetCallerIdentityResponse
xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>{arn}</Arn><UserId>{id}</UserId><Account>{account}</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>"""

ROLE = """<{op}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<{op}Result><AssumedRoleUser><Arn>{keys.arn}</Arn>
<AssumedRoleId>AROA:{session}</AssumedRoleId></AssumedRoleUser><Credentials>
<AccessKeyId>{keys.id}</AccessKeyId>
<SecretAccessKey>{keys.secret}</SecretAccessKey>
<SessionToken>{keys.token}</SessionToken><Expiration>{until}</Expiration>
</Credentials></{op}Result></{op}Response>"""


class Sts(Service):
    name = "STS"
    lifetime = HOUR
    web_token = "canary-web-0"  # the one that is good
    instead = {}  # roles that are given in place of others
    wanted = {}  # members that a role is to be asked for with

    def hosts(self):
        return [f"sts.{REGION}.amazonaws.com"]

    def __call__(self, request):
        members = dict(urllib.parse.parse_qsl(request.body.decode()))
        self.want(request.method == "POST", f"a {request.method}")
        op = members["Action"]
        if op == "AssumeRoleWithWebIdentity":
            return self.web_identity(request, members)
        signer = self.cloud.signer(request)
        if op == "GetCallerIdentity":
            self.hear(f"GetCallerIdentity by {signer.owner}")
            return self.xml(CALLER.format(arn=signer.arn, id=signer.id,
                                          account=ACCOUNT))
        return self.role(op, members, f" by {signer.owner}")

    def web_identity(self, request, members):
        self.want(not request.header("authorization"), "it is signed")
        answer = self.role(members["Action"], members, "")
        if members["WebIdentityToken"] != self.web_token:
            raise error(400, "ExpiredTokenException", "Token expired")
        return answer

    def role(self, op, members, by):
        name = members["RoleArn"].rpartition("/")[2]
        session = members["RoleSessionName"]
        self.hear(f"{op} {name}{by}")
        want = {"RoleArn": role_arn(name), "ExternalId": None,
                "RoleSessionName": session, **self.wanted.get(name, {})}
        self.want({key: members.get(key) for key in want} == want,
                  f"{name} was asked for with {members}")
        name = self.instead.get(name, name)
        keys = self.cloud.give(name, assumed(name, session), self.lifetime)
        return self.xml(ROLE.format(op=op, keys=keys, session=session,
                                    until=iso(keys.until)))

    @staticmethod
    def xml(text):
        return record.Answer(200, [("Content-Type", "text/xml")],
                             text.encode())


# ------------------------------------------------------- metadata services --

class Metadata(Service):
    """IMDS.  ROLE is the instance's, None if it has none."""
    name = "IMDS"
    address = "169.254.169.254"
    lifetime = HOUR
    role = "instance"
    ttl = 21600  # seconds that a token is good for
    version = 2  # 1 has no tokens
    stuck = None  # keys that are given again and again
    roles = "/latest/meta-data/iam/security-credentials/"

    def __init__(self, cloud):
        super().__init__(cloud)
        self.tokens = {}  # until when

    def hosts(self):
        return [self.address]

    def __call__(self, request):
        path = request.place.path
        self.want(request.place.host == request.address,
                  f"{request.place} was asked at {request.address}")
        if path == "/latest/api/token":
            return self.token(request)
        self.hear(f"{request.method} {path.removeprefix('/latest')}")
        self.check(request.header("x-aws-ec2-metadata-token"))
        if path == self.roles and self.role is not None:
            return text_answer(self.role)
        if self.role and path == self.roles + self.role:
            keys = self.stuck or self.cloud.give(
                self.role, assumed(self.role, "i-0"), self.lifetime)
            return json_answer({"Code": "Success", "Type": "AWS-HMAC",
                                **keys.members()})
        if path == "/latest/meta-data/placement/region":
            return text_answer(REGION)
        raise Refusal(404, b"<html>Not Found</html>", "text/html")

    def token(self, request):
        self.hear(f"{request.method} /api/token")
        if self.version == 1:
            raise Refusal(404, b"<html>Not Found</html>", "text/html")
        self.want(request.method == "PUT", f"a {request.method} for a token")
        wanted = request.header("x-aws-ec2-metadata-token-ttl-seconds")
        self.want(wanted == "21600", f"a token for {wanted} s")
        token = f"canary-imds-{len(self.tokens)}"
        self.tokens[token] = self.cloud.now() + self.ttl
        return text_answer(token, ("X-aws-ec2-metadata-token-ttl-seconds",
                                   str(self.ttl)))

    def check(self, token):
        if self.version == 1:
            self.want(token is None, "a token is shown to version 1")
        elif self.tokens.get(token, 0) <= self.cloud.now():
            raise Refusal(401, b"<html>Unauthorized</html>", "text/html")


class Metadata6(Metadata):
    address = "fd00:ec2::254"


class Container(Service):
    """The agents of ECS and of EKS Pod Identity.  TOKEN is what they want to
    be shown; None: nothing."""
    name = "container"
    lifetime = 6 * HOUR
    token = None

    def hosts(self):
        return ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"]

    def __call__(self, request):
        self.hear(f"{request.method} {request.place}")
        self.want(request.place.host == request.address,
                  f"{request.place} was asked at {request.address}")
        if request.header("authorization") != self.token:
            raise Refusal(401, {"code": "InvalidToken",
                                "message": "Token is expired"})
        keys = self.cloud.give("task", assumed("task", "session"),
                               self.lifetime)
        return json_answer({**keys.members(), "RoleArn": role_arn("task"),
                            "AccountId": ACCOUNT})


# -------------------------------------------------------------- the logins --

class IdentityCenter(Service):
    """The portal, which changes a token for keys, and the OIDC service, which
    renews the token.  REFRESH is the refresh token that is good."""
    name = "SSO"
    lifetime = HOUR
    token_lifetime = HOUR
    refresh = "canary-refresh-0"

    def __init__(self, cloud):
        super().__init__(cloud)
        self.tokens = {}  # until when

    def hosts(self):
        return [f"portal.sso.{REGION}.amazonaws.com",
                f"oidc.{REGION}.amazonaws.com"]

    def give_token(self):
        token = f"canary-access-{len(self.tokens)}"
        self.tokens[token] = self.cloud.now() + self.token_lifetime
        return token

    def __call__(self, request):
        self.want(not request.header("authorization"), "it is signed")
        if request.place.path == "/token":
            return self.create_token(json.loads(request.body))
        self.hear("GetRoleCredentials")
        query = {name: urllib.parse.unquote(value)
                 for name, value in request.place.query}
        self.want(request.place.path == "/federation/credentials" and
                  query == {"role_name": "portal", "account_id": ACCOUNT},
                  str(request.place))
        token = request.header("x-amz-sso_bearer_token")
        if self.tokens.get(token, 0) <= self.cloud.now():
            raise Refusal(401, {"__type": "UnauthorizedException",
                                "message": "Session token not found or "
                                           "invalid"})
        keys = self.cloud.give("portal", assumed("portal", "ana"),
                               self.lifetime)
        return json_answer({"roleCredentials": {
            "accessKeyId": keys.id, "secretAccessKey": keys.secret,
            "sessionToken": keys.token, "expiration": int(keys.until) * 1000}})

    def create_token(self, body):
        self.hear("CreateToken")
        if body.pop("refreshToken") != self.refresh:
            raise Refusal(400, {"error": "invalid_grant",
                                "error_description": "Invalid refresh token"})
        self.want(body == {"grantType": "refresh_token", "clientId": "client",
                           "clientSecret": "canary-client"}, str(body))
        self.refresh = f"canary-refresh-{len(self.tokens)}"
        return json_answer({
            "accessToken": self.give_token(), "tokenType": "Bearer",
            "expiresIn": self.token_lifetime, "refreshToken": self.refresh})


class Signin(Service):
    """Renews the keys of `aws login`, for who has the private KEY, a PEM."""
    name = "signin"
    lifetime = 900
    refresh = "canary-refresh-0"

    def __init__(self, cloud, key, tools):
        super().__init__(cloud)
        self.proofs = Proofs(key, tools)
        self.given = 0

    def hosts(self):
        return [f"{REGION}.signin.aws.amazon.com"]

    def give_token(self):
        keys = self.cloud.give("ana", user_arn("ana"), self.lifetime)
        return {"accessKeyId": keys.id, "secretAccessKey": keys.secret,
                "sessionToken": keys.token}

    def __call__(self, request):
        self.hear("CreateOAuth2Token")
        self.want((request.method, request.place.path) ==
                  ("POST", "/v1/token"), f"{request.method} {request.place}")
        self.want(not request.header("authorization"), "it is signed")
        for wrong in self.proofs.check(request, self.cloud.now()):
            self.want(False, wrong)
        body = json.loads(request.body)
        if body.pop("refreshToken", "") != self.refresh:
            raise Refusal(403, {"__type": "AccessDeniedException",
                                "error": "TOKEN_EXPIRED",
                                "message": "The token has expired"})
        self.want(body == {"clientId": "client",
                           "grantType": "refresh_token"}, str(body))
        self.given += 1
        self.refresh = f"canary-refresh-{self.given}"
        return json_answer({
            "accessToken": self.give_token(), "tokenType": "aws_sigv4",
            "expiresIn": self.lifetime, "refreshToken": self.refresh})
