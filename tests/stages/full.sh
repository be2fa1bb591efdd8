#!/usr/bin/env bash
# A full disk, an unwritable store, a file-size limit: exit 1, a message that names the path and what to do,
# nothing published, and the next run with room is clean.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/tiny.sh"

published() {
	find "$EINTHOVEN_STORE/objects" "$EINTHOVEN_STORE/actions" -type f 2>/dev/null | wc -l | tr -d ' '
}

# ---- a file-size limit ----
tiny_params count=300 value_bytes=50000
check_fails "a file-size limit" 1 "cannot write .*store/tmp/.*ulimit -f.*nothing was published" \
	sh -c 'ulimit -f 4096; ./tiny --build run'
is "leaves nothing" "$(published) $(left_over)" "0 0"
check "and without it the stage runs" ./tiny --build run
id=$(cat run/tiny.id)

# ---- a full disk ----
mkdir disk
if mount -t tmpfs -o size=6m tmpfs disk 2>/dev/null; then
	tap_cleanup="umount $WORK/disk"
	export EINTHOVEN_STORE=$WORK/disk/store
	check_fails "a full disk" 1 \
		"cannot write .*disk/store/tmp/.*free some space.*EINTHOVEN_STORE.*nothing was published" \
		./tiny --build run
	is "leaves nothing in the store" "$(published) $(left_over)" "0 0"
	is "and the run's id as it was" "$(cat run/tiny.id)" "$id"
	tiny_params count=30 value_bytes=50000
	check "a smaller result still fits" ./tiny --build run
	tiny_params count=300 value_bytes=50000
	mount -o remount,size=60m disk
	check "with room the stage runs" ./tiny --build run
	is "to the same id" "$(cat run/tiny.id)" "$id"
	mkdir disk/run && cp -r run/params disk/run
	mount -o remount,size=17m disk
	dd if=/dev/zero of=disk/fill bs=4096 2>/dev/null
	check_fails "a run folder on a full disk" 1 "disk/run.*No space left" ./tiny --build disk/run
	[ ! -e disk/run/tiny.stamp ]
	is "leaves no stamp" $? 0
	umount disk
	tap_cleanup=
	export EINTHOVEN_STORE=$WORK/store
else
	skip "a full disk" "cannot mount a tmpfs (not root)"
fi

# ---- an unwritable store ----
as_user() { # a command as a user who may not write everywhere
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups env EINTHOVEN_STORE="$EINTHOVEN_STORE" "$@"
	else
		"$@"
	fi
}
if [ "$(id -u)" != 0 ] || setpriv --reuid=65534 --regid=65534 --clear-groups true 2>/dev/null; then
	chmod 755 "$WORK"
	mkdir closed && chmod 555 closed
	mkdir open && chmod 777 open && cp -r run/params open
	EINTHOVEN_STORE=$WORK/closed/store
	check_fails "a store that cannot be made" 1 \
		"closed/store.*Permission denied.*EINTHOVEN_STORE" as_user ./tiny --build open
	EINTHOVEN_STORE=$WORK/store
	chmod -R a-w store
	unset TINY_LOG
	check "a read-only store still gives hits" as_user ./tiny --build open
	is "of the same id" "$(cat open/tiny.id)" "$id"
	tiny_params count=5
	cp run/params/tiny.json open/params
	check_fails "a miss in a read-only store" 1 \
		"store: Permission denied.*nothing was begun" as_user ./tiny --build open
	chmod -R u+w store
	check_fails "a run folder that cannot be written" 1 \
		"closed.*Permission denied" as_user ./tiny --build closed/run
else
	skip "an unwritable store" "cannot become another user"
fi

# ---- not a folder ----
echo >plain
EINTHOVEN_STORE=$WORK/plain check_fails "a store that is a file" 1 "plain.*[Nn]ot a \(folder\|directory\)" \
	./tiny --build run
tap_done
