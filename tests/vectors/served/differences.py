"""Where lunette means to differ from a suite, by kinds of cases.

Each has a reason, with the section of the specification, and a change that
gives the case the same meaning to lunette.  A case that one of these is about
is run twice: as it stands, where lunette must not do what the suite expects,
and changed, where it must."""

import ipaddress
import re
import urllib.parse
from typing import Callable, NamedTuple

from case import Case

ENDPOINT = re.compile(r"(endpoint_url\s*=\s*)http://([^\s:/]+)")
PROCESS = re.compile(r"^(\s*credential_process\s*=\s*)(.*)$", re.MULTILINE)
QUOTED = re.compile(r"'[^']*'|\"(\\.|[^\"\\])*\"|\\.")
OPERATORS = re.compile(r"[|&;<>()$`*?\[#~]")


def succeeds(case):
    return "Ok" in case.result


# -------------------------------------------- plain http to other machines --

def other_machine(host):
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


def plain_endpoints(case):
    """The hosts of AWS's services that are to be spoken to in the clear."""
    hosts = set()
    for name, value in case.env.items():
        parts = urllib.parse.urlsplit(value)
        if name.startswith("AWS_ENDPOINT_URL") and parts.scheme == "http":
            hosts.add(parts.hostname)
    for text in case.texts():
        hosts.update(match[2] for match in ENDPOINT.finditer(text))
    return {host for host in hosts if other_machine(host)}


def to_https(case):
    hosts = plain_endpoints(case)

    def change(text):
        for host in hosts:
            text = text.replace(f"http://{host}", f"https://{host}")
        return text

    changed = case.rewrite(change)
    for exchange in changed.exchanges:
        exchange.url = change(exchange.url)
    return changed


# ------------------------------------------------------- credential_process --

def needs_shell(case):
    for text in case.texts():
        for match in PROCESS.finditer(text):
            if OPERATORS.search(QUOTED.sub("", match[2])):
                return True
    return False


def with_shell(case):
    def quote(match):
        command = match[2].replace("'", "'\\''")
        return f"{match[1]}/bin/sh -c '{command}'"

    return case.rewrite(lambda text: PROCESS.sub(quote, text))


# ----------------------------------------------------------- metadata again --

def asks_metadata_again(case):
    """The metadata service fails for the moment, and is asked again."""
    for one, next_one in zip(case.exchanges, case.exchanges[1:]):
        failed = one.answer is None or one.answer.status >= 500
        if failed and "/latest/" in one.url and \
                (one.method, one.url) == (next_one.method, next_one.url):
            return True
    return False


def with_attempts(case):
    changed = case.rewrite(lambda text: text)
    changed.env["AWS_METADATA_SERVICE_NUM_ATTEMPTS"] = "4"
    return changed


# ------------------------------------------------------------------- table --

class Difference(NamedTuple):
    reason: str
    applies: Callable[[Case], bool]
    change: Callable[[Case], Case]
    instead: str  # what is run in its place


TABLE = [
    Difference("plain http to another machine is refused "
               "(aws-behaviour 8.4; reliability T8)",
               lambda case: succeeds(case) and bool(plain_endpoints(case)),
               to_https, "with https"),
    Difference("credential_process is run without a shell "
               "(aws-behaviour 3.5)",
               lambda case: succeeds(case) and needs_shell(case),
               with_shell, "through sh -c '...'"),
    Difference("the metadata service is asked once by default "
               "(aws-behaviour 3.7, 13)",
               asks_metadata_again, with_attempts,
               "with AWS_METADATA_SERVICE_NUM_ATTEMPTS=4"),
]


def of(case):
    return [row for row in TABLE if row.applies(case)]
