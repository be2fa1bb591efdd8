#!/usr/bin/env bash
# SHA-256 on a processor without instructions for it (store/sha256_x86.h), as qemu makes one: the digests and
# ids of this machine.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/tiny.sh"
tap_needs qemu-x86_64
[ "$(uname -m)" = x86_64 ] || skip_all "this machine is no x86-64"
ldd "$BIN/store" | grep -q 'lib[at]san' && skip_all "a sanitizer's shadow memory has no room under qemu"
run() { qemu-x86_64 -cpu Nehalem "$@"; }

for tests in 'sha256*' 'many_are*'; do
	check "unit/store_digest, $tests" run "$BUILD/tests/store_digest" "$tests"
done
mkdir there
tiny_params count=20 value_bytes=3000
./tiny --build run >out 2>&1
cp -r run there/run && rm there/run/tiny.id
EINTHOVEN_STORE=$WORK/there/store run ./tiny --build there/run >out 2>&1
is "what it makes has the id that it has here" "$(cat there/run/tiny.id)" "$(cat run/tiny.id)"
check "it finds what was made here sound" run "$BIN/store" verify "$(cat run/tiny.id)"
object=$(find store/objects -name '*.mdb')
chmod u+w "$object"
printf '\053' | dd of="$object" bs=1 seek=$(($(stat -c %s "$object") / 2)) conv=notrunc 2>/dev/null
run "$BIN/store" verify "$(cat run/tiny.id)" >out 2>&1
is "... and what is damaged damaged" "$? $(grep -c 'is damaged: table' out)" "1 1"
tap_done
