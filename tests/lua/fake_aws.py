"""A server that answers as AWS would, believes everything, and is slow.

Every GetSecretValue takes DELAY seconds, so that a test can see if two of them
overlap.  A version's id is the number of connections so far.  STS gives every
role but one called closed.  Prints its port, then a line for each request.
"""
import http.server
import json
import sys
import time
import urllib.parse

DELAY = 0.3
DOCUMENT = json.dumps({"username": "app", "password": "canary-pw", "port": 5432,
                       "on": True, "none": None})
STS = "https://sts.amazonaws.com/doc/2011-06-15/"
# What a request of STS may hold without being told of.
USUAL = {"Action", "Version", "RoleArn", "RoleSessionName", "ExternalId"}


def say(*words):
    print(*words, flush=True)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    connections = 0  # so far

    def log_message(self, *_):
        pass

    def setup(self):
        Handler.connections += 1
        super().setup()

    def reply(self, status, body, kind):
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("x-amzn-RequestId", "request-1")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def get_secret(self, question):
        name = question["SecretId"]
        say("get", name, question.get("VersionStage", question.get("VersionId")))
        time.sleep(DELAY)
        if "none" in name:
            self.reply(400, json.dumps({
                "__type": "ResourceNotFoundException",
                "Message": "Secrets Manager can't find the specified secret."}),
                "application/x-amz-json-1.1")
            return
        short = name.split(":")[-1].removesuffix("-AbCdEf")
        self.reply(200, json.dumps({
            "ARN": "arn:aws:secretsmanager:eu-west-1:111111111111:secret:%s-AbCdEf" % short,
            "Name": short, "VersionId": "%032d" % self.connections, "CreatedDate": 1795469580.5,
            "SecretString": DOCUMENT, "VersionStages": ["AWSCURRENT"]}),
            "application/x-amz-json-1.1")

    def sts(self, form):
        action = form["Action"]
        key = "nobody"  # signed it
        if "Authorization" in self.headers:
            key = self.headers["Authorization"].split("=")[1].split("/")[0]
        say(action, key, *("%s=%s" % (name, form[name])
                           for name in sorted(form) if name not in USUAL))
        if action == "GetCallerIdentity":
            result = ("<Arn>arn:aws:iam::111111111111:user/%s</Arn><UserId>U</UserId>"
                      "<Account>111111111111</Account>" % key)
        else:
            role = form["RoleArn"].split("/")[-1]
            if role == "closed":
                self.reply(403, '<ErrorResponse xmlns="%s"><Error><Type>Sender</Type><Code>'
                           "AccessDenied</Code><Message>closed to you</Message></Error>"
                           "<RequestId>r</RequestId></ErrorResponse>" % STS, "text/xml")
                return
            result = ("<Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>"
                      "canary-role-key</SecretAccessKey><SessionToken>canary-token</SessionToken>"
                      "<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
                      "<AssumedRoleUser><Arn>arn:aws:sts::222222222222:assumed-role/{1}/{0}"
                      "</Arn><AssumedRoleId>AROA:{0}</AssumedRoleId></AssumedRoleUser>"
                      .format(form["RoleSessionName"], role))
        self.reply(200, '<{0}Response xmlns="{1}"><{0}Result>{2}</{0}Result><ResponseMetadata>'
                   "<RequestId>r</RequestId></ResponseMetadata></{0}Response>"
                   .format(action, STS, result), "text/xml")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if "X-Amz-Target" in self.headers:
            self.get_secret(json.loads(body))
        else:
            self.sts(dict(urllib.parse.parse_qsl(body)))


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


with Server(("127.0.0.1", 0), Handler) as server:
    say("port", server.server_port)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)
