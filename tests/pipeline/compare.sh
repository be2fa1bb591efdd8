#!/usr/bin/env bash
# Arms of a comparison: what a make starts for them, with stages that cost nothing.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/pipeline.sh"
tap_needs make
tree_of_stubs
mkdir -p params/arms
printf 'views:\n  n: 2\n' >params/arms/one.yaml
printf 'pretrain:\n  n: 3\n' >params/arms/two.yaml
R=build/runs/default

what() { # what RESULT: how often each stage did so, in the order of the pipeline
	local s n
	for s in $stages finetune evaluate report; do
		n=$(grep -c "^$s: $1" "$WORK/stderr")
		[ "$n" = 0 ] || printf '%s:%s ' "$s" "$n"
	done
}

outcome compare report >/dev/null
is "a comparison runs only what differs between its arms" "$(what ran)" \
	"fetch:1 preprocess:1 views:2 pretrain:2 embed:2 probe:2 evaluate:1 report:1 "
check "each arm has a folder of its own" cmp $R/arms/one/fetch.id $R/arms/two/fetch.id
mkdir -p $R/report && touch $R/report/index.html # what stands for a page
outcome compare report >/dev/null
is "the same again starts nothing" "$(n_started)" 0
check "... and prints the result" grep -q '^made of report' "$WORK/stdout"
is "probe of the run itself is its own chain, all hits" "$(outcome probe)" \
	"fetch:hit preprocess:hit views:hit pretrain:ran embed:ran probe:ran"

rm $R/report/index.html
outcome report >/dev/null
is "a page that was removed is unpacked again" "$(what cached)" "report:1 "
touch $R/report/index.html

printf 'embed:\n  n: 4\n' >params/arms/three.yaml
outcome compare report >/dev/null
is "another arm runs only itself, evaluate and report" "$(what ran)" "embed:1 probe:1 evaluate:1 report:1 "
outcome compare report ARMS="one two" >/dev/null
is "fewer arms are a hit" "$(what cached)" "evaluate:1 report:1 "
outcome compare report >/dev/null
is "all again are a hit" "$(what cached)" "evaluate:1 report:1 "
outcome compare report SET=report.n=9 >/dev/null
is "a parameter of the report reruns the report alone" "$(what ran)" "report:1 "

printf 'pretrain:\n  n: 7\n  fails: true\n' >params/arms/three.yaml
outcome compare report >/dev/null
is "an arm that fails does not stop the others" "$(cat "$WORK/code")" 0
check "... it says why" grep -q 'told to fail' "$WORK/stderr"
is "... what follows it is not started" "$(grep -c 'embed\|probe' "$WORK/stderr")" 0
is "... nothing of it is left that others could read" "$(ls $R/arms/three/{pretrain,embed,probe}.id 2>/dev/null)" ""
check "... and evaluate knows" grep -q '"three/scores":null' $R/evaluate.key.json
outcome compare report >/dev/null
check "it is tried again by the next make" grep -q 'told to fail' "$WORK/stderr"
printf 'pretrain:\n  n: 7\n' >params/arms/three.yaml
outcome compare report >/dev/null
is "mended, it runs" "$(what ran)" "pretrain:1 embed:1 probe:1 evaluate:1 report:1 "
outcome compare report >/dev/null
is "... and is at rest" "$(n_started)" 0

outcome compare report ARMS=one SEEDS="1 2 3" >/dev/null
is "seeds run what is drawn again, and share the rest" "$(what ran)" "pretrain:2 embed:2 probe:2 evaluate:1 report:1 "
check "... each in a folder of its own" test -e $R/arms/one@3/probe.id
check "... the first is the arm as it stands" cmp $R/arms/one@1/probe.id $R/arms/one/probe.id
outcome compare report ARMS=one SEEDS="1 2 3" >/dev/null
is "... and are at rest" "$(n_started)" 0
outcome compare report ARMS="one one@2" >/dev/null
is "one seed can be asked for by name" "$(what ran)" "evaluate:1 report:1 "
outcome compare ARMS=one@2 SET=pretrain.n=5 >/dev/null
outcome compare ARMS=one@2 SET=pretrain.n=5 >/dev/null
is "overrides hold for seeds too" "$(n_started)" 0

printf 'finetune:\n  n: 7\n' >params/arms/three.yaml
outcome compare >/dev/null
is "a section finetune has it judge" "$(grep -c 'finetune: ran' "$WORK/stderr")" 1

# ---- from scratch: nothing that finetune does not read is made ----
printf 'pretrain:\n  n: 8\nfinetune:\n  from: scratch\n' >params/arms/three.yaml
rm -rf $R/arms/three
outcome compare report >/dev/null
is "an arm from scratch runs no pretraining, no embedding and no probe" "$(what ran)" "finetune:1 evaluate:1 report:1 "
is "... nor looks for them in the cache" "$(ls $R/arms/three/*.id)" \
	"$(echo $R/arms/three/{fetch,finetune,preprocess,views}.id | tr ' ' '\n')"
check "... and evaluate reads of it what there is" grep -q '"three/scores":"' $R/evaluate.key.json
is "... that is all" "$(grep -o '"three/[a-z]*"' $R/evaluate.key.json | tr '\n' ' ')" '"three/scores" "three/signals" "three/views" '
outcome compare report >/dev/null
is "... and is at rest" "$(n_started)" 0
outcome compare ARMS="three three@2" >/dev/null
is "... with another seed too" "$(what ran)" "finetune:1 evaluate:1 "
outcome compare SET=finetune.from=pretrained ARMS=three >/dev/null
is "SET beats the arm" "$(what ran)" "pretrain:1 embed:1 probe:1 finetune:1 evaluate:1 "
outcome finetune SET=finetune.from=scratch RUN=alone >/dev/null
is "the run itself from scratch makes no more" "$(ls build/runs/alone/*.id)" \
	"$(echo build/runs/alone/{fetch,finetune,preprocess,views}.id | tr ' ' '\n')"
outcome finetune RUN=alone >/dev/null
is "... and pretrained has its chain" "$(find build/runs/alone -name '*.id' | wc -l)" 7

printf 'extends: default.yaml\n' >params/arms/three.yaml
outcome compare >/dev/null
check "an arm that extends is refused" grep -q 'three.yaml:1: an arm goes on top of PARAMS and extends nothing' "$WORK/stderr"
rm params/arms/three.yaml
outcome compare ARMS="one nobody" >/dev/null
check "an arm that is not there is named" grep -q 'params/arms/nobody.yaml' "$WORK/stderr"
tap_done
