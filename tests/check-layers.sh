#!/usr/bin/env bash
# Dependencies point one way (includes and symbols), one door per library, and a file exports
# only its own prefix.
. "$(dirname "$0")/tap.sh"
cd "$TOP" || exit 1

# layer: what it may include
may() {
	case $1 in
	common) echo common ;;
	numbers) echo 'numbers common' ;;
	kernels) echo 'kernels numbers common' ;;
	ecg) echo 'ecg numbers common' ;;
	statistics) echo 'statistics numbers common' ;;
	trust) echo 'trust common' ;;
	store) echo 'store trust common' ;;
	remote) echo 'remote store trust common' ;;
	audit) echo 'audit remote store trust common' ;;
	model) echo 'model kernels numbers common' ;;
	report) echo 'report common' ;;
	onnx) echo 'onnx model ecg store trust kernels numbers common' ;;
	stages) echo 'stages report statistics model ecg store trust kernels numbers common' ;;
	tools) echo 'tools onnx audit remote store trust common' ;;
	esac
}

layers=(common numbers kernels ecg statistics trust store remote audit model report onnx stages tools)
for layer in "${layers[@]}"; do
	bad=
	while read -r file header; do
		allowed=
		for m in $(may "$layer"); do
			case $header in "$m" | "$m"/*) allowed=1 ;; esac
		done
		[ -n "$allowed" ] || bad="$bad $file->$header"
	done < <(find "$layer" -name '*.[ch]' -exec sed -n \
		'/#include "/{s/.*#include "\([^"]*\)".*/\1/;F;p}' {} + | paste - -)
	is "$layer includes only what lies under it" "$bad" ""
done

# sides ROOT: what includes a device's side of kernels/ from outside it. The kernels of a card see their
# emulation through one header; the emulation carries them, so it sees theirs.
sides() {
	(cd "$1" && grep -rHoE '#include "kernels/(cpu|cuda|emulated)/[^"]*' --include='*.[ch]' \
		"${layers[@]}") | sed 's/:#include "/ /' | while read -r file header; do
		case "$file $header" in
		"${header%/*}"/*" $header" | kernels/emulated/*\ kernels/cuda/*) ;;
		kernels/cuda/gpu.h\ kernels/emulated/gpu.h) ;;
		*) printf ' %s->%s' "$file" "$header" ;;
		esac
	done
}
is "kernels of the CPU and of cards do not see each other, nor does anybody see either" "$(sides .)" ""
mkdir "$WORK/planted" && cp -r "${layers[@]}" "$WORK/planted"
planted() { # planted FILE HEADER: an include there is found
	sed -i "1i#include \"$2\"" "$WORK/planted/$1"
	is "... an include of $2 in $1 would be found" "$(sides "$WORK/planted")" " $1->$2"
	cp "$1" "$WORK/planted/$1"
}
planted kernels/cpu/gemm.c kernels/cuda/reduce.h
planted kernels/cuda/gemm.c kernels/cpu/reduce.h
planted kernels/emulated/launch.c kernels/cpu/table.h
planted kernels/selftest.c kernels/cpu/table.h
planted model/linear.c kernels/cuda/device.h

door() { # door HEADER FILE...: only these files may include the library's header
	local header=$1 got
	shift
	got=$(grep -rlE "#include <$header" --include='*.[ch]' "${layers[@]}" | sort | tr '\n' ' ')
	is "<$header> has one door: $*" "${got% }" "$*"
}
door 'lmdb.h' store/artifact_inside.h store/artifact_write.c
door 'zlib.h' ecg/inflate.c
door 'zstd.h' remote/compression.c
door 'FLAC/' ecg/flac.c
door 'curl/' remote/http.c tools/download.c
door 'yaml.h' common/yaml.c
door 'mpi.h' common/mpi/team_mpi.c

is "audit/stages.c has all stages" \
	"$(sed -n '/stages\[\] = {/,/};/{s/[^"]*"\([a-z]*\)"[^"]*/\1 /gp}' audit/stages.c | tr ' ' '\n' |
		grep . | sort | tr '\n' ' ')" \
	"$(find stages -name '*.c' | sed 's|.*/\(.*\)/\1\.c|\1.c|' | grep -v '/.*/' |
		sed 's|.*/||; s|\.c$||' | sort | tr '\n' ' ')"

tap_needs nm
# artifact_read.c is a part of artifact.
bad=$(cd "$BUILD/obj" && find common numbers ecg statistics trust store remote audit model report onnx \
	-name '*.o' -exec nm --defined-only -g -A {} + 2>/dev/null | awk '$2 ~ /[TDBRV]/ && $3 !~ /^__/ {
		object = prefix = $1; sub(/:[^:]*$/, "", object)
		sub(/.*\//, "", prefix); sub(/[_.].*/, "", prefix)
		if ($3 != prefix && index($3, prefix "_") != 1)
			printf " %s:%s", object, $3 }')
is "a file exports only names with its own prefix" "$bad" ""
tap_done
