#!/usr/bin/env bash
# What cannot be read is not damaged, and nothing is written over it. What lies in the store and is no file
# (a folder, a pipe, a link that leads nowhere) is damaged, and fsck says what to do or does it.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/tiny.sh"
store=$BIN/store

object_of() { echo "store/objects/$(printf %.2s "$1")/$1.mdb"; }
entry_of() { grep -l "\"sha256\":\"$1\"" store/actions/*/*.json | head -1; }
make_tiny() { # make_tiny RUN [name=value...]: its id
	RUN=$1 tiny_params "${@:2}"
	./tiny --build "$1" >"$1/out" 2>&1
	cat "$1/tiny.id"
}
can_trace() { command -v strace >/dev/null && strace -qq -e trace=none true 2>/dev/null; }
meets() { # meets FILE CALL FAULT COMMAND...: the command, for which a call on the file fails
	strace -qq -f -o trace -P "$WORK/$1" -e "trace=$2" -e "inject=$2:$3" "${@:4}"
}
fsck() { "$store" fsck --runs runs "$@" >found 2>&1; }
sums() { find store/objects store/actions store/pins store/roots -type f -exec sha256sum {} + | sort; }
named() { check "fsck names $1" grep -q -e "$2" found; }

mkdir -p runs
a=$(make_tiny runs/mine)
cp run/params/twice.json runs/mine/params/
./twice --build runs/mine >out 2>&1
b=$(cat runs/mine/twice.id)
$store pin "$a" >out
me=$(id -un)
object=$(object_of "$a") entry=$(entry_of "$a") pin=store/pins/$a.$me.json
note=$(grep -l '"stage":"twice"' store/roots/*)

if can_trace; then
	# ---- fsck leaves what it could not read
	sums >before
	unread() { # unread NAME FILE CALL FAULT TEXT: fsck --repair meets it, and does nothing
		meets "$2" "$3" "$4" "$store" fsck --runs "$WORK/runs" --repair >found 2>&1
		local code=$?
		check "$1 was met" grep -qE 'INJECTED|killed by SIGKILL' trace
		is "... and is called unreadable, with a remedy" \
			"$code $(tr '\n' ' ' <found | grep -c "unreadable .*$5")" "1 1"
		is "... with nothing done about it" "$(sums | diff before -; grep -c mended found)" 0
	}
	unread "an open that finds too many" "$object" openat error=EMFILE 'Too many open files.*ulimit -n'
	unread "a map that finds no memory" "$object" mmap error=ENOMEM 'allocate memory.*free some memory'
	unread "a disk that fails" "$object" pread64 error=EIO 'Input/output error.*look at the disk'
	unread "a right that is not given" "$object" openat error=EACCES 'Permission denied.*its owner'
	unread "a kill where memory is short" "$object" pread64 signal=SIGKILL 'ended by signal 9'
	unread "an entry on a disk that fails" "$entry" read error=EIO \
		'action entry: .*Input/output error.* to do .*look at the disk'
	unread "a pin that is another's" "$pin" openat error=EACCES "$pin.* to do .*its owner must give"
	unread "a run's note on a disk that fails" "$note" read error=EIO "$note.* to do .*look at the disk"
	unread "an id file that is another's" runs/mine/tiny.id openat error=EACCES \
		'tiny.id.* to do .*its owner must give'
	meets "$object" mmap error=ENOMEM "$store" verify >found 2>&1
	is "verify says the same" "$? $(tail -1 found)" "1 2 objects verified, 0 damaged, 1 unreadable"

	# ---- a stage writes over no entry that it could not read
	n=$(runs)
	check_fails "an entry that cannot be read stops who asks for it" 1 \
		'Input/output error: look at the disk.*nothing was begun' \
		meets "$entry" read error=EIO ./tiny --build runs/mine
	check_fails "... and that of which this user has no right" 1 'its owner must give you the right' \
		meets "$entry" openat error=EACCES ./tiny --build runs/mine
	is "... before it begins, and the entry stays" "$(($(runs) - n)) $(sums | diff before -)" "0 "
	cp -r run late
	RUN=late tiny_params count=30
	TINY_DRIFT=1 EINTHOVEN_STORE=theirs ./tiny --build late >out 2>&1
	theirs=$(cd theirs/actions && echo */*.json)
	RUN=late tiny_params count=30 gate="$WORK/gate"
	meets "store/actions/$theirs" read error=EIO ./tiny --build late >out 2>&1 &
	wait_for test -e gate.begun
	cp -r theirs/. store/
	: >gate
	wait $!
	is "one that came meanwhile and cannot be read ends the stage" \
		"$? $(grep -c 'may be the first of its action, so it stays' out)" "1 1"
	check "... and stays" cmp "theirs/actions/$theirs" "store/actions/$theirs"
	RUN=late tiny_params count=30
	check "... and is a hit once it can be" sh -c "./tiny --build late 2>&1 | grep -q 'tiny: cached'"
else
	skip "what cannot be read is not damaged" "strace is not installed or not allowed"
fi

# ---- what is no file ----
rm -rf store/actions/* store/objects/* theirs late
make_tiny runs/mine >out
./twice --build runs/mine >out 2>&1
ln -s nowhere "store/pins/$b.ada.json"
ln -s "$b.bob.json" "store/pins/$b.bob.json"
rm "$note" "$entry" "$(object_of "$b")"
ln -s nowhere "$note"
ln -s nowhere "$entry"
ln -s nowhere "$(object_of "$b")"
check_fails "links that lead nowhere are found" 1 '' "$store" fsck --runs runs
cp .out found
named "a pin that is one" "^damaged .*$b.ada.json: cannot open: No such file"
named "... or leads in a circle" "^damaged .*$b.bob.json: cannot open: Too many levels"
named "a run's note" "^damaged .*$note: cannot open: No such file"
named "an entry" "^damaged .*$entry is no file"
named "an object" "^damaged .*$(object_of "$b") is no file"
fsck --repair
is "fsck --repair pins again what pins' names say" \
	"$($store pins | grep -c 'its note was damaged')" 2
is "... keeps what lay there" \
	"$(readlink "store/damaged/$b.ada.json" "store/damaged/$b.bob.json" | paste -sd,)" \
	"nowhere,$b.bob.json"
check "... notes the run again" grep -q '"stage":"twice"' "$note"
check "... moves the entry and the object away" test ! -L "$entry" -a ! -L "$(object_of "$b")"
check "gc is not held up by any of it" "$store" gc --runs runs --delete
make_tiny runs/mine >out
./twice --build runs/mine >out 2>&1
check "and after the next make the store is sound" fsck
rm -r store/pins store/damaged
ln -s nowhere runs/mine/probe.id
fsck
named "an id file that leads nowhere" '^damaged .*probe.id: cannot open: .*remove it'
rm runs/mine/probe.id
mkdir -p "store/pins/$a.ada.json"
fsck --repair
named "a folder in a pin's place" "^damaged .*$a.ada.json: cannot read: Is a directory"
named "... and what to do" "to do .*move it out of the store, then pin $(printf %.12s "$a") again"
rm -r store/pins
if can_trace; then
	$store pin "$a" >out
	chmod u+w "$pin" && echo '{' >"$pin"
	meets "$pin" "?link,linkat" error=EPERM "$store" fsck --runs runs --repair >found 2>&1
	check "a damaged pin of which no second link may be made is pinned again all the same" \
		grep -q 'its note was damaged' "$pin"
	is "... and what was in it is kept" "$(cat "store/damaged/$a.$me.json")" "{"
else
	skip "a damaged pin of which no second link may be made" "strace is not installed or not allowed"
fi
mkdir -p store/objects/aa store/actions/aa
mkfifo "store/objects/aa/aa$(printf %062d 1).mdb" "store/actions/aa/aa$(printf %062d 1).json" \
	store/roots/pipe.json
timeout 60 "$store" fsck --runs runs >found 2>&1
is "a pipe in the store holds nobody up" $? 1
named "an object that is none" '^damaged .*/aa0*1.mdb is no file'
check_fails "... nor gc" 1 'pipe.json: is no regular file' timeout 60 "$store" gc --runs runs --delete
tap_done
