"""A server for every address and port of a network of its own: http, https
with whatever certificate it is given, and a proxy that makes tunnels."""

import http.client
import socket
import ssl
import threading
from dataclasses import dataclass
from typing import Optional

import record

PROXY = 3128
LIMIT = 10  # seconds that a connection may be idle


@dataclass
class Request:
    method: str
    place: record.Place
    headers: list  # of (lower-case name, value)
    body: bytes
    address: str  # that the connection was made to
    sni: Optional[str]
    proxied: bool

    def header(self, name):
        return dict(self.headers).get(name)


class Lines:
    """What comes from a socket, by lines and by length."""

    def __init__(self, sock):
        self.file = sock.makefile("rb")

    def head(self):
        """The first line's words and the headers; None at the end."""
        line = self.file.readline(65536)
        if not line.strip():
            return None
        headers = []
        while (header := self.file.readline(65536).strip()):
            name, _, value = header.decode("latin-1").partition(":")
            headers.append((name.lower(), value.strip()))
        return line.decode("latin-1").split(), headers

    def body(self, headers):
        return self.file.read(int(dict(headers).get("content-length", 0)))


def local_address(sock):
    return sock.getsockname()[0].removeprefix("::ffff:")


def write_answer(sock, answer):
    """The lengths of recorded answers are those of before they were edited."""
    ours = {"content-length", "transfer-encoding"}
    phrase = http.client.responses.get(answer.status, "Unknown")
    lines = [f"HTTP/1.1 {answer.status} {phrase}",
             f"Content-Length: {len(answer.body)}"]
    lines += [f"{name}: {value}" for name, value in answer.headers
              if name.lower() not in ours]
    sock.sendall("\r\n".join(lines + ["", ""]).encode("latin-1") + answer.body)
    return ("connection", "close") not in [
        (name.lower(), value) for name, value in answer.headers]


class Server:
    """Asks ANSWER(request) for a record.Answer, or None to break the
    connection off.  PORTS are all served; those in SECURE by TLS."""

    def __init__(self, answer, ports, secure=(), certificate=None):
        self.answer = answer
        self.secure = secure
        self.lock = threading.Lock()  # one request at a time, as recorded
        self.mishaps = []  # what no request can be blamed for
        self.tunnels = []  # (method, target, Proxy-Authorization)
        self.tls = None
        self.listeners = []
        if certificate:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*certificate)
            self.tls.sni_callback = self.keep_sni
        for port in sorted({*ports, PROXY}):
            self.listen(port)

    @staticmethod
    def keep_sni(sock, name, _context):
        sock.lunette_sni = name

    def listen(self, port):
        try:
            listener = socket.create_server(("::", port), backlog=16,
                                            family=socket.AF_INET6,
                                            dualstack_ipv6=True)
        except OSError:  # a machine without IPv6
            listener = socket.create_server(("", port), backlog=16)
        self.listeners.append(listener)
        threading.Thread(target=self.accept, args=(listener, port),
                         daemon=True).start()

    def accept(self, listener, port):
        while True:
            try:
                sock = listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(sock, port),
                             daemon=True).start()

    def serve(self, sock, port):
        with sock:
            try:
                sock.settimeout(LIMIT)
                if port == PROXY:
                    self.serve_tunnel(sock)
                elif port in self.secure:
                    self.serve_tls(sock, port, False)
                else:
                    self.serve_requests(sock, "http", port, None, False)
            except (OSError, ValueError):
                pass  # the client went away; what it said is recorded

    def serve_tunnel(self, sock):
        """The other end of the tunnel is this same server."""
        words, headers = Lines(sock).head()
        self.tunnels.append((words[0], words[1],
                             dict(headers).get("proxy-authorization")))
        if words[0] != "CONNECT":
            self.mishaps.append(f"the proxy was asked for {words[1]}")
            write_answer(sock, record.Answer(502, [], b""))
            return
        sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self.serve_tls(sock, int(words[1].rpartition(":")[2]), True)

    def serve_tls(self, sock, port, proxied):
        if not self.tls:
            self.mishaps.append(f"nobody should connect to port {port}")
            return
        with self.tls.wrap_socket(sock, server_side=True) as secured:
            self.serve_requests(secured, "https", port,
                                getattr(secured, "lunette_sni", None), proxied)

    def serve_requests(self, sock, scheme, port, sni, proxied):
        lines = Lines(sock)
        while (head := lines.head()):
            (method, target, _), headers = head
            host = dict(headers).get("host", "")
            place = record.place(f"{scheme}://{host}{target}")
            request = Request(method, place._replace(port=port), headers,
                              lines.body(headers), local_address(sock), sni,
                              proxied)
            if (place.port, target[:1]) != (port, "/"):
                self.mishaps.append(f"port {port} was asked for {place}")
            answer = self.ask(request)
            if answer is None or not write_answer(sock, answer):
                return

    def ask(self, request):
        """What nobody could answer is not taken for a broken connection."""
        with self.lock:
            try:
                return self.answer(request)
            except Exception as error:  # pylint: disable=broad-except
                self.mishaps.append(f"{request.place}: "
                                    f"{type(error).__name__}: {error}")
                return None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for listener in self.listeners:
            listener.close()
