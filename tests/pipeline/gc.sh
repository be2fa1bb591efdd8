#!/usr/bin/env bash
# Five makes of one run with other params: gc removes what the four before made, by name, and nothing else.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/pipeline.sh"
tree_of_stubs
gc() { "$BIN/store" gc --delete "$@"; }
names() { grep -o "^$1 .*" out | grep -o '[0-9a-f]\{64\}' | sort; } # names KIND: in the output of gc
there() { find "$WORK/store/$1" -type f -printf '%f\n' | cut -c 1-64 | sort; }
old() { find "$WORK/store/objects" -type f -exec touch -d '2 days ago' {} +; }

former='' made=''
for seed in 1 2 3 4 5; do
	plain_make probe SET="pretrain.seed=$seed" >said 2>&1
	made=$made$(grep -c ': ran in' said)
	before=$former
	former="$former$(cat build/runs/default/{pretrain,embed,probe}.id)
"
done
# Another run shares pretrain and embed with the third.
plain_make probe RUN=other SET="pretrain.seed=3 probe.seed=7" >said 2>&1
shared=$(cat build/runs/other/{pretrain,embed}.id)
is "each make has made what is new" "$made" 63333
four=$(grep -vxF "$shared" <<<"$before" | grep . | sort)
kept=$(sort -u build/runs/*/*.id)
keys=$(for id in $four; do grep -l "\"subject\":\[[^]]*$id" "$WORK"/store/actions/*/*.json; done |
	grep -o '[0-9a-f]*\.json' | cut -c 1-64 | sort)
is "of the four before that are ten artifacts, each by one action" \
	"$(wc -l <<<"$four") $(wc -l <<<"$keys")" "10 10"

gc >out
is "what was just used stays" "$(tail -1 out)" "0 files, 0 B removed"
old
"$BIN/store" gc >out
is "a list has these ten" "$(names object)" "$four"
is "... with the entries that made them" "$(names action)" "$keys"
is "... and removes nothing" "$(there objects)" "$(sort <<<"$kept
$four")"
gc >out
is "gc puts these ten into the trash" "$(there trash | uniq)" "$four"
is "... and what a run has stays, with what it was made of" "$(there objects)" "$kept"
gc --grace-days 0 >out
is "then they go" "$(names object)" "$four"
is "... with their entries" "$(names action)" "$keys"
is "what is left are two runs" "$(there objects)" "$kept"
is "... with an entry each" "$(there actions | wc -l)" "$(wc -l <<<"$kept")"
is "... all sound" "$("$BIN/store" verify | tail -1)" "$(wc -l <<<"$kept") objects verified, 0 damaged"

is "the last params start nothing" "$(outcome probe SET=pretrain.seed=5)" ""
is "those of a former make run again, what was shared does not" \
	"$(outcome probe SET=pretrain.seed=2)" "split pretrain:ran embed:ran probe:ran"
is "... to the same ids" "$(cat build/runs/default/{pretrain,embed,probe}.id)" "$(sed -n 4,6p <<<"$former")"
tap_done
