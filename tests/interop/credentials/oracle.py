"""What botocore makes of each case: run by an interpreter that has it, with
the cases on standard input, one a line as JSON, and the answers on standard
output.  Calls of AWS's services are answered here, without a network; the
metadata services' go to the test's own server."""

import json
import os
import sys

import botocore.awsrequest
import botocore.credentials
import botocore.handlers
import botocore.loaders
import botocore.session

import fake

SERVICES = {"sts": "GetCallerIdentity", "secretsmanager": "ListSecrets"}
SETTINGS = ["HOME", "PATH"]


class Raw:
    """The body of an answer, as urllib3 has it."""

    def __init__(self, body):
        self.body = body

    def stream(self, *_args, **_kwargs):
        yield self.body


class Oracle:
    def __init__(self, based):
        self.aws = fake.Aws(based)
        self.loader = botocore.loaders.create_loader()

    def send(self, request, **_):
        headers = {}
        for name, value in request.headers.items():
            if isinstance(value, bytes):
                value = value.decode("latin-1")
            headers[name.lower()] = value
        body = request.body or b""
        if isinstance(body, str):
            body = body.encode()
        status, kind, answer = self.aws.answer(request.method, request.url,
                                               headers, body)
        return botocore.awsrequest.AWSResponse(
            request.url, status, {"Content-Type": kind}, Raw(answer))

    def session(self, profile):
        session = botocore.session.Session(profile=profile,
                                           include_builtin_handlers=False)
        session.register_component("data_loader", self.loader)
        session.register("before-send", self.send)
        session.get_auth_token = lambda **_: None  # it would look for SSO's
        # The one handler that is missed: some operations are not signed.
        session.register("choose-signer",
                         botocore.handlers.set_operation_specific_signer)
        return session

    def credentials(self, session, found):
        got = session.get_credentials()
        if got is None:
            found["error"] = ["NoCredentials", ""]
            return
        frozen = got.get_frozen_credentials()
        found["provider"] = got.method
        found["key"] = frozen.access_key
        account = getattr(frozen, "account_id", None)
        if account:
            found["account"] = account

    def endpoint(self, session, service, found):
        client = session.create_client(
            service, aws_access_key_id="AKIDUNUSED",
            aws_secret_access_key="made-up")
        operation = client.meta.service_model.operation_model(
            SERVICES[service])
        context = {"client_region": client.meta.region_name,
                   "client_config": client.meta.config,
                   "has_streaming_input": False, "auth_type": None}
        found[service] = client._resolve_endpoint_ruleset(
            operation, {}, context)[0]

    def resolve(self, case):
        found = {}
        keep = {name: os.environ[name] for name in SETTINGS}
        try:
            os.environ.clear()
            os.environ.update(keep)
            os.environ.update(case["env"])
            session = self.session(case["profile"])
            self.attempt(found, "", self.credentials, session, found)
            self.attempt(found, "region_", lambda: found.update(
                region=session.get_config_variable("region")))
            for service in SERVICES:
                self.attempt(found, service + "_", self.endpoint, session,
                             service, found)
        finally:
            os.environ.clear()
            os.environ.update(keep)
        return {key: value for key, value in found.items()
                if value is not None}

    @staticmethod
    def attempt(found, prefix, function, *args):
        try:
            function(*args)
        except Exception as error:  # every kind of it is an answer
            found[prefix + "error"] = [type(error).__name__, str(error)]


def main():
    # Without awscrt botocore refuses login sessions, which a cached token that
    # is good does not need.
    if getattr(botocore.credentials, "EC", False) is None:
        botocore.credentials.EC = object
    oracle = Oracle(sys.argv[1] == "based")
    print(json.dumps(botocore.__version__), flush=True)
    for line in sys.stdin:
        print(json.dumps(oracle.resolve(json.loads(line))))


if __name__ == "__main__":
    main()
