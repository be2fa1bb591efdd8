#!/usr/bin/env bash
# The stage runner: what hits, what misses, what is written, what is said.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/tiny.sh"

check "a stage runs and prints its result" sh -c './tiny --build run | grep -qx "100 numbers"'
is "it ran once" "$(runs)" 1
check "it left an id of 64 digits" grep -qxE '[0-9a-f]{64}' run/tiny.id
id=$(cat run/tiny.id)
check "the object is in its place and read-only" \
	sh -c "[ \$(stat -c %a store/objects/$(printf %.2s "$id")/$id.mdb) = 444 ]"
touch -d '1 hour ago' run/tiny.id run/tiny.key.json
before=$(stat -c %Y run/tiny.id run/tiny.key.json)
check "a second call says cached and prints the same" \
	sh -c './tiny --build run 2>err | grep -qx "100 numbers" && grep -q "^tiny: cached" err'
is "and runs nothing" "$(runs)" 1
is "and leaves the times of unchanged files alone" "$(stat -c %Y run/tiny.id run/tiny.key.json)" "$before"
is "nothing is left in tmp, locks or checkpoints" "$(left_over)" 0
is "control bytes of names in a table do not reach the terminal" \
	"$(TINY_SHOWS=$'a\033[2J\tb\n' ./tiny --build run 2>err | tail -1)" $'a?[2J\tb'
is "... nor the file that make prints" "$(tail -1 run/tiny.txt)" $'a?[2J\tb'
./tiny --build run >out 2>&1

touch open
tiny_params gate=open
./tiny --build run >out 2>&1
is "a parameter that is not in the key does not run it" "$(runs)" 1
tiny_params rate=0.2
./tiny --build run >out 2>&1
is "a parameter in the key does" "$(runs)" 2
tiny_params
./tiny --build run >out 2>&1
is "reverting hits" "$(runs) $(cat run/tiny.id)" "2 $id"
RUN=other tiny_params
./tiny --build other >out 2>&1
is "a new run folder over a warm store hits" "$(runs) $(cat other/tiny.id)" "2 $id"
tiny_build "$WORK/tiny-new" -DCODE_ID='"2222222222222222222222222222222222222222222222222222222222222222"'
./tiny-new --build run >out 2>&1
is "another code identity runs it" "$(runs)" 3
is "and gives the same artifact" "$(cat run/tiny.id)" "$id"

check "the next stage reads it" ./twice --build run
twice_id=$(cat run/twice.id)
tiny_params divisor=100
./tiny --build run >out 2>&1
./twice --build run >out 2>&1
check "another input gives another result" [ "$(cat run/twice.id)" != "$twice_id" ]
tiny_params
./tiny --build run >out 2>&1

rm -f "store/objects/$(printf %.2s "$id")/$id.mdb"
n=$(runs)
./tiny --build run >out 2>&1
is "an entry whose object is gone is a miss" "$(($(runs) - n)) $(cat run/tiny.id)" "1 $id"
entry=$(grep -l "$id" store/actions/*/*.json | head -1)
for bad in '' '{' '[]' '{"subject":[]}'; do
	chmod u+w "$entry"
	printf %s "$bad" >"$entry"
done
n=$(runs)
./tiny --build run >out 2>err
./tiny-new --build run >out 2>>err
is "an entry that cannot be read is ignored, said and replaced" \
	"$(($(runs) - n)) $(grep -c 'ignoring this entry' err)" "1 1"
n=$(runs)
./tiny --build run >out 2>&1
./tiny-new --build run >out 2>&1
is "and hits again" "$(($(runs) - n))" 0

n=$(runs)
TINY_NUMERICS=other/1 ./tiny --build run >out 2>&1
is "another numerics class runs it" "$(($(runs) - n))" 1
is "explain: the class that differs" \
	"$(./tiny --build run --explain | grep -o 'numerics.*')" 'numerics "other/1" -> "tiny/1"'
EINTHOVEN_THREADS=3 EINTHOVEN_ISA=scalar ./tiny --build run >out 2>&1
is "threads and instruction set do not" "$(($(runs) - n))" 1

# ---- what it printed is kept, and a hit can be asked for alone ----
is "what it printed is kept for make" "$(cat run/tiny.txt)" "100 numbers"
rm run/tiny.txt run/tiny.stamp
is "--cached takes a hit" "$(./tiny --build run --cached 2>err; echo $?) $(cat run/tiny.txt)" "100 numbers
0 100 numbers"
check "... and says so" grep -q '^tiny: cached' err
tiny_params count=77
before=$(stat -c '%n %y' run/tiny.* | sort)
is "--cached runs nothing: exit 3" "$(./tiny --build run --cached 2>&1; echo $?)" 3
is "... and changes nothing" "$(stat -c '%n %y' run/tiny.* | sort) $(left_over)" "$before 0"
tiny_params
./tiny-new --build run >out 2>&1

# ---- explain ----
is "explain: up to date" "$(./tiny-new --build run --explain)" "tiny: up to date"
tiny_params rate=0.25
is "explain: the parameter that differs" "$(./tiny-new --build run --explain)" "tiny: params.rate 0.1 -> 0.25"
is "explain: the code that differs" \
	"$(tiny_params; ./tiny --build run --explain)" "tiny: code 222222222222 -> 111111111111"
is "explain: never run" "$(RUN=third tiny_params; ./tiny --build third --explain)" "tiny: never run"
n=$(find run third -type f | sort | xargs ls -ln --time-style=full-iso | cksum)
./tiny --build run --explain >/dev/null
is "explain changes nothing" \
	"$(find run third -type f | sort | xargs ls -ln --time-style=full-iso | cksum)" "$n"

# ---- the T0 rule ----
tiny_params count=7 gate=edit
./tiny --build run >out 2>&1 &
wait_for test -e edit.begun
tiny_params count=8
touch edit
wait
check "an edit during a run leaves the stamp older than the edit" [ run/params/tiny.json -nt run/tiny.stamp ]
tiny_params
bad=0
for _ in 1 2 3 4 5 6 7 8 9 10; do
	tiny_params
	./tiny --build run >out 2>&1
	[ run/params/tiny.json -nt run/tiny.stamp ] && bad=$((bad + 1))
	tiny_params
	[ run/params/tiny.json -nt run/tiny.stamp ] || bad=$((bad + 1))
done
is "a stamp is not older than what was read and older than any later edit" "$bad" 0
cp tiny moved
tiny_params count=9 gate=rebuilt
./moved --build run >out 2>&1 &
wait_for test -e rebuilt.begun
cp tiny tmp && mv tmp moved
touch rebuilt
wait
check "a stage rebuilt while it runs leaves a stamp older than the new file" [ moved -nt run/tiny.stamp ]

# ---- descriptors that are closed ----
tiny_params
bad=''
sections='fetch preprocess views pretrain embed probe finetune evaluate report'
export TINY_SAYS=1
for closed in '<&-' '>&-' '2>&-' '<&- >&-' '<&- 2>&-' '>&- 2>&-' '<&- >&- 2>&-'; do
	rm -rf store run/tiny.*
	eval "./tiny --build run $closed" >out 2>&1 || bad="$bad [$closed] fails"
	[ "$(cat run/tiny.id)" = "$id" ] && "$BIN/store" verify "$id" >out 2>&1 ||
		bad="$bad [$closed] damages"
	eval "\"$BIN/params\" --out closed --schemas '$BUILD/schema' '$TOP/params/default.yaml' \
		$sections $closed" >out 2>&1
	grep -q '"records"' closed/params/fetch.json || bad="$bad [$closed] params"
	rm -rf closed
done
is "nothing that is printed goes into a file that was opened instead of a closed descriptor" "$bad" ""
unset TINY_SAYS

# ---- two at once ----
tiny_params count=10 gate=two
n=$(runs)
RUN=other tiny_params count=10 gate=two
./tiny --build run >out 2>err1 &
wait_for test -e two.begun
./tiny --build other >out 2>err2 &
wait_for grep -q "another process" err2
touch two
wait
is "two at once run once" "$(($(runs) - n))" 1
is "and agree" "$(cat run/tiny.id)" "$(cat other/tiny.id)"
check "the second says that it waits, then that it hit" \
	sh -c 'grep -A1 "another process" err2 | grep -q cached'
n=$(runs)
tiny_params count=11 gate=many
for i in $(seq 16); do
	mkdir -p "many$i" && cp -r run/params "many$i"
	./tiny --build "many$i" >"many$i/out" 2>&1 &
done
fifteen_wait() { [ "$(cat many*/out | grep -c "another process")" = 15 ]; }
wait_for fifteen_wait
touch many
wait
is "sixteen at once run once" "$(($(runs) - n)) $(cat many*/tiny.id | sort -u | wc -l | tr -d ' ')" "1 1"

# ---- interrupted ----
objects=$(find store/objects store/actions -type f | wc -l)
begin() { # begin [COMMAND...]: start tiny and wait until it works
	rm -f never.begun
	"$@" ./tiny --build run >out 2>err &
	pid=$!
	wait_for test -e never.begun
}
nothing_new() { # what a stage that was interrupted should leave and say
	[ "$(find store/objects store/actions -type f | wc -l) $(left_over)" = "$objects 0" ] &&
		grep -q 'interrupted; nothing was published' err
}
cp run/tiny.stamp stamp
tiny_params count=12 gate=never
for signal in TERM:143 USR1:138 HUP:129 INT:130; do
	begin
	kill -"${signal%:*}" $pid
	wait $pid
	is "SIG${signal%:*} ends it with the signal's code" $? "${signal#*:}"
	check "... it says so, nothing was published and nothing is left" nothing_new
done
tiny_params count=12 gate=never save=saved
for signal in TERM HUP USR1 INT; do
	rm -f saved
	begin
	kill -$signal $pid
	sleep 0.03
	kill -$signal $pid
	touch saved
	wait $pid
	check "SIG$signal twice at once, as Slurm and timeout send it, still lets it save what it has" \
		nothing_new
done
rm -f saved
begin
kill -TERM $pid
sleep 1
kill -TERM $pid
touch saved
wait $pid
check "... and SIGTERM a second later" nothing_new
rm -f saved
begin
kill -INT $pid
sleep 0.6
kill -INT $pid
wait $pid 2>/dev/null
is "a second Ctrl-C ends it at once, with the same code" "$? $(grep -c interrupted err)" "130 0"
begin
kill -TERM $pid
sleep 0.6
kill -INT $pid
wait $pid 2>/dev/null
is "... as does Ctrl-C after SIGTERM" "$? $(grep -c interrupted err)" "130 0"
tiny_params count=12 gate=never
begin nohup
kill -HUP $pid
touch never
wait $pid
is "under nohup SIGHUP changes nothing" "$?$(grep -c interrupted err)" 00
rm -f never never.begun
tiny_params count=13 gate=never
objects=$(find store/objects store/actions -type f | wc -l)
mkfifo gone
head -c 1 <gone >/dev/null &
./tiny --build run >out 2>gone &
pid=$!
wait_for test -e never.begun
kill -INT $pid
wait $pid
is "messages that nobody reads any more (Ctrl-C ends tee too) do not end it" \
	"$? $(find store/objects store/actions -type f | wc -l) $(left_over)" "130 $objects 0"
touch ajar
tiny_params count=3000000 value_bytes=8 gate=ajar
./tiny --build run >out 2>err &
pid=$!
wait_for test -e ajar.begun
kill -INT $pid 2>/dev/null || true
wait $pid
is "SIGINT stops a stage that does not look at the flag" $? 130
check "... nothing was published and nothing is left this time" nothing_new

# ---- wrong use ----
check_fails "no --build" 2 "needs --build DIR" ./tiny
check_fails "an unknown option" 2 "unknown option --bild" ./tiny --bild run
check_fails "an operand" 2 "takes no operand, got 'x'" ./tiny --build run x
check_fails "no slice" 1 "nowhere/params/tiny.json.*pipeline.mk tiny" ./tiny --build nowhere
check_fails "an input not made yet" 1 "other/tiny.id: cannot open.*make it" \
	sh -c 'rm -f other/tiny.id; cp run/params/twice.json other/params; ./twice --build other'
echo hello >other/tiny.id
check_fails "an input that is no id" 1 \
	"other/tiny.id: expected one line of 64 hex digits" ./twice --build other
printf "%064d\n" 0 >other/tiny.id && rm -f other/tiny.stamp
check_fails "an input that is not in the store" 1 "0000 is not in the store" ./twice --build other
check "help goes to stdout" sh -c './tiny --help | grep -q "^usage: tiny --build DIR"'
check "the schema is JSON" sh -c './tiny --describe | grep -q "\"name\":\"count\""'
check_fails "a result that cannot be printed is an error" 1 \
	"cannot write to stdout" sh -c './tiny --build run >/dev/full'
tap_done
