#!/usr/bin/env bash
# 500 real records, if they are there: from the zip, the folder, and a server that cuts twice the same
# artifacts as ever.
. "$(dirname "$0")/../tap.sh"
zip=$DATA/ptb-xl-500.zip
[ -r "$zip" ] || skip_all "$zip is not there"
tap_needs unzip python3
export EINTHOVEN_QUIET=1
mkdir -p schema run unpacked
"$BIN/fetch" --describe >schema/fetch.json || exit 1
(cd unpacked && unzip -q "$zip")
python3 "$TOP/tests/stages/server.py" "$(dirname "$zip")" requests >port 2>server.err &
# shellcheck disable=SC2034 # tap.sh evaluates it
tap_cleanup="kill $!"
wait_for test -s port

id_of() { # SOURCE RATE, into an empty store
	rm -rf "$EINTHOVEN_STORE"
	printf 'fetch:\n  source: %s\n  rate_hz: %s\n' "$1" "$2" >params.yaml
	rm -f run/fetch.id
	"$BIN/params" --out run --schemas schema params.yaml fetch >/dev/null
	"$BIN/fetch" --build run >/dev/null 2>log || cat log
	cat run/fetch.id
}
# What tests/unit/ecg_ptbxl500.c checks sample by sample, as ids. A change here must have a
# reason in its commit.
golden_100=95874a71418ba8d250125b85c151be0b87fab8ebbcc12b15c2cb79ab4c932a6c
golden_500=816865cb71969dae8615193efae73fb87b8495864d168700270bf909b64c0851
for rate in 100 500; do
	golden=golden_$rate
	is "the zip at $rate Hz" "$(id_of "$zip" $rate)" "${!golden}"
	is "the folder at $rate Hz" "$(id_of unpacked $rate)" "${!golden}"
	is "a URL at $rate Hz, cut twice" \
		"$(id_of "http://127.0.0.1:$(cat port)/cut2/$(basename "$zip")?$rate" $rate)" "${!golden}"
done
is "it was cut" "$(grep -c 'bytes=' requests)" 4
tap_done
