#!/usr/bin/env bash
# How much of store/, remote/ and trust/ the tests have reached that ran in a build with COVERAGE=1: a line a
# folder with the shares of lines and of branches taken, and with FILES=1 a line a file, least first.
# UNCOVERED=FILE lists the lines of that file that were not reached. `make coverage` runs the tests and this.
#
#	B=build/coverage tests/coverage.sh
set -eu
cd "$(dirname "$0")/.."
build=${B:-build/coverage}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
command -v gcov >/dev/null || { echo "coverage: gcov is not installed" >&2; exit 1; }

# The compiler writes beside a name of its own (Makefile: own), which the object has no more.
data_of() { # data_of FILE
	# shellcheck disable=SC2012 # names of ours
	ls -t "$build/obj/${1%.c}".o.*.gcno | head -1 | sed 's/gcno$/gcda/'
}

if [ -n "${UNCOVERED:-}" ]; then
	gcov --stdout "$(data_of "$UNCOVERED")" 2>/dev/null |
		awk -F: -v file="$UNCOVERED" '$3 == "Source" { is_of = $4 == file }
			is_of && $1 ~ /#####|=====/ { sub(/^[^:]*:/, ""); print }'
	exit
fi

# "FILE LINES REACHED BRANCHES TAKEN"; a file that no test has begun to run has no counts, and counts as well.
for folder in store remote trust; do
	for object in "$build/obj/$folder"/*.o; do
		source=$folder/$(basename "$object" .o).c
		gcov --branch-probabilities --branch-counts --no-output "$(data_of "$source")" 2>/dev/null |
			awk -v file="$source" '/^File/ { is_of = index($0, "\047" file "\047") }
				function count(text) { sub(/.*:/, "", text); split(text, part, "% of ")
					n = part[2]; reached = int(part[1] * n / 100 + 0.5) }
				is_of && /^Lines executed/ { count($0); lines = n; lines_reached = reached }
				is_of && /^Taken at least once/ { count($0); branches = n; taken = reached }
				END { print file, lines + 0, lines_reached + 0, branches + 0, taken + 0 }'
	done
done >"$work/all"

# shellcheck disable=SC2016 # awk's
table='{ n[$1] += $2; reached[$1] += $3; m[$1] += $4; taken[$1] += $5 }
	function share(a, b) { return b ? 100 * a / b : 100 }
	END { for (f in n) printf "%-28s %5.1f %% of %5d lines  %5.1f %% of %5d branches\n", f,
		share(reached[f], n[f]), n[f], share(taken[f], m[f]), m[f] }'
[ -z "${FILES:-}" ] || awk "$table" "$work/all" | sort -k2,2n
sed 's|/[^ ]*||' "$work/all" | awk "$table" | sort
