"""Where things are: container endpoints, the metadata service and the files,
by what is really asked and read."""

import urllib.parse
from typing import NamedTuple

import aws
import case as cases
import folders
import server
import world
from outcome import judged, skipped


def serve(tools, env, files=()):
    """Runs the default chain where every host that ENV and FILES name is
    served; what it came to, and everything that was asked for."""
    service = aws.Aws()
    texts = [*env.values(), *dict(files).values()]
    urls = [urllib.parse.urlsplit(word) for text in texts
            for word in text.split() if "://" in word]
    hosts = {url.hostname for url in urls if url.hostname}
    secure = {url.port or 443 for url in urls if url.scheme == "https"}
    ports = {80, 443, *secure, *(url.port or 80 for url in urls)}
    with world.World(tools, hosts) as here:
        for path, text in dict(files).items():
            here.put(path, text.encode())
        with server.Server(service, ports, secure,
                           tools.certificate(hosts) if hosts
                           else None) as served:
            got = here.resolve("default", folders.NOW,
                               {"AWS_CA_BUNDLE": world.CA, **env})
    service.wrong += served.mishaps
    return got, service


def compare(want, method, got, service):
    """WANT is {"Ok": URL} of the first request, or an error before any."""
    if isinstance(got, str):
        yield got
    elif "Ok" in want:
        if service.asked[:1] != [(method, want["Ok"])]:
            yield f"{service.asked[:1]} was asked, not {want['Ok']}"
        if got.get("expiry") != aws.LATER_S:
            yield f"it came to {got}"
    else:
        if "error" not in got:
            yield "it has to fail"
        if service.asked:
            yield f"{service.asked[0]} was asked"
    yield from service.wrong


# ------------------------------------------------------- container endpoint --

class Container(NamedTuple):
    test: dict

    def __call__(self, tools):
        env = {**self.test["env"], "AWS_EC2_METADATA_DISABLED": "true"}
        return judged(compare(self.test["result"], "GET", *serve(tools, env)))


def containers(path):
    for test in cases.read_json(path)["tests"]:
        yield test["docs"], Container(test)


# --------------------------------------------------------- metadata service --

# What other SDKs can also be told by code, lunette can by the environment,
# which counts more than a file in the same way.
BY_CODE = {"mode_override": "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
           "modeOverride": "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
           "endpoint_override": "AWS_EC2_METADATA_SERVICE_ENDPOINT",
           "endpointOverride": "AWS_EC2_METADATA_SERVICE_ENDPOINT"}


class Metadata(NamedTuple):
    test: dict

    def __call__(self, tools):
        env = dict(self.test["env"])
        for key, variable in BY_CODE.items():
            if key in self.test and variable in env:
                return skipped("lunette has no option that would count more "
                               f"than {variable} (aws-behaviour 3.7)")
            if key in self.test:
                env[variable] = self.test[key]
        return judged(compare(self.test["result"], "PUT",
                              *serve(tools, env, self.test["fs"])))


def metadata(path):
    for test in cases.read_json(path)["tests"]:
        yield test["docs"], Metadata(test)


# -------------------------------------------------------------------- files --

class Files(NamedTuple):
    """Each file has something that no other place has."""
    test: dict

    def __call__(self, tools):
        if self.test["platform"] == "windows":
            return skipped("lunette does not run on Windows")
        wrong = list(self.run(tools))
        if "languageSpecificHome" in self.test and \
                "HOME" not in self.test["environment"]:
            return skipped("HOME alone says where home is "
                           "(aws-behaviour 1.3)") if wrong else judged(
                ["it is listed as different, and is not"])
        return judged(wrong)

    def run(self, tools):
        test = self.test
        profile = test.get("profile", "default")
        section = "default" if profile == "default" else f"profile {profile}"
        tree = {
            test["configLocation"]:
                f"[{section}]\nregion = us-found-1\n",
            test["credentialsLocation"]:
                f"[{profile}]\naws_access_key_id = AKIAFOUND\n"
                "aws_secret_access_key = found\n",
            "/etc/passwd":
                f"root:x:0:0::{test.get('languageSpecificHome', '/')}:/bin/sh"}
        got, service = serve(tools, {"AWS_EC2_METADATA_DISABLED": "true",
                                     **test["environment"]}, tree)
        if isinstance(got, str):
            return [got]
        want = {"access_key_id": "AKIAFOUND", "region": "us-found-1",
                "profile": profile}
        return [f"{name} is {got.get(name)!r}, not {value!r}: {got}"
                for name, value in want.items()
                if got.get(name) != value] + service.wrong


def files(path):
    for test in cases.read_json(path)["tests"]:
        yield test["name"], Files(test)
