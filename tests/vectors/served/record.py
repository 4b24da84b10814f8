"""Recorded traffic: what a client must send, and what it is answered.

Two forms are known: the event list of the Rust SDK (connection_id, and
Request, Response, Data and Eof) and the Kotlin SDK's plain list of {request,
response}."""

import base64
import json
import urllib.parse
from dataclasses import dataclass, field
from typing import NamedTuple, Optional

# Headers whose values tell of the client, of the clock or of the connection.
# The host is compared as a part of the URL.
BY_NATURE = {"user-agent", "x-amz-user-agent", "amz-sdk-invocation-id",
             "amz-sdk-request", "x-amz-date", "date", "host", "connection",
             "content-length", "accept-encoding", "authorization"}

FORM = "application/x-www-form-urlencoded"


class Answer(NamedTuple):
    status: int
    headers: list  # of (name, value)
    body: bytes


@dataclass
class Exchange:
    method: str
    url: str
    headers: dict  # lower-case names
    body: bytes = b""
    answer: Optional[Answer] = None  # None: the connection fails


class Place(NamedTuple):
    """Where a request goes; the order of a query's parameters is free."""
    scheme: str
    host: str
    port: int
    path: str
    query: tuple

    def __str__(self):
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"http": 80, "https": 443}[self.scheme] == self.port
        query = "?" + "&".join(map("=".join, self.query)) if self.query else ""
        return (f"{self.scheme}://{host}{'' if usual else f':{self.port}'}"
                f"{self.path}{query}")


def place(url):
    parts = urllib.parse.urlsplit(url)
    pairs = [pair.partition("=") for pair in parts.query.split("&") if pair]
    return Place(parts.scheme, parts.hostname,
                 parts.port or {"http": 80, "https": 443}[parts.scheme],
                 parts.path or "/",
                 tuple(sorted((name, value) for name, _, value in pairs)))


# ---------------------------------------------------------------- reading --

def one(value):
    """A header's values, which the Rust form has as a list, in one text."""
    return ", ".join(value) if isinstance(value, list) else value


def headers_of(message):
    return {name.lower(): one(value)
            for name, value in message.get("headers", {}).items()}


def data_of(data):
    if "Utf8" in data:
        return data["Utf8"].encode()
    return base64.b64decode(data["Base64"])


def from_events(events):
    """One exchange a connection, in the order of their numbers."""
    found = {}
    for event in events:
        number, action = event["connection_id"], event["action"]
        if "Request" in action:
            sent = action["Request"]["request"]
            found[number] = Exchange(sent["method"], sent["uri"],
                                     headers_of(sent))
            continue
        exchange = found[number]
        if "Response" in action:
            got = action["Response"]["response"]
            if "Ok" in got:
                got = got["Ok"]
                exchange.answer = Answer(got["status"],
                                         list(headers_of(got).items()), b"")
        elif "Data" in action:
            data = data_of(action["Data"]["data"])
            if action["Data"]["direction"] == "Request":
                exchange.body += data
            elif exchange.answer:
                exchange.answer = exchange.answer._replace(
                    body=exchange.answer.body + data)
        elif "Eof" not in action:
            raise ValueError(f"an unknown event: {sorted(action)}")
    return [found[number] for number in sorted(found)]


def from_list(rows):
    found = []
    for row in rows:
        sent, got = row["request"], row.get("response")
        exchange = Exchange(sent["method"], sent.get("uri") or sent["url"],
                            headers_of(sent), sent.get("body", "").encode())
        if got:
            exchange.answer = Answer(got["status"],
                                     list(headers_of(got).items()),
                                     got.get("body", "").encode())
        found.append(exchange)
    return found


def exchanges(document):
    if isinstance(document, list):
        return from_list(document)
    if document.get("version", "V0") != "V0":
        raise ValueError(f"a record of version {document['version']}")
    return from_events(document["events"])


# -------------------------------------------------------------- comparing --

@dataclass
class Known:
    """Every text that a client can have from the case: its environment and
    files, and what it was answered so far.

    A recorded value that is none of these was made up by the recorder: a
    session's name with the time in it, or a token that was replaced in some
    places of the record alone.  Ours has then to come from the case."""
    texts: list = field(default_factory=list)

    def __contains__(self, value):
        return any(value in text for text in self.texts)

    def differs(self, want, got):
        return got != want if want in self else got not in self


def scope(header):
    """Who signs, and for what region and service; not when."""
    words = header.partition("Credential=")[2].partition(",")[0].split("/")
    return words[:1] + words[2:]


def compare_authorization(want, got, form, known):
    if want.startswith("AWS4-"):
        if scope(got) != scope(want):
            yield f"it is signed as {scope(got)}, not as {scope(want)}"
    elif want and got != want:
        yield "authorization differs"
    elif got.startswith("AWS4-") and form:
        yield "it is signed"
    elif got and not got.startswith("AWS4-") and got not in known:
        yield "authorization is not the case's own"


def compare_form(want, got, known):
    want = dict(urllib.parse.parse_qsl(want, keep_blank_values=True))
    got = dict(urllib.parse.parse_qsl(got, keep_blank_values=True))
    for name in sorted(want.keys() | got.keys()):
        if name not in got:
            yield f"{name} is missing"
        elif name not in want:
            yield f"{name} should not be there"
        elif got[name] != want[name] and known.differs(want[name], got[name]):
            if name != "RoleSessionName" or want[name] in known:
                yield f"{name} is {got[name]!r}, not {want[name]!r}"


def compare_body(want, got, form, known):
    if form:
        yield from compare_form(want.decode(), got.decode(), known)
    elif want and got != want:
        try:
            if json.loads(got) == json.loads(want):
                return
        except ValueError:
            pass
        yield "the body differs"


def compare(exchange, request, known):
    """What is wrong with a request, as it stands in the record."""
    want, headers = exchange.headers, dict(request.headers)
    if request.method != exchange.method:
        yield f"it is a {request.method}"
    if request.place != place(exchange.url):
        yield f"it is for {request.place}"
    for name in sorted(want.keys() - BY_NATURE):
        got = headers.get(name)
        if got is None:
            yield f"{name} is missing"
        elif name == "content-type":
            if got.split(";")[0] != want[name].split(";")[0]:
                yield f"{name} is {got}"
        elif got != want[name] and known.differs(want[name], got):
            yield f"{name} is {got!r}, not {want[name]!r}"
    form = want.get("content-type", "").startswith(FORM)
    yield from compare_authorization(want.get("authorization", ""),
                                     headers.get("authorization", ""), form,
                                     known)
    yield from compare_body(exchange.body, request.body, form, known)
