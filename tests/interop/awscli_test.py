"""The aws command line against the sandbox, as the instance of its world.

Skipped where no aws is installed.  Its endpoint is always named: one that
predates AWS_ENDPOINT_URL would otherwise ask the real service.
"""

import json
import os
import shutil
import subprocess
import sys

SECRET = ("arn:aws:secretsmanager:ap-northeast-1:222222222222:"
          "secret:prod/db-AbCdEf")
ADMIN = "arn:aws:iam::222222222222:role/secrets-admin"
LUNETTE = os.path.join(os.environ["BUILD"], "lunette")
AWS = 'exec aws --endpoint-url "$AWS_ENDPOINT_URL" --output json "$@"'

passed = failed = 0


def aws(*words, role=None):
    """Runs aws in the sandbox: its exit status, answer and errors."""
    options = ["--as", role] if role else []
    run = subprocess.run(
        [LUNETTE, "sandbox", *options, "--", "sh", "-c", AWS, "aws", *words],
        capture_output=True, text=True, timeout=120, check=False)
    answer = json.loads(run.stdout) if run.stdout.strip() else None
    return run.returncode, answer, run.stderr


def check(name, good, detail=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"FAIL {name}: {detail}")


def main():
    if not shutil.which("aws"):
        print("no aws command line is installed")
        return 77

    status, answer, errors = aws("sts", "get-caller-identity")
    check("identity", status == 0 and answer["Account"] == "111111111111",
          errors)

    status, answer, errors = aws(
        "secretsmanager", "get-secret-value", "--secret-id", SECRET)
    check("get", status == 0 and
          json.loads(answer["SecretString"])["port"] == 5432, errors)
    check("get: stages", status == 0 and
          answer["VersionStages"] == ["AWSCURRENT"], str(answer))

    status, _, errors = aws(
        "secretsmanager", "describe-secret", "--secret-id", SECRET)
    check("denied", status != 0 and "AccessDeniedException" in errors and
          "secretsmanager:DescribeSecret" in errors, errors)

    status, answer, errors = aws(
        "secretsmanager", "create-secret", "--name", "made/up",
        "--secret-string", "not-a-real-one", role=ADMIN)
    check("create", status == 0 and ":secret:made/up-" in answer["ARN"],
          errors)

    status, answer, errors = aws(
        "secretsmanager", "get-resource-policy", "--secret-id", "prod/db",
        role=ADMIN)
    check("policy", status == 0 and
          "ReadByAppServer" in answer["ResourcePolicy"], errors)

    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
