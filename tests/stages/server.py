#!/usr/bin/env python3
"""A bad web server for tests of downloading. Serves FOLDER on a free port of 127.0.0.1, which it prints.

    server.py FOLDER LOG

The first part of a path says how it misbehaves; LOG gets one line per request: path, Range, status, bytes sent.
    ok         as it should                            cut2       closes after a third of what is left, the first two times
    stall      sends some, then nothing (first time)   stalled    never sends anything but headers
    busy2      503 the first two times                 500        always 500
    norange    cuts once, ignores Range                novalid    cuts twice, gives neither ETag nor date
    changed    cuts once, then the file is another     lie        206 with another range than asked for (first time)
    nolength   no Content-Length                       redirect   302 to /ok/...
    tofile     302 to file:///etc/passwd               loop       302 to itself
Anything else is 404.
"""
import email.utils
import http.server
import os
import re
import sys
import threading
import time

folder, log_path = sys.argv[1], sys.argv[2]
counts, lock = {}, threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def note(self, status, sent):
        with lock, open(log_path, "a") as f:
            f.write(f"{self.path} {self.headers.get('Range', '-')} {status} {sent}\n")

    def plain(self, status, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.note(status, 0)

    def do_GET(self):
        _, mode, name = (self.path.split("?")[0] + "//").split("/", 2)
        name = name.rstrip("/")
        with lock:
            n = counts[self.path] = counts.get(self.path, 0) + 1
        path = os.path.join(folder, name)
        if mode == "500" or (mode == "busy2" and n <= 2):
            return self.plain(500 if mode == "500" else 503)
        if mode == "redirect":
            return self.plain(302, Location=f"/ok/{name}")
        if mode == "tofile":
            return self.plain(302, Location="file:///etc/passwd")
        if mode == "loop":
            return self.plain(302, Location=self.path)
        known = "ok cut2 stall stalled busy2 norange novalid changed lie nolength".split()
        if mode not in known or not os.path.isfile(path):
            return self.plain(404)
        with open(path, "rb") as f:
            data = f.read()
        etag = '"one"'
        if mode == "changed":
            if n == 1:
                data = b"x" * len(data)
            else:
                etag = '"two"'
        self.send_file(mode, n, data, etag)

    def send_file(self, mode, n, data, etag):
        total, first, status = len(data), 0, 200
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        fresh = self.headers.get("If-Range") in (None, etag)
        if wanted and mode != "norange" and fresh:
            first = int(wanted[1])
            if first >= total:
                return self.plain(416, Content_Range=f"bytes */{total}")
            status = 206
            if mode == "lie" and n == 2:
                first = 0
        body = data[first:]
        self.send_response(status)
        if status == 206:
            self.send_header("Content-Range", f"bytes {first}-{total - 1}/{total}")
        if mode not in ("nolength",):
            self.send_header("Content-Length", str(len(body)))
        if mode != "novalid":
            self.send_header("ETag", etag)
            self.send_header("Last-Modified", email.utils.formatdate(0, usegmt=True))
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        cuts = {"cut2": 2, "novalid": 2, "norange": 1, "changed": 1, "lie": 1}.get(mode, 0)
        if n <= cuts or (mode == "stall" and n == 1):
            body = body[: max(1, len(body) // 3)]
        if mode == "stalled":
            body = b""
        self.note(status, len(body))
        try:
            self.wfile.write(body)
            self.wfile.flush()
        except OSError:
            pass  # the client would not have this answer
        if mode == "stalled" or (mode == "stall" and n == 1):
            time.sleep(30)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
