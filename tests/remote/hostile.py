#!/usr/bin/env python3
"""A web server that lies, floods and stalls, for whatever of ours speaks HTTP. Serves FOLDER on a free port of
127.0.0.1, which it prints; the first part of a path names one misbehaviour (`modes` below), the rest the file.

    hostile.py FOLDER

"<misbehaviour>-records" is well behaved but for the files that FOLDER/segments names, "<misbehaviour>-entry"
but for those under ac/, "<misbehaviour>-put" but for PUT. Sockets are written to as they are: what a server library would not let out is the point.
"""
import gzip
import os
import re
import socket
import sys
import threading
import time

folder = sys.argv[1]
counts, lock = {}, threading.Lock()
FOREVER_S = 60  # longer than any client of ours should wait
JUNK = os.urandom(1 << 16)
OLD = "Last-Modified: Thu, 01 Jan 1970 00:00:00 GMT\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"


def head(status, *lines):
    lines = lines if "Connection: keep-alive" in lines else (*lines, "Connection: close")
    return (f"HTTP/1.1 {status} X\r\n" + "".join(f"{line}\r\n" for line in lines) + "\r\n").encode()


def whole(data, *lines):
    return head(200, f"Content-Length: {len(data)}", *lines) + data


def until(send, make):
    """Send what make() gives until the client has enough, or for as long as any should have patience."""
    end = time.monotonic() + FOREVER_S
    while time.monotonic() < end:
        send(make())


def drip(send, data, every_s=0.2, n=1):
    for i in range(0, len(data), n):
        send(data[i : i + n])
        time.sleep(every_s)


class Request:
    def __init__(self, verb, path, fields, n, send):
        self.verb, self.path, self.fields, self.n, self.send = verb, path, fields, n, send
        self.name = path.split("/", 2)[2] if path.count("/") >= 2 else ""
        self.from_byte = int((re.match(r"bytes=(\d+)-", fields.get("range", "")) or [0, 0])[1])

    def data(self):
        try:
            with open(os.path.join(folder, self.name), "rb") as f:
                return f.read()
        except OSError:
            return None

    def is_segment(self):
        with open(os.path.join(folder, "segments")) as f:
            return os.path.basename(self.name) in f.read().split()

    def cut_then(self, rest, *lines):
        """The first request gets a third of the file, all later ones what rest gives."""
        data = self.data()
        if self.n == 1:
            self.send(head(200, f"Content-Length: {len(data)}", *lines) + data[: len(data) // 3])
        else:
            self.send(rest(data))


def part(data, first, *lines):
    body = data[first:]
    return head(206, f"Content-Range: bytes {first}-{len(data) - 1}/{len(data)}", f"Content-Length: {len(body)}",
                *lines) + body


def frame(announced):
    """A Zstandard frame of 4 GB in little, which says it holds so many bytes."""
    blocks = b"".join((128 * 1024 << 3 | 2 | last).to_bytes(3, "little") + b"x" for last in [0] * 32767 + [1])
    return b"\x28\xb5\x2f\xfd\xe0" + announced.to_bytes(8, "little") + blocks


def flipped(data):
    return data[:-1] + bytes([data[-1] ^ 1])


other = b"x"
modes = {
    "ok": lambda r: r.send(whole(r.data())),
    # what was changed between two requests
    "otheretag": lambda r: r.cut_then(lambda d: part(flipped(d), r.from_byte, 'ETag: "two"') if r.from_byte else whole(flipped(d)), 'ETag: "one"'),
    "noetag": lambda r: r.cut_then(lambda d: part(flipped(d), r.from_byte) if r.from_byte else whole(flipped(d)), 'ETag: "one"'),
    "otherdate": lambda r: r.cut_then(
        lambda d: part(flipped(d), r.from_byte, "Last-Modified: Fri, 02 Jan 1970 00:00:00 GMT")
        if r.from_byte else whole(flipped(d)), OLD.strip()),
    "novalidator": lambda r: r.cut_then(
        lambda d: part(flipped(d), r.from_byte) if r.from_byte else whole(flipped(d))),
    "weak": lambda r: r.cut_then(
        lambda d: part(flipped(d), r.from_byte, 'ETag: W/"one"') if r.from_byte else whole(flipped(d)),
        'ETag: W/"one"'),
    "half416": lambda r: r.cut_then(
        lambda d: head(416, f"Content-Range: bytes */{r.from_byte}", "Content-Length: 0")
        if r.from_byte else whole(d), 'ETag: "one"'),
    "unasked206": lambda r: r.send(part(r.data(), 0, 'ETag: "one"')),
    # too little, too much, without end
    "short": lambda r: r.send(head(200, f"Content-Length: {len(r.data()) + 1}") + r.data()),
    "longer": lambda r: r.cut_then(
        lambda d: head(206, f"Content-Range: bytes {r.from_byte}-{len(d) - 1}/{len(d)}", 'ETag: "one"',
                       "Transfer-Encoding: chunked")
        + b"%x\r\n%s\r\n" % (len(d), d) + b"%x\r\n%s\r\n0\r\n\r\n" % (len(d), d)
        if r.from_byte else whole(d), 'ETag: "one"'),
    "endless": lambda r: (
        r.send(head(200)), until(r.send, lambda: JUNK)),
    "endlesschunks": lambda r: (
        r.send(head(200, "Transfer-Encoding: chunked")), until(r.send, lambda: b"10000\r\n" + JUNK + b"\r\n")),
    "hugechunk": lambda r: (
        r.send(head(200, "Transfer-Encoding: chunked") + b"ffffffffffffffff\r\n"), until(r.send, lambda: JUNK)),
    "minus": lambda r: (r.send(head(200, "Content-Length: -5")), until(r.send, lambda: JUNK)),
    "twolengths": lambda r: r.send(head(200, "Content-Length: 5", f"Content-Length: {len(r.data())}") + r.data()),
    "exabyte": lambda r: (
        r.send(head(200, f"Content-Length: {1 << 60}")), until(r.send, lambda: JUNK)),
    "bomb": lambda r: r.send(whole(gzip.compress(bytes(1 << 26)), "Content-Encoding: gzip")),
    "zbomb": lambda r: r.send(whole(frame(1000))),
    "zhuge": lambda r: r.send(whole(frame(1 << 40))),
    # slow
    "silent": lambda r: time.sleep(FOREVER_S),
    "drip": lambda r: (r.send(head(200, f"Content-Length: {len(r.data())}")), drip(r.send, r.data())),
    "trickle": lambda r: (r.send(head(200, f"Content-Length: {len(r.data())}")), drip(r.send, r.data(), 0.1, 500)),
    "driphead": lambda r: (r.send(b"HTTP/1.1 200 X\r\n"), drip(r.send, b"X: " + b"y" * 1000)),
    "driplines": lambda r: (r.send(b"HTTP/1.1 200 X\r\n"),
                            until(r.send, lambda: time.sleep(0.2) or b"X: y\r\n")),
    # heads
    "manyheaders": lambda r: (r.send(b"HTTP/1.1 200 X\r\n"),
                              until(r.send, lambda: b"X-Y: " + b"z" * 1000 + b"\r\n")),
    "longheader": lambda r: (r.send(b"HTTP/1.1 200 X\r\nX-Y: "), until(r.send, lambda: b"z" * 65536)),
    "continues": lambda r: until(r.send, lambda: b"HTTP/1.1 100 Continue\r\n\r\n"),
    "nohttp": lambda r: r.send(b"SSH-2.0-OpenSSH_9\r\n" + r.data()),
    # elsewhere
    "tofile": lambda r: r.send(head(302, "Location: file:///etc/passwd", "Content-Length: 0")),
    "toftp": lambda r: r.send(head(302, "Location: ftp://127.0.0.1:1/x", "Content-Length: 0")),
    "loop": lambda r: r.send(head(302, f"Location: {r.path}", "Content-Length: 0")),
    "loopbody": lambda r: (r.send(head(302, "Location: /ok/x", "Transfer-Encoding: chunked",
                                    "Connection: keep-alive")),
                           until(r.send, lambda: b"10000\r\n" + JUNK + b"\r\n")),
    # errors
    "storm": lambda r: r.send(head(503, "Content-Length: 0")),
    "forbidden": lambda r: r.send(whole(b"not for you\n").replace(b"200", b"403", 1)),
    "later": lambda r: r.send(head(503, "Retry-After: 86400", "Content-Length: 0")),
    "page404": lambda r: (r.send(head(404, "Transfer-Encoding: chunked")),
                          until(r.send, lambda: b"10000\r\n" + JUNK + b"\r\n")),
    "page500": lambda r: (r.send(head(500, "Transfer-Encoding: chunked")),
                          until(r.send, lambda: b"10000\r\n" + JUNK + b"\r\n")),
    # what only a digest tells
    "wrong": lambda r: r.send(whole(flipped(r.data()))),
    "empty": lambda r: r.send(whole(b"")),
    "other": lambda r: r.send(whole(other * len(r.data()))),
}


def answer(connection):
    with connection, connection.makefile("rb") as f:
        line = f.readline(65536).decode("latin-1").split()
        fields = {}
        for raw in iter(lambda: f.readline(65536), b"\r\n"):
            if not raw:
                return
            name, _, value = raw.decode("latin-1").partition(":")
            fields[name.lower()] = value.strip()
        if len(line) < 2:
            return
        mode, _, only = line[1].split("/")[1].partition("-")
        with lock:
            n = counts[line[1]] = counts.get(line[1], 0) + 1
        request = Request(line[0], line[1], fields, n, connection.sendall)
        if line[0] == "PUT" and mode != "silent":
            connection.settimeout(5)
            f.read(int(fields.get("content-length", 0)))
        meant = {"records": request.is_segment, "entry": lambda: request.name.startswith("ac/"),
                 "put": lambda: line[0] == "PUT"}
        if only in meant and not meant[only]():
            mode = "ok"
        if mode not in modes or (request.data() is None and mode in ("ok", "wrong", "short", "other")):
            return connection.sendall(head(404, "Content-Length: 0"))
        modes[mode](request)
        connection.shutdown(socket.SHUT_WR)


def serve(connection):
    try:
        answer(connection)
    except OSError:
        pass  # the client would not have it


listener = socket.create_server(("127.0.0.1", 0), backlog=64)
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
