"""AWS for one case: services at their hosts and addresses, the keys that they
give out, a word for each request that came, and what was wrong with it."""

import json
import re
import threading
import time
from typing import NamedTuple

import aws
import record
import world

ACCOUNT = "111111111111"
SILENCE = 30  # seconds, longer than anybody waits for an answer


class Keys(NamedTuple):
    id: str
    secret: str
    token: str
    owner: str  # whose they are: the name of a user or of a role
    arn: str
    until: float

    def members(self):
        """As most services tell them."""
        return {"AccessKeyId": self.id, "SecretAccessKey": self.secret,
                "Token": self.token, "Expiration": iso(self.until)}


def iso(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def user_arn(name):
    return f"arn:aws:iam::{ACCOUNT}:user/{name}"


class Refusal(Exception):
    """An answer that is none of the good ones."""

    def __init__(self, status, body=b"", kind="application/json"):
        super().__init__(status)
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.answer = record.Answer(status, [("Content-Type", kind)], body)


def error(status, code, message=""):
    """As STS puts it."""
    return Refusal(status, (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>"
        f"<Message>{message}</Message></Error>"
        "<RequestId>request-id</RequestId></ErrorResponse>").encode(),
        "text/xml")


class Cloud:
    """What is asked is asked of one of its services, which are known by their
    hosts: each is called with a request.  NOW tells the time of day."""

    def __init__(self, now):
        self.now = now
        self.services = {}
        self.keys = {}  # by id, in the order that they were given in
        self.words = []
        self.wrong = []
        self.faults = {}  # see `fail`
        self.mended = threading.Event()
        self.lock = threading.Lock()

    def serve(self, service, *hosts):
        for host in hosts:
            self.services[host] = service

    # ------------------------------------------------------------ requests --

    def hear(self, name, word):
        """The service NAME was asked for WORD, which is where it breaks."""
        self.words.append(word)
        fault = next((self.faults[of] for of in (word, name, "all")
                      if of in self.faults), None)
        if fault == "silence":
            raise TimeoutError
        if isinstance(fault, int):
            raise Refusal(fault)
        if fault:
            raise fault

    def take(self):
        """The words of the requests since the last time."""
        words, self.words = self.words, []
        return words

    def fail(self, fault, what="all"):
        """From now on a service, by its name, or a request, by its word, comes
        to FAULT: a status, a Refusal, or "silence"."""
        self.mended.clear()
        self.faults[what] = fault

    def mend(self):
        self.faults.clear()
        self.mended.set()

    def __call__(self, request):
        try:
            with self.lock:
                answer = self.service_of(request)(request)
        except Refusal as refusal:
            answer = refusal.answer
        except TimeoutError:
            self.mended.wait(SILENCE)
            return None
        except Exception as problem:  # pylint: disable=broad-except
            self.wrong.append(f"{request.place}: {problem!r}")
            return None
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT",
                             time.gmtime(self.now()))
        return answer._replace(headers=[*answer.headers, ("Date", date)])

    def service_of(self, request):
        """By TLS, in the host's own name; on the link and on this machine in
        the clear."""
        at = request.place
        way = (("http", None) if world.is_address(at.host)
               else ("https", at.host))
        if at.host not in self.services or (at.scheme, request.sni) != way:
            self.wrong.append(f"{request.method} {at} by {request.sni}")
            raise Refusal(421)
        return self.services[at.host]

    # ---------------------------------------------------------------- keys --

    def keep(self, kind, owner, arn, token, until):
        number = f"{len(self.keys):02}"
        keys = Keys(f"{kind}CANARYOFNUMBER{number}", f"canary-secret-{number}",
                    token and f"{token}-{number}", owner, arn, until)
        self.keys[keys.id] = keys
        return keys

    def give(self, owner, arn, lifetime):
        """Keys that nobody has had before."""
        return self.keep("ASIA", owner, arn, "canary-token",
                         self.now() + lifetime)

    def know(self, owner):
        """Keys of a user's, which nobody has to ask for."""
        return self.keep("AKIA", owner, user_arn(owner), "", float("inf"))

    def forget(self, keys):
        """The services call KEYS expired from now on."""
        self.keys[keys.id] = keys._replace(until=self.now())

    def last(self):
        """The keys that were given last."""
        return list(self.keys.values())[-1]

    def signer(self, request):
        """Whose keys signed REQUEST."""
        found = re.search("Credential=([^/]*)/.*Signature=(.*)$",
                          request.header("authorization") or "")
        if not found:
            self.wrong.append(f"{request.place}: it is not signed")
            raise error(403, "MissingAuthenticationToken")
        keys = self.keys.get(found[1])
        if keys is None:
            self.words.append("keys of nobody")
            raise error(403, "InvalidClientTokenId",
                        "The security token included in the request is "
                        "invalid.")
        if aws.signature(keys.secret, request) != found[2]:
            self.wrong.append(f"the signature of {keys.owner} is another")
        if (request.header("x-amz-security-token") or "") != keys.token:
            self.wrong.append(f"the token of {keys.owner} is another")
        if keys.until <= self.now():
            self.words.append(f"old keys of {keys.owner}")
            raise error(403, "ExpiredToken", "The security token included in "
                        "the request is expired")
        return keys
