#!/usr/bin/env bash
# One store shared by two users of different umasks, and a third without rights, through a day of makes, gc
# and pulls: nothing lost, nothing run twice, nothing readable that should not be. DAYS=N: so many days (1).
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/tiny.sh"
tap_needs setpriv
[ "$(id -u)" = 0 ] || skip_all "only root can be several users"
team=60010 ada=60001 ben=60002 eve=60003
chmod 755 "$WORK" "$WORK/tiny" "$WORK/twice"
as() { # as USER UMASK GROUPS COMMAND...
	local user=$1 mask=$2 groups=$3
	shift 3
	(umask "$mask" && exec setpriv --reuid="$user" --regid="$user" --groups="$groups" "$@")
}
ada() { as $ada 077 $team "$@"; }
ben() { as $ben 022 $team "$@"; }
eve() { as $eve 002 $eve "$@"; }
ada "$BIN/store" --help >/dev/null 2>&1 || skip_all "other users cannot run what is built in $BIN"
store=$BIN/store

make_store() { # make_store MODE
	chmod -R u+rwX shared 2>/dev/null
	rm -rf shared
	mkdir shared && chgrp $team shared && chmod "$1" shared
}
export EINTHOVEN_STORE=$WORK/shared
: >"$TINY_LOG" && chmod 666 "$TINY_LOG"
for user in ada ben eve; do
	mkdir -p $user/runs/day/params
	chown -R ${!user}:${!user} $user
	chmod -R 700 $user # homes: nobody else looks into them
done
slice() { # slice USER [name=value...]
	local run=$1/runs/day
	RUN=$run tiny_params "${@:2}"
	cp run/params/twice.json "$run/params"
	chown -R "${!1}:${!1}" "$run/params"
}
both() { # both USER: the two stages
	$1 ./tiny --build "$1/runs/day" && $1 ./twice --build "$1/runs/day"
}
gc() { $1 "$store" gc --runs "$1/runs" --delete "${@:2}"; }
id_of() { cat "$1/runs/day/${2:-tiny}.id"; }
object_of() { echo "shared/objects/$(printf %.2s "$1")/$1.mdb"; }
stray() { # stray FOLDER: what below it has not the rights that it gives
	find "$1" -mindepth 1 \( -type d ! -perm 2770 -o -type f -perm /007 -o -type f ! -perm -040 -o \
		! -group $team \) -printf '%P %m %g\n'
}

# ---- a day ----
make_store 2770
bad='' results=0
for ((i = 0; i < 6 * ${DAYS:-1}; i++)); do
	for user in ada ben; do # who is first alternates
		[ $((i % 2)) = 0 ] || user=$([ $user = ada ] && echo ben || echo ada)
		slice "$user" count=$((50 + i % 4))
		both "$user" >out 2>&1 || bad="$bad $i:$user:$(head -1 out)"
		results="$results $(id_of "$user") $(id_of "$user" twice)"
		gc "$user" >out 2>&1 || bad="$bad $i:$user:gc:$(tail -1 out)"
	done
	[ "$(id_of ada twice)" = "$(id_of ben twice)" ] || bad="$bad $i:differ"
done
is "two users of umask 077 and 022 make and hit in turn" "$bad" ""
is "nothing is run twice" "$(runs)" 4
bad=
for id in $(echo "$results" | tr ' ' '\n' | grep .... | sort -u); do
	for user in ada ben; do $user "$store" verify "$id" >/dev/null 2>&1 || bad="$bad $user:$id"; done
done
is "all results are there, and each may read each" "$bad" ""
is "files and folders have the rights that the store's folder gives" "$(stray shared)" ""
is "one without rights reads none of it" "$(eve find shared -type f -readable 2>/dev/null)" ""
slice eve
check_fails "... and is told so" 1 'Permission denied' eve ./tiny --build eve/runs/day
is "... and left nothing" "$(find shared -user $eve)" ""
slice ada count=50
slice ben count=50
both ada >out 2>&1 && both ben >out 2>&1
gc ada --grace-days 0 >out
check "gc of one keeps what the other's run needs" ben "$store" verify "$(id_of ben twice)" "$(id_of ben)"

# ---- a hit is a use, whoever hits ----
slice ben count=51
ben ./tiny --build ben/runs/day >out 2>&1
used=$(id_of ben)
find shared/objects shared/used -type f -exec touch -d '3 days ago' {} +
slice ben count=51
ben ./tiny --build ben/runs/day >out 2>&1
slice ben count=52
ben ./tiny --build ben/runs/day >out 2>&1 # his run needs another by now
gc ada >out
check "a hit of a colleague's object counts as use" test -e "$(object_of "$used")"
owner=$(stat -c %u "$(object_of "$used")")
hitter=$([ "$owner" = $ada ] && echo ben || echo ada)
find shared/objects shared/used -type f -exec touch -d '3 days ago' {} +
gc ada >out
check "... until it is old" test -e "shared/trash/$used.mdb"
n=$(runs)
slice "$hitter" count=51
$hitter ./tiny --build "$hitter/runs/day" >out 2>&1
is "one takes back what is another's and was moved to the trash by a third" "$(id_of "$hitter")" "$used"
is "... without running" $(($(runs) - n)) 0
for user in ada ben; do slice "$user" count=50 && both "$user" >out 2>&1; done
find shared/objects shared/used -type f -exec touch -d '3 days ago' {} +
find shared/trash -name '*.since' -exec touch -d '3 days ago' {} + 2>/dev/null
ada "$store" gc --runs ada/runs --delete --grace-days 0 >out 2>&1
is "each removes what is nobody's, whoever made it" "$? $(find shared/objects -type f | wc -l)" "0 2"
ada "$store" fsck --runs ada/runs >found 2>&1
is "fsck finds nothing" "$? $(tail -1 found | cut -d: -f2)" \
	"0  0 damaged, 0 missing, 0 unreadable, 0 mode, 0 left over"

for user in ada ben; do $user "$store" pin "$(id_of ben)" --note "of $user" >out 2>&1; done
ben "$store" unpin "$(id_of ben)" >out 2>&1
is "who unpins leaves a colleague's pin" "$(ada "$store" pins | grep -o 'of [ab][a-z]*$')" "of ada"
check_fails "... and may not take it" 1 "pinned by .*, not by you" ben "$store" unpin "$(id_of ben)"
ada "$store" unpin "$(id_of ben)" >out 2>&1

# ---- a run that is killed, and one who goes on ----
mkdir gates && chmod 777 gates
slice ben count=60 gate="$WORK/gates/open"
ben ./tiny --build ben/runs/day >out 2>&1 &
pid=$!
wait_for test -e gates/open.begun
signal_children KILL $pid # the shell's child is the stage: as() is exec all along
wait $pid 2>/dev/null
is "a run is killed in the middle" "$? $(find shared/tmp shared/locks -type f | wc -l)" "137 2"
slice ada count=60
check "what a colleague's killed run has left stops nobody" ada ./tiny --build ada/runs/day
is "... and is removed" "$(find shared/tmp shared/locks -type f)" ""

# ---- folders of before, without rights for the group ----
make_store 2770
slice ada count=70
both ada >out 2>&1
find shared -mindepth 1 -type d -exec chmod 0755 {} + -exec chmod g-s {} +
slice ben count=71
n=$(runs)
check_fails "a store that cannot be written is found before the work" 1 \
	'Permission denied, so what is made could not be published, and nothing was begun; it belongs to' \
	ben ./tiny --build ben/runs/day
is "... which was not begun" $(($(runs) - n)) 0
ben "$store" fsck --runs ben/runs >found 2>&1
check "fsck names the folders" \
	grep -q '^mode .*/objects.*mode 0755, and that of the shared store is 2770' found
ada "$store" fsck --repair --runs ada/runs >found 2>&1
check "fsck --repair of their owner mends them" ben ./tiny --build ben/runs/day
is "... all" "$(stray shared)" ""

# ---- a store that all may read ----
make_store 2775
slice ada count=80
both ada >out 2>&1
n=$(runs)
slice eve count=80
check "who may only read hits" both eve
is "... runs nothing" $(($(runs) - n)) 0
is "... and leaves nothing" "$(find shared -user $eve)" ""
chmod 400 "$(object_of "$(id_of eve)")"
check_fails "an object that may not be read is not damaged" 1 'cannot be read: .*not say that it is damaged' \
	eve "$store" show "$(id_of eve)"
check_fails "... and stops who hits it, instead of being made again" 1 'cannot be read' \
	eve ./tiny --build eve/runs/day
slice eve count=81
check_fails "... and is told before the work that it could not be published" 1 'nothing was begun' \
	eve ./tiny --build eve/runs/day

# ---- a remote that they share ----
mkdir team && chgrp $team team && chmod 2770 team
ln -s "$BIN/remote" remote
bad=
send() { # send USER STORE ID
	EINTHOVEN_STORE=$2 $1 "$BIN/remote" push "$3" --remote "$WORK/team" >out 2>&1 ||
		bad="$bad $1:push:$(tail -1 out)"
}
bring() { # bring USER STORE ID
	EINTHOVEN_STORE=$2 $1 "$BIN/remote" pull "$3" --remote "$WORK/team" >out 2>&1 ||
		bad="$bad $1:pull:$(tail -1 out)"
}
for i in 1 2 3; do
	slice ada count=$((90 + i))
	both ada >out 2>&1 || bad="$bad ada:$i"
	send ada "$WORK/shared" "$(id_of ada twice)"
	bring ben "$WORK/ben/store" "$(id_of ada twice)"
	slice ben count=$((190 + i))
	EINTHOVEN_STORE=$WORK/ben/store ben ./tiny --build ben/runs/day >out 2>&1 || bad="$bad ben:$i"
	send ben "$WORK/ben/store" "$(id_of ben)"
	bring ada "$WORK/shared" "$(id_of ben)"
done
is "two users push to one remote and pull from it" "$bad" ""
is "what lies there has the folder's rights" "$(stray team)" ""
is "one without rights reads none of it" "$(eve find team -type f -readable 2>/dev/null)" ""
tap_done
