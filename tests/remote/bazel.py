#!/usr/bin/env python3
"""A remote cache as Bazel uses it, as strict as bazel-remote: content must hash to its name, entries must be
ActionResults, and come back with a field more than was put. Serves FOLDER on a free port of 127.0.0.1, which
it prints.

    bazel.py FOLDER
"""
import hashlib
import http.server
import os
import re
import sys

folder = sys.argv[1]
WORKER = b"\x4a\x06\x0a\x04host"  # execution_metadata (9): worker (1)
KNOWN = {2: 2, 3: 2, 4: 0, 5: 2, 6: 2, 7: 2, 8: 2, 9: 2, 10: 2, 11: 2, 12: 2}  # field: wire type


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            return value, at


def is_action_result(data):
    at = 0
    try:
        while at < len(data):
            tag, at = varint(data, at)
            if KNOWN.get(tag >> 3) != tag & 7:
                return False
            n, at = varint(data, at)
            at += n if tag & 7 == 2 else 0
        return at == len(data)
    except IndexError:
        return False


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        path = os.path.join(folder, self.path.lstrip("/"))
        if not re.fullmatch(r"/(cas|ac)/[0-9a-f]{64}", self.path) or not os.path.exists(path):
            return self.answer(404)
        with open(path, "rb") as f:
            self.answer(200, f.read())

    do_HEAD = do_GET

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kind, name = self.path.lstrip("/").split("/")
        if kind == "cas" and hashlib.sha256(body).hexdigest() != name:
            return self.answer(400, b"hash mismatch")
        if kind == "ac" and not is_action_result(body):
            return self.answer(400, b"not an ActionResult")
        os.makedirs(os.path.join(folder, kind), exist_ok=True)
        with open(os.path.join(folder, kind, name), "wb") as f:
            f.write(body + (WORKER if kind == "ac" else b""))
        self.answer(200)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
