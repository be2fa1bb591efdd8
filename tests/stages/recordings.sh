#!/usr/bin/env bash
# EDF files and arrays are read as pyedflib and numpy read them, and docs' conversions of other files work.
# PYTHON: a python3 that has the packages.
. "$(dirname "$0")/../tap.sh"
python=${PYTHON:-python3}
"$python" -c 'import numpy, pyedflib' 2>/dev/null || skip_all "$python has no packages numpy and pyedflib"

(cd "$TOP" && $(cat "$BUILD/flags") -o "$WORK/record_dump" tests/golden/record_dump.c -Wl,--start-group \
	"$BUILD"/lib{ecg,numbers,common}.a -Wl,--end-group -ljansson -lyaml -lcrypto -ldl -lm) ||
	fail "record_dump is built"
check "each sample is equal" "$python" "$TOP/tests/golden/recordings.py" "$WORK/record_dump" "$TOP/docs"
tap_done
