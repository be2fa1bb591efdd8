#!/usr/bin/env bash
# The store's command line: ls, show, log, diff, verify, gc.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/tiny.sh"
store=$BIN/store

runs_both() {
	./tiny --build run >out 2>&1 && ./twice --build run >out 2>&1
}
for command in ls verify gc "show 1234" "log 1234"; do
	# shellcheck disable=SC2086 # a command and its operand
	check_fails "$command of a store that is not there is an error" 1 'no store there' \
		env EINTHOVEN_STORE=nowhere $store $command
done
mkdir -p "${EINTHOVEN_STORE:-.store}"
is "an empty store lists nothing" "$($store ls)" ""
is "and is sound" "$($store verify)" "0 objects verified, 0 damaged"
runs_both
first=$(cat run/tiny.id) result=$(cat run/twice.id)
is "ls names each object with kind, stage and records" \
	"$($store ls | awk '{print $1, $2, $3, $4}' | sort)" \
	"$(printf '%.12s numbers tiny 100\n%.12s twice twice 100\n' "$first" "$result" | sort)"
$store show "$first" >out
check "show prints the kind, the attributes, the tables" \
	sh -c "grep -q '^kind      numbers, schema 1' out && grep -q 'rate  *0.1' out &&
	grep -q 'number: 100 records, 1.6 kB' out"
check "and who says how it was made" grep -qE "^made by   tiny, action [0-9a-f]{12}, unsigned" out
is "show prints as many records as asked for" "$($store show "$first" --records 5 | grep -c '^    ')" 5
is "an id may be cut" "$($store show "$(printf %.8s "$first")" | head -1)" "artifact  $first"
is "an id may be a file" "$($store show run/tiny.id | head -1)" "artifact  $first"
check_fails "an unknown beginning" 1 "no object in .* begins with 0000" "$store" show 000000000
check_fails "too short a beginning" 1 "neither an id" "$store" show abc
for i in $(seq 40); do
	tiny_params "count=$i"
	./tiny --build run >out 2>&1
done
tiny_params
runs_both
is "no two of 42 objects are taken for one" "$($store ls | awk '{print $1}' | sort -u | wc -l | tr -d ' ')" 42

is "... and who signed how it was made" "$($store ls | grep -c '  unsigned *$')" 42
evil=$(printf 'a\033[2Jb')
cp -r store evil
export EINTHOVEN_STORE=$WORK/evil
tiny_params count=41
TINY_NAMES=$evil ./tiny --build run >out 2>&1
for command in "show run/tiny.id" "diff $first run/tiny.id"; do
	# shellcheck disable=SC2086 # a command and its operands
	$store $command >out 2>&1
	is "${command%% *} prints names, without their control characters" \
		"$(grep -c $'\033' out) $(grep -c 'a?\[2Jb' out | sed 's/^[1-9].*/some/')" "0 some"
done
tiny_params count=40
mkdir -p "runs/r$evil/params" && cp run/params/tiny.json "runs/r$evil/params"
./tiny --build "runs/r$evil" >out 2>&1
$store ls --runs runs >out
is "so does ls, of runs" "$(grep -c $'\033' out) $(grep -c 'ra?\[2Jb$' out | sed 's/^[1-9].*/some/')" "0 some"
n=$(runs)
"$BIN/audit" "$first" --rerun --programs "$WORK" --place place >out 2>&1
code=$?
check "an audit starts no program but the stages there are" \
	grep -q '^BAD  tiny .*not run: its action entry names a stage that there is none of' out
is "... and fails" "$code $(($(runs) - n))" "1 0"
rm -rf place runs
export EINTHOVEN_STORE=$WORK/store
tiny_params
runs_both

$store log run/twice.id >out
is "log goes back to the first stage" \
	"$(grep -E '^(twice|tiny) ' out | tr '\n' ' ')" "twice $result tiny $first "
check "with params, code and key" \
	sh -c "grep -q '^  params  .*\"divisor\":1' out && grep -q '^  code    1111' out &&
	grep -qE '^  action  [0-9a-f]{64}\$' out"
entry=$(grep -l "\"sha256\":\"$first\"" store/actions/*/*.json | xargs grep -l '"stage":"tiny"' | head -1)
chmod u+w "$entry"
sed -i 's/"divisor":1/"divisor":2/g' "$entry"
check "an entry that was edited is called out" \
	sh -c "$store log run/tiny.id 2>&1 | grep -q 'its seal does not fit; passing over'"
check "and verify fails on it" \
	sh -c "! $store verify >out && grep -q 'action entry is damaged: .* its seal does not fit' out"
cp "$entry" entry
echo '{' >"$entry"
check "and on one that cannot be read" \
	sh -c "! $store verify >out && grep -q 'action entry is damaged: .*json:2' out"
cp entry "$entry"
sed -i 's/"divisor":2/"divisor":1/g' "$entry"

tiny_params divisor=100 rate=0.5
runs_both
second=$(cat run/tiny.id)
$store diff "$first" "$second" --records 2 >out
check "diff names the params" \
	sh -c "grep -qx 'action params.divisor 1 -> 100' out && grep -qx 'action params.rate 0.1 -> 0.5' out"
check "diff names the header's fields" grep -qx 'header attributes.rate 0.1 -> 0.5' out
check "diff names the table and counts its records" \
	sh -c "grep -qx 'table number' out && grep -q '99 records differ, 0 only' out"
is "diff prints the first records that differ" "$(grep -c '^  ~' out)" 2
is "an object does not differ from itself" "$($store diff "$first" "$first")" "no difference"
check "diff names the inputs" \
	sh -c "$store diff $result \$(cat run/twice.id) | grep -q '^action inputs.tiny $(printf %.12s \
	"$first") -> $(printf %.12s "$second")'"
tiny_params count=90
runs_both
check "diff names records that only one has" \
	sh -c "$store diff $first \$(cat run/tiny.id) | grep -q '0 records differ, 10 only in the first'"

# ---- verify ----
is "all are sound" "$($store verify | tail -1)" "46 objects verified, 0 damaged"
object=store/objects/$(printf %.2s "$first")/$first.mdb
chmod u+w "$object"
size=$(stat -c %s "$object")
at=$(LC_ALL=C grep -obUaP '\x2a\x00{7}' "$object" | tail -1 | cut -d: -f1) # the value 42, in table number
printf '\053' | dd of="$object" bs=1 seek="$at" conv=notrunc 2>/dev/null
check "verify fails on a flipped bit" sh -c "! $store verify $first >out"
check "and names object, table and record" grep -q "object $first is damaged: table number, record 42" out
check "whoever ignores the end of children" bash -c "trap '' CHLD; $store verify $first >out; [ \$? = 1 ]"
check "... is told the same" grep -q "object $first is damaged: table number, record 42" out
is "and counts" "$($store verify | tail -1)" "46 objects verified, 1 damaged"
tiny_params divisor=1
rm -f run/twice.id store/actions/*/"$(basename "$(grep -l '"stage":"twice"' store/actions/*/*.json |
	xargs grep -l "$result" | head -1)")"
runs_both
check_fails "the stage that reads the record stops and says what to do" 1 \
	"object $first is damaged.*remove .* and run again" ./twice --build run
is "nothing is left of it" "$(left_over)" 0
rm -f "$object"
check "after that it heals" \
	sh -c "./tiny --build run && ./twice --build run && [ \$(cat run/twice.id) = $result ] &&
	$store verify $first"
object_bytes=$(stat -c %s "$object")
chmod u+w "$object" && truncate -s $((size / 2)) "$object"
check "half an object is named by ls and verify" sh -c "$store ls | grep -q '$(printf %.12s \
	"$first")  damaged: .*has $((size / 2)) bytes, its pages need' && ! $store verify $first"
rm -f "$object" && ./tiny --build run >out 2>&1
is "and made again" "$(stat -c %s "$object")" "$object_bytes"

# ---- what others wrote, on a terminal ----
escape=$(printf '\033')
TINY_NUMERICS="cpu/1${escape}[2J" EINTHOVEN_STORE=theirs ./tiny --build run >out 2>&1
id=$(cat run/tiny.id) entry=$(echo theirs/actions/*/*.json)
chmod u+w "$entry"
sed -i 's/,"seal":"[0-9a-f]*"//; s/"startedOn":"/&\\u001b[2J/; s/"finishedOn":"/&\\u009b2J/' "$entry"
EINTHOVEN_STORE=theirs $store verify --chain "$id" >table
EINTHOVEN_STORE=theirs $store log "$id" >told
check "a table shows no control characters" \
	sh -c "grep -qF 'cpu/1?[2J' table && ! LC_ALL=C grep -q '$escape' table"
check "nor does log" \
	sh -c "grep -q '^  run     ?\[2J20.* to ??2J20' told && ! LC_ALL=C grep -q '$escape' told"
./tiny --build run >out 2>&1

# ---- gc ----
is "gc lists nothing that is recent" \
	"$($store gc --runs . | tail -1)" "0 files, 0 B could be removed; 'store gc --delete' does it"
n=$($store ls | wc -l)
$store gc --runs . --grace-days 0 >out
is "without --delete nothing goes" "$($store ls | wc -l)" "$n"
check "what a run needs, and what that was made of, is not listed" sh -c "! grep -e $first -e $result out"
check "the rest is" sh -c "[ \$(grep -c '^object' out) = $((n - 2)) ]"
rm run/tiny.id
$store gc --runs . --grace-days 0 --delete >out
is "with --delete it goes" "$($store ls | awk '{print $1}' | sort | tr '\n' ' ')" \
	"$(printf '%.12s\n%.12s\n' "$first" "$result" | sort | tr '\n' ' ')"
is "with the entries" "$(find store/actions -name '*.json' | wc -l | tr -d ' ')" 2
n=$(runs)
runs_both
is "and what was kept still hits" "$(($(runs) - n))" 0
check_fails "gc without runs does not guess" 1 "build/runs: cannot open.*--runs" "$store" gc --delete
echo broken >run/bad.id
check_fails "gc stops at an id file it cannot read" 1 \
	"bad.id: does not hold an id" "$store" gc --runs . --delete --grace-days 0

# ---- wrong use ----
check_fails "no command" 2 "needs a command" "$store"
check_fails "an unknown command" 2 "unknown command 'list'" "$store" list
check_fails "a missing operand" 2 "diff takes two IDs" "$store" diff "$first"
check_fails "a bad number" 2 "records needs a whole number, got 'x'" "$store" show "$first" --records x
check "help names all commands" sh -c "$store --help | grep -q '^  gc '"
check_fails "a closed stdout is an error" 1 "cannot write" sh -c "$store --help >/dev/full"
tap_done
