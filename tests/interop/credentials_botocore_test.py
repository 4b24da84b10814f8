#!/usr/bin/python3
"""Compares where lunette's credentials, region and endpoints come from with
botocore's, in generated combinations of environment and files.

Debian's botocore is an old one: what it does not know is left out of its
combinations.  Where python3 on the PATH has a newer one, that is asked in as
many others.  SEED and CASES may be set."""

import collections
import concurrent.futures
import copy
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import threading
import urllib.parse

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "credentials")
sys.path.insert(0, HERE)

import cases  # noqa: E402
import differences  # noqa: E402
import fake  # noqa: E402

CASES = int(os.environ.get("CASES", "2000"))
SEED = int(os.environ.get("SEED", "20261124"))
SHOWN = 5
SERVICES = ["sts", "secretsmanager"]
ROOT = os.environ["T"]
DRIVER = os.path.join(os.environ["BUILD"], "tests", "interop",
                      "credentials_lines")


# --------------------------------------------------------------------- files

def place(text):
    """The path of a file with this text."""
    name = hashlib.sha1(text.encode()).hexdigest()
    path = os.path.join(ROOT, "ini", name)
    if not os.path.exists(path):
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, 0o600)
    return path


def environment(case):
    """The case's variables, with those that name its files."""
    paths = [place(cases.render(case[file]))
             for file in ("config", "credentials")]
    return dict(case["env"], AWS_CONFIG_FILE=paths[0],
                AWS_SHARED_CREDENTIALS_FILE=paths[1])


# ------------------------------------------------------------------- answers

def feed(process, lines):
    with process.stdin as stdin:
        stdin.writelines(line + "\n" for line in lines)


def ask(process, lines, head):
    """What the process answers to each line, and before the first."""
    feeder = threading.Thread(target=feed, args=(process, lines))
    feeder.start()
    answers = [json.loads(line) for line in process.stdout]
    feeder.join()
    if process.wait() != 0 or len(answers) != head + len(lines):
        sys.exit("%s ended with %d after %d of %d answers"
                 % (process.args, process.returncode, len(answers) - head,
                    len(lines)))
    return answers


def start(command, home):
    env = {"PATH": os.environ["PATH"], "HOME": home}
    return subprocess.Popen(command, env=env, text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def by_lunette(made, home):
    lines = []
    for case in made:
        variables = dict(environment(case), HOME=home)
        lines.append("\x1f".join([case["profile"] or ""] + [
            f"{name}={value}" for name, value in variables.items()]))
    return ask(start([DRIVER], home), lines, 0)


def for_botocore(case):
    """The case as botocore has to be told it, and what was changed."""
    told, changed = copy.deepcopy(case), []
    for difference in differences.DIFFERENCES:
        if difference.about(told):
            difference.change(told)
            changed.append(difference.name)
    return told, changed


def by_botocore(interpreter, made, home, based):
    lines = [json.dumps({"env": environment(case), "profile": case["profile"]})
             for case in made]
    return ask(start([interpreter, os.path.join(HERE, "oracle.py"),
                      "based" if based else "plain"], home), lines, 1)


# ---------------------------------------------------------------- comparison

# What lunette says (a pattern, with what botocore's own has) where botocore
# says this.
WORDS = [
    (r"NoCredentials: ", r"^no credentials found: "),
    (r"ProfileNotFound: The config profile \((.*)\) could",
     r'^profile "{0}" is in neither '),
    (r"PartialCredentialsError: (.*)", r"{0}"),
    (r"InvalidConfigError: (The source profile .* must have credentials\.)",
     r"{0}"),
    (r"InvalidConfigError: (The source_profile .* does not exist)", r"{0}"),
    (r"InvalidConfigError: The profile .* contains both source_profile and",
     r"contains both source_profile \(.*\) and credential_source "),
    (r"InvalidConfigError: (The credential source .* is not valid)", r"{0}"),
    (r"InvalidConfigError: .* has no role ARN", r"no role to take on with it"),
    (r"InvalidConfigError: (The specified sso-session does not exist: .*)",
     r"{0}"),
    (r"InvalidConfigError: .* missing required configuration: (.*)",
     r"missing.*{0}"),
    (r"InvalidConfigError: The value for (\S+) is inconsistent", r"{0}"),
    (r"InvalidConfigError: .*the \"(\w+)\" services configuration does not",
     r"there is no \[services {0}\]|no region is known"),
    (r"InfiniteLoopConfigError: (Infinite loop in .* detected)", r"{0}"),
    (r"CredentialRetrievalError: .*(No credentials found in \w+)", r"{0}"),
    (r"CredentialRetrievalError: .*from custom-process: (Unsupported version)",
     r"custom-process: .*{0}"),
    (r"CredentialRetrievalError: .*from custom-process: Missing required key",
     r"custom-process: .*SecretAccessKey"),
    (r"CredentialRetrievalError: .*from custom-process: (the vault is sealed)",
     r"custom-process: .*{0}"),
    (r"FileNotFoundError: .*: '(.*)'", r"{0}"),
    (r"LoginTokenLoadError: (Error loading login session token)", r"{0}"),
    (r"SSOTokenLoadError: .*(Token for .* does not exist)", r"{0}"),
    (r"UnauthorizedSSOTokenError: (The SSO session .* has expired)", r"{0}"),
    (r"TokenRetrievalError: .*expired", r"expired"),
    (r"RuntimeError: (Credentials were refreshed, but .* are still expired)",
     r"{0}"),
    (r"ValueError: (Unsupported host '.*')", r"{0}"),
    (r"JSONDecodeError: ", r"custom-process: "),
    (r"NoRegionError: ", r"no region is known"),
    (r"EndpointResolutionError: .*DualStack", r"dual"),
    (r"EndpointProviderError: .*FIPS", r"FIPS"),
]


def same_error(want, got):
    said = ": ".join(want)
    for theirs, ours in WORDS:
        match = re.match(theirs, said, re.DOTALL)
        if match:
            parts = [re.escape(part) for part in match.groups()]
            return re.search(ours.format(*parts), got) is not None
    return False


def address(text):
    parts = urllib.parse.urlsplit(text or "")
    return parts.scheme, parts.netloc, parts.path.rstrip("/")


class Outcome:
    """What is wrong with an answer, and what lunette refused in it."""

    def __init__(self, case):
        self.case = case
        self.wrong = []
        self.refused = set()

    def check(self, name, good, message):
        """MESSAGE is what lunette said, if it gave none."""
        if good:
            return
        refusal = differences.refused(self.case, message or "")
        if refusal:
            self.refused.add(refusal)
        else:
            self.wrong.append(name)

    def credentials(self, want, got, with_account):
        message = got.get("error", "")
        if "error" in want:
            self.check("error", same_error(want["error"], message), message)
            return
        for name in ["provider", "key"] + ["account"] * with_account:
            self.check(name, want.get(name) == got.get(name), message)

    def endpoint(self, service, want, got):
        error = want.get(service + "_error")
        message = got.get(service + "_error", got.get("error", ""))
        if error:
            good = same_error(error, message)
        else:
            good = service in got and \
                address(got[service]) == address(want[service])
        self.check(service, good, message)


def compare(case, want, got, age):
    outcome = Outcome(case)
    outcome.credentials(want, got, age == "new")
    if want.get("error", [""])[0] != "ProfileNotFound":
        outcome.check("region", want.get("region") == got.get("region"), "")
    for service in SERVICES:
        # The old one does not know what sends STS's calls here.
        if age == "new" or f"AWS_ENDPOINT_URL_{service.upper()}" \
                not in case["env"]:
            outcome.endpoint(service, want, got)
    return outcome


# ----------------------------------------------------------------------- run

def features(interpreter):
    """The version of the interpreter's botocore, and how old that is; None if
    it has none."""
    code = ("import botocore, botocore.credentials as c; "
            "print(botocore.__version__, "
            "'new' if hasattr(c, 'LoginProvider') else 'old')")
    done = subprocess.run([interpreter, "-c", code], capture_output=True,
                          text=True, check=False)
    return tuple(done.stdout.split()) if done.returncode == 0 else None


def interpreters():
    """Debian's, and the one on the PATH where that is another."""
    found = {}
    for interpreter in sys.executable, shutil.which("python3"):
        version = interpreter and features(interpreter)
        if version and version not in found:
            found[version] = interpreter
    return found


class Round:
    """The comparison with one botocore."""

    def __init__(self, version, age, interpreter, home):
        self.version, self.age, self.home = version, age, home
        self.interpreter = interpreter
        self.counts = collections.Counter()
        self.failures = []
        maker = cases.Maker(random.Random(f"{SEED} {age}"), ROOT, age,
                            fake.serve(age == "new"), fake.serve_nothing())
        self.made = [maker.make() for _ in range(CASES)]

    def run(self):
        told = [for_botocore(case) for case in self.made]
        wanted = by_botocore(self.interpreter, [case for case, _ in told],
                             self.home, self.age == "new")[1:]
        given = by_lunette(self.made, self.home)
        for number, case in enumerate(self.made):
            want, got = wanted[number], given[number]
            outcome = compare(case, want, got, self.age)
            self.counts.update(told[number][1])
            self.counts.update(outcome.refused)
            self.counts[want.get("provider", "an error")] += 1
            if outcome.wrong:
                self.failures.append((number, outcome.wrong, case, want, got))
        return self

    def report(self):
        """Prints what there is to say; how many did not pass."""
        print(f"botocore {self.version}, {CASES} cases")
        for row in differences.DIFFERENCES + differences.REFUSALS:
            print(f"  {self.counts[row.name]:5} {row.name} ({row.section})")
        missed = 0
        for provider in PROVIDERS[self.age]:
            print(f"  {self.counts[provider]:5} by {provider}")
            if self.counts[provider] * 500 < CASES:
                missed += 1
                print(f"FAIL hardly a case comes to {provider}")
        for number, wrong, case, want, got in self.failures[:SHOWN]:
            print(f"FAIL case {number}: {', '.join(wrong)}\n"
                  f"  botocore {want}\n  lunette {got}\n  {case['env']}, "
                  f"profile {case['profile']}\n{cases.render(case['config'])}"
                  f"--\n{cases.render(case['credentials'])}")
        return len(self.failures) + missed


PROVIDERS = {"old": ["env", "assume-role", "assume-role-with-web-identity",
                     "sso", "shared-credentials-file", "custom-process",
                     "config-file", "container-role", "iam-role"]}
PROVIDERS["new"] = PROVIDERS["old"] + ["login"]


def main():
    os.makedirs(os.path.join(ROOT, "ini"), exist_ok=True)
    home = cases.prepare(ROOT)
    rounds = [Round(version, age, interpreter, home)
              for (version, age), interpreter in interpreters().items()]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        failed = sum(done.report()
                     for done in pool.map(Round.run, rounds))
    if all(done.age == "old" for done in rounds):
        print("no newer botocore is on the PATH")
    print(f"seed {SEED}")
    print(f"{len(rounds) * CASES - failed} passed, {failed} failed")
    return failed > 0 or not rounds


if __name__ == "__main__":
    sys.exit(main())
