#!/usr/bin/env bash
# A dataset with ids and patients of its own: values by name, a chain verified, a patient found and forgotten.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/chain.sh"
. "$TOP/tests/records.sh"
. "$TOP/tests/faults.sh" # can_trace
tap_needs awk od
store=$BIN/store

mkdir db
echo "path,label,fold,key,who,age,sex" >db/labels.csv
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
	seq "$i" 100000 | text_record "db/r$i" 10000
	case $i in 13 | 14) fold=9 ;; 15 | 16) fold=10 ;; *) fold=$((1 + (i + 1) / 2 % 8)) ;; esac
	case $((i % 2)) in 0) label="AF" ;; *) label="first degree block" ;; esac
	who="P $(((i + 1) / 2))"
	[ "$fold" = 9 ] && who='"O""Neil, Ä"'
	echo "r$i,$label,$fold,E-$i,$who,$((40 + i)),F" >>db/labels.csv
done
wide="fetch.source=$WORK/db fetch.format=wfdb fetch.fold_column=fold fetch.id_column=key \
	fetch.patient_column=who fetch.age_column=age fetch.sex_column=sex preprocess.most_mv=50"
tiny="$wide pretrain.d_model=32 pretrain.n_heads=2 pretrain.n_time_layers=1 pretrain.n_channel_layers=1 \
	pretrain.batch=6 pretrain.projector_hidden=32 pretrain.projector_out=16 pretrain.epochs=1 \
	probe.c_steps=2 probe.bootstrap=5"
export PARAMS=$WORK/experiment.yaml
printf 'fetch:\n  source: synthetic\n' >experiment.yaml
chain runs/own "$tiny" fetch preprocess views pretrain embed probe >table ||
	{ not_ok "the chain runs: $(tail -1 runs/own/log)" && tap_done; }
chain runs/other "fetch.records=12" fetch preprocess >/dev/null
mkdir -p runs/compared/arms/halves && cp runs/own/embed.id runs/own/probe.id runs/compared/arms/halves

# ---- ls, show, get
mkdir -p runs/other-with-probe.id # a run called like an id file
cp runs/other/fetch.id runs/other-with-probe.id
$store ls --runs runs >listed 2>said
is "ls takes no folder for an id file" "$(cat said)$(grep -c ' other other-with-probe.id$' listed)" 1
rm -r runs/other-with-probe.id
is "ls names the runs and arms of an artifact" \
	"$(grep "^$(head -c 12 runs/own/probe.id)" listed | awk '{print $NF, $(NF - 1)}')" \
	"own compared/halves"
is "and of one that a run alone has" \
	"$(grep "^$(head -c 12 runs/own/views.id)" listed | awk '{print $NF}')" own
$store show runs/own/preprocess.id --records 20 >shown
check "show decodes labels, under the ids of the dataset" \
	grep -qx '    E-3  fold 3, first degree block, 43 years, female, patient P 2' shown
check "those of PTB-XL with statements" \
	sh -c "$store show runs/other/preprocess.id |
		grep -qE 'fold [0-9]+, .*patient [0-9]+, statements .*[A-Z]'"
get() { $store get "runs/own/$1.id" "$2" "$3"; }
is "get prints a label" "$(get embed label E-16)" "fold 10, AF, 56 years, female, patient P 8"
is "JSON as it is" "$(get embed origin E-16)" '{"id":"E-16","path":"r16","patient":"P 8"}'
is "show prints bytes that count as such" \
	"$($store show runs/own/probe.id --records 20 | grep -a -A20 '^  truth' | grep -a '^    E-16 ')" \
	"    E-16  uint8[2] 1 0"
is "bytes that count" "$(get probe truth E-16 | paste -sd,)" 1,0
is "float32, one a line, all of them" "$(get embed embedding E-16 | wc -l)" 64
is "they are numbers" "$(get probe probability E-16 | awk '{s += $1} END {printf "%.4f\n", s}')" 1.0000
is "int16 as the recorder wrote them" "$(get fetch signal E-16 | head -12 | paste -sd' ')" \
	"$(od -An -v -td2 -w24 -N24 db/r16.dat | awk '{$1 = $1} 1')"
is "a key by name" "$(get pretrain tensor "$($store show runs/own/pretrain.id --records 1 |
	sed -n "s/^    '\(.*\)'.*/\1/p" | tail -1)" | grep -c .)" \
	"$(get pretrain tensor "$($store show runs/own/pretrain.id --records 1 |
		sed -n "s/^    '\(.*\)'.*/\1/p" | tail -1)" | wc -l)"
is "a part of a record" "$(get embed pair E-16:1 | wc -l)" 64
is "a record by its number" "$($store get runs/other/preprocess.id origin 7 | cut -c1-9)" '{"id":"7"'
check_fails "a key that is not there" 1 "table label of embeddings .* has no key 'E-17'" \
	"$store" get runs/own/embed.id label E-17
check_fails "a table that is not there" 1 "has no table 'lable'" "$store" get runs/own/embed.id lable E-16
check_fails "get needs three operands" 2 "get takes an ID, a TABLE and a KEY, got 1" \
	"$store" get runs/own/embed.id

# ---- verify --chain
$store verify --chain runs/own/probe.id >chain
is "a chain is verified back to the raw data" "$(sed -n 's/^ok *\([a-z]*\).*/\1/p' chain | tr '\n' ' ')" \
	"probe embed preprocess pretrain fetch views raw "
check "of which all holds" grep -qx '6 artifacts audited: all holds' chain
check "with the digest of the raw data" grep -qE '^ok   raw  listing  SHA-256 [0-9a-f]{64}  ' chain
is "... which is that of docs/data.md's command" \
	"$(sed -nE 's/^ok +raw +listing +SHA-256 ([0-9a-f]*).*/\1/p' chain)" \
	"$(cd db && find . -type f -not -path '*/.*' -printf '%P\0' | LC_ALL=C sort -z |
		xargs -0 sha256sum | sha256sum | cut -d' ' -f1)"
check "an audit reads the folder of raw data again" sh -c "$BIN/audit --run runs/own --programs $BIN \
	>out 2>&1 && grep -q '^ok   raw  listing .*  recomputed\$' out"
cp db/r16.dat aside && printf x >>db/r16.dat
check "... and finds that it is another" sh -c "$BIN/audit --run runs/own --programs $BIN >out 2>&1
	[ \$? = 1 ] && grep -q '^raw data .*: it is not what was read' out"
mv aside db/r16.dat
object=$EINTHOVEN_STORE/objects/$(head -c 2 runs/own/views.id)/$(cat runs/own/views.id).mdb
mv "$object" aside
check "an object that is gone is said" sh -c "! $store verify --chain runs/own/probe.id >out &&
	grep -q '^BAD  views ' out && grep -q '^views .*is not in this store' out &&
	grep -qx '6 artifacts audited: 1 things do not hold' out"
mv aside "$object" && cp "$object" aside && chmod u+w "$object"
printf '\377' | dd of="$object" bs=1 seek=$(($(stat -c %s "$object") - 2000)) conv=notrunc 2>/dev/null
entry=$(grep -l "\"sha256\":\"$(cat runs/own/fetch.id)\"" "$EINTHOVEN_STORE"/actions/*/*.json |
	xargs grep -l '"stage":"fetch"')
cp "$entry" entry && chmod u+w "$entry" && sed -i 's/"seed":1/"seed":2/g' "$entry"
check "an entry that was edited, too" sh -c "! $store verify --chain runs/own/probe.id >out 2>&1 &&
	grep -q '^BAD  ? .*absent' out && grep -q 'passed over: .*its seal does not fit' out"
cp entry "$entry" && mv aside "$object"
check_fails "a chain of nothing" 2 "verify --chain needs an ID" "$store" verify --chain

# ---- refs, forget
of() { # the artifacts that refs lists: stage, and how many records or "made" of those
	$store refs "$@" | awk '$3 ~ /^([0-9]+|made)$/ {print $2, $3}' | tr '\n' ' '
}
# So few labels are cross-validated: all records have probabilities.
is "refs lists what has rows of the patient and what was made of that" "$(of 'P 2')" \
	"fetch 2 preprocess 2 views made pretrain made embed 2 probe 2 "
is "a patient of the test fold is in the scores too" "$(of 'P 8' | grep -o 'probe 2')" "probe 2"
is "and the records are named" "$($store refs 'P 2' | grep -c 'fetch *2 records: E-[34], E-[34]$')" 1
is "a name with quotes is found" "$(of 'O"Neil, Ä' | grep -o 'probe 2')" "probe 2"
check "and exported" sh -c "$store export runs/own/probe.id s.csv &&
	grep -qE '^[0-9]+,E-14,\"O\"\"Neil, Ä\",r14,9,AF,0\.' s.csv"
is "another name is another patient" "$(of P)$($store refs P)" "no artifact holds patient 'P'"
chain runs/second "$wide preprocess.most_mv=40 fetch.age_column=''" fetch preprocess >/dev/null
sed -i 's/,P 1,/,P 0,/' db/labels.csv
chain runs/third "$wide" fetch preprocess >/dev/null
$store diff runs/own/preprocess.id runs/third/preprocess.id --records 9 >out
check "diff says it of labels, under the ids" \
	grep -q '^  ~ E-2  fold .*, patient P 1 -> fold .*, patient P 0$' out
is "an ID keeps refs to one dataset" "$(of 'P 2' runs/third/fetch.id)" "fetch 2 preprocess 2 "

n=$($store ls | wc -l)
$store forget 'P 2' runs/third/fetch.id --runs runs >out
is "forget only lists" "$($store ls | wc -l) $(grep -c ^object out) $(grep -c ^action out)" "$n 2 2"
check "and says how it is done, and that the raw data are not" \
	sh -c "grep -q '4 files.*--delete does it' out && grep -q 'brings the patient back' out &&
		grep -q '^  $WORK/db  (listing, SHA-256' out"
check "and what must run again" grep -qx '  third: fetch preprocess' out
$store forget 'P 2' runs/third/fetch.id --runs runs --delete >out
is "with --delete it goes" "$($store ls | wc -l) $(of 'P 2' runs/third/fetch.id)" "$((n - 2)) "

# unfinished work: of these data, of others, and of nobody knows what
unfinished=$EINTHOVEN_STORE/checkpoints
for c in mine other unknown; do
	mkdir -p "$unfinished/$c" && : >"$unfinished/$c/pretrain"
done
echo "{\"inputs\":{\"views\":\"$(cat runs/own/views.id)\"}}" >"$unfinished/mine/action.json"
echo "{\"inputs\":{\"views\":\"$(cat runs/other/preprocess.id)\"}}" >"$unfinished/other/action.json"
mkdir -p "$EINTHOVEN_STORE/locks"
(
	flock 9
	check_fails "forget waits for no stage that runs" 1 "a stage is running .*wait for its end" \
		"$store" forget 'P 2' --runs runs --delete
) 9>"$EINTHOVEN_STORE/locks/aa" >said
cat said
tap_n=$((tap_n + 1)) tap_failed=$((tap_failed + $(grep -c '^not ok' said)))
rm "$EINTHOVEN_STORE/locks/aa"
damaged=$EINTHOVEN_STORE/objects/00/00$(printf '%062d' 1).mdb
mkdir -p "${damaged%/*}" && echo x >"$damaged"
check_fails "nor removes anything while an object cannot be read" 1 "nothing was removed" \
	"$store" forget 'P 2' --runs runs --delete
rm "$damaged"
entry=$(grep -l '"stage":"embed"' "$EINTHOVEN_STORE"/actions/*/*.json | head -1)
n=$($store ls 2>said | wc -l)
for bad in damaged 'no file'; do
	mv "$entry" aside
	if [ "$bad" = damaged ]; then echo '{' >"$entry"; else ln -s nowhere "$entry"; fi
	check_fails "nor while an action entry is $bad, since what it names may be made of the patient" 1 \
		'nothing was removed, since what this entry names' "$store" forget 'P 2' --runs runs --delete
	rm "$entry" && mv aside "$entry"
done
is "... all is still there" "$($store ls | wc -l)" "$n"
mkdir team
"$BIN/remote" push runs/own/preprocess.id --remote "$WORK/team" >out 2>&1
gone=$(cat runs/own/preprocess.id)
"$BIN/remote" pull "$gone" --remote "$WORK/team" --table origin >part 2>said
$store pin runs/own/fetch.id --note 'the case of P 2' >out
mkdir -p "$EINTHOVEN_STORE/arriving" && echo half >"$EINTHOVEN_STORE/arriving/ab"
$store forget 'P 2' --runs runs >out
check "forget lists pins, and what pulls have begun to bring" \
	sh -c "grep -q '^pin .*/pins/$(cat runs/own/fetch.id)' out && grep -q '^arriving .*/arriving/ab ' out"
is "... and notes nothing yet" "$(find "$EINTHOVEN_STORE/forgotten" -name "$gone.*" 2>/dev/null)" ""
$store forget 'P 2' --runs runs --delete >out
is "all that holds a patient goes" "$($store refs 'P 2')" "no artifact holds patient 'P 2'"
is "each place of raw data is named once" "$(grep -c '^  /' out) $(grep '^  /' out | sort -u | wc -l)" "1 1"
is "what does not, stays" "$($store ls --runs runs | awk '{print $NF, $2}' | sort | tr '\n' ' ')" \
	"other records other signals "
is "with the action entries" "$(find "$EINTHOVEN_STORE/actions" -name '*.json' | wc -l)" 2
is "checkpoints go but for those of other data" "$(ls "$EINTHOVEN_STORE/checkpoints")" other
is "pins go, and what pulls had begun to bring" \
	"$(find "$EINTHOVEN_STORE/pins" "$EINTHOVEN_STORE/arriving" -type f)" ""
part=$EINTHOVEN_STORE/objects/$(head -c 2 part)/$(cat part).mdb
check "so does a part that was pulled" test -s part -a ! -e "$part"
check_fails "what was forgotten no pull brings back" 1 \
	"artifact $(printf %.12s "$gone") holds a patient who was forgotten.*remove .*/forgotten/$gone.json" \
	"$BIN/remote" pull "$gone" --remote "$WORK/team"
check_fails "... nor a part of it" 1 "holds a patient who was forgotten here" \
	"$BIN/remote" pull "$gone" --remote "$WORK/team" --table origin
EINTHOVEN_REMOTE=$WORK/team $store fsck --runs runs --repair >found 2>&1
check "... nor fsck, which says why" grep -q "to do .*$(printf %.12s "$gone") holds a patient" found
is "... and nothing is back" "$($store refs 'P 2')" "no artifact holds patient 'P 2'"
chain runs/third "$wide" fetch preprocess >/dev/null # of the raw data as they are
check "what is made again is said to have been forgotten" \
	grep -q '^fetch: artifact .* was removed for a patient .*the raw data still hold' runs/third/log
"$BIN/remote" push runs/third/preprocess.id --remote "$WORK/team" >out 2>&1
$store forget 'P 2' --runs runs --delete >out
for stage in fetch preprocess; do
	EINTHOVEN_REMOTE=$WORK/team "$BIN/$stage" --build runs/third >said 2>&1
	check "a stage takes it from no remote either, but makes it: $stage" \
		sh -c "grep -q 'holds a patient who was forgotten' said && grep -q '^$stage: ran in' said"
done
is "no note names a patient" "$(grep -rl 'P 2' "$EINTHOVEN_STORE/forgotten")" ""

# a stage that begins once forget has looked for such
chain runs/late "$wide preprocess.most_mv=30" fetch preprocess >/dev/null
of_late=$EINTHOVEN_STORE/objects/$(head -c 2 runs/late/preprocess.id)/$(cat runs/late/preprocess.id).mdb
if can_trace; then
	rm -f "$of_late" runs/late/preprocess.* && cp runs/late/fetch.id late.id
	strace -qq -f -o trace -e trace=unlink -e inject=unlink:delay_enter=2500000:when=1 \
		"$store" forget 'P 2' --runs runs --delete >out 2>&1 &
	forgets=$!
	for ((i = 0; i < 500; i++)); do
		[ -s "$EINTHOVEN_STORE/locks/alone" ] && grep -q . "$EINTHOVEN_STORE"/tmp/* 2>/dev/null &&
			break
		sleep 0.01
	done
	check_fails "a stage that begins while forget removes waits, and then has no input" 1 \
		"object $(cat late.id) is not in the store" "$BIN/preprocess" --build runs/late
	cp .err said
	check "... as it says" grep -q "^preprocess: 'store forget' is at work" said
	wait $forgets
	is "... so that nothing of the patient is left" "$($store refs 'P 2')" \
		"no artifact holds patient 'P 2'"
else
	skip "a stage that begins while forget removes" "strace is not installed or not allowed"
	$store forget 'P 2' --runs runs --delete >out
fi
$store forget 'P 2' --runs runs --delete >out
is "forget leaves no lock" "$(ls "$EINTHOVEN_STORE/locks")" ""
check "the store is sound" "$store" verify
is "forget it again: there is nothing" "$($store forget 'P 2' --delete)" "no artifact holds patient 'P 2'"
sed -i '/,P 2,/d' db/labels.csv
chain runs/own "$tiny" fetch preprocess >/dev/null
is "from cleaned data the patient does not come back" "$(of 'P 2')$(of 'P 3')" "fetch 2 preprocess 2 "
tap_done
