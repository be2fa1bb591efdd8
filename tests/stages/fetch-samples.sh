#!/usr/bin/env bash
# The sample records of the public wfdb package are read as it reads them, or refused as docs/data.md says.
# EINTHOVEN_WFDB names the folder sample-data of its repository, PYTHON a python3 that has the package.
. "$(dirname "$0")/../tap.sh"
python=${PYTHON:-python3}
[ -d "${EINTHOVEN_WFDB:-}" ] || skip_all "EINTHOVEN_WFDB names no folder with wfdb's sample-data"
"$python" -c 'import wfdb, soundfile' 2>/dev/null || skip_all "$python has no package wfdb"

(cd "$TOP" && $(cat "$BUILD/flags") -o "$WORK/wfdb_dump" tests/golden/wfdb_dump.c -Wl,--start-group \
	"$BUILD"/lib{ecg,numbers,common}.a -Wl,--end-group -ljansson -lyaml -lcrypto -ldl -lm) ||
	fail "wfdb_dump is built"
check "each record is equal, or refused as the table says" \
	"$python" "$TOP/tests/golden/wfdb_samples.py" "$WORK/wfdb_dump" "$EINTHOVEN_WFDB" "$TOP/docs/data.md"
tap_done
