#!/usr/bin/python3
"""A loopback TLS server that misbehaves on order, for tls_test.c.

tls_server.py CERT MODE    prints its port, then a line for each request it saw
"""
import socket
import ssl
import struct
import sys
import warnings

warnings.simplefilter("ignore")  # TLS 1.1 is deprecated: that is the point
CERT, MODE = sys.argv[1:3]
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}"


def reset(sock):
    """Closes with a reset instead of an end."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))
    sock.close()


def context():
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if MODE == "old":
        ctx.set_ciphers("ALL:@SECLEVEL=0")
        ctx.minimum_version = ssl.TLSVersion.TLSv1
        ctx.maximum_version = ssl.TLSVersion.TLSv1_1
    ctx.load_cert_chain(CERT)
    return ctx


def serve(raw, ctx):
    if MODE == "reset":
        raw.recv(64)
        reset(raw)
        return
    if MODE == "plain":
        raw.recv(64)
        raw.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        raw.close()
        return
    tls = ctx.wrap_socket(raw, server_side=True)
    while True:
        got = tls.recv(4096)
        if not got:
            return
        print("request", flush=True)
        if MODE == "vanish":
            reset(tls)
            return
        tls.sendall(CUT if MODE == "cut" else ANSWER)
        if MODE == "cut":
            tls.detach()  # no close_notify: as an attacker would cut it
            return


def main():
    ctx = context()
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        raw, _ = listener.accept()
        try:
            serve(raw, ctx)
        except (OSError, ssl.SSLError):
            pass


main()
