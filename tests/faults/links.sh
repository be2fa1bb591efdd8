#!/usr/bin/env bash
# Names and links that lead out, in places where others may write: TRIALS puts into a remote and cleanings of
# a store whose folders another swaps with links meanwhile, and a report whose files are called like files
# elsewhere. Nothing is written or removed outside.
. "$(dirname "$0")/../tap.sh"
trials=${TRIALS:-2000}
build() { # build OUTPUT SOURCE [FLAG...]
	local output=$1 source=$2
	shift 2
	# shellcheck disable=SC2046 # the flags file is a command line
	(cd "$TOP" && $(cat "$BUILD/flags") "$@" -o "$WORK/$output" "$source" -Wl,--start-group \
		"$BUILD/libremote.a" "$BUILD/libstore.a" "$BUILD/libtrust.a" "$BUILD/libcommon.a" \
		-Wl,--end-group -ljansson -lyaml -llmdb -lcrypto -lcurl -lzstd -ldl -lm)
}
build links tests/faults/links.c || skip_all "no compiler to build what swaps"

# ---- links in the place of folders ----
mkdir outside store team
for name in letter notes.txt 0000000000000000000000000000000000000000000000000000000000000001; do
	echo "mine" >outside/$name && touch -d '60 days ago' outside/$name
done
state_of() { find "$1" -printf '%P %y %m %s %T@\n' | sort; }
before=$(state_of outside)
check "of $trials puts beside swapped links some are done and some refused" ./links "$trials"
sed 's/^/# /' .check
is "... nothing came, went or changed where the links lead" "$(state_of outside)" "$before"
is "... what was put lies in the remote's own folders" "$(find team -name '0*[0-9a-f]' -type f | wc -l)" \
	"$(sed -n 's/ put.*//p' .check)"

# ---- names of files in a result ----
build files tests/faults/files.c || skip_all "no compiler to build the test's stage"
mkdir -p run/params && echo '{}' >run/params/files.json
for name in ../escaped "$WORK/escaped" inner/escaped .hidden .. 'a\nb'; do
	rm -rf run/files* store
	check_fails "a result with a file called ${name:0:20} is refused" 1 'such a name is not written' \
		env "FILE_NAME=$(printf '%b' "$name")" ./files --build run
	is "... and nothing is written" "$(find . -name '*escaped*' -o -name '.hidden' -o -name a -o -path \
		'./run/files/*')" ""
done
rm -rf run/files* store
check "one with a plain name is written" env FILE_NAME=index.html ./files --build run
is "... into its folder" "$(cat run/files/index.html)" "some"
tap_done
