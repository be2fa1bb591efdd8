#!/usr/bin/env bash
# fetch and preprocess on tiny inputs: the ids every build, compiler and number of threads must give, and what
# happens to records that are of no use.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/records.sh"
tap_needs awk od

printf "fetch:\n  source: synthetic\n" >experiment.yaml

# run NAME SET STAGE...: cut the slices and run the stages in folder NAME; the store is NAME.store
# unless STORE is set.
run() {
	local run=$1 set=$2 stage
	shift 2
	mkdir -p "$run"
	export EINTHOVEN_STORE=${STORE:-$WORK/$run.store}
	"$BIN/params" --out "$run" --schemas "$BUILD/schema" --set "$set" "$WORK/experiment.yaml" fetch \
		preprocess || return
	for stage in "$@"; do
		"$BIN/$stage" --build "$run" || return
	done
}

ids() {
	cat "$1/fetch.id" "$1/preprocess.id" | tr '\n' ' '
}

# A change of these ids is a change of results: give the reason in the commit.
golden=\
"1d38acb3ab3f1962b0474b60a266898d5314199ba41b5f4788c8481df057e008 5aff9b47f4f43a35e90cad46827b308f459ba7fb92bd82ec4a936b2c127e7b17 "
for n in 1 2 4; do
	EINTHOVEN_THREADS=$n run "threads$n" "fetch.records=40" fetch preprocess >/dev/null 2>&1
	is "40 synthetic records give the golden ids with $n threads" "$(ids "threads$n")" "$golden"
done
run fast "fetch.records=20 fetch.rate_hz=500 preprocess.normalize=none" fetch preprocess >/dev/null 2>&1
is "20 synthetic records at 500 Hz, resampled, in mV give the golden ids" "$(ids fast)" \
	"e2c5d7e094eb239d37b3da5bf81ef6e11a15d3a9f66fc829eff450f8d0e6e147 043724bd54603490caa5c4fca9ec2add738ee1898d603fba234db6c5ce5754c1 "

# ---- another fold is tested ----
STORE=$WORK/threads1.store run third "fetch.records=40 preprocess.test_fold=3" fetch preprocess \
	>/dev/null 2>&1
folds_of() { # folds_of RUN: of records 1 to 40
	local i
	for ((i = 1; i <= 40; i++)); do
		EINTHOVEN_STORE=$WORK/threads1.store "$BIN/store" get "$(cat "$1/preprocess.id")" label $i
	done 2>/dev/null | sed -nE 's/^fold ([0-9]+),.*/\1/p'
}
is "with another fold tested they are numbered on from it" "$(folds_of third)" \
	"$(folds_of threads1 | awk '{print ($1 + 16) % 10 + 1}')"
check "... of some records that was fold 3" grep -q '^10$' <(folds_of third)
STORE=$WORK/threads1.store run sealed "fetch.records=40 preprocess.test_fold=3 preprocess.sealed_fold=10" \
	fetch preprocess >/dev/null 2>&1
is "a sealed fold takes no part, and those before it move up" "$(folds_of sealed)" \
	"$(folds_of threads1 | awk '{f = ($1 + 16) % 10 + 1; print $1 == 10 ? 0 : f + (f < 7)}')"
STORE=$WORK/threads1.store
check_fails "the tested fold cannot be sealed" 1 "fold 3 is the one that is tested" \
	run both "fetch.records=40 preprocess.test_fold=3 preprocess.sealed_fold=3" fetch preprocess
unset STORE

mkdir db
echo "path,label" >db/labels.csv
for i in 1 2 3 4 5 6 7 8 9; do
	seq "$i" 100000 | text_record "db/r$i" 1000
	echo "r$i,A" >>db/labels.csv
done
text_record db/flat 1000 </dev/zero
echo "flat,B" >>db/labels.csv
database="fetch.source=$WORK/db fetch.format=wfdb"

run some "$database preprocess.max_excluded=0.2" fetch preprocess >some.out 2>some.err
check "one useless record of ten is left out if a fifth may be" test -s some/preprocess.id
check "it is named on stderr with lead and reason" \
	grep -q 'record flat excluded: lead I: flat: the whole lead is 0' some.err
check "and counted" grep -q '1 of 10 records excluded' some.err

"$BIN/store" show some/preprocess.id --records 20 >shown
origins() { # of those that stand there with id, path and patient of this name
	grep -cE "\{\"id\":\"($1)\",\"path\":\"\1\",\"patient\":\"\1\"\}" shown
}
is "table origin says id, path and patient of each, of those left out too" \
	"$(origins 'r[1-9]') $(origins flat) $(grep -c '  origin: 10 records' shown)" "9 1 1"

cp -r db torn && head -c 100 db/r3.dat >torn/r3.dat
run torn-run "fetch.source=$WORK/torn fetch.format=wfdb fetch.max_excluded=0.2 preprocess.max_excluded=0.2" \
	fetch preprocess >torn.out 2>torn.err
"$BIN/store" show torn-run/preprocess.id --records 20 >torn.shown
is "what fetch could not read is told on, with its origin" \
	"$(grep -c '^    r3  r3.dat: ' torn.shown) $(grep -c '^    r3  {"id":"r3"' torn.shown)" "1 1"
check "among those left out here" grep -q '  excluded: 2 records' torn.shown
is "and counted once" "$(sed -n 's/^  excluded_by_fold *//p' torn.shown | tr -d '[]' |
	awk -F, '{for (i = 1; i <= NF; i++) n += $i} END {print n}')" 2
check "... by fetch" grep -q '1 of 9 records excluded' torn.err

STORE=$WORK/some.store
check_fails "over the limit the stage fails and names the first" 1 \
	'1 of 10 records .*preprocess.max_excluded.*record flat: lead I: flat' \
	run over "$database" fetch preprocess
check "and publishes nothing" test ! -e over/preprocess.id
check_fails "a record that is too short is told from one that is not" 1 \
	'record r1: short: 1000 samples at 100 Hz, expected 11 s' \
	run short "$database preprocess.duration_s=11" fetch preprocess
check_fails "a corner beyond half the rate is refused" 1 'low_pass_hz 60: .*half the rate, 50 Hz' \
	run corner "$database preprocess.low_pass_hz=60" fetch preprocess

# ---- leads that are not there

# lead_names RECORD NAMES: what its signals are called
lead_names() {
	awk -v names="$2" 'BEGIN { split(names, name, " ") } NR > 1 { $9 = name[NR - 1] } 1' \
		"db/$1.hea" >new && mv new "db/$1.hea"
}
masks() {
	"$BIN/store" show "$(cat "$1/preprocess.id")" | grep -c lead_mask
}
sed -i /flat/d db/labels.csv
lead_names r1 "I II x1 x2 x3 x4 V1 V2 V3 V4 V5 V6"
unset STORE
database+=" preprocess.most_mv=50"
run eight "$database" fetch preprocess >eight.out 2>eight.err
check "limb leads that I and II give are no fault" test -s eight/preprocess.id
is "and nothing is masked" "$(masks eight)" 0
lead_names r1 "I II x1 x2 x3 x4 V1 V2 V3 V4 V5 chest"
lead_names r2 "x1 x2 x3 x4 x5 x6 x7 x8 x9 x10 x11 V6"
check_fails "a record that lacks others is refused, the names it has are shown" 1 \
	'2 of 9 .*max_excluded=0.2223 would.* r1: lead V6 is missing; .* names: x1, x2, x3, x4, chest' \
	run lacking "$database" fetch preprocess
run masked "$database preprocess.absent_leads=mask" fetch preprocess >masked.out 2>masked.err
check "absent_leads=mask takes it" test -s masked/preprocess.id
is "with a table of masks" "$(masks masked)" 1
check "and says how many" grep -q '2 of 9 records have leads that are masked' masked.err
show=$("$BIN/store" show "$(cat masked/preprocess.id)")
check "also in the artifact" grep -q 'records_masked.*2' <<<"$show"
database+=" preprocess.absent_leads=mask"
run long "$database preprocess.duration_s=5" fetch preprocess >long.out 2>long.err
check "records that are cut are counted" \
	grep -q '9 of 9 records are longer than the windows of preprocess.duration_s' long.err
for n in 1 3; do
	EINTHOVEN_THREADS=$n STORE=$WORK/$n.store run "windows$n" "$database preprocess.duration_s=4 \
		preprocess.windows=0" fetch preprocess >/dev/null 2>&1
done
is "windows of records: one id with 1 and 3 threads" "$(ids windows1)" "$(ids windows3)"
shown=$(EINTHOVEN_STORE=$WORK/1.store "$BIN/store" show "$(cat windows1/preprocess.id)" --records 20)
check "10 s have two windows of 4 s" grep -q 'signal: 18 records' <<<"$shown"
check "called by their record, of its patient" grep -q '"id":"r9#2",.*"patient":' <<<"$shown"
tap_done
