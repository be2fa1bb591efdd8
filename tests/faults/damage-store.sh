#!/usr/bin/env bash
# Every kind of file that the store keeps and a run's folder holds, with flipped bytes or without its end:
# what reads it says so, or gives what the sound file gives.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/tiny.sh"
. "$TOP/tests/faults.sh"
trials=${TRIALS:-12}
damage_build
store=$BIN/store

tiny_params count=60 value_bytes=300
./tiny --build run >log 2>&1 && ./twice --build run >>log 2>&1 || skip_all "the stages do not run"
id=$(cat run/tiny.id) result=$(cat run/twice.id)
object=store/objects/${id:0:2}/$id.mdb
entry_of() { # entry_of STAGE
	grep -l "\"inputs\":.*\"stage\":\"$1\"" store/actions/*/*.json | head -1
}
entry=$(entry_of tiny)
second=$(entry_of twice)

damaged "an object, verified" "$object" -- "$store" verify "$id"
damaged "an object, shown" "$object" -- "$store" show "$id" --records 60
damaged "an object, read by a stage" "$object" --result run/twice.id --before "rm -f $second" -- \
	./twice --build run
is "... which publishes nothing of it" "$(find store/objects -name '*.mdb' | wc -l)" 2
./twice --build run >log 2>&1

# A hit must give the right id. Any change is found by the seal, which `verify` looks at too.
cp "$entry" entry
damaged "an entry, verified" "$entry" -- "$store" verify
damaged "an entry, looked up" "$entry" --result run/tiny.id -- ./tiny --build run --cached
damaged "an entry, by a stage that may run" "$entry" --result run/tiny.id --before "rm -f $entry.new" -- \
	./tiny --build run
cp -f entry "$entry"
damaged "an entry, gone through by log" "$entry" --may-differ -- "$store" log "$result"
damaged "an entry, gone through by gc" "$entry" --may-differ -- "$store" gc --runs .

# ---- signed ----
unset EINTHOVEN_TRUST
"$store" keygen key.pem >keygen.log 2>&1 && sed -n '/^keys:/,$p' keygen.log >trust.yaml
if [ -s trust.yaml ]; then
	EINTHOVEN_STORE=signed EINTHOVEN_KEY=$PWD/key.pem ./tiny --build run >log 2>&1
	envelope=$(find signed/actions -name '*.json')
	damaged "a signed entry, looked up" "$envelope" --result run/tiny.id -- \
		env EINTHOVEN_STORE=signed ./tiny --build run --cached
	damaged "trust.yaml" trust.yaml --may-differ -- env EINTHOVEN_STORE=signed ./tiny --build run --cached
	damaged "a private key" key.pem --may-differ --before "rm -rf another" -- \
		env EINTHOVEN_STORE=another EINTHOVEN_KEY="$PWD/key.pem" ./tiny --build run
	rm trust.yaml
else
	not_ok "keygen prints what goes into trust.yaml"
fi

damaged "an id, read by the next stage" run/tiny.id --result run/twice.id -- ./twice --build run
damaged "an id, by the command line" run/tiny.id -- "$store" show run/tiny.id
damaged "what the key was made of" run/tiny.key.json --may-differ -- ./tiny --build run --explain
damaged "a slice of params" run/params/tiny.json --may-differ --result run/tiny.id -- ./tiny --build run

# ---- notes of who needs what: gc that has nothing else to go by does not remove what they were of ----
tiny_params count=60 value_bytes=300
./tiny --build run >log 2>&1 && ./twice --build run >>log 2>&1 # their .id files are there
"$store" pin "$id" --note mine >log 2>&1
mkdir nothing
cp -a store pinned && rm -rf pinned/roots
cp -a store noted && rm -rf noted/pins
for note in pinned/pins/* noted/roots/*; do
	damaged "a note in $(basename "$(dirname "$note")"), read by gc" "$note" \
		--before "cp -af store/objects store/actions ${note%%/*}/" -- \
		env EINTHOVEN_STORE="${note%%/*}" "$store" gc --delete --grace-days 0 --runs nothing
done

# ---- a bundle ----
"$BIN/audit" "$result" --no-raw --bundle whole.tar >log 2>&1
if [ -s whole.tar ]; then
	damaged "a bundle" whole.tar -- "$BIN/audit" whole.tar
else
	not_ok "a bundle is written: $(tail -1 log)"
fi

mkdir bin && cp tiny bin/tiny
printf '%064d\n' 0 | tr 0 1 >bin/tiny.code
damaged "a code identity" bin/tiny.code --result run/tiny.id -- bin/tiny --build run
is "the store is sound after it all" "$("$store" verify | tail -1 | grep -o '[0-9]* damaged')" "0 damaged"
tap_done
