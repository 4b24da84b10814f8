"""Keys in the two files, of the profile that is asked for."""

from .source import Error, Source
from .stage import CONFIG, CREDENTIALS


class Keys(Source):
    name = "credentials file"
    provider = "shared-credentials-file"
    owner = "user"
    account = None
    lifetime = None
    path, section = CREDENTIALS, "chosen"

    def __init__(self):
        self.looked = f'profile "chosen" in {self.path}'

    def set_up(self, stage):
        keys = stage.cloud.know(self.owner)
        stage.write(self.path, f"""\
[default]
aws_access_key_id = AKIAOFNOBODY
aws_secret_access_key = canary-default
[{self.section}]
aws_access_key_id = {keys.id}
aws_secret_access_key = {keys.secret}
""")
        stage.env["AWS_PROFILE"] = "chosen"


class Config(Keys):
    name = "config file"
    provider = "config-file"
    path, section = CONFIG, "profile chosen"


def has(*lines):
    """The profile has these lines and no others."""
    return lambda stage, source: stage.write(
        source.path, "\n".join([f"[{source.section}]", *lines, ""]))


def misspelt(stage, source):
    stage.env["AWS_PROFILE"] = "choosen"


SOURCES = [Keys, Config]
ERRORS = [
    Error("no such profile", Keys, misspelt,
          f'profile "choosen" is in neither {CONFIG} nor {CREDENTIALS}',
          'did you mean "chosen"?', mark=None),
]
for _make in SOURCES:
    ERRORS += [
        Error("half a pair", _make,
              has("region = eu-west-1", "aws_access_key_id = AKIAHALF",
                  "aws_secret_access_key ="),
              f"Partial credentials found in {_make.provider}, missing: "
              rf"aws_secret_access_key \({_make.path}:3 has the key\)",
              "put aws_secret_access_key below it"),
        Error("a line that is none", _make, has("canary-secret"),
              f"{_make.path}:2: Expected an '=' sign", None, status=15,
              mark=None),
    ]
