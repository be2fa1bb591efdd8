#!/usr/bin/env bash
# Signals stay in the mapped artifact: pretrain, embed and finetune need about the same anonymous memory for
# twice as many records, and views store none. With fewer records than these the features of finetune's floors
# are arrays so small that they are ordinary memory (common/scratch.h), and grow with them.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/chain.sh"
grep -q fsanitize "$BUILD/flags" && skip_all "a sanitizer has memory of its own"
export EINTHOVEN_THREADS=1 EINTHOVEN_QUIET=1
tiny="pretrain.d_model=32 pretrain.n_heads=2 pretrain.n_time_layers=1 pretrain.n_channel_layers=1 \
	pretrain.batch=16 \
	pretrain.projector_hidden=32 pretrain.projector_out=16 pretrain.epochs=1 probe.bootstrap=20 \
	probe.c_steps=2 probe.evaluation=folds \
	finetune.bootstrap=20 finetune.epochs=1 finetune.batch=16 embed.attention_records=0"

# The most anonymous memory of a command, in kB, looked at again and again: what is held for long is seen.
# Read by the shell itself: a process for each look would cost as much as the command.
peak_kb() {
	local most=0 now=0 pid name kb _
	"$@" >/dev/null 2>&1 &
	pid=$!
	while [ -n "$now" ]; do
		now=
		{
			while read -r name kb _; do [ "$name" != RssAnon: ] || now=$kb; done \
				</proc/$pid/status
		} 2>/dev/null
		[ "${now:-0}" -le "$most" ] || most=$now
		sleep 0.02
	done
	wait $pid || return
	echo "$most"
}

few=800 many=1600
declare -A kb
for n in $few $many; do
	for stage in fetch preprocess views pretrain embed probe finetune; do
		chain "run$n" "fetch.records=$n $tiny" || break
		kb[$stage$n]=$(peak_kb "$BIN/$stage" --build "run$n")
	done
done
signals_kb=$(((many - few) * 48))
for stage in pretrain embed finetune; do
	check "$stage was seen at work" test "${kb[$stage$few]}" -gt 1000
	more=$((${kb[$stage$many]} - ${kb[$stage$few]}))
	check "$stage: $((many - few)) more records, $signals_kb kB of signals, cost $more kB" \
		test $more -lt $((signals_kb / 5))
done
same=$(($(stat -c %s "$WORK/store/objects/"*/"$(id run$few views).mdb") - \
	$(stat -c %s "$WORK/store/objects/"*/"$(id run$many views).mdb")))
is "views of many records are as large as of few" $same 0
tap_done
