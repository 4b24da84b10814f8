"""The way to AWS: proxies, and whose certificates are believed.

What is on the link or on this machine is never asked by a proxy, and AWS by
tunnels alone (row 23 of the fault matrix)."""

import base64

from .container import Container, PodIdentity, PodIdentity6
from .expect import matches, same
from .metadata import FIRST, Instance, Instance6
from .services import REGION
from .stage import PROXY

PROXY_HOST = "proxy.example.com"
URL = f"http://ana:canary-proxy%2F1@{PROXY_HOST}:{PROXY}"
BASIC = "Basic " + base64.b64encode(b"ana:canary-proxy/1").decode()
STS = f"sts.{REGION}.amazonaws.com:443"
TUNNEL = [("CONNECT", STS, BASIC)]
ALL = {name: URL for scheme in ("http", "https", "all")
       for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper())}


def way(make, tunnels, **variables):
    """What the source asks comes straight, and these by the proxy."""
    def scene(stage):
        source = make()
        source.set_up(stage)
        stage.env.update(variables)
        stage.extra.add(PROXY_HOST)
        stage.on()
        ran = stage.run("whoami")
        same((ran.status, ran.err), (0, ""), "whoami")
        stage.asked(*source.first, f"GetCallerIdentity by {source.owner}")
        same(stage.server.tunnels, tunnels, "what the proxy was asked")
    return scene


def this_machine(stage):
    stage.cloud.serve(stage.sts, "127.0.0.1")
    way(Instance, [], **ALL, AWS_ENDPOINT_URL_STS="http://127.0.0.1")(stage)


def fails(stage, message):
    ran = stage.run("whoami", "--no-wait")
    same(ran.status, 14, str(ran))
    matches(ran.err, f"^lunette: network: {message}.* hint: .", "the message")
    stage.asked(*FIRST)


def no_proxy(stage):
    """Its password is nobody's business."""
    Instance().set_up(stage)
    stage.env["HTTPS_PROXY"] = URL
    stage.on()
    fails(stage, "")


def other_authority(stage):
    """STS is told nothing."""
    Instance().set_up(stage)
    stage.tools.sign("ca", stage.path("other.pem"), "-key", stage.tools.key)
    stage.env["AWS_CA_BUNDLE"] = "/other.pem"
    stage.on()
    fails(stage, f"{STS}: ")


SCENES = {"this machine, beside a proxy": this_machine,
          "a proxy that is not there": no_proxy,
          "another authority": other_authority}
for _name, _tunnels in (("HTTPS_PROXY", TUNNEL), ("https_proxy", TUNNEL),
                        ("HTTP_PROXY", []), ("http_proxy", []),
                        ("ALL_PROXY", []), ("all_proxy", [])):
    SCENES[_name] = way(Instance, _tunnels, **{_name: URL})
for _make in Instance, Instance6, Container, PodIdentity, PodIdentity6:
    SCENES[f"{_make.name}, beside a proxy"] = way(_make, TUNNEL, **ALL)
for _name, _value, _tunnels in (
        ("NO_PROXY", "example.org,amazonaws.com", []),
        ("no_proxy", f".{REGION}.amazonaws.com", []),
        ("NO_PROXY", "*", []),
        ("no_proxy", "amazonaws.com.example", TUNNEL)):
    SCENES[f"{_name}={_value}"] = way(Instance, _tunnels, **ALL,
                                      **{_name: _value})
