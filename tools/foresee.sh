#!/bin/sh
# What `make -n study` or `make -n cell` would run: of each cell the stages that are not up to date. Changes
# nothing. Asked by `make -q`, says nothing and ends with 1 if there is any.
#
#	MAKE=make B=build R=build/runs/study-x RUN=study-x PARAMS=FILE CELL= tools/foresee.sh WORDS...
#
# With WORDS build/bin/params writes the cells into a folder (tools/params/study.h).
is_asked=
case ${MAKEFLAGS%% *} in *q*) is_asked=1 ;; esac
if [ ! -x "$B/bin/params" ]; then
	[ -z "$is_asked" ] || exit 1
	echo "make would build the programs first, which then can say what the cells are"
	exit 0
fi
lists=$(mktemp -d) || exit 1
trap 'rm -rf "$lists"' EXIT
trap 'exit 130' INT
"$B/bin/params" --out "$lists" "$@" || exit 1
asked=${CELL:-}
awk -F '\t' -v cell="$asked" 'cell == "" || $1 == cell' "$lists/cells" >"$lists/asked"
if [ ! -s "$lists/asked" ]; then
	echo "CELL=$asked: no such cell" >&2
	exit 2
fi

n_run=0
while IFS='	' read -r cell set; do
	stages=$($MAKE --no-print-directory -n -f pipeline.mk probe RUN="$RUN/arms/$cell" PARAMS="$PARAMS" \
		STUDY= SET="$set" 2>"$lists/said" </dev/null) || { cat "$lists/said" >&2; exit 1; }
	stages=$(printf '%s\n' "$stages" | grep -oE 'bin/[a-z]+ --build' |
		awk -F '[/ ]' '!seen[$2]++ { all = all " " $2 } END { print all }')
	[ -n "$stages" ] || continue
	[ -z "$is_asked" ] || exit 1
	n_run=$((n_run + 1))
	echo "$cell: would start$stages"
done <"$lists/asked"
n=$(wc -l <"$lists/asked")
[ -n "$is_asked" ] || echo "$n_run of $n cells are not up to date; what the store has is a hit"
