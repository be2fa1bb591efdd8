# shellcheck shell=bash
# Tests that hold a declaration of ours of a library to the library's own header source this after tap.sh.
#
#	include=/usr/local/cuda/include                      # where theirs is
#	compiled FILE.c                                      # whether it compiles with both headers there
#	prototypes_agree kernels/cuda/nccl.h NCCL_FUNCTIONS nccl nccl.h 's/\bncclResult_t/int/g'

compiled() {
	"${CC:-gcc}" -std=c17 -Wall -Wextra -Werror -Wno-deprecated-declarations -fsyntax-only -I"$TOP" \
		-isystem "$include" "$@"
}

# prototypes_agree OURS LIST PREFIX THEIRS SED: each row of LIST in OURS has the type of its function in
# THEIRS, whose prototypes SED rewrites with our words for types; that those are the same is another check's.
# A function that THEIRS lacks does not compile.
prototypes_agree() {
	local ours=$1 list=$2 prefix=$3 theirs=$4 types=$5 names
	names=$(sed -n 's/.*F([^,]*, \([A-Za-z]*\),.*/\1/p' "$ours" | paste -sd'|')
	echo "#include <$theirs>" | "${CC:-gcc}" -E -P -isystem "$include" - | tr '\n' ' ' |
		sed 's/[;{}]/&\n/g' | grep -E "\b$prefix($names)\(" | sed -E "$types" >theirs.h
	cat >functions.c <<END_C
#include "theirs.h"
#define SAME(type, name, arguments) \\
	_Static_assert(__builtin_types_compatible_p(type arguments, __typeof__($prefix##name)), #name);
$list(SAME)
END_C
	compiled -include "$ours" functions.c
}

# prototypes_held NAME OURS LIST PREFIX THEIRS SED FUNCTION FROM TO: the check, and that it sees that FUNCTION
# is another where FROM in its row is TO.
prototypes_held() {
	local name=$1 ours=$TOP/$2 function=$7 from=$8 to=$9
	check "$name declares the library's functions" prototypes_agree "$ours" "$3" "$4" "$5" "$6"
	sed "s/$from/$to/" "$ours" >swapped.h
	check_fails "... and arguments in another order are seen" 1 "static assertion failed: \"$function\"" \
		prototypes_agree "$WORK/swapped.h" "$3" "$4" "$5" "$6"
}
