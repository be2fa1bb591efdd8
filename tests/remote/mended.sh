#!/usr/bin/env bash
# A remote that has lost or damaged something is mended: by push --all, and by the stage that could not pull.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/servers.sh"
. "$TOP/tests/tiny.sh"
unset EINTHOVEN_REMOTE
ln -s "$BIN/remote" remote
remote=$BIN/remote
tiny_params count=700 value_bytes=300
./tiny --build run 2>/dev/null >log || exit 1
id=$(cat run/tiny.id) key=$(basename store/actions/*/*.json .json)
cp -a store store-of

# What lies where in the folder of a remote.
place_of_manifest() { echo "ac/$(printf 'einthoven-manifest/1\n%s' "$id" | sha256sum | cut -d' ' -f1)"; }
name_of() { # name_of WHAT FOLDER
	local place
	place=$(place_of_manifest)
	case $1 in
	header) echo "cas/$id" ;;
	place) echo "$place" ;;
	manifest) echo "cas/$(cat "$2/$place")" ;;
	entry) echo "ac/$key" ;;
	segment) (cd "$2" && find cas -type f ! -name "$id" ! -name "$(cat "$place")" | head -1) ;;
	esac
}
flip() { chmod u+w "$1" && printf '\377' | dd of="$1" bs=1 seek=40 conv=notrunc status=none; }
shorten() { chmod u+w "$1" && truncate -s 20 "$1"; }
empty() { chmod u+w "$1" && : >"$1"; }
lose() { rm "$1"; }
longer() { chmod u+w "$1" && head -c 20000000 /dev/zero >>"$1"; }
fifo() { rm "$1" && mkfifo "$1"; }
dangling() { rm "$1" && ln -s nowhere "$1"; }

empty_store() { chmod -R u+w store && rm -rf store run/*.id run/*.stamp; }
can_pull() { # can_pull URL: by an empty store, with the entry
	empty_store
	EINTHOVEN_REMOTE=$1 ./tiny --build run --cached >/dev/null
}
push_all() { # push_all URL: what was sent of segments, entries and bytes
	empty_store
	cp -a store-of store
	"$remote" push "$id" --all --remote "$1" >out
	sed -E 's/^.*; ([0-9]+) of .* segments .*; ([0-9]+) of .* entries; ([0-9]+) bytes .*/\1 \2 \3/' out
}

# mends NAME URL FOLDER HOW...: each kind of file, damaged in each of these ways.
mends() {
	local name=$1 url=$2 folder=$3 what how file sent n
	shift 3
	push_all "$url" >log
	is "$name: push --all to a remote that is sound sends nothing" "$(push_all "$url")" "0 0 0"
	for what in segment manifest place header entry; do
		n=0 && [ $what != segment ] || n=1
		for how in "$@"; do
			file=$folder/$(name_of $what "$folder")
			cp "$file" sound
			$how "$file"
			sent=$(push_all "$url")
			check "$name, $what, $how: push --all sends it alone ($sent)" \
				test "${sent%% *} $((${sent##* } > 0))" = "$n 1"
			check "... and it can be pulled" can_pull "$url"
			[ $what = segment ] || check "... as it was" cmp sound "$file"
		done
	done
	is "$name: and all of it is sound" "$(push_all "$url")" "0 0 0"
}

# heals NAME URL FOLDER: what a stage could not pull it sends.
heals() {
	local what how
	printf 'remote:\n  url: %s\n  access: read-write\n' "$2" >store.yaml
	for what in segment/flip segment/lose manifest/lose place/flip header/lose header/flip entry/flip; do
		how=${what#*/} what=${what%/*}
		$how "$3/$(name_of "$what" "$3")"
		empty_store
		./tiny --build run >/dev/null 2>log
		is "$1, $what, $how: the stage runs" "$(grep -c 'tiny: ran' log)" 1
		check "... and what it sends can be pulled" can_pull "$2"
	done
	rm store.yaml
	is "$1: and nothing stays doubted" "$(find store/arriving -type f 2>/dev/null)" ""
}

# What could not be read says nothing: it stays, and is not doubted.
cannot_read() { # cannot_read FILE ERROR COMMAND...
	local file=$1 why=$2
	shift 2
	strace -f -qq -o calls -P "$WORK/$file" -e trace=openat -e inject=openat:error="$why" "$@" >out 2>&1
}
stays() {
	local place=folder/ac/$key segment why
	push_all "$WORK/folder" >log
	segment=folder/$(name_of segment folder)
	mv "$place" whole && echo other >"$place"
	for why in EACCES EIO EMFILE; do
		cannot_read "$place" $why "$remote" push "$id" --remote "$WORK/folder"
		is "$why of an entry: push fails and says so, and it stays" \
			"$? $(grep -c 'cannot open' out) $(cat "$place")" "1 1 other"
	done
	mv whole "$place"
	for why in EACCES EIO EMFILE; do
		empty_store
		cannot_read "$segment" $why "$remote" take "$key" --remote "$WORK/folder"
		is "$why of a segment: it is not doubted" \
			"$? $(grep -c 'cannot open' out) $(find store -name '*.doubt')" "1 1 "
	done

	empty_store && mkdir -p store/forgotten && touch "store/forgotten/$id.json"
	"$remote" take "$key" --remote "$WORK/folder" >out 2>&1
	is "what is forgotten here is not doubted there" \
		"$? $(grep -c 'forgotten here' out) $(find store -name '*.doubt')" "1 1 "
	empty_store && lose "$segment"
	"$remote" take "$key" --remote "$WORK/folder" >out 2>&1
	is "... and what is lost there is" "$? $(find store -name '*.doubt')" "1 store/arriving/$key.doubt"
	rm -rf folder
}
mkdir folder
if command -v strace >/dev/null && strace -qq -e trace=none true 2>/dev/null; then
	stays
	mkdir folder
else
	skip "what cannot be read is not damaged" "strace is not installed or not allowed"
fi
mends folder "$WORK/folder" folder flip shorten empty lose longer fifo dangling
heals folder "$WORK/folder" folder
# shellcheck disable=SC2119
if nginx_start; then
	umask 022
	mends nginx "$url/team" nginx/files/team flip lose longer
	heals nginx "$url/team" nginx/files/team
else
	skip "nginx: what is damaged is mended" "nginx with its WebDAV module is not installed"
fi
if bazel_start; then
	push_all "$url" >log
	empty "$WORK/bazel/cas/$id"
	is "bazel: a header that is empty is sent again" \
		"$(push_all "$url" | awk '{ print $1, $2, ($3 > 0) }')" "0 0 1"
	check "... is mended" can_pull "$url"
else
	skip "bazel: what is damaged is mended" "python3 is not installed"
fi
tap_done
