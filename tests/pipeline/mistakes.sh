#!/usr/bin/env bash
# What people mistype and mistake, and what they are told: one row each. Nothing half-made is left behind.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/pipeline.sh"
tap_needs make python3
tree_as_it_is

# mistake PATTERN ARGUMENT...: make with these fails with a line like PATTERN.
mistake() {
	local wanted=$1
	shift
	check_fails "make $*: $wanted" 2 "$wanted" make --no-print-directory B=build "$@"
	[ -z "$(find build/runs -type f 2>/dev/null)" ] || not_ok "... and leaves nothing"
	rm -rf build/runs
}
pipeline() {
	local wanted=$1
	shift
	mistake "$wanted" -f pipeline.mk "$@"
}

# ---- what is typed to make ----

mistake "make -f pipeline.mk probe" probe
mistake "make -f pipeline.mk compare" compare
mistake "make -f pipeline.mk fetch" fetch
pipeline "PARAM= is read by nothing; did you mean PARAMS=" probe PARAM=params/ptbxl.yaml
pipeline "SEED= is read by nothing; did you mean SEEDS=" compare SEED=1
pipeline "SETS= is read by nothing; did you mean SET=" probe SETS=fetch.records=5
pipeline "arms= is read by nothing; did you mean ARMS=" compare arms=halves
pipeline "model= is read by nothing; did you mean MODEL=" predict model=ptbxl
pipeline "PARAMS=params/ptb.yaml: no such file; did you mean params/ptbxl.yaml?" probe PARAMS=params/ptb.yaml
pipeline "PARAMS=mine/x.yaml: no such file; there are .*params/ptbxl.yaml" probe PARAMS=mine/x.yaml
pipeline "PARAMS=ptbxl.yaml: no such file; did you mean params/ptbxl.yaml?" probe PARAMS=ptbxl.yaml
pipeline "PARAMS must be a file whose name ends in .yaml" probe PARAMS=params/ptbxl
pipeline "PARAMS and RUN must be one name each, without blanks" probe "RUN=my run"
pipeline "RUN names a folder in build/runs, none above it: RUN=../.." probe RUN=../..
pipeline "RUN names a folder in build/runs, none above it: RUN=a/../b" probe RUN=a/../b
pipeline "ARMS is empty: name what to compare, or leave ARMS out" compare ARMS=
pipeline "no params/arms/halvs.yaml; did you mean halves?" compare ARMS=halvs
pipeline "no params/arms/zebra.yaml; there are .*halves" compare ARMS=zebra
pipeline "no params/arms/halvs.yaml; did you mean halves?" arm ARM=halvs
pipeline "arm needs ARM=NAME, one of: .*halves" arm
pipeline "SEEDS must not contain ,: SEEDS=1,2" compare SEEDS=1,2
pipeline "No rule to make target 'prob'" prob
pipeline "MODEL must be one name" predict "MODEL=a b" RUN=x
pipeline "CONTINUE=1 needs MODEL=NAME to begin with" pretrain CONTINUE=1

# ---- what stands in a params file ----

file() { # file PATTERN LINE...: a params file of these lines
	local wanted=$1
	shift
	printf '%s\n' "$@" >bad.yaml
	pipeline "$wanted" probe PARAMS=bad.yaml
}
file "bad.yaml:2: unknown key 'temperatur'; did you mean 'temperature'?" pretrain: '  temperatur: 0.2'
file "bad.yaml:1: unknown section 'pretrian'; did you mean 'pretrain'?" pretrian: '  epochs: 3'
file "bad.yaml:2: unknown key 'epochs' in 'views'; it belongs to 'pretrain'" views: '  epochs: 3'
file "bad.yaml:2: pretrain.epochs: expected an integer from 1 .*, got '-3'" pretrain: '  epochs: -3'
file "bad.yaml:2: pretrain.epochs: expected an integer .*, got '3.5'" pretrain: '  epochs: 3.5'
file "bad.yaml:2: pretrain.epochs: expected an integer .*, got a list" pretrain: '  epochs: [3]'
file "bad.yaml:3: duplicate key 'epochs'; it is on line 2 already" pretrain: '  epochs: 3' '  epochs: 4'
file "bad.yaml:2: a tab in the indentation; use spaces" pretrain: $'\tepochs: 3'
file "bad.yaml:2: found unexpected end of stream while scanning a quoted scalar" pretrain: '  epochs: "three'
file "bad.yaml:3: did not find expected ',' or ']' .* that begins on line 2" \
	views: '  pool: [noise,' '    gain'
file "bad.yaml:2: views.strategy: .*, got 'Halves'; did you mean 'halves'?" views: '  strategy: Halves'
file "bad.yaml:2: views.pool: .*, got 'wandr'; did you mean 'wander'?" views: '  pool: [noise, wandr]'
file "bad.yaml:4: views.pool: .*, got 'nois'; did you mean 'noise'?" \
	views: '  pool:' '    - gain' '    - nois'
file "bad.yaml:2: views.pool: expected a list like .*, got 'noise'" views: '  pool: noise'
file "bad.yaml:1: extends: no such file: nope.yaml" 'extends: nope.yaml'
file "bad.yaml:1: expected sections" pretrain
file "bad.yaml:1: anchors (&name) are not allowed" 'pretrain: &a' '  epochs: 3'

# ---- what stands in SET ----

set_to() { # set_to PATTERN SET
	pipeline "$1" probe SET="$2"
}
set_to "SET: expected name=value, got 'pretrain.epochs = 5'; no blanks around =" "pretrain.epochs = 5"
set_to "SET: expected name=value, got 'b'; .* a value with blanks stands in quotes" "fetch.source=a b"
set_to "SET: expected section.name=value, got 'epochs=5'" epochs=5
set_to "SET: unknown section 'pretran'; did you mean 'pretrain'?" pretran.epochs=5
set_to "SET: pretrain.epochs: expected an integer .*, got '5,views.strategy=halves'" \
	"pretrain.epochs=5,views.strategy=halves"
set_to "SET: fetch.source: the quote ' is not closed" "fetch.source='x"
set_to "SET: probe.task: .*, got 'rhytm'; did you mean 'rhythm'?" probe.task=rhytm
set_to "SET: views.pool: .*, got 'wandr'; did you mean 'wander'?" "views.pool=[noise, wandr]"

# ---- what is given as data, and what does not fit together ----

quietly() { # quietly PATTERN GOAL SET: the stages before may have run
	check_fails "$2 SET=\"$3\": $1" 2 "$1" make --no-print-directory -f pipeline.mk B=build "$2" SET="$3"
	rm -rf build/runs
}
small="fetch.records=40 pretrain.epochs=1 embed.attention_records=0"
mkdir empty && printf 'PK\003\004half a zip' >half.zip
quietly "source nowhere: No such file or directory; expected 'synthetic', a folder, a zip" \
	fetch fetch.source=nowhere
quietly "empty: no ptbxl_database.csv in this folder: not such a dataset (fetch.source, format" \
	fetch fetch.source=empty
quietly "empty: no labels.csv in this folder: .* labels_csv" \
	fetch "fetch.source=empty fetch.format=wfdb"
quietly "half.zip: not a zip file, or only part of one" fetch fetch.source=half.zip
quietly "of URLs only http and https are read" fetch fetch.source=ftp://x/y.zip
quietly "none of 40 records is of use; .* expected 20 s (preprocess.duration_s)" preprocess \
	"$small preprocess.duration_s=20"
quietly "high_pass_hz 50: expected 0 (none) up to half the rate" preprocess \
	"$small preprocess.high_pass_hz=50"
quietly "views.segment_s: two segments of 7 s do not fit into records of 10 s" views \
	"$small views.segment_s=7"
quietly "model width 33: expected a multiple of 32" pretrain "$small pretrain.d_model=33"
quietly "1 records in folds 1 to 8; training needs 2 or more" pretrain "$small fetch.records=1"
quietly "probe.c_min is greater than probe.c_max; swap them" probe "$small probe.c_min=5 probe.c_max=1"
if [ -e "$DATA/ptb-xl-500.zip" ]; then
	python3 - "$DATA/ptb-xl-500.zip" <<-'END'
		import sys, zipfile
		z = zipfile.ZipFile(sys.argv[1])
		for n in z.namelist():
		    if n.endswith(".csv"):
		        z.extract(n)
	END
	mv ptb-xl-a-large*/ copy
	quietly "SHA256SUMS.txt: not there, .* make one, .*; or do without: fetch.allow_missing_sums=true" \
		fetch fetch.source=copy
	quietly "records100/.*cannot open\|No such file" \
		fetch "fetch.source=copy fetch.allow_missing_sums=true"
else
	skip "a copy of PTB-XL without SHA256SUMS.txt" "no $DATA/ptb-xl-500.zip"
fi

check_fails "MODEL=nobody" 2 "MODEL=nobody: neither a run .* nor an artifact" \
	make --no-print-directory -f pipeline.mk B=build predict MODEL=nobody
is "... before anything is fetched" "$(ls build/runs/*/fetch.* 2>/dev/null)" ""

# ---- what is asked of the store ----

mkdir -p "$EINTHOVEN_STORE"
store() { # store CODE PATTERN ARGUMENT...
	local code=$1 wanted=$2
	shift 2
	check_fails "store $*: $wanted" "$code" "$wanted" "$BIN/store" "$@"
}
store 2 "unknown command 'lss'; there are ls, show" lss
store 2 "show takes one ID, got 0" show
store 1 "'zzzz' is neither an id, 4 or more first digits of one, nor an .id file" show zzzz
store 1 "no object in .* begins with 00ff; 'store ls' lists them" show 00ff
store 2 "get takes an ID, a TABLE and a KEY, got 1" get 00ff
store 2 "grace-days needs a whole number, got 'x'" gc --grace-days x
check_fails "a store that is not there" 1 "no store there; EINTHOVEN_STORE names it" \
	env EINTHOVEN_STORE=nowhere "$BIN/store" ls
check_fails "a store that cannot be made" 2 \
	"cannot make this folder: .*set EINTHOVEN_STORE to a folder that is" \
	make --no-print-directory -f pipeline.mk B=build fetch EINTHOVEN_STORE=/proc/einthoven
tap_done
