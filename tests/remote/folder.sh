#!/usr/bin/env bash
# Sharing through a folder: push, pull, what a stage does with a remote, and what is refused.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/tiny.sh"
remote=$BIN/remote
unset EINTHOVEN_REMOTE
ln -s "$BIN/remote" remote
mkdir team

run_both() { ./tiny --build run && ./twice --build run; }
empty_store() { chmod -R u+w store 2>/dev/null; rm -rf store run/*.id run/*.stamp; }
files() { find team -type f | wc -l | tr -d ' '; }
tiny_params count=3000 value_bytes=300

check "two stages run without a remote" run_both
first=$(cat run/tiny.id) result=$(cat run/twice.id)
key=$(basename "$(grep -l '"name":"tiny"' store/actions/*/*)" .json)

# ---- by hand ----
check_fails "without a remote named push says what to name" 2 'needs --remote' "$remote" push "$first"
check_fails "a folder that is not there is no remote" 1 'is no folder that is there' \
	"$remote" push "$first" --remote nowhere
check_fails "what is no kind of remote is refused with those there are" 1 'one of: .*a folder' \
	"$remote" push "$first" --remote gopher://team
check "push sends a result" "$remote" push "$result" --remote team
"$remote" push "$result" --remote team >out
check "... with what it was made of and the entries" \
	grep -q '^2 artifacts, 2 were there; .* 0 of 2 entries; 0 bytes' out
same() {
	local f
	for f in store/actions/*/*.json; do cmp "$f" "team/ac/$(basename "$f" .json)" && echo same; done
}
is "entries lie there word for word" "$(same)" \
	"same
same"
is "a header's SHA-256 is the artifact's id" "$(sha256sum "team/cas/$result" | cut -d' ' -f1)" "$result"
is "files of the remote are read-only" "$(find team -type f -perm /222 | wc -l | tr -d ' ')" 0
is "nothing temporary is left" "$(find team/tmp -type f)" ""
empty_store
check "pull brings it by its id" "$remote" pull "$result" --remote "file://$PWD/team"
is "... rebuilt and sound" "$("$BIN/store" verify)" "1 objects verified, 0 damaged"
check_fails "an id that is not there" 1 'has no artifact' "$remote" pull "${result//[0-8]/9}" --remote team
check_fails "a word that is no id" 1 'neither an id' "$remote" pull nonsense --remote team
check_fails "nor is it a key to take" 2 'needs a KEY of 64' "$remote" take nonsense --remote team
check_fails "nor one to give" 2 'needs a KEY of 64' "$remote" give "${result%?}" --remote team

# ---- what is damaged here ----
"$remote" pull "$first" --remote team
object=$(find store -name "$first.mdb")
mkdir fresh && chmod u+w "$object"
dd if=/dev/urandom of="$object" bs=1 seek=$(($(wc -c <"$object") / 2)) count=8 conv=notrunc status=none
check_fails "a damaged record is named" 1 'is damaged: table [a-z]*, record .*: its bytes do not hash' \
	"$remote" push "$first" --remote fresh --alone
check "... and what names it is not sent" test ! -e "fresh/cas/$first"

# ---- a push that was ended ----
# As a sender leaves it that was ended before its last segment.
empty_store
"$remote" pull "$first" "$result" --remote team
for one in "$first" "$result"; do
	pointer=team/ac/$(printf 'einthoven-manifest/1\n%s' "$one" | sha256sum | cut -d' ' -f1)
	rm -f "team/cas/$one" "team/cas/$(cat "$pointer")" "$pointer"
done
n=$(find team/cas -type f | wc -l)
rm -f "$(find team/cas -type f | head -1)"
is "... goes on where it was" \
	"$("$remote" push "$first" "$result" --remote team --alone | grep -oE '[0-9]+ of [0-9]+ segments')" \
	"1 of $n segments"
empty_store

# ---- parts ----
part() { "$remote" pull "$first" --remote team "$@" >part.id && "$BIN/store" verify >out && cat part.id; }
is "a part is an artifact of its own, the same for all who take it" \
	"$(part --table number --records 17..1900)" "$(part --records 17..1900)"
is "... with these records" "$("$BIN/store" show part.id | grep -o 'number: [0-9]* records')" \
	"number: 1884 records"
"$remote" pull "$first" --remote team
values() { "$BIN/store" get "$1" number "$2" | head -3; }
is "... as the whole has them" "$(values part.id 17) $(values part.id 1900)" \
	"$(values "$first" 17) $(values "$first" 1900)"
check_fails "... and no others" 1 "has no key '16'" "$BIN/store" get "$(cat part.id)" number 16
for range in 0..0 2999 2998..5000 0..2999 1234..1234; do
	part --records $range >/dev/null
	is "records $range" "$("$BIN/store" show part.id | grep -oE 'number: [0-9]* record')" \
		"number: $(seq 0 2999 | awk -v a="${range%..*}" -v b="${range#*..}" \
			'$1 >= a && $1 <= b { n++ } END { print n + 0 }') record"
done
part --table number >/dev/null
is "a table whole is the artifact, if that has no other" "$(cat part.id)" "$first"
check_fails "a table that is not there" 1 "has no table 'signal'" \
	"$remote" pull "$first" --remote team --table signal
n=$(find store -name '*.mdb' | wc -l)
check_fails "a range of which there is none" 1 "has no records 5000..6000; there are 3000" \
	"$remote" pull "$first" --remote team --records 5000..6000
is "... makes nothing" "$(find store -name '*.mdb' | wc -l)" "$n"
check_fails "a range the wrong way round" 2 'A..B with A not above B' \
	"$remote" pull "$first" --remote team --records 9..1

# ---- by a stage ----
empty_store
export EINTHOVEN_REMOTE=team
rm -f "$TINY_LOG"
run_both >out 2>&1
is "with a remote no stage runs" "$(runs)" 0
is "... but says that it pulled" "$(grep -o '.*: pulled' out)" "tiny: pulled
twice: pulled"
is "... the same results" "$(cat run/tiny.id run/twice.id)" "$first
$result"
empty_store
check "what a stage waits for moves" test "$("$remote" take "$key" | wc -c)" -gt 2
empty_store
check "--cached takes from the remote too" ./tiny --build run --cached
tiny_params count=3001 value_bytes=300
./tiny --build run --cached >out 2>&1
is "... and exits 3 where it has nothing" $? 3
n=$(files)
check "a remote that is only looked at" ./tiny --build run
is "... gets nothing" "$(files)" "$n"
unset EINTHOVEN_REMOTE

cat >store.yaml <<-END
	remote:
	  url: team
	  access: read-write
END
tiny_params count=3002 value_bytes=300
check "with read-write a stage runs" ./tiny --build run
is "... and its result is sent: header, manifest and where it is, entry, segments" \
	$(($(files) > n + 4)) 1
empty_store
./tiny --build run >out 2>&1
is "... for the next who asks" "$(grep -o 'tiny: pulled' out)" 'tiny: pulled'
EINTHOVEN_REMOTE=none ./twice --build run >out 2>&1
is "EINTHOVEN_REMOTE=none switches store.yaml off" "$(grep -c ': ran in' out)" 1

while IFS='|' read -r text says; do
	printf '%b' "$text" >store.yaml
	check_fails "store.yaml: $says" 1 "$says" "$remote" push "$first"
done <<-'END'
	remote:\n  ulr: x\n|store.yaml:2: unknown key 'ulr'; did you mean 'url'
	remotes:\n  url: x\n|store.yaml:1: unknown key 'remotes'; did you mean 'remote'
	remote:\n  access: read-only\n|store.yaml:1: remote: has no url
	remote:\n  url: x\n  access: write\n|store.yaml:3: access: expected read-only or read-write
	remote:\n  url: x\n  timeout_s: 1s\n|store.yaml:3: timeout_s: expected a whole number
	remote: x\n|store.yaml:1: remote: expected url
END

# ---- a remote that is away ----
printf 'remote:\n  url: away\n' >store.yaml
tiny_params count=3003 value_bytes=300
run_both >out 2>&1
is "without the remote stages run here" "$(grep -c ': ran in' out)" 2
is "... and say so once" "$(grep -c 'going on without the remote' out)" 1
check "... which is nothing left over in the store" "$BIN/store" fsck
# What hangs, as in a share that does not answer, and does not end when told to.
mv remote helper
printf '#!/bin/sh\ntrap "" TERM\nexec sleep 60.%s\n' $$ >remote && chmod +x remote
printf 'remote:\n  url: away\n  patience_s: 1\n' >store.yaml
tiny_params count=3006 value_bytes=300
rm -f store/remote.down
run_both >out 2>&1
is "a helper that hangs is ended, and stages run" \
	"$(grep -o 'take did not move for 1 s' out; grep -c ': ran in' out)" "take did not move for 1 s
2"
is "... and nothing of it is left" "$(processes_with "sleep 60.$$")" ""
# One that gets on has more time than that, if not all the time in the world.
helper_does() { # helper_does COMMAND...: that, and then it says that the remote has nothing
	rm -f remote "$EINTHOVEN_STORE/remote.down"
	printf '#!/bin/sh\n%s\nexit 3\n' "$*" >remote && chmod +x remote
}
mkdir -p endless/run && cp tiny store.yaml endless && cp -a run/params endless/run
(
	cd endless || exit
	export EINTHOVEN_STORE=$PWD/store TINY_LOG=$PWD/log
	SECONDS=0
	helper_does 'while :; do printf .; sleep 0.2; done'
	./tiny --build run >out 2>&1
	echo $((SECONDS >= 20 && SECONDS < 60)) >>out
) &
endless=$!
helper_does 'for i in 1 2 3 4 5; do printf .; sleep 0.5; done'
tiny_params count=3007 value_bytes=300
./tiny --build run >out 2>&1
is "one that is slow but moves is waited for" \
	"$(grep -c 'did not move' out; ls store/remote.down 2>/dev/null)" 0
# Ctrl-C while a helper hangs says nothing of the remote.
helper_does ': >started; trap "" TERM; exec sleep "60.$$"'
printf 'remote:\n  url: away\n' >store.yaml
tiny_params count=3009 value_bytes=300
./tiny --build run >out 2>&1 &
wait_for test -e started && kill $! && wait $!
is "a helper that hangs when its stage is interrupted" \
	"$(ls store/remote.down 2>/dev/null; grep -c 'going on' out)" 0
rm remote
mv helper remote
tiny_params count=3003 value_bytes=300
printf 'remote:\n  url: away\n' >store.yaml
mkdir away && ./tiny --build run >out 2>&1 && tiny_params count=3004 value_bytes=300
rm -f store/remote.down && printf '1 away\n' >store/remote.down
./tiny --build run >out 2>&1
check "... and forgotten when the remote is back" test ! -e store/remote.down
rm -r store.yaml away

# ---- whose results are taken ----
tiny_params count=3000 value_bytes=300
"$BIN/store" keygen ada.pem >ada.yaml 2>/dev/null
empty_store
EINTHOVEN_REMOTE=team EINTHOVEN_TRUST=$WORK/ada.yaml ./tiny --build run >out 2>&1
is "an entry that nobody signed is not taken where trust.yaml asks for it" \
	"$(grep -o 'not taken: this entry is not signed' out; grep -o 'tiny: ran' out)" \
	"not taken: this entry is not signed
tiny: ran"
tiny_params count=3005 value_bytes=300
EINTHOVEN_KEY=$WORK/ada.pem EINTHOVEN_TRUST=$WORK/ada.yaml ./tiny --build run >out 2>&1 &&
	"$remote" push run/tiny.id --remote team >>out
empty_store
EINTHOVEN_REMOTE=team EINTHOVEN_TRUST=$WORK/ada.yaml ./tiny --build run >out 2>&1
is "one that a colleague signed is" "$(grep -o 'tiny: pulled' out)" 'tiny: pulled'

# ---- a remote that lies ----
tiny_params count=3000 value_bytes=300
empty_store
export EINTHOVEN_REMOTE=team
# The largest content that is no manifest: ac/ names these in 64 letters.
manifests=$(find team/ac -size -2 -exec grep -shE '^[0-9a-f]{64}$' {} + | sed 's/^/-e /')
# shellcheck disable=SC2086,SC2010 # several words; names are digests
segment=team/cas/$(ls -S team/cas | grep -v $manifests | head -1)
cp "$segment" kept
damage() { chmod u+w "$segment" && "$@" && chmod a-w "$segment"; }
refused() {
	check_fails "$1" 1 "$2" "$remote" pull "$first"
	is "... and nothing is kept" "$(find store -name '*.mdb')" ""
	rm -f "$segment" && cp kept "$segment"
}
first_of() { # the artifact that the segment is of
	local id
	for id in "$first" "$result"; do
		"$remote" pull "$id" 2>/dev/null || echo "$id"
		empty_store
	done
}
damage dd if=/dev/urandom of="$segment" bs=1 seek=$(($(wc -c <kept) / 2)) count=8 conv=notrunc status=none
first=$(first_of | head -1)
refused "a segment that was changed is refused" 'from the remote'
damage truncate -s -100 "$segment"
refused "a segment that was cut off is refused" 'the remote'
damage dd if=/dev/zero of="$segment" bs=1000 seek=20000 count=1 status=none
refused "a segment that goes on is refused" 'at most were expected'
rm -f "$segment"
refused "a segment that is not there is named" 'is not there; who sent the artifact may send it again'
rm -f "$segment" && mkfifo "$segment"
check_fails "a FIFO in its place does not stop anybody" 1 'is no plain file' \
	timeout 20 "$remote" pull "$first"
rm -f "$segment" && cp kept "$segment"
check "with the segment back all is well" "$remote" pull "$first"
empty_store
header=team/cas/$first
cp "$header" header && chmod u+w "$header" && sed -i 's/"count":3/"count":4/' "$header"
check_fails "a header that was changed is refused" 1 'does not hash to its id' "$remote" pull "$first"
cp -f header "$header"
for entry in team/ac/*; do
	chmod u+w "$entry" && sed -i 's/"divisor":1/"divisor":2/; s/"offset":0/"offset":1/' "$entry"
done
run_both >out 2>&1
is "an entry that was changed is no hit" "$(grep -c ': ran in' out)" 2
wait $endless
is "a helper that moves without end is ended" \
	"$(grep -o 'or end in 20 times that' endless/out) $(tail -1 endless/out)" "or end in 20 times that 1"
tap_done
