#!/usr/bin/env bash
# A colleague who may write to a shared store puts links in it where folders, locks and stamps belong.
# Whatever a stage, a hit, gc, forget, fsck and pull then do, nothing outside the store is made, changed,
# opened to others or removed; and fsck says what lies there.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/tiny.sh"
unset EINTHOVEN_REMOTE
store=$BIN/store remote=$BIN/remote
dead=999999
while kill -0 $dead 2>/dev/null; do dead=$((dead - 1)); done

# ---- a store with a result, one that lacks it, a remote that has it damaged ----
mkdir team store && chmod 2770 store
./tiny --build run >out 2>&1
id=$(cat run/tiny.id) key=$(basename "$(echo store/actions/*/*.json)" .json)
"$remote" push "$id" --remote team >out 2>&1
mkdir -p store/{arriving,checkpoints,conflicts,damaged,downloads,forgotten,pins,trash,used}
cp -a store whole && cp -a store lacking
rm -rf lacking/{objects,actions}/* && mkdir -p lacking/{objects/"${id:0:2}",actions/"${key:0:2}"}
for segment in team/cas/*; do # all but the header
	[ "$(basename "$segment")" = "$id" ] || { chmod u+w "$segment" && printf 'x' >>"$segment"; }
done

# ---- somebody's own files, old enough for every broom ----
mkdir -p victim/papers
for name in letter papers/thesis "$id.mdb" "$key.json" "$key" "$id.ann.json" "$dead-1-1@$(uname -n)"; do
	echo "1-1-1@elsewhere" >"victim/$name" # as in a lock of another host
done
echo '{}' >victim/action.json
find victim -type f -exec chmod 600 {} + && chmod 700 victim victim/papers
find victim -depth -exec touch -d '60 days ago' {} +
cp -a victim kept
state_of() { (cd "$1" && find . -printf '%p %y %m %T@\n' | sort && find . -type f -exec cat {} +); }
before=$(state_of victim)

stage() { ./tiny --build run; }
hit() { ./tiny --build run --cached; }
gc() { "$store" gc --runs run --delete --grace-days 0; }
forget() { "$store" forget 1 --runs run --delete; }
fsck() { "$store" fsck --runs run --repair; }
pull() { "$remote" pull "$id" --remote team; }
take() { "$remote" take "$key" --remote team; }

# One after the other, each with the link as it was planted: what changed outside, and who did it.
harm() { # harm whole|lacking PLACE HOW [TARGET]
	local command
	for command in stage hit gc forget fsck pull take; do
		chmod -R u+w store && rm -rf store && cp -a "$1" store
		rm -rf "store/$2" && mkdir -p "$(dirname "store/$2")"
		if [ "$3" = hard ]; then
			ln victim/letter "store/$2"
		else
			ln -s "$WORK/${4:-victim}" "store/$2" && touch -h -d '60 days ago' "store/$2"
		fi
		$command >"out.$command" 2>&1
		if [ "$(state_of victim)" != "$before" ]; then
			echo "$command"
			rm -rf victim && cp -a kept victim
		fi
		[ "$3" != wall ] || grep -q "store/$2 is a link" "out.$command" ||
			echo "$command without a word"
	done
	return 0
}

for folder in objects actions arriving checkpoints conflicts damaged downloads forgotten locks pins roots \
	tmp trash used; do
	is "a link in the place of $folder leads nobody out, and each says so" \
		"$(harm whole $folder wall)$(harm lacking $folder wall)" ""
done
for folder in "objects/${id:0:2}" "actions/${key:0:2}" "used/${id:0:2}" "conflicts/$key" \
	"checkpoints/$key"; do
	is "nor one in the place of ${folder%%/*}/..." \
		"$(harm whole "$folder" link)$(harm lacking "$folder" link)" ""
	check "... which fsck names" grep -q "store/$folder is a link" out.fsck
done
file=victim/letter
is "nor a link in the place of a lock" \
	"$(harm whole "locks/$key" link $file)$(harm lacking "locks/$key" link $file)" ""
check "... which the stage and fsck name" grep -q "locks/$key is a link" out.stage out.fsck
is "nor a second name of a file" \
	"$(harm whole "locks/$key" hard)$(harm lacking "locks/$key" hard)" ""
check "... which the stage refuses" grep -q "locks/$key is a link" out.stage
for place in "trash/$id.since" "arriving/$key.doubt" "pins/$id.ann.json" "tmp/$dead-1-1@$(uname -n)" \
	"downloads/x" "objects/${id:0:2}/$id.mdb" "actions/${key:0:2}/$key.json" \
	"checkpoints/$key/action.json"; do
	is "nor links in the place of ${place%%/*}'s files" \
		"$(harm whole "$place" link $file && harm lacking "$place" link $file)" ""
	is "... nor second names there" "$(harm whole "$place" hard)" ""
done

# ---- a hit on a colleague's object ----
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && chmod 755 "$WORK" tiny &&
	setpriv --reuid=60001 --regid=60001 --groups=60010 "$store" --help >/dev/null 2>&1; then
	mkdir -p home && cp -a run home && chown -R 60001:60001 home victim && before=$(state_of victim)
	hitting() { setpriv --reuid=60001 --regid=60001 --groups=60010 ./tiny --build home/run; }
	for how in -s ''; do
		chmod -R u+w store && rm -rf store && cp -a whole store && mkdir -p "store/used/${id:0:2}"
		chgrp -R 60010 store && find store -type d -exec chmod 2770 {} +
		chmod 2770 store && ln $how "$WORK/victim/letter" "store/used/${id:0:2}/$id"
		find store -name '*.mdb' -exec chmod 440 {} + -o -name '*.json' -exec chmod 440 {} +
		check "a colleague hits" hitting
		is "... and no file of his own that the stamp is a link to (ln $how) opens" \
			"$(state_of victim)" "$before"
	done
fi

# ---- the store itself may be one ----
rm -rf run/*.id && chmod -R u+w store && rm -rf store && ln -s whole store
check "a store may be a link as a whole" stage
check "... and gc cleans it" gc
check "... and fsck finds it sound" fsck
tap_done
