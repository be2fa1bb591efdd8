#!/usr/bin/env bash
# The store's care: gc in two steps, pins, notes of runs, fsck and what it mends, stats, strays.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/tiny.sh"
store=$BIN/store

dead=999999
while kill -0 $dead 2>/dev/null; do dead=$((dead - 1)); done
object_of() { echo "store/objects/$(printf %.2s "$1")/$1.mdb"; }
entry_of() { grep -l "\"sha256\":\"$1\"" store/actions/*/*.json | head -1; }
old() { touch -h -d "$1 days ago" "${@:2}"; } # old DAYS FILE...
make_tiny() { # make_tiny RUN [name=value...]: its id
	RUN=$1 tiny_params "${@:2}"
	./tiny --build "$1" >"$1/out" 2>&1
	cat "$1/tiny.id"
}
gc() { "$store" gc --runs runs --delete "$@"; }

# ---- two steps ----
mkdir -p runs
needed=$(make_tiny runs/mine)
former=$(make_tiny runs/mine count=7)
needed=$(make_tiny runs/mine)
is "what a run had before is kept for the grace time" "$(gc | tail -1)" "0 files, 0 B removed"
old 2 store/objects/*/*
gc >out
check "then it goes to the trash" test -e "store/trash/$former.mdb" -a ! -e "$(object_of "$former")"
check "and gc says so" grep -q '^1 objects, .* moved to the trash; a gc after 1 days' out
check "what the run has stays" test -e "$(object_of "$needed")"
is "store ls still lists it" "$($store ls | grep -c "^$(printf %.12s "$former")")" 1
gc >out
check "it waits there" test -e "store/trash/$former.mdb"
n=$(runs)
is "who asks for it has it back" "$(make_tiny runs/mine count=7)" "$former"
is "... without running" "$(($(runs) - n))" 0
check "in its place" test -e "$(object_of "$former")" -a ! -e "store/trash/$former.mdb"
needed=$(make_tiny runs/mine)
old 2 store/objects/*/*
gc >out
old 2 "store/trash/$former.since"
gc >out
check "a day later it goes for good" test ! -e "store/trash/$former.mdb" -a ! -e "$(object_of "$former")"
is "with its entry and its note" "$(entry_of "$former")$(find store/trash -type f)" ""
touch -d 'now 1 year' "store/objects/$(printf %.2s "$needed")"
other=$(make_tiny runs/mine count=8)
needed=$(make_tiny runs/mine)
old 2 store/objects/*/*
gc >out
touch -d '1 year' "store/trash/$other.since"
gc >out
check "a note from the future begins anew" test -e "store/trash/$other.mdb"
is "... of now" "$(find "store/trash/$other.since" -newermt '1 hour')" ""
gc --grace-days 0 >out
check "--grace-days 0 takes it at once" test ! -e "store/trash/$other.mdb"
other=$(make_tiny runs/mine count=8)
needed=$(make_tiny runs/mine)
mkdir -p store/trash && touch "store/trash/$other.since" && rm -f "$(object_of "$other")"
gc >out
is "what a gc that was killed has begun the next one ends" \
	"$(entry_of "$other")$(find store/trash -type f)" ""

# ---- checkpoints ----
mkdir -p store/checkpoints/new store/checkpoints/old
old 13 store/checkpoints/new
old 15 store/checkpoints/old
gc --grace-days 0 >out
is "a checkpoint waits for two weeks whatever the grace time" "$(ls store/checkpoints)" new
old 27 store/checkpoints/new
gc --grace-days 2 >out
is "... and longer if that is longer" "$(ls store/checkpoints)" new
old 29 store/checkpoints/new
gc --grace-days 2 >out
is "... then no more" "$(ls store/checkpoints)" ""

# ---- pins ----
pinned=$(make_tiny runs/mine count=9)
needed=$(make_tiny runs/mine)
check "an artifact is pinned" "$store" pin "$pinned" --note "table 2"
check "pins lists it" sh -c "$store pins | grep -q '^$(printf %.12s "$pinned") .* table 2$'"
gc --grace-days 0 >out
check "gc keeps it" test -e "$(object_of "$pinned")"
$store unpin "$pinned" >out
gc --grace-days 0 >out
check "after unpin it goes" test ! -e "$(object_of "$pinned")"
check_fails "what is not pinned cannot be unpinned" 1 'there is no pin of it' \
	"$store" unpin "$pinned" --runs runs
check_fails "what is gone cannot be pinned" 1 'not in the store' "$store" pin "$pinned" --runs runs
twice_params 0
cp -r run/params/twice.json runs/mine/params/
./twice --build runs/mine >out 2>&1
$store pin mine --runs runs --note paper >out
is "a run is pinned whole" "$(awk '{print $1, $3}' out | sort | paste -sd,)" \
	"pinned mine/tiny,pinned mine/twice"
result=$(cat runs/mine/twice.id)
rm runs/mine/*.id
old 1 store/roots/*
gc --grace-days 0 >out
check "and stays when the run is gone" test -e "$(object_of "$result")" -a -e "$(object_of "$needed")"
printf '{"id":"%s","note":"\\u001b[2J","time":"t","user":"u"}' "$needed" >"store/pins/$needed.json"
is "a note's control bytes do not reach the terminal" "$($store pins | grep -c $'\033')" 0
rm -r store/pins
me=$(id -un)
by_ada() { # by_ada ID: what she would have written
	mkdir -p store/pins
	printf '{"id":"%s","note":"hers","time":"2026-01-01T00:00:00Z","user":"ada"}' "$1" \
		>"store/pins/$1.ada.json"
}
pinned=$(make_tiny runs/mine count=9)
needed=$(make_tiny runs/mine)
$store pin "$pinned" --note ours >out
by_ada "$pinned"
is "a user's pin stands beside another's" "$($store pins | awk '{print $3, $4}' | sort | paste -sd,)" \
	"$(printf '%s\n' "ada hers" "$me ours" | sort | paste -sd,)"
$store unpin "$pinned" >out
is "unpin takes back one's own" "$($store pins | awk '{print $3}')" ada
check_fails "... and no other's" 1 "pinned by ada, not by you: who has pinned it unpins it" \
	"$store" unpin "$pinned" --runs runs
gc --grace-days 0 >out
check "... which still keeps" test -e "$(object_of "$pinned")"
rm -r store/pins && mkdir store/pins
old_pin() { # old_pin: ours, as a version before wrote it
	printf '{"id":"%s","note":"","time":"2026-01-01T00:00:00Z","user":"%s"}' "$pinned" "$me" \
		>"store/pins/$pinned.json"
}
old_pin
is "a pin of a version before is read" "$($store pins | awk '{print $3}')" "$me"
$store pin "$pinned" >out
is "... and replaced by its user's" "$(ls store/pins)" "$pinned.$me.json"
old_pin
$store unpin "$pinned" >out
is "... or taken back" "$(ls store/pins)" ""
ln -s nowhere "store/pins/$pinned.bob.json"
check_fails "a pin that leads nowhere is not as if there were none" 1 \
	"bob.json: .*cannot tell what is needed" gc
rm -r store/pins

# ---- notes that are damaged: what they kept stays kept ----
for pin in "$pinned.ada.json" "$pinned.json"; do
	mkdir -p store/pins
	echo '{' >"store/pins/$pin"
	check_fails "gc stops at a damaged pin, ${pin#"$pinned"}" 1 'cannot tell what is needed' gc
	$store fsck --runs runs --repair >found
	check "fsck pins again what its name says" grep -q 'mended .*pinned again as the file.s name' found
	gc --grace-days 0 >out
	check "... so gc keeps it" test -e "$(object_of "$pinned")"
	is "... and what was in it is kept" "$(cat store/damaged/"$pin")" "{"
	rm -r store/pins store/damaged
done
$store pin "$pinned" --note newer >out
echo '{' >"store/pins/$pinned.json"
$store fsck --runs runs --repair >found
is "an old one does not come over its user's newer one" "$($store pins | awk '{print $3, $4}')" "$me newer"
rm -r store/pins store/damaged
theirs=$(make_tiny elsewhere/run count=14)
note=$(grep -l elsewhere store/roots/*)
for runs in elsewhere runs; do
	echo '{' >"$note"
	$store fsck --runs $runs --repair >found
	if [ $runs = elsewhere ]; then
		check "a damaged note is written again where its run is" \
			grep -q 'mended .*noted again of' found
	else
		check "... elsewhere fsck leaves it and says what to do" \
			grep -q "to do .*its run's next make" found
		check_fails "... and gc still removes nothing" 1 'cannot tell what is needed' gc
		make_tiny elsewhere/run count=14 >out
	fi
	gc --grace-days 0 >out
	check "... then gc keeps what its run needs" test -e "$(object_of "$theirs")"
done
rm -rf elsewhere store/damaged "$note"

# ---- runs of others ----
theirs=$(make_tiny elsewhere/run count=11)
gc --grace-days 0 >out
check "what a run of another tree needs is kept" test -e "$(object_of "$theirs")"
mv elsewhere gone
gc --grace-days 0 >out
check "... for a while after its folder went, since an .id comes after its note" \
	test -e "$(object_of "$theirs")"
old 1 store/roots/*
gc --grace-days 0 >out
check "... then no more" test ! -e "$(object_of "$theirs")"
theirs=$(make_tiny elsewhere/run count=12)
# of_place PLACE NOTE: as it would have been written there, on host node7; of no place: as versions before
# wrote it on this host.
of_place() {
	local folder stage place=${1:+"\"place\":\"$1\","}
	folder=$(sed 's/.*"folder":"\([^"]*\)".*/\1/' "$2")
	stage=$(sed 's/.*"stage":"\([^"]*\)".*/\1/' "$2")
	sed -i "s|\"place\":\"[^\"]*\",|$place|" "$2"
	[ -z "$1" ] || sed -i 's/"host":"[^"]*"/"host":"node7"/' "$2"
	note=$(printf '%s\n%s%s' "$folder" "$stage" "${1:+$'\n'$1}" | sha256sum | cut -d' ' -f1)
	note=store/roots/$note.json
	mv "$2" "$note"
}
of_place "node7 / /" "$(grep -l elsewhere store/roots/*)"
mv elsewhere gone/again
gc --grace-days 0 >out
check "what another host's run needs is kept, though its folder is not here" test -e "$(object_of "$theirs")"
old 200 store/roots/*
gc --grace-days 0 >out
check "... until nobody has used it for half a year" test ! -e "$(object_of "$theirs")"
check "... which is said" grep -q 'nobody has used .*/elsewhere/run of .* on node7 for 200 days' out
theirs=$(make_tiny runs/mine count=16)
of_place "node7 / /" "$(grep -l runs/mine store/roots/*)"
make_tiny runs/mine >out
gc --grace-days 0 >out
check "a run of the same name on another host's own disk is another run" test -e "$(object_of "$theirs")"
rm "$(grep -l node7 store/roots/*)"
theirs=$(make_tiny runs/mine count=16)
of_place '' "$(grep -l runs/mine store/roots/*)"
make_tiny runs/mine >out
gc --grace-days 0 >out
check "the note that a version before left of this run counts no more" test ! -e "$(object_of "$theirs")"
is "a note says where its run is mounted" \
	"$(sed 's/.*"place":"[^"]* \([^" ]*\)".*/\1/' store/roots/*.json | sort -u)" "$(stat -c %m runs)"
rm store/roots/*.json
if unshare --uts true 2>/dev/null && [ -s /etc/machine-id ]; then
	make_tiny runs/mine count=17 >out
	for name in one two three; do
		tiny_params count=2${#name}
		unshare --uts sh -c "hostname $name && ./tiny --build runs/mine" >/dev/null 2>&1
	done
	is "a machine that is called otherwise each time has one note of a run" \
		"$(find store/roots -name '*.json' | wc -l)" 1
	rm store/roots/*.json
else
	skip "a machine that is called otherwise" "unshare --uts is refused, or no /etc/machine-id"
fi
# Containers of one image: the same machine-id, the same names, each with a disk of its own.
born() { [ "$(stat -c %W "$1")" -gt 0 ]; }
contained() { # contained NAME COUNT: a run in a folder that lies on an overlay of that name's
	mkdir -p "upper/$1/up" "upper/$1/work" box lower
	RUN=runs/mine tiny_params count="$2"
	# shellcheck disable=SC2016 # the inner shell's
	unshare --mount sh -c 'mount -t overlay -o "lowerdir=lower,upperdir=$0/up,workdir=$0/work" o box &&
		mkdir -p box/mine && cp -r runs/mine/params box/mine/ && ./tiny --build box/mine' \
		"upper/$1" >out 2>&1
}
make_tiny runs/mine count=18 >out
rm store/roots/*.json
if contained one 31 && born upper/one/up; then
	contained one 31
	is "a container that is started again has one note" "$(find store/roots -name '*.json' | wc -l)" 1
	contained two 32
	is "... another one of the same image its own" "$(find store/roots -name '*.json' | wc -l)" 2
	old 2 store/objects/*/*
	gc >out
	for name in one two; do
		check "... and what $name needs stays" \
			test -e "$(object_of "$(cat upper/$name/up/mine/tiny.id)")"
	done
	rm store/roots/*.json
else
	skip "containers of one image" "overlays cannot be mounted, or tell no time at which they were made"
fi
theirs=$(make_tiny elsewhere/run count=15)
note=$(grep -l /elsewhere/run store/roots/*)
mv elsewhere gone/unmounted
for mount in '"mount":"/not mounted",' ''; do
	if [ -n "$mount" ]; then
		of_place '' "$note"
		sed -i "s|\"stage\"|$mount&|" "$note"
	else
		sed -i 's|"mount":"[^"]*",||' "$note"
	fi
	old 1 store/roots/*
	gc --grace-days 0 >out
	check "what a run needs whose disk is not mounted is kept (${mount:-noted by a version before})" \
		test -e "$(object_of "$theirs")"
done
mkdir -p elsewhere/run # it is there, and its .id is not
old 1 store/roots/*
gc --grace-days 0 >out
check "... but not once the folder is there without its id" test ! -e "$(object_of "$theirs")"
echo '{' >store/roots/x.json
check_fails "gc stops at a note that it cannot read" 1 'x.json.*cannot tell what is needed' gc
rm store/roots/x.json
needed=$(make_tiny runs/mine)
entry=$(entry_of "$needed")
cp "$entry" entry
chmod u+w "$entry"
echo '{' >"$entry"
check_fails "... and at an action entry" 1 'json:2.*cannot tell what is needed' gc
cp entry "$entry"

# ---- a stage that runs ----
rm -rf runs/mine gone store
input=$(make_tiny runs/mine)
cp run/params/twice.json runs/mine/params/
make_tiny runs/mine gate=held count=13 >id 2>&1 &
wait_for test -e held.begun
old 2 store/objects/*/* # the input's run has moved on to another
lock=$(find store/locks -type f)
echo "$input" >>"$lock"
rm -rf store/roots runs/mine/tiny.id
gc --grace-days 0 >out
check "what a running stage says it reads is kept" test -e "$(object_of "$input")"
touch held
wait
check "... and it ends" test -s id

# ---- an object that comes back while its entry goes ----
can_trace() { command -v strace >/dev/null && strace -qq -e trace=none true 2>/dev/null; }
if can_trace; then
	back=$(make_tiny runs/back)
	entry=$(entry_of "$back")
	rm -rf runs/back store/roots
	strace -qq -f -o trace -P "$WORK/${entry%/*}" -e trace=?unlink,unlinkat \
		-e inject=?unlink,unlinkat:delay_enter=3000000 \
		"$store" gc --runs runs --delete --grace-days 0 >out 2>&1 &
	wait_for grep -q unlink trace
	is "what gc has just removed a stage makes again" "$(make_tiny runs/back)" "$back"
	check "... while gc is about to remove the entry" test -e "$entry"
	wait
	check "... which it did" grep -q 'unlink.*= 0 .*DELAYED' trace
	check "it puts the entry back, since its object is there" \
		test -e "$entry" -a -e "$(object_of "$back")"
	check "and says so" grep -q '^put back: .*its object was made again' out
else
	skip "an object that comes back while its entry goes" "strace is not installed or not allowed"
fi

# ---- gc in a loop beside stages that hit and run ----
hits() { # hits RUN: three results in turn; each is there when its stage has ended
	local i id
	for ((i = 0; i < ${TRIALS:-12}; i++)); do
		id=$(make_tiny "runs/$1" count=$((20 + i % 3))) || { echo "$1: exit $?"; continue; }
		[ -e "$(object_of "$id")" ] || [ -e "store/trash/$id.mdb" ] || echo "$1: $id is gone"
		"$store" get "$id" number 3 >/dev/null 2>&1 || echo "$1: $id cannot be read"
	done
}
mkdir stop
(while [ -d stop ]; do gc --grace-days 0 >gc.out 2>&1 || cat gc.out >>gc.bad; done) &
for run in one two; do hits $run >"hits.$run" 2>&1 & pids="${pids:-} $!"; done
# shellcheck disable=SC2086 # several
wait $pids
rmdir stop
wait
is "gc in a loop takes nothing that was just hit" "$(cat hits.*)" ""
is "and never fails" "$(cat gc.bad 2>/dev/null)" ""

# ---- fsck ----
fsck() { "$store" fsck --runs runs "$@" >found 2>&1; }
rm -rf store runs
a=$(make_tiny runs/mine)
cp run/params/twice.json runs/mine/params/
./twice --build runs/mine >out 2>&1
b=$(cat runs/mine/twice.id)
check "a sound store has nothing wrong" fsck
is "and fsck says what it looked at" "$(cat found)" \
	"2 objects and 2 action entries checked: 0 damaged, 0 missing, 0 unreadable, 0 mode, 0 left over"
chmod u+w "$(object_of "$a")"
at=$(LC_ALL=C grep -obUaP '\x2a\x00{7}' "$(object_of "$a")" | tail -1 | cut -d: -f1) # the value 42
printf '\053' | dd of="$(object_of "$a")" bs=1 seek="$at" conv=notrunc 2>/dev/null
chmod u-w "$(object_of "$a")"
truncate -s 5000 "$(object_of "$b")"
entry=$(entry_of "$b")
chmod u+w "$entry"
sed -i 's/"offset":0/"offset":1/g' "$entry"
mkdir -p store/actions/00 store/objects/zz store/checkpoints/abc store/pins "store/conflicts/$a" store/odd
cp "$(entry_of "$a")" store/actions/00/
touch "store/objects/$(printf %.2s "$a")/note.txt" $'store/odd\033[2J'
mkdir store/checkpoints/def
touch store/objects/zy store/conflicts/x
echo '{}' >store/checkpoints/abc/action.json
echo '{' >"store/pins/$a.json"
echo '{}' >"store/conflicts/$a/$b.json"
cp -r runs/mine runs/lost
printf '%064d\n' 7 >runs/lost/tiny.id
echo nonsense >runs/lost/twice.id
echo "$dead-0@$(uname -n)" >store/locks/"$a"
touch "store/tmp/$dead-0@$(uname -n)"
check "a store with damage fails" sh -c "! $store fsck --runs runs >found 2>&1"
named() { check "fsck names $1" grep -q -e "$2" found; }
named "a flipped bit, with table and record" "^damaged .*object $a is damaged: table"
named "half an object" "^damaged .*object $b is damaged: .*pages need"
named "the make that makes it" 'make -f pipeline.mk t[a-z]* RUN=mine makes it again'
named "an edited entry" "^damaged .*action entry"
named "an entry in the wrong folder" '^damaged .*store/actions/00/.* lies in the wrong folder'
named "a name that no object has" '^left over .*note.txt: no file of the store has such a name'
named "a folder that is none of the store's" '^left over .*/store/odd.*: nothing of the store has such a name'
named "a folder that fans out wrongly" '^left over .*store/objects/zz: no folder'
named "a checkpoint that says it is of another action" '^damaged .*checkpoint .*/store/checkpoints/abc'
named "... and one that says nothing" '^left over .*checkpoint .*/store/checkpoints/def'
named "a pin that cannot be read" "^damaged .*pins/$a.json"
named "a conflict that was edited" "^damaged .*conflict .*/store/conflicts/$a/$b.json does not hash"
named "what a run names and is not there" '^missing .*object 00*7, which run lost/tiny names'
named "an id file that holds none" '^damaged .*runs/lost/twice.id: does not hold an id'
named "a lock of a process that is gone" "^left over .*/store/locks/$a: a lock of a process that is gone"
named "a file in the making of such a one" "^left over .*store/tmp/$dead-0.*of a process that is gone"
is "no control bytes of names reach the terminal" "$(grep -c $'\033' found)" 0
rm -r runs/lost store/odd* store/objects/z[yz] "store/conflicts/$a"
before=$(find store -type f | wc -l)
fsck --repair
named "what it moved aside" 'moved to .*/store/damaged/'
is "repairing deletes nothing but dead processes' files" "$(find store -type f | wc -l)" $((before - 2 + 1))
check "... and pins again" test -e "store/pins/$a.$me.json"
n=$(runs)
make_tiny runs/mine >out
./twice --build runs/mine >out 2>&1
is "the next make has it all again" "$(cat runs/mine/*.id | paste -sd,)" "$a,$b"
is "... running what was damaged" "$(($(runs) - n))" 1
rm -f store/actions/00/* store/objects/*/note.txt
check "then the store is sound" fsck
chmod 644 "$(object_of "$a")"
check "an object that can be changed is named" sh -c "! $store fsck --runs runs >found 2>&1 &&
	grep -q '^mode .*mode 0644, and it should be 0444' found"
check "and mended" fsck --repair
is "... to" "$(stat -c %a "$(object_of "$a")")" 444
wrong=store/objects/$([ "${a:0:2}" = 00 ] && echo 01 || echo 00)
mkdir -p "$wrong" && mv "$(object_of "$a")" "$wrong/"
fsck
is "an object in the wrong folder is told once, though a run names it" "$(grep -c "^[^ ].*$a" found)" 1
check "... and put in its place" fsck --repair
check "... there" test -e "$(object_of "$a")"
check_fails "fsck takes no operand" 2 'fsck takes no operand' "$store" fsck "$a"

# ---- from the remote ----
mkdir -p team
touch -d '1 day ago' store/remote.down
check "what is noted of the remote is no left-over" \
	sh -c "$store fsck --runs runs >found && ! grep -q down found"
gc >out
check "... and gone after its time" test ! -e store/remote.down
"$BIN/remote" push "$b" --remote team >out 2>&1
chmod u+w "$(object_of "$a")"
truncate -s 5000 "$(object_of "$a")"
rm -f "$(object_of "$b")"
check_fails "a remote that is not there mends nothing" 1 'nowhere' \
	env EINTHOVEN_REMOTE="$WORK/nowhere" "$store" fsck --runs runs --repair
chmod u-w store/damaged/*
mkdir -p gone && mv store/damaged/"$a".mdb* gone/
check "with one both are had again" env EINTHOVEN_REMOTE="$WORK/team" "$store" fsck --runs runs --repair
n=$(runs)
make_tiny runs/mine >out
./twice --build runs/mine >out 2>&1
is "... without running" "$(cat runs/mine/*.id | paste -sd,) $(($(runs) - n))" "$a,$b 0"
check "... and sound" "$store" verify

# ---- what pulls have left ----
mkdir -p store/arriving
printf '%1000d' 7 >store/arriving/new
printf '%1000d' 8 >store/arriving/old
old 6 store/arriving/new
old 8 store/arriving/old
is "stats counts what pulls have begun to bring" \
	"$($store stats --runs runs | awk '$1 == "arriving" {print $2, $3, $4}')" "2 2.0 kB"
gc >out
is "gc drops it after a week" "$(ls store/arriving)" new
rm -r store/arriving

# ---- stats ----
$store stats --runs runs >out
is "stats counts objects by stage and kind" \
	"$(awk '$1 ~ /^t(iny|wice)$/ {print $1, $2, $3}' out | paste -sd,)" \
	"tiny numbers 1,twice twice 1"
check "and what lies beside them" grep -q '^damaged  *[0-9]' out
cp -r runs/mine runs/yours
./tiny --build runs/yours >out 2>&1
check "and what several runs use" \
	sh -c "$store stats --runs runs | grep -q '^1 objects, .* used by more than one run'"

# ---- strays ----
mkdir -p runs/mine/report
touch "runs/mine/tiny.txt.4711" "runs/mine/.t0-4711" "runs/mine/report/index.html.$dead-0@$(uname -n).new" \
	"runs/mine/x.1-0@elsewhere.new" "runs/mine/x.$$-0@$(uname -n).new" runs/mine/mine.new
gc >out
is "gc removes what dead processes left in folders of runs" \
	"$(find runs/mine -name '*.new' | LC_ALL=C sort -V | paste -sd,)" \
	"runs/mine/mine.new,runs/mine/x.1-0@elsewhere.new,runs/mine/x.$$-0@$(uname -n).new"
old 40 runs/mine/.t0-4711 runs/mine/tiny.txt.4711 runs/mine/x.1-0@elsewhere.new
gc >out
is "... and, once old, that of other hosts and versions" \
	"$(find runs/mine -name '*.new' -o -name '*.4711' -o -name '.t0*' | sort | paste -sd,)" \
	"runs/mine/mine.new,runs/mine/x.$$-0@$(uname -n).new"

# ---- what else gets old ----
rm -rf store/downloads store/damaged
mkdir -p store/downloads/{young,old}-zip store/damaged
touch store/downloads/{young,old}-zip/part store/damaged/{young,old}.mdb
old 2 store/downloads/old-zip/part store/downloads/old-zip && old 31 store/damaged/old.mdb
gc >out
is "gc removes downloads after the grace time and what fsck moved aside after a month" \
	"$(find store/downloads store/damaged -type f | sort | paste -sd,)" \
	"store/damaged/young.mdb,store/downloads/young-zip/part"
tap_done
