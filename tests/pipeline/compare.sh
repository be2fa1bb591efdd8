#!/usr/bin/env bash
# Arms of a comparison: what a make starts for them, with stages that cost nothing.
# tests/run: long
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

check "a dry run of a comparison finds no arm failed" plain_make -n compare report
check "... and makes nothing" test ! -e $R
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

is "explain knows an arm" "$(plain_make explain ARM=two | head -2 | tr '\n' ' ')" \
	"arms/two: fetch: up to date "
is "... each of several" \
	"$(plain_make explain ARMS="one two" SET=views.n=9 | grep -c 'views: params.n\|^arms')" 4

outcome compare ARMS=two >/dev/null
lies() { find build/runs -printf '%p %T@ %s\n' | sort; }
lies >before
plain_make -n compare report ARMS=one >/dev/null 2>&1
is "a dry run of other arms leaves all as it is" "$(lies | diff before -)" ""
outcome report >/dev/null
is "a report after a compare of some arms is of these" "$(grep -c '^one\|^two' $R/report.inputs)" \
	"$(grep -c '^two' $R/report.inputs)"
outcome compare report >/dev/null

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
is "an arm that fails does not stop the others, but is an error in the end" \
	"$(cat "$WORK/code") $(ls $R/report/index.html)" "2 $R/report/index.html"
check "... it says why" grep -q 'told to fail' "$WORK/stderr"
check "... with which arm it is, and of how many" \
	grep -q '^arm 2 of 3: three: pretrain: told to fail' "$WORK/raw"
check "... and keeps it" grep -qx 'told to fail' $R/arms/three/pretrain.failed
check "... the last line says which arms" grep -q \
	'\*\*\* 1 of 3 arms came to nothing: three (pretrain: told to fail); all else is done' "$WORK/stderr"
is "... evaluate is told" "$(grep failed $R/evaluate.told)" \
	"$(printf 'three\tfailed\tpretrain\ttold to fail')"
is "... and of each arm what its file sets" "$(grep definition $R/evaluate.told | tr '\t' ' ' | head -2)" \
	'one definition {"views.n":2}
three definition {"pretrain.fails":true,"pretrain.n":7}'
is "... what follows it is not started" "$(grep -c 'embed\|probe' "$WORK/stderr")" 0
is "... nothing of it is left that others could read" \
	"$(ls $R/arms/three/{pretrain,embed,probe}.id 2>/dev/null)" ""
check "... and evaluate knows" grep -q '"three/scores":null' $R/evaluate.key.json
outcome compare report >/dev/null
check "it is tried again by the next make" grep -q 'told to fail' "$WORK/stderr"
printf 'pretrain:\n  n: 7\n' >params/arms/three.yaml
outcome compare report >/dev/null
is "mended, it runs" "$(what ran)" "pretrain:1 embed:1 probe:1 evaluate:1 report:1 "
outcome compare report >/dev/null
is "... and is at rest" "$(n_started)" 0
is "a fault that all arms share is met once" "$(outcome compare SET=fetch.source=nowhere >/dev/null
	grep -c 'nowhere: cannot open' "$WORK/stderr")" 2
check "... named once at the end too" grep -q \
	'3 of 3 arms came to nothing: one three two (fetch: nowhere: cannot open' "$WORK/stderr"
is "... and each arm keeps it" "$(cat $R/arms/{one,two,three}/fetch.failed | uniq | wc -l)" 1
echo data >nowhere
is "... which the next make tries again" \
	"$(outcome compare SET=fetch.source=nowhere | grep -o 'fetch:[a-z]*' | tr '\n' ' ')" \
	"fetch:ran fetch:hit fetch:hit "
rm nowhere
outcome compare report >/dev/null

# An arm that is ended from outside, as by a time limit (143) or for its memory (137), is one that fails.
cat >ender <<'END'
#!/bin/sh
echo "$*" >>launches
case "$*" in *arms/three*) [ ! -e end ] || kill -"$(cat end)" $$ ;; esac
exec "$@"
END
chmod +x ender
for signal in KILL:9 TERM:15; do
	echo "${signal%:*}" >end
	sed -i 's/n: .*/n: 1'"${signal#*:}"'/' params/arms/three.yaml
	outcome compare report LAUNCH_pretrain=./ender >/dev/null
	is "an arm that SIG${signal%:*} ends does not stop the others" \
		"$(cat "$WORK/code") $(grep -cE '^(evaluate|report): ' "$WORK/stderr")" "2 2"
	is "... evaluate is told" "$(grep failed $R/evaluate.told)" \
		"$(printf 'three\tfailed\tpretrain\tsignal %s ended it' "${signal#*:}")"
	check "... it says so" grep -q "^pretrain: signal ${signal#*:} ended it in $R/arms/three" \
		"$WORK/stderr"
	rm end
	outcome compare report LAUNCH_pretrain=./ender >/dev/null
	is "... and the next make tries again" "$(what ran)" "pretrain:1 embed:1 probe:1 evaluate:1 report:1 "
done
sed -i 's/n: .*/n: 33\n  gate: never/' params/arms/three.yaml
for sh in /bin/sh bash; do
	rm -f never.begun
	# shellcheck disable=SC2086 # several words
	setsid env --default-signal=INT make -f pipeline.mk B=build SHELL="$(command -v $sh)" $choices \
		compare >/dev/null 2>"$WORK/stderr" &
	group=$!
	wait_for test -e never.begun
	kill -INT -- -$group
	wait $group 2>/dev/null
	is "Ctrl-C stops all ($sh)" "$? $(ls $R/arms/three/pretrain.failed 2>/dev/null)$(grep -c evaluate: \
		"$WORK/stderr")" "130 0"
	check "... the stage says so" \
		wait_for grep -q 'pretrain: interrupted; nothing was published' "$WORK/stderr"
done
printf 'pretrain:\n  n: 34\n  gate: never\n' >params/arms/three.yaml
rm -f never.begun
# shellcheck disable=SC2086 # several words
setsid make -f pipeline.mk B=build $choices arm ARM=three >/dev/null 2>"$WORK/stderr" &
group=$!
wait_for test -e never.begun
kill -TERM $group # make alone, as sbatch --signal=B:TERM does with exec make
wait $group 2>/dev/null
check "SIGTERM to a make that runs one arm reaches its stage" \
	wait_for grep -q '^pretrain: interrupted; nothing was published' "$WORK/stderr"

# ---- one arm by itself ----
printf 'pretrain:\n  n: 44\n' >params/arms/three.yaml
outcome arm ARM=three >/dev/null
is "one arm runs its own chain" "$(what ran)$(what cached)" "pretrain:1 embed:1 probe:1 "
check "... and prints its scores" grep -q '^three: made of probe' "$WORK/stdout"
outcome arm ARM=three >/dev/null
is "... once" "$(n_started)" 0
outcome compare report >/dev/null
is "then a comparison runs what is joint" "$(what ran)$(what cached)" "evaluate:1 report:1 "
printf 'pretrain:\n  n: 45\n  fails: true\n' >params/arms/three.yaml
outcome arm ARM=three >/dev/null
is "an arm that fails by itself is a failure" "$(cat "$WORK/code")" 2
outcome compare >/dev/null
is "... and of a comparison, in the end" \
	"$(cat "$WORK/code") $(ls $R/arms/three/pretrain.failed)" "2 $R/arms/three/pretrain.failed"
printf 'pretrain:\n  n: 45\n' >params/arms/three.yaml
outcome arm ARM=three >/dev/null
is "mended, it runs by itself" "$(what ran)" "pretrain:1 embed:1 probe:1 "
outcome compare report >/dev/null
is "... and is part of the comparison again" "$(what ran)" "evaluate:1 report:1 "
outcome arm ARM="one@2 three" SET=pretrain.temperature=0.3 >/dev/null
is "several arms, or one with another seed" "$(what ran)" "pretrain:2 embed:2 probe:2 "
check_fails "an arm without a name is refused" 2 'arm needs ARM=NAME, one of: one three two' plain_make arm
rm -rf $R/arms/one@2
printf 'pretrain:\n  n: 7\n' >params/arms/three.yaml
outcome compare report >/dev/null

# ---- launched stages ----
rm -f launches
outcome compare report LAUNCH_pretrain=./ender CHECK=1 >/dev/null
is "a hit starts no launcher" "$(cat launches 2>/dev/null)$(what cached)" \
	"fetch:3 preprocess:3 views:3 pretrain:3 embed:3 probe:3 evaluate:1 report:1 "
outcome probe LAUNCH_pretrain=./ender SET=pretrain.n=55 >/dev/null
is "a miss is launched" \
	"$(cat launches)$(what ran)" "build/bin/pretrain --build ${R}pretrain:1 embed:1 probe:1 "
rm launches
outcome probe LAUNCH_pretrain=./ender CHECK=1 SET=pretrain.n=55 >/dev/null
is "... once" \
	"$(cat launches 2>/dev/null)$(what cached)" "fetch:1 preprocess:1 views:1 pretrain:1 embed:1 probe:1 "
outcome probe LAUNCH_views=./ender SET="views.n=55 views.fails=true" >/dev/null
is "... and may fail" "$(cat "$WORK/code")" 2

outcome compare report ARMS=one SEEDS="1 2 3" >/dev/null
is "seeds run what is drawn again, and share the rest" \
	"$(what ran)" "pretrain:2 embed:2 probe:2 evaluate:1 report:1 "
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
is "an arm from scratch runs no pretraining, no embedding and no probe" \
	"$(what ran)" "finetune:1 evaluate:1 report:1 "
is "... nor looks for them in the cache" "$(ls $R/arms/three/*.id)" \
	"$(echo $R/arms/three/{fetch,finetune,preprocess,views}.id | tr ' ' '\n')"
check "... and evaluate reads of it what there is" grep -q '"three/scores":"' $R/evaluate.key.json
is "... that is all" "$(grep -o '"three/[a-z]*"' $R/evaluate.key.json | tr '\n' ' ')" \
	'"three/scores" "three/signals" "three/views" '
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
printf 'finetune:\n  n: 5 # not yet\n  from:   "scratch"\n' >params/beginning.yaml
printf '# from: pretrained\nextends: beginning.yaml\nfetch:\n  n: 1\n' >params/further.yaml
outcome finetune PARAMS=params/further.yaml >/dev/null
is "scratch in a file that is extended makes no more either" "$(ls build/runs/further/*.id)" \
	"$(echo build/runs/further/{fetch,finetune,preprocess,views}.id | tr ' ' '\n')"
printf 'extends: beginning.yaml\nfinetune: {from: pretrained}\n' >params/further.yaml
outcome finetune PARAMS=params/further.yaml >/dev/null
is "... unless the file itself says other" "$(find build/runs/further -name '*.id' | wc -l)" 7

printf 'extends: default.yaml\n' >params/arms/three.yaml
outcome compare >/dev/null
check "an arm that extends is refused" \
	grep -q 'three.yaml:1: an arm goes on top of PARAMS and extends nothing' "$WORK/stderr"
rm params/arms/three.yaml
outcome compare ARMS="one nobody" >/dev/null
check "an arm that is not there is named" grep -q 'params/arms/nobody.yaml' "$WORK/stderr"
tap_done
