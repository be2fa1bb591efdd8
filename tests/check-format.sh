#!/usr/bin/env bash
# The C sources are as clang-format leaves them, lines end within 110 columns; shell scripts pass shellcheck;
# headers compile alone; stages say what they do.
. "$(dirname "$0")/tap.sh"
cd "$TOP" || exit 1
sources=$(git ls-files '*.c' '*.h' 2>/dev/null || find . -name '*.[ch]' -not -path './build/*')

# Other versions of clang-format wrap other lines: only this one's opinion counts.
wanted=14
if clang-format --version 2>/dev/null | grep -q "version $wanted\."; then
	# shellcheck disable=SC2086
	bad=$(clang-format --dry-run -Werror $sources 2>&1 | sed -n 's/:[0-9]*:[0-9]*: error:.*//p' |
		sort -u | tr '\n' ' ')
	is "clang-format changes nothing (make format)" "$bad" ""
else
	skip "clang-format changes nothing" "clang-format $wanted is not installed"
fi

# 110 columns, a tab being eight. A line that is one text (a message, ids) cannot be split and may be longer.
scripts=$(git ls-files '*.sh' '*.awk' '*.mk' Makefile setup .ci tests/run tools/arm.slurm 2>/dev/null)
# shellcheck disable=SC2086
bad=$(perl -CSD -ne '1 while s/\t/" " x (8 - $-[0] % 8)/e; chomp;
	print " $ARGV:$." if length > 110 && !/^ *("[^"]*"|\x27[^\x27]*\x27)( \\|,)?$/;
	close ARGV if eof' $sources $scripts)
is "lines end within 110 columns" "$bad" ""

bad=
# vec_<set>.h are parts of vec.h, for one instruction set each.
for f in $(echo "$sources" | grep '\.h$' | grep -v 'kernels/cpu/vec_'); do
	printf '#include "%s"\n' "$f" | ${CC:-gcc} -std=c17 -D_GNU_SOURCE -DCPU_ISA=scalar -I. \
		-fsyntax-only -x c - 2>"$WORK/err" || bad="$bad $f"
done
is "every header compiles alone" "$bad" ""

# The comment before the first #include; a stage is a file, or a folder with a file of its name.
opening() { sed '/^#include/,$d' "$1"; }
bad=
for f in stages/*.c stages/*/*.c; do
	case $f in stages/*/*.c) [ "$(basename "$f" .c)" = "$(basename "$(dirname "$f")")" ] ||
		continue ;; esac
	for word in Reads Writes story; do
		opening "$f" | grep -qw "$word" || bad="$bad $f:$word"
	done
done
is "every stage opens with what it reads, what it writes and its story" "$bad" ""

# It takes longest, so scripts of which it found nothing before are not read again until one changes.
if command -v shellcheck >/dev/null 2>&1; then
	shells="setup .ci/run .ci/bare tools/arm.slurm tests/run $(git ls-files '*.sh' | tr '\n' ' ')"
	options="-x -e SC1090,SC1091,SC2154,SC2015,SC2034"
	found_nothing=$BUILD/tests/shellcheck.found-nothing
	# shellcheck disable=SC2086 # several words
	now=$({ shellcheck --version; echo $options $shells; cat $shells; } | sha256sum)
	lint() {
		# shellcheck disable=SC2086 # several words
		[ "$now" = "$(cat "$found_nothing" 2>/dev/null)" ] || { shellcheck $options $shells &&
			mkdir -p "$BUILD/tests" && echo "$now" >"$found_nothing"; }
	}
	check "shellcheck finds nothing" lint
else
	skip "shellcheck finds nothing" "shellcheck is not installed"
fi
tap_done
