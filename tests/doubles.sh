# shellcheck shell=bash
# Tests of cards source this after tap.sh: the doubles of CUDA's libraries, and the host side over them.
#
#	doubles_needed                # skips the whole file where they cannot be
#	doubles_build                 # in $WORK/double: libcudart.so.13, libnccl.so.2; in $WORK/host: objects
#	doubles_fast                  # ... and libcublasLt.so.13, libcudnn.so.9
#	doubles_library NAME [FILE SED]   # $WORK/NAME.so: the host side, FILE of kernels/cuda changed by SED
#	over NAME COMMAND...          # with that library as the device's

doubles_needed() {
	[ -e "$BUILD/lib/kernels_emulated.so" ] ||
		skip_all "kernels_emulated.so was not built for this machine"
	[ "$(uname -m)" != x86_64 ] || has_isa avx2 || skip_all "this CPU has no fused multiply-add"
	! grep -q fsanitize "$BUILD/flags" || skip_all "not with a sanitizer"
}

# doubles_compile FLAGS... : the build's own command line, in the tree.
doubles_compile() {
	# shellcheck disable=SC2046 # command lines
	(cd "$TOP" && $(cat "$BUILD/flags") -fPIC -fvisibility=hidden "$@")
}

doubles_build() {
	local emulated source
	mkdir -p double host
	emulated=("$BUILD"/obj/kernels/{cuda,emulated}/*.emulated.o)
	mapfile -t emulated < <(printf '%s\n' "${emulated[@]}" | grep -v '/race\.')
	doubles_compile -shared -Wl,-soname,libcudart.so.13 -o "$WORK/double/libcudart.so.13" \
		"$TOP"/tests/cuda/cudart*.c "${emulated[@]}" -ldl -lm || return
	doubles_compile -shared -Wl,-soname,libnccl.so.2 -o "$WORK/double/libnccl.so.2" tests/cuda/nccl.c \
		"$WORK/double/libcudart.so.13" || return
	{
		echo '#include "kernels/cuda/images.h"'
		echo 'const char images_code[] = "0123456789abcdef";'
		echo 'const struct image images[] = {'
	} >images.c
	for source in "$TOP"/kernels/cuda/*.c; do
		source=${source##*/}
		doubles_compile -c -o "$WORK/host/${source%.c}.o" "kernels/cuda/$source" || return
		echo "{\"${source%.c}\", \"${source%.c}\"}," >>images.c
	done
	echo '{0}};' >>images.c
	doubles_compile -c -o "$WORK/host/images.o" "$WORK/images.c" || return
	doubles_library host
}

doubles_fast() {
	doubles_compile -shared -Wl,-soname,libcublasLt.so.13 -o "$WORK/double/libcublasLt.so.13" \
		tests/cuda/cublaslt.c "$WORK/double/libcudart.so.13" -lm &&
		doubles_compile -shared -Wl,-soname,libcudnn.so.9 -o "$WORK/double/libcudnn.so.9" \
			tests/cuda/cudnn.c "$WORK/double/libcudart.so.13" -lm
}

doubles_library() {
	local objects=("$WORK"/host/*.o)
	if [ $# -gt 1 ]; then
		sed "$3" "$TOP/kernels/cuda/$2" >changed.c
		! cmp -s changed.c "$TOP/kernels/cuda/$2" || return
		doubles_compile -w -c -o "$WORK/changed.o" "$WORK/changed.c" || return
		mapfile -t objects < <(printf '%s\n' "${objects[@]}" | grep -v "/host/${2%.c}.o\$")
		objects+=("$WORK/changed.o")
	fi
	doubles_compile -shared -o "$WORK/$1.so" "${objects[@]}" -ldl -lm
}

over() {
	local library=$1
	shift
	LD_LIBRARY_PATH=$WORK/double EINTHOVEN_DEVICE=cuda EINTHOVEN_EXTENSION=$WORK/$library.so \
		DOUBLE_NCCL_FOLDER=$WORK "$@"
}
