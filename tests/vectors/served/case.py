"""Cases that are folders: env.json, fs/ and http-traffic.json go in, and
test-case.json says what comes out."""

import json
import os
import re
import urllib.parse
from dataclasses import dataclass, replace

import record


@dataclass
class Case:
    name: str
    env: dict
    files: dict  # by path from the root
    exchanges: list
    result: dict  # {"Ok": {...}} or {"ErrorContains": ...}

    def texts(self):
        return [*self.env.values(),
                *(data.decode(errors="replace")
                  for data in self.files.values())]

    def rewrite(self, change):
        """A copy, with CHANGE made to every variable and file."""
        return Case(
            self.name,
            {name: change(value) for name, value in self.env.items()},
            {path: change(data.decode("latin-1")).encode("latin-1")
             for path, data in self.files.items()},
            [replace(exchange) for exchange in self.exchanges], self.result)


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def files_below(folder):
    found = {}
    for path, _, names in os.walk(folder):
        for name in names:
            full = os.path.join(path, name)
            with open(full, "rb") as file:
                found[os.path.relpath(full, folder)] = file.read()
    return found


def load(folder):
    env = os.path.join(folder, "env.json")
    traffic = os.path.join(folder, "http-traffic.json")
    return Case(os.path.basename(folder),
                read_json(env) if os.path.exists(env) else {},
                files_below(os.path.join(folder, "fs")),
                record.exchanges(read_json(traffic))
                if os.path.exists(traffic) else [],
                read_json(os.path.join(folder, "test-case.json"))["result"])


# ------------------------------------------------------- records of roles --
#
# A recorded answer to AssumeRole is about the session that was asked for when
# it was recorded, and some were edited until they were about another role
# than their request.  lunette takes no role that it did not ask for, and STS
# gives none: so the case's role becomes the one of the answer, and the answer
# names the session that is asked for.

ASSUMED = re.compile(r"(<Arn>arn:([^:]*):sts::(\d+):assumed-role/([^/<]+)/)"
                     r"[^<]*(</Arn>)")
SESSION = re.compile(r"(<AssumedRoleId>[^:<]*:)[^<]*(</AssumedRoleId>)")


def form_of(body):
    return dict(urllib.parse.parse_qsl(body.decode(errors="replace")))


def with_one_role(case):
    roles = {}
    for exchange in case.exchanges:
        asked = form_of(exchange.body).get("RoleArn")
        got = exchange.answer and ASSUMED.search(
            exchange.answer.body.decode(errors="replace"))
        if asked and got:
            roles[asked] = f"arn:{got[2]}:iam::{got[3]}:role/{got[4]}"

    def change(text):
        for asked, answered in roles.items():
            text = text.replace(asked, answered)
        return text

    changed = case.rewrite(change)
    for exchange in changed.exchanges:
        form = form_of(exchange.body)
        if form.get("RoleArn") in roles:
            form["RoleArn"] = roles[form["RoleArn"]]
            exchange.body = urllib.parse.urlencode(form).encode()
    return changed


def with_session(body, request):
    """The answer BODY, about the session of REQUEST."""
    name = form_of(request.body).get("RoleSessionName")
    if name is None:
        return body
    text = ASSUMED.sub(rf"\g<1>{name}\g<5>", body.decode())
    return SESSION.sub(rf"\g<1>{name}\g<2>", text).encode()
