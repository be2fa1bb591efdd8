#!/usr/bin/env python3
"""Run a command and say what it took: `bounded.py COMMAND...` adds a line "exit E seconds S megabytes M"
(M: the most memory it, or a program it started, had at once) to its standard error."""
import os
import resource
import subprocess
import sys
import time

began = time.monotonic()
code = subprocess.run(sys.argv[1:]).returncode
took = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"exit {code} seconds {time.monotonic() - began:.0f} megabytes {took.ru_maxrss // 1024}", file=sys.stderr)
sys.exit(code & 255)
