"""Runs the cases that are folders against what was recorded."""

import calendar
import ipaddress
import os
import time
from typing import NamedTuple, Union

import case as cases
import differences
import record
import server
import world
from outcome import Outcome, judged

NOW = calendar.timegm((2009, 2, 13, 20, 0, 0))
PROXY = f"http://127.0.0.1:{server.PROXY}"
PROXIES = {name: PROXY for name in ("HTTPS_PROXY", "https_proxy",
                                    "HTTP_PROXY", "http_proxy",
                                    "ALL_PROXY", "all_proxy")}

# How the SDKs' texts call what `resolve` prints.
NAMES = {"accountId": "account_id", "expiration": "expiry"}
NOT_OURS = {"business_metrics"}  # what the Kotlin SDK puts in its user agent


class Replay:
    """Answers what was recorded, in the order of the record, and keeps what
    was wrong with the requests."""

    def __init__(self, case, proxied):
        self.left = list(case.exchanges)
        self.known = record.Known(case.texts())
        self.proxied = proxied
        self.wrong = []

    def complain(self, request, what):
        self.wrong.append(f"{request.method} {request.place}: {what}")

    def check_way(self, request):
        """Https by the proxy, if there is one, with the host's name told;
        what is on the link or this machine, never."""
        at = request.place
        secure = at.scheme == "https"
        if request.proxied != (self.proxied and secure):
            self.complain(request, "it went by the proxy" if request.proxied
                          else "it did not go by the proxy")
        if secure and not world.is_address(at.host) and request.sni != at.host:
            self.complain(request, f"TLS was asked for {request.sni}")
        if world.is_address(at.host) and not request.proxied and (
                ipaddress.ip_address(at.host) !=
                ipaddress.ip_address(request.address)):
            self.complain(request, f"it came to {request.address}")

    def __call__(self, request):
        self.check_way(request)
        if not self.left:
            self.complain(request, "it is not in the record")
            return record.Answer(500, [("Connection", "close")], b"")
        exchange = self.left.pop(0)
        for what in record.compare(exchange, request, self.known):
            self.complain(request, what)
        answer = exchange.answer
        if answer is None:
            return None
        body = cases.with_session(answer.body, request)
        self.known.texts.append(body.decode(errors="replace"))
        # The record's servers tell of another time than the case's clock.
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(NOW))
        headers = [(name, date if name == "date" else value)
                   for name, value in answer.headers]
        return answer._replace(headers=headers, body=body)

    def complaints(self):
        yield from self.wrong
        for exchange in self.left:
            yield f"never asked: {exchange.method} {exchange.url}"


def seconds(value):
    """A date's; and what is none, as it is."""
    if isinstance(value, str):
        try:
            return calendar.timegm(time.strptime(value, "%Y-%m-%dT%H:%M:%SZ"))
        except ValueError:
            pass
    return value


def compare_result(want, got):
    """What is wrong with GOT, what `resolve` printed."""
    if isinstance(got, str):
        yield got
    elif "Ok" not in want:
        if "error" not in got:
            yield f"it has to fail, and came to {got}"
    elif "error" in got:
        yield f"{got['error']}: {got['message']}"
    else:
        for name, value in want["Ok"].items():
            ours = NAMES.get(name, name)
            if name not in NOT_OURS and seconds(value) != got.get(ours):
                yield f"{ours} is {got.get(ours)!r}, not {value!r}"
        if "session_token" in got and "session_token" not in want["Ok"]:
            yield "there is a session token"


class Attempt(NamedTuple):
    got: Union[dict, str]  # what `resolve` printed, or why it did not
    wrong: list


def attempt(tools, mode, case, proxied):
    """Runs a case once."""
    case = cases.with_one_role(case)
    places = [record.place(exchange.url) for exchange in case.exchanges]
    replay = Replay(case, proxied)
    secure = {at.port for at in places if at.scheme == "https"}
    hosts = {at.host for at in places if at.scheme == "https"}
    certificate = tools.certificate(hosts) if hosts else None
    env = {"AWS_CA_BUNDLE": world.CA, **(PROXIES if proxied else {}),
           **case.env}
    with world.World(tools, {at.host for at in places}) as here:
        for path, data in case.files.items():
            here.put(path, data)
        with server.Server(replay, {80, 443, *(at.port for at in places)},
                           secure, certificate) as served:
            got = here.resolve(mode, NOW, env)
    return Attempt(got, [*compare_result(case.result, got),
                         *replay.complaints(), *served.mishaps])


def run(tools, mode, case):
    """Runs a case as it has to be run: changed, where lunette means to
    differ; and once more by a proxy, where there is a way to go."""
    listed = differences.of(case)
    note = "; ".join(f"{row.reason}; run {row.instead}" for row in listed)
    if listed:
        stands = attempt(tools, mode, case, False)
        if isinstance(stands.got, str):
            return Outcome("failed", stands.got)
        if not stands.wrong:
            return Outcome("failed", "it is listed as different, and is not: "
                           + note)
        for row in listed:
            case = row.change(case)
    wrong = attempt(tools, mode, case, False).wrong
    if not wrong and case.exchanges and not PROXIES.keys() & case.env.keys():
        wrong = [f"by a proxy: {what}"
                 for what in attempt(tools, mode, case, True).wrong]
    return judged(wrong, note)


def tasks(folder, mode):
    """The cases of a suite: pairs of a name and a function of the tools."""
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if os.path.exists(os.path.join(path, "test-case.json")):
            yield name, Task(path, mode)


class Task(NamedTuple):
    path: str
    mode: str

    def __call__(self, tools):
        return run(tools, self.mode, cases.load(self.path))
