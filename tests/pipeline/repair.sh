#!/usr/bin/env bash
# What `store fsck --repair` says of objects that no remote has: the makes that it names, typed as they stand,
# bring them back: of a run, of an arm, of a run with words that a shell would split, of another build folder.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/pipeline.sh"
tap_needs make
tree_of_stubs
mkdir -p params/arms
printf 'pretrain:\n  n: 3\n' >params/arms/three.yaml
printf 'pretrain:\n  n: 4\n' >params/mine.yaml
check "a comparison" plain_make compare report
check "a run of other params" plain_make probe PARAMS=params/mine.yaml RUN=mine SET='fetch.n=5 embed.n=6'
all_ids() { (cd build/runs && find . -name '*.id' | LC_ALL=C sort | xargs tail -n 1); }
all_objects() { find "$EINTHOVEN_STORE/objects" -name '*.mdb' | LC_ALL=C sort; }
fsck() { "$BIN/store" fsck --runs build/runs "$@" >found 2>&1; }
ids=$(all_ids) objects=$(all_objects)
check "all is well" fsck

object_of() { find "$EINTHOVEN_STORE/objects" -name "$(cat build/runs/"$1".id).mdb"; }
for name in mine/pretrain default/arms/three/probe default/report; do
	chmod u+w "$(object_of $name)"
	truncate -s 100 "$(object_of $name)"
done
for name in mine/embed default/evaluate; do rm -f "$(object_of $name)"; done
fsck --repair
is "fsck --repair moves the damaged out of the way" "$(grep -c 'moved to' found)" 3
sed -n 's/^ *to do *\(make .*\) makes it again$/\1/p' found | sort -u >commands
is "... and names a make for each of five" "$(awk '{ print $4 }' commands | paste -sd' ')" \
	"arm embed evaluate pretrain report"
while read -r command; do
	check "$command" bash -c "$command </dev/null"
done <commands
check "then all is well" fsck
is "... each object is there" "$(all_objects)" "$objects"
is "... and each run has what it had" "$(all_ids)" "$ids"

ln -s build other # so that nothing is built again
chmod u+w "$(object_of mine/embed)"
truncate -s 100 "$(object_of mine/embed)"
"$BIN/store" fsck --repair --runs other/runs/ >found 2>&1
is "an object that a run names is told once" "$(grep -cE '^(damaged|missing)' found)" 1
command=$(sed -n 's/^ *to do *\(make .*\) makes it again$/\1/p' found)
is "... and the make that it takes names its build folder" "${command##* }" B=other
check "$command" bash -c "$command </dev/null"
check "then all is well" fsck
tap_done
