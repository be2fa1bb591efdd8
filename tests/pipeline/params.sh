#!/usr/bin/env bash
# The splitter: every mistake in a params file or in SET has its message and exit code, and changes nothing.
. "$(dirname "$0")/../tap.sh"
mkdir schema
cat >schema/fetch.json <<'END'
[{"name":"source","type":"path","default":"synthetic","help":"where from","in_key":false},
 {"name":"records","type":"int","min":1,"max":1000,"default":"5","in_key":true}]
END
cat >schema/pretrain.json <<'END'
[{"name":"temperature","type":"float","min":0.01,"max":10,"default":"0.1","in_key":true},
 {"name":"rate_hz","type":"int","min":50,"max":1000,"unit":"Hz","default":"100","in_key":true},
 {"name":"towers","type":"choice","choices":["time","channel","both"],"default":"both","in_key":true},
 {"name":"mask","type":"bool","default":"true","in_key":true},
 {"name":"leads","type":"list","default":"[I, II]","in_key":true},
 {"name":"note","type":"text","default":"","in_key":true}]
END

split() { # split FILE [SET]
	"$BIN/params" --out out --schemas schema --set "${2:-}" "$1" fetch pretrain
}

slice() {
	cat out/params/pretrain.json
}

mkdir params
cat >params/good.yaml <<'END'
# An experiment.
fetch:
  records: 7        # enough
pretrain:
  temperature: 0.20
  leads: [V1, "V2"]
  note: 'a: b # c'
END
check "a good file is split" split params/good.yaml
good='{"leads":["V1","V2"],"mask":true,"note":"a: b # c","rate_hz":100,"temperature":0.2,"towers":"both"}'
is "a slice is canonical JSON of one section, with its defaults" "$(slice)" "$good"
is "each stage has its own" "$(cat out/params/fetch.json)" '{"records":7,"source":"synthetic"}'
check "a locale with a decimal comma changes nothing" \
	env LC_ALL=de_DE.UTF-8 LANG=de_DE.UTF-8 "$BIN/params" --out out \
	--schemas schema params/good.yaml fetch pretrain
is "... indeed" "$(slice)" "$good"

# snapshot: the bytes and times of all that was written
snapshot() {
	find out -type f -exec stat -c '%n %y %s' {} + | sort
	cat out/params/*
}
before=$(snapshot)
refuses() { # refuses NAME TEXT MESSAGE [SET]: as bad.yaml; MESSAGE is the whole of stderr
	local got
	printf '%b' "$2" >params/bad.yaml
	split params/bad.yaml "${4:-}" >stdout 2>stderr
	got=$?
	if [ "$got" = 1 ] && [ "$(cat stderr)" = "$3" ] && [ ! -s stdout ] &&
		[ "$(snapshot)" = "$before" ]; then
		ok "$1 is refused"
	else
		not_ok "$1 is refused"
		echo "# exit $got, said '$(cat stderr)', expected '$3'"
		[ "$(snapshot)" = "$before" ] || echo "# and something was written"
	fi
}
B=params/bad.yaml
refuses "an unknown key" \
	'pretrain:\n  temprature: 1\n' "$B:2: unknown key 'temprature'; did you mean 'temperature'?"
refuses "a key far from any other" 'pretrain:\n  qqq: 1\n' "$B:2: unknown key 'qqq'"
refuses "a key of another section" 'fetch:\n  temperature: 1\n' \
	"$B:2: unknown key 'temperature' in 'fetch'; it belongs to 'pretrain'"
refuses "an unknown section" \
	'pretrian:\n  mask: true\n' "$B:1: unknown section 'pretrian'; did you mean 'pretrain'?"
refuses "a section without keys" \
	'pretrain: 3\n' "$B:1: expected indented 'name: value' lines under 'pretrain:'"
refuses "a section that is a list" \
	'pretrain:\n  - mask\n' "$B:1: expected indented 'name: value' lines under 'pretrain:'"
refuses "a text for an integer" \
	'fetch:\n  records: many\n' "$B:2: fetch.records: expected an integer from 1 to 1000, got 'many'"
refuses "a quoted integer" \
	'fetch:\n  records: "5"\n' "$B:2: fetch.records: expected an integer from 1 to 1000, got '5'"
refuses "an integer with a tail" \
	'fetch:\n  records: 100x\n' "$B:2: fetch.records: expected an integer from 1 to 1000, got '100x'"
refuses "an octal integer" \
	'fetch:\n  records: 010\n' "$B:2: fetch.records: expected an integer from 1 to 1000, got '010'"
refuses "a hexadecimal integer" \
	'fetch:\n  records: 0x10\n' "$B:2: fetch.records: expected an integer from 1 to 1000, got '0x10'"
refuses "a fraction for an integer" \
	'fetch:\n  records: 1e2\n' "$B:2: fetch.records: expected an integer from 1 to 1000, got '1e2'"
refuses "a decimal comma" 'pretrain:\n  temperature: 0,07\n' \
	"$B:2: pretrain.temperature: expected a number from 0.01 to 10, got '0,07'"
refuses "nan" 'pretrain:\n  temperature: nan\n' \
	"$B:2: pretrain.temperature: expected a number from 0.01 to 10, got 'nan'"
refuses "a number out of range" 'pretrain:\n  rate_hz: 49\n' \
	"$B:2: pretrain.rate_hz: expected an integer from 50 to 1000 Hz, got '49'"
refuses "an unknown choice" \
	'pretrain:\n  towers: all\n' "$B:2: pretrain.towers: expected one of: time channel both, got 'all'"
refuses "yes for true" 'pretrain:\n  mask: yes\n' "$B:2: pretrain.mask: expected true or false, got 'yes'"
refuses "a list for a number" 'pretrain:\n  rate_hz: [100]\n' \
	"$B:2: pretrain.rate_hz: expected an integer from 50 to 1000 Hz, got a list"
refuses "a section for a number" 'pretrain:\n  rate_hz:\n    a: 1\n' \
	"$B:2: pretrain.rate_hz: expected an integer from 50 to 1000 Hz, got a section"
refuses "a text for a list" \
	'pretrain:\n  leads: I\n' "$B:2: pretrain.leads: expected a list like [a, b], got 'I'"
refuses "a list in a list" 'pretrain:\n  leads:\n    - I\n    - [II]\n' \
	"$B:4: pretrain.leads: expected a text in each place of the list"
refuses "a missing value" 'pretrain:\n  note:\n' "$B:2: pretrain.note: expected a text, got ''"
refuses "null" 'pretrain:\n  note: null\n' "$B:2: pretrain.note: expected a text, got 'null'"
refuses "a duplicate key" 'pretrain:\n  mask: true\n  rate_hz: 100\n  mask: false\n' \
	"$B:4: duplicate key 'mask'; it is on line 2 already"
refuses "a duplicate section" \
	'fetch:\n  records: 3\nfetch:\n  records: 4\n' "$B:3: duplicate key 'fetch'; it is on line 1 already"
refuses "a tab" 'pretrain:\n\tmask: true\n' "$B:2: a tab in the indentation; use spaces"
refuses "an anchor" \
	'pretrain: &a\n  mask: true\n' "$B:1: anchors (&name) are not allowed; write the value out"
refuses "an alias" 'pretrain: *a\n' "$B:1: aliases (*name) are not allowed; write the value out"
refuses "a tag" 'fetch:\n  records: !!int 5\n' "$B:2: tags (!name) are not allowed; write the value without"
refuses "a second document" \
	'fetch:\n  records: 5\n---\nfetch:\n  records: 6\n' "$B:3: a second document ('---') is not allowed"
refuses "a directive" '%YAML 1.2\n---\nfetch:\n  records: 5\n' \
	"$B:1: directives (%YAML, %TAG) are not allowed; remove this line"
refuses "a block text" \
	'pretrain:\n  note: |\n    x\n' "$B:2: block texts (| and >) are not allowed; write it on one line"
refuses "a wrong indentation" 'pretrain:\n  note: a\n    mask: true\n' \
	"$B:2: a value must stand on one line; check indentation, colons and quotes"
refuses "a quote that is not closed" 'pretrain:\n  note: "a\n' \
	"$B:2: found unexpected end of stream while scanning a quoted scalar"
refuses "a list that is not closed" \
	'pretrain:\n  leads: [I,\n' "$B:2: did not find expected node content while parsing a flow node"
refuses "a text instead of sections" 'hello\n' "$B:1: expected sections ('name:' and indented lines under it)"
printf 'x: %s' "$(printf '[%.0s' $(seq 500))" >params/deep.yaml
check_fails "500 levels are refused" 1 'params/deep.yaml:1: more levels' split params/deep.yaml
head -c 300000 /dev/zero | tr '\0' '#' >params/big.yaml
check_fails "a huge file is refused" 1 'params/big.yaml: .*262144 bytes' split params/big.yaml
printf 'fetch:\n  records: \377\n' >params/latin.yaml
check_fails "bytes that are not UTF-8 are refused" 1 'params/latin.yaml:2: ' split params/latin.yaml
check_fails "a missing file is named" 1 '^params/none.yaml: cannot open' split params/none.yaml
check_fails "a folder is refused" 1 '^params: cannot read' split params

refuses "a SET without a section" '' "SET: expected section.name=value, got 'mask=true'" mask=true
refuses "a SET without a value" '' \
	"SET: expected name=value, got 'pretrain.mask'; no blanks around =, and a value with blanks stands in quotes: name='a b'" \
	pretrain.mask
refuses "a SET of an unknown section" \
	'' "SET: unknown section 'pretrian'; did you mean 'pretrain'?" pretrian.mask=true
refuses "a SET of an unknown key" '' "SET: unknown key 'mast'; did you mean 'mask'?" pretrain.mast=true
refuses "a SET out of range" '' "SET: pretrain.rate_hz: expected an integer from 50 to 1000 Hz, got '9'" \
	"fetch.records=3 pretrain.rate_hz=9"
refuses "a SET with an open quote" '' "SET: pretrain.note: the quote ' is not closed" "pretrain.note='a b"

cat >params/base.yaml <<'END'
fetch:
  records: 9
pretrain:
  temperature: 1
  towers: time
END
printf 'extends: base.yaml\npretrain:\n  temperature: 2\n' >params/child.yaml
check "a file may extend another beside it" \
	split params/child.yaml "pretrain.rate_hz=500 pretrain.note='a  b' pretrain.leads=[V5, V6]"
is "... its own values first, those of SET before them" "$(slice)" \
	'{"leads":["V5","V6"],"mask":true,"note":"a  b","rate_hz":500,"temperature":2,"towers":"time"}'
is "... other sections from the base" "$(cat out/params/fetch.json)" '{"records":9,"source":"synthetic"}'
before=$(snapshot)
refuses "extending a missing file" 'extends: none.yaml\n' "$B:1: extends: no such file: params/none.yaml"
refuses "extending a chain" 'extends: child.yaml\n' \
	"params/child.yaml:1: a file that is extended (by $B) must not extend another; copy what you need"
refuses "extending itself" 'extends: bad.yaml\n' \
	"$B:1: a file that is extended (by $B) must not extend another; copy what you need"
refuses "extending two" \
	'extends: [base.yaml, good.yaml]\n' "$B:1: extends: expected the name of a params file"
printf 'fetch:\n  recrods: 9\n' >params/wrong.yaml
refuses "a mistake in the extended file" \
	'extends: wrong.yaml\n' "params/wrong.yaml:2: unknown key 'recrods'; did you mean 'records'?"

stamp() { stat -c %y "out/params/$1.json"; }
old=$(stamp fetch) pretrain=$(stamp pretrain)
sleep 0.05
split params/child.yaml "pretrain.rate_hz=250"
is "a slice that stays equal keeps its time" "$(stamp fetch)" "$old"
check "... one that differs does not" test "$(stamp pretrain)" != "$pretrain"

check_fails "no --out is wrong usage" 2 'expected --out' "$BIN/params" params/good.yaml fetch
check_fails "no stage is wrong usage" 2 'expected --out' "$BIN/params" --out out params/good.yaml
check_fails "an unknown option is wrong usage" 2 'optoin' "$BIN/params" --optoin x
check_fails "a missing schema is named" 1 \
	'^schema/none.json: ' "$BIN/params" --out out --schemas schema params/good.yaml none
echo '{' >schema/broken.json
check_fails "a damaged schema is named" 1 \
	'^schema/broken.json' "$BIN/params" --out out --schemas schema params/good.yaml broken
"$BIN/params" --help >help 2>/dev/null
check "help goes to stdout" grep -q '^usage: params --out DIR' help
mkdir locked && chmod 555 locked
if [ "$(id -u)" = 0 ]; then
	skip "a folder without permission is named" "root may write everywhere"
else
	check_fails "a folder without permission is named" 1 \
		'^locked' "$BIN/params" --out locked/run --schemas schema params/good.yaml fetch
fi

# ---- a parameter that another section gives ----
mkdir two
cp schema/pretrain.json two
towers='"type":"choice","choices":["time","channel","both"],"default":"both"'
towers="$towers,\"in_key\":true,\"section\":\"pretrain\""
lr='"type":"float","default":"0.1","in_key":true'
echo "[{\"name\":\"lr\",$lr},{\"name\":\"towers\",$towers}]" >two/finetune.json
both() { "$BIN/params" --out both --schemas two --set "${1:-}" params/empty.yaml pretrain finetune; }
: >params/empty.yaml
both pretrain.towers=time
is "is read from there" "$(cat both/params/finetune.json)" '{"lr":0.1,"towers":"time"}'
check_fails "and refused here" 1 \
	"^SET: unknown key 'towers' in 'finetune'; it belongs to 'pretrain'" both finetune.towers=time
sed -i 's/"time",//' two/finetune.json
check_fails "two declarations that differ are told apart" 1 \
	"pretrain.towers: expected one of: channel both, got 'time'" both pretrain.towers=time
sed -i 's/"towers"/"tower"/' two/finetune.json
check_fails "one that is not there is named" 1 'finetune reads pretrain.tower, which there is not' both

# The files of the project against the stages as they are.
for file in "$TOP"/params/*.yaml; do
	check "params/$(basename "$file") is sound" "$BIN/params" --out "real/$(basename "$file")" \
		--schemas "$BUILD/schema" "$file" \
		fetch preprocess views pretrain embed probe finetune
done
tap_done
