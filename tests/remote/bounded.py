#!/usr/bin/env python3
"""Run a command and say what it took: `bounded.py COMMAND...` adds a line "exit E seconds S megabytes M"
(M: the most memory it, or a program it started, had at once) to its standard error."""
import os
import sys
import time

began = time.monotonic()
child = os.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
_, status, took = os.wait4(child, 0)
code = os.waitstatus_to_exitcode(status)
print(f"exit {code} seconds {time.monotonic() - began:.0f} megabytes {took.ru_maxrss // 1024}", file=sys.stderr)
sys.exit(code & 255)
