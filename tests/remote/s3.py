#!/usr/bin/env python3
"""One signed request to a server of S3, by a program that shares nothing with ours:
`s3.py VERB URL [FILE]` sends FILE and prints what comes; exit 1 if the status is not 2xx."""
import datetime
import hashlib
import hmac
import http.client
import os
import sys
import urllib.parse

verb, url = sys.argv[1:3]
body = open(sys.argv[3], "rb").read() if len(sys.argv) > 3 else b""
place = urllib.parse.urlsplit(url)
now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
region = os.environ["AWS_DEFAULT_REGION"]
sent = {"host": place.netloc, "x-amz-content-sha256": hashlib.sha256(body).hexdigest(), "x-amz-date": now}
form = "\n".join([verb, place.path, place.query, *(f"{k}:{v}" for k, v in sent.items()), "", ";".join(sent),
                  sent["x-amz-content-sha256"]])
scope = f"{now[:8]}/{region}/s3/aws4_request"
text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(form.encode()).hexdigest()}"
key = b"AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"].encode()
for word in scope.split("/") + [text]:
    key = hmac.new(key, word.encode(), hashlib.sha256).digest()
sent["Authorization"] = (f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}, "
                         f"SignedHeaders={';'.join(list(sent))}, Signature={key.hex()}")
connection = http.client.HTTPConnection(place.netloc, timeout=60)
connection.request(verb, place.path + ("?" + place.query if place.query else ""), body, sent)
reply = connection.getresponse()
sys.stdout.buffer.write(reply.read())
sys.exit(0 if 200 <= reply.status < 300 else 1)
