"""A small AWS that answers everybody alike: the credentials that it gives say
what was asked, by whom, for which region and at which address, so that two
clients have the same ones only if they asked the same."""

import hashlib
import http.server
import json
import re
import socketserver
import threading
import urllib.parse

LATER = "2099-01-01T00:00:00Z"
LATER_MS = 4070908800000
GENERATED = re.compile(r"(botocore-session|lunette)-\d+$")
SCOPE = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/")
INSTANCE = "/latest/meta-data/iam/security-credentials/"
EXTENDED = "/latest/meta-data/iam/security-credentials-extended/"

STS = """<{0}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<{0}Result><AssumedRoleUser><AssumedRoleId>AROAEXAMPLE:x</AssumedRoleId>
<Arn>{1}</Arn></AssumedRoleUser><Credentials>
<AccessKeyId>{2}</AccessKeyId><SecretAccessKey>{3}</SecretAccessKey>
<SessionToken>{4}</SessionToken><Expiration>{5}</Expiration></Credentials>
</{0}Result><ResponseMetadata><RequestId>made-up</RequestId>
</ResponseMetadata></{0}Response>"""


def keys(*words):
    """A key, secret and token of what was asked for."""
    text = "\n".join("" if word is None else str(word) for word in words)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return "ASIA" + digest[:16].upper(), "made-up-" + digest[16:40], \
        "token-" + digest[40:]


def text(status, body, kind="text/plain"):
    return status, kind, body.encode()


def document(status, **members):
    return text(status, json.dumps(members), "application/json")


class Aws:
    """BASED: whether the address that was asked is part of the answer."""

    def __init__(self, based):
        self.based = based

    def assume(self, base, form, authorization):
        operation = form["Action"]
        arn = form["RoleArn"]
        session = form["RoleSessionName"]
        caller = SCOPE.search(authorization or "")
        key, secret, token = keys(
            base, operation, *(caller.groups() if caller else ()), arn,
            form.get("ExternalId"), form.get("DurationSeconds"),
            form.get("WebIdentityToken"),
            None if GENERATED.match(session) else session)
        parts = arn.split(":")
        user = (f"arn:{parts[1]}:sts::{parts[4]}:assumed-role/"
                f"{arn.rpartition('/')[2]}/{session}")
        answer = STS.format(operation, user, key, secret, token, LATER)
        return text(200, answer, "text/xml")

    def sso(self, base, query, headers):
        bearer = headers.get("x-amz-sso_bearer_token")
        key, secret, token = keys(base, "sso", query.get("account_id"),
                                  query.get("role_name"), bearer)
        return document(200, roleCredentials={
            "accessKeyId": key, "secretAccessKey": secret,
            "sessionToken": token, "expiration": LATER_MS})

    def container(self, path, headers):
        key, secret, token = keys("container", path,
                                  headers.get("authorization"))
        return document(200, AccessKeyId=key, SecretAccessKey=secret,
                        Token=token, Expiration=LATER,
                        AccountId="777777777777")

    def instance(self, method, path, headers):
        """The metadata service: version 2 alone, without the newer paths."""
        if path == "/latest/api/token" and method == "PUT":
            return text(200, "made-up-token")
        if headers.get("x-aws-ec2-metadata-token") != "made-up-token":
            return text(401, "")
        if path == INSTANCE:
            return text(200, "instance-role")
        if path == INSTANCE + "instance-role":
            key, secret, token = keys("instance")
            return document(200, Code="Success", Type="AWS-HMAC",
                            AccessKeyId=key, SecretAccessKey=secret,
                            Token=token, Expiration=LATER)
        return text(404, "")

    def answer(self, method, url, headers, body):
        """Status, type and body; HEADERS' names are in lower case."""
        parts = urllib.parse.urlsplit(url)
        query = dict(urllib.parse.parse_qsl(parts.query))
        form = dict(urllib.parse.parse_qsl(body.decode("latin-1")))
        # What stands before the service's own path belongs to the address.
        prefix, found, rest = parts.path.partition("/federation/")
        base = None
        if self.based:
            base = f"{parts.scheme}://{parts.netloc}{prefix.rstrip('/')}"
        if found and rest == "credentials":
            return self.sso(base, query, headers)
        if form.get("Action", "").startswith("AssumeRole"):
            return self.assume(base, form, headers.get("authorization"))
        if parts.path.startswith("/container/"):
            return self.container(parts.path, headers)
        if parts.path.startswith("/latest/"):
            return self.instance(method, parts.path, headers)
        return text(404, "nothing is here")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    aws = None
    # An answer goes out at once, not when the one before is acknowledged.
    disable_nagle_algorithm = True
    wbufsize = -1

    def respond(self):
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, kind, body = self.aws.answer(
            self.command, f"http://{self.headers['Host']}{self.path}", headers,
            self.rfile.read(length))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if self.path == "/latest/api/token":
            self.send_header("X-aws-ec2-metadata-token-ttl-seconds", "21600")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    do_GET = do_POST = do_PUT = respond

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


class Nothing:
    """A machine that is no instance, but answers."""

    def answer(self, *_):
        return text(404, "nothing is here")


def serve_nothing():
    return listen(Nothing())


def serve(based):
    return listen(Aws(based))


def listen(aws):
    """A server on a port of the system's choice; its URL."""
    handler = type("Handler", (Handler,), {"aws": aws})
    server = Server(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"
