#!/usr/bin/env python3
"""Rings of one device for servers of Swift on this machine: `swift_rings.py KIND PORT...` in the working folder."""
import sys

from swift.common.ring import RingBuilder

words = sys.argv[1:]
for kind, port in zip(words[::2], words[1::2]):
    builder = RingBuilder(1, 1, 1)
    builder.add_dev({"id": 0, "region": 1, "zone": 1, "ip": "127.0.0.1", "port": int(port), "device": "d",
                     "weight": 1.0, "meta": "", "replication_ip": "127.0.0.1", "replication_port": int(port)})
    builder.rebalance()
    builder.get_ring().save(f"{kind}.ring.gz")
