# Reads lines of tests/oracle/roots.c and counts those whose root or id is another than hashlib and json give
# by docs/artifact.md, whose tree is here the recursion of RFC 6962. Prints the first few and the sums.
import hashlib
import json
import sys


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def records_of(text):
    for record in text.split(";")[:-1]:
        key, _, value = record.partition("=")
        yield bytes.fromhex(key), bytes.fromhex(value)


def root_of(leaves):
    n = len(leaves)
    if n == 0:
        return sha()
    if n == 1:
        return leaves[0]
    k = 1 << (n - 1).bit_length() - 1
    return sha(b"\1", root_of(leaves[:k]), root_of(leaves[k:]))


def table_of(text):
    leaves, size = [], 0
    for key, value in records_of(text):
        leaves.append(sha(b"\0", len(key).to_bytes(4, "big"), key, len(value).to_bytes(8, "big"), value))
        size += len(key) + len(value)
    return {"bytes": size, "count": len(leaves), "root": root_of(leaves).hex()}


def id_of(text):
    tables = {t[0]: table_of(t[2:]) for t in text.split(",")[:-1]}
    header = {"attributes": {}, "format": "einthoven-artifact/1", "kind": "sets", "schema": 1}
    header["tables"] = tables
    return sha(json.dumps(header, sort_keys=True, separators=(",", ":")).encode()).hex()


n_sets = n_artifacts = n_bad = 0
for line in sys.stdin:
    text, said = line.rstrip("\n").rsplit(" ", 1)
    if "," in text:
        n_artifacts += 1
        expected = id_of(text)
    else:
        n_sets += 1
        expected = table_of(text)["root"]
    if said != expected:
        n_bad += 1
        if n_bad <= 5:
            print(text[:200], "is", said, "and not", expected)
print(n_sets, "sets and", n_artifacts, "artifacts,", n_bad, "others than expected")
