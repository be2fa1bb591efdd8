#!/usr/bin/env python3
"""boto3 reads what we wrote: `boto.py ENDPOINT BUCKET PREFIX ID ACTIONS`: the header is under ID and hashes to
it, every entry of the folder ACTIONS is there byte for byte, and nothing has another kind of name."""
import glob
import hashlib
import os
import re
import sys

import boto3
from botocore.config import Config

endpoint, bucket, prefix, artifact, actions = sys.argv[1:]
s3 = boto3.client("s3", endpoint_url=endpoint, config=Config(s3={"addressing_style": "path"}))


def read(name):
    return s3.get_object(Bucket=bucket, Key=f"{prefix}/{name}")["Body"].read()


assert hashlib.sha256(read(f"cas/{artifact}")).hexdigest() == artifact
entries = glob.glob(f"{actions}/*/*.json")
assert entries
for path in entries:
    with open(path, "rb") as f:
        assert f.read() == read(f"ac/{os.path.basename(path)[:-5]}"), path
for item in s3.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/")["Contents"]:
    assert re.fullmatch(f"{prefix}/(cas|ac)/[0-9a-f]{{64}}", item["Key"]), item["Key"]
