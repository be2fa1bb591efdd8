#!/usr/bin/env bash
# What was edited by hand in a run's folder is noticed by the next make, not only by one with CHECK=1: ids,
# what was printed, slices; and that trust.yaml was edited.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/pipeline.sh"
tap_needs make
unset EINTHOVEN_TRUST
tree_of_stubs
R=build/runs/default
outcome probe >/dev/null
first=$(cat $R/probe.txt) id=$(cat $R/probe.id)
is "nothing to do" "$(outcome probe)" ""

echo 'AUROC 0.999' >$R/probe.txt
is "a printed result that was edited is looked up again" "$(outcome probe)" probe:hit
is "... and printed as it was" "$(head -1 "$WORK/stdout")" "${first%%$'\n'*}"
is "... once" "$(outcome probe)" ""
touch $R/probe.txt
outcome probe >/dev/null
is "one that was only touched heals too" "$(outcome probe)" ""

cp $R/fetch.id $R/probe.id
is "an id that was edited is set right" "$(outcome probe)" probe:hit
is "... to what it was" "$(cat $R/probe.id)" "$id"
is "... once" "$(outcome probe)" ""
cp $R/fetch.id $R/views.id
outcome probe >/dev/null
is "also one that others read" "$(cat $R/views.id $R/probe.id | sort)" "$(sort $R/views.id <(echo "$id"))"
is "... once" "$(outcome probe)" ""
cp $R/fetch.id $R/views.id
check "a stage by itself does not read such a one" bash -c "! build/bin/pretrain --build $R 2>err &&
	grep -q 'views.id: is not the id that its stage left there' err"
outcome probe >/dev/null

cp $R/params/pretrain.json slice
sed -i 's/:\([0-9]\)/:1\1/' $R/params/pretrain.json
if cmp -s slice $R/params/pretrain.json; then
	not_ok "the slice has a number to edit"
fi
check_fails "a slice that was edited is refused, with what to do" 2 \
	"pretrain.json is not what was cut .*SET=; with CHECK=1" plain_make probe
outcome probe CHECK=1 >/dev/null
is "CHECK=1 cuts it anew" "$(cmp slice $R/params/pretrain.json && cat $R/probe.id)" "$id"

is "nothing to do" "$(outcome probe)" ""
sleep 0.02
printf 'keys:\n  ada:\n    key: MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n' >trust.yaml
all_ran='fetch:ran preprocess:ran views:ran pretrain:ran embed:ran probe:ran'
is "with a trust.yaml what nobody signed is made again" "$(EINTHOVEN_KEY='' outcome probe)" "$all_ran"
is "... once" "$(EINTHOVEN_KEY='' outcome probe)" ""
tap_done
