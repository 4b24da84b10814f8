"""Where lunette means to differ from botocore, with the section of the
specification (aws-behaviour.md) that each rests on.

A DIFFERENCE says which cases it is about, and changes such a case into one
that means to botocore what the other means to lunette.  A REFUSAL is what
lunette will not do and says so, where botocore goes on."""

import re
import urllib.parse
from typing import Callable, NamedTuple


class Difference(NamedTuple):
    name: str
    section: str
    about: Callable
    change: Callable


class Refusal(NamedTuple):
    name: str
    section: str
    about: Callable
    says: str  # a pattern


def sections(case):
    return list(case["config"].values()) + list(case["credentials"].values())


# ----------------------------------------------------------------- variables

def reads_region(case):
    return "AWS_REGION" in case["env"]


def as_default_region(case):
    case["env"]["AWS_DEFAULT_REGION"] = case["env"].pop("AWS_REGION")


def names_two_profiles(case):
    env = case["env"]
    return case["profile"] is None and env.get("AWS_PROFILE") and \
        env.get("AWS_DEFAULT_PROFILE") not in (None, env["AWS_PROFILE"])


def without_default_profile(case):
    del case["env"]["AWS_DEFAULT_PROFILE"]


KEYS = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
        "AWS_SECURITY_TOKEN"]


def has_blank_keys(case):
    return any(case["env"].get(key, "").strip() != case["env"].get(key, "")
               for key in KEYS)


def without_blanks(case):
    for key in KEYS:
        if key in case["env"]:
            case["env"][key] = case["env"][key].strip()


def has_empty(case):
    return "" in case["env"].values()


def without_empty(case):
    case["env"] = {key: value for key, value in case["env"].items() if value}


# --------------------------------------------------------------------- files

def has_comment(case):
    return any(isinstance(value, str) and " # " in value
               for section in sections(case) for value in section.values())


def without_comment(case):
    for section in sections(case):
        for key, value in section.items():
            if isinstance(value, str):
                section[key] = value.partition(" # ")[0]


def has_two_defaults(case):
    return "default" in case["config"] and "profile default" in case["config"]


def without_bare_default(case):
    del case["config"]["default"]


def has_empty_property(case):
    return any("" in section.values() for section in sections(case))


def without_empty_properties(case):
    for section in sections(case):
        for key in [key for key, value in section.items() if value == ""]:
            del section[key]


SOURCES = ["Environment", "Ec2InstanceMetadata", "EcsContainer"]


def small_source(section):
    """The name in the case that botocore wants; None if it is no other."""
    value = section.get("credential_source")
    for name in SOURCES:
        if value and value.lower() == name.lower() and value != name:
            return name
    return None


def has_small_source(case):
    return any(small_source(section) for section in sections(case))


def with_proper_source(case):
    for section in sections(case):
        section["credential_source"] = small_source(section) or \
            section.get("credential_source")
        if section["credential_source"] is None:
            del section["credential_source"]


DIFFERENCES = [
    Difference("AWS_REGION is read, and first", "1.2",
               reads_region, as_default_region),
    Difference("AWS_PROFILE comes before AWS_DEFAULT_PROFILE", "1.2",
               names_two_profiles, without_default_profile),
    Difference("blanks around keys of the environment do not count", "2.1",
               has_blank_keys, without_blanks),
    Difference("an empty variable is one that is not set", "1.1",
               has_empty, without_empty),
    Difference("a comment may stand behind a value", "1.4, 1.5",
               has_comment, without_comment),
    Difference("[profile default] wins over [default], wherever it stands",
               "1.4, 1.5", has_two_defaults, without_bare_default),
    Difference("an empty property is one that is not there", "2.2",
               has_empty_property, without_empty_properties),
    Difference("the case of credential_source does not count", "3.1",
               has_small_source, with_proper_source),
]


# ------------------------------------------------------------------ refusals

def flag(case, name):
    """The setting of that name, by variable or in any profile."""
    values = [case["env"].get("AWS_" + name.upper(), "")]
    values += [section.get(name, "") for section in sections(case)]
    return any(value.lower() == "true" for value in values)


def urls(case):
    for name, value in case["env"].items():
        if name.startswith("AWS_ENDPOINT_URL"):
            yield value
    for section in sections(case):
        for key, value in section.items():
            if key == "endpoint_url":
                yield value
            if isinstance(value, dict):
                yield from value.values()


def is_plain(url):
    parts = urllib.parse.urlsplit(url)
    return parts.scheme == "http" and \
        parts.hostname not in ("127.0.0.1", "localhost")


def has_plain(case):
    return any(is_plain(url) for url in urls(case))


def has_custom_variant(case):
    return any(urls(case)) and (flag(case, "use_fips_endpoint") or
                                flag(case, "use_dualstack_endpoint"))


def has_odd_duration(case):
    return any(not section.get("duration_seconds", "0").isdigit()
               for section in sections(case))


def has_operator(case):
    return any(" | " in section.get("credential_process", "")
               for section in sections(case))


def has_no_region(case):
    env = case["env"]
    return not env.get("AWS_REGION") and not env.get("AWS_DEFAULT_REGION")


REFUSALS = [
    Refusal("plain http goes to this machine alone", "8.4",
            has_plain, r"is plain http to another machine"),
    Refusal("no FIPS or dual stack with an endpoint of one's own", "8.2",
            has_custom_variant,
            r"(FIPS|dual stack) and a custom endpoint are not supported"),
    Refusal("a duration_seconds that is no number", "3.1",
            has_odd_duration, r"duration_seconds in .* has to be a whole"),
    Refusal("an operator of the shell's in credential_process", "3.5",
            has_operator, r"credential_process in .*: there is an unquoted"),
    Refusal("STS has no region of last resort", "8.2",
            has_no_region, r"no region is known for sts"),
]


def refused(case, message):
    """The refusal that MESSAGE is about; None if it is none."""
    for refusal in REFUSALS:
        if refusal.about(case) and re.search(refusal.says, message):
            return refusal.name
    return None
