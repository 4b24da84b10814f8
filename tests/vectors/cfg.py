"""cfg.py DIR: parses DIR's botocore-cfg files by lunette and by botocore, which
have to agree but for what aws-behaviour.md section 1.5 says of the dialects."""
import json
import os
import re
import subprocess
import sys

SUITE = "botocore-cfg"
# A name that AWS's other SDKs know; botocore takes quoted ones as well.
NAME = re.compile(r"[A-Za-z0-9\-_/.%@:+]+")
KINDS = {"profiles": "profile", "sso_sessions": "sso-session",
         "services": "services"}


def by_botocore(path):
    """Its sections, or None; and the kinds of sections that it knows."""
    from botocore import configloader, exceptions
    try:
        loaded = configloader.load_config(path)
    except exceptions.ConfigParseError:
        return None, KINDS.values()
    found = {f"{kind} {name}": values for key, kind in KINDS.items()
             for name, values in loaded.get(key, {}).items()}
    return found, [kind for key, kind in KINDS.items() if key in loaded]


def without_quoted(path, found):
    """What botocore found, less the profiles whose names are in quotes there,
    which are no names in the SDKs' dialect."""
    with open(path, encoding="utf-8") as file:
        quoted = set(re.findall(r'^\s*\[profile\s+"([^"\n]*)"\]', file.read(),
                                re.MULTILINE))
    return {key: values for key, values in found.items()
            if key.partition(" ")[2] not in quoted
            and NAME.fullmatch(key.partition(" ")[2])}


def main(folder):
    if not os.path.isdir(folder):
        print(f"skip {SUITE}: not there\n0 passed, 0 failed, 1 skipped")
        return 0
    try:
        import botocore
    except ImportError:
        print(f"skip {SUITE}: python3-botocore is not installed\n"
              "0 passed, 0 failed, 1 skipped")
        return 0
    paths = [os.path.join(folder, name) for name in sorted(os.listdir(folder))
             if not name.startswith(("LICENSE", "NOTICE"))]
    program = os.path.join(os.environ["BUILD"], "tests/vectors/config")
    lines = subprocess.run([program], input="\n".join(paths) + "\n", text=True,
                           stdout=subprocess.PIPE, check=True, timeout=60)
    passed = failed = 0
    for path, line in zip(paths, lines.stdout.splitlines(), strict=True):
        ours = json.loads(line)
        theirs, kinds = by_botocore(path)
        if ours is not None:  # an old botocore knows no services
            ours = {key: values for key, values in ours.items()
                    if key.partition(" ")[0] in kinds}
        name = os.path.basename(path)
        if theirs is not None and ours != theirs:
            theirs = without_quoted(path, theirs)
            print(f"note {SUITE} {name}: a name in quotes is no name "
                  "(aws-behaviour 1.4, 1.5); compared without")
        if ours == theirs:
            passed += 1
        else:
            failed += 1
            print(f"FAIL {SUITE} {name}: {ours} is not botocore's {theirs}")
    print(f"{SUITE} by botocore {botocore.__version__}: "
          f"{passed} passed, {failed} failed")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return failed > 0


sys.exit(main(os.path.join(sys.argv[1], SUITE)))
