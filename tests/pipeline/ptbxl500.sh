#!/usr/bin/env bash
# 500 real records through the whole path, from the zip, the unpacked folder and a server that cuts twice: the
# same six ids. One epoch of a small network: what training learns from them is another question.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/pipeline.sh"
zip=$DATA/ptb-xl-500.zip
[ -r "$zip" ] || skip_all "$zip is not there"
tap_needs unzip python3
cd "$TOP" || exit 1
R=$BUILD/runs/test-ptbxl500
rm -rf "$R"
mkdir "$WORK/unpacked" && unzip -q "$zip" -d "$WORK/unpacked"
python3 tests/stages/server.py "$DATA" "$WORK/requests" >"$WORK/port" 2>"$WORK/server.err" &
tap_cleanup="kill $!; rm -rf '$R'"
wait_for test -s "$WORK/port"

# ids_of SOURCE: the six ids, in a folder without any, of records that are read anew. What is made of them is
# in the store from the second time on: it has the same ids if it is found there.
ids_of() {
	[ ! -e "$R/fetch.id" ] || rm -f "$EINTHOVEN_STORE"/objects/*/"$(cat "$R/fetch.id").mdb"
	rm -rf "$R"
	# shellcheck disable=SC2086 # several words
	make --no-print-directory -f pipeline.mk B="$BUILD" $choices RUN=test-ptbxl500 \
		PARAMS=params/ptbxl-small.yaml \
		SET="fetch.source=$1 pretrain.model=tiny pretrain.epochs=1 probe.bootstrap=20" probe \
		>"$WORK/log" 2>&1 ||
		sed 's/^/# /' "$WORK/log" >&2
	grep -q '^fetch: ran in' "$WORK/log" || echo "fetch did not run"
	cat "$R"/{fetch,preprocess,views,pretrain,embed,probe}.id
}
ids_of "$zip" >"$WORK/from_zip"
is "the zip goes all the way" "$(grep -cE '^[0-9a-f]{64}$' "$WORK/from_zip")" 6
is "415 of 500 records carry one label, and are so few that they are cross-validated" \
	"$(sed -nE 's/^cross-validation, .* ([0-9]+) records of .*/\1/p' "$R/probe.txt")" 415
check "two recordings stand there under two names each, which is said" grep -q \
	'record 457 is the same recording as record 456, sample by sample (2 such records)' "$WORK/log"
"$BIN/store" export "$R/preprocess.id" "$WORK/signals.npz" >/dev/null
check "leads have standard deviations of 0.02 to 1.76 mV, middle leads 0.06 to 0.57 (docs/signal.md)" \
	python3 - "$WORK/signals.npz" <<'END'
import math, struct, sys, zipfile
npy = zipfile.ZipFile(sys.argv[1]).read("scale.npy")
at = 10 + struct.unpack("<H", npy[8:10])[0]
logs = struct.unpack(f"<{500 * 12}f", npy[at:])
records = [sorted(math.exp(x) for x in logs[i:i + 12]) for i in range(0, len(logs), 12)]
found = [f(r[k] for r in records) for f, k in ((min, 0), (max, 11), (min, 6), (max, 6))]
assert [f"{x:.2f}" for x in found] == ["0.02", "1.76", "0.06", "0.57"], found
END
is "the folder gives the same ids" "$(ids_of "$WORK/unpacked")" "$(cat "$WORK/from_zip")"
is "a server that cuts twice gives the same ids" \
	"$(ids_of "http://127.0.0.1:$(cat "$WORK/port")/cut2/$(basename "$zip")")" "$(cat "$WORK/from_zip")"
tap_done
