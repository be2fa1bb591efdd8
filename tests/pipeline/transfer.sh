#!/usr/bin/env bash
# MODEL=: another run's network on other records, its classifier's predictions, training that goes on from it.
# tests/run: long
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/pipeline.sh"
tap_needs make python3
tree_as_it_is

small='fetch.records=120 pretrain.epochs=1 probe.bootstrap=10 probe.evaluation=folds'
small="$small embed.attention_records=0"
other="fetch.seed=7 fetch.records=100 probe.bootstrap=10 embed.attention_records=0"
runs=build/runs
id_of() { cat "$runs/$1.id"; }
make_here() { plain_make "$@" >"$WORK/stdout" 2>"$WORK/stderr"; }

# ---- predictions of a run's own records ----

check "predict says what the run's probe says of every record" make_here predict SET="$small"
check "... how many have which class" grep -q '^120 records predicted, 0 left out' "$WORK/stdout"
check "... the same numbers as the probe's" python3 - "$runs/default" "$BIN/store" <<'END'
import csv, subprocess, sys
run, store = sys.argv[1:]
subprocess.check_call([store, "export", run + "/probe.id", "scores.csv"])
scores = list(csv.reader(open("scores.csv")))
first = scores[0].index("NORM")
own = {r[0]: r[first:] for r in scores[1:]}
said = {r["id"]: r for r in csv.DictReader(open(run + "/predict.csv"))}
assert len(said) == 120 and set(own) <= set(said) and len(own) > 10
for record, row in own.items():
    for name, value in zip(scores[0][first:], row):
        assert abs(float(said[record][name]) - float(value)) < 1e-5, (record, name)
END
outcome predict SET="$small" >/dev/null
is "a second make starts nothing" "$(n_started)" 0
rm $runs/default/encoder.id
outcome predict SET="$small" >/dev/null
check "an id that was removed comes back" test -s $runs/default/encoder.id
rm $runs/default/predict.csv
is "predict.csv that was removed is written again" "$(outcome predict SET="$small")" predict:hit
check "... whole" grep -q '^120,' $runs/default/predict.csv

# ---- another run's model ----

is "MODEL stands in the place of pretraining" "$(outcome probe MODEL=default SET="$other")" \
	"split fetch:ran preprocess:ran embed:ran probe:ran"
lent=$runs/default-with-default
is "... in a folder of its own, with that model" "$(cat $lent/pretrain.id)" "$(id_of default/pretrain)"
differs "... and a probe of its own" "$(cat $lent/probe.id)" "$(id_of default/probe)"
outcome probe MODEL=default SET="$other" >/dev/null
is "... a second make starts nothing" "$(n_started)" 0
check "predict takes MODEL's classifier, not the new probe" make_here predict MODEL=default SET="$other"
is "... by its id" "$(cat $lent/head.id)" "$(id_of default/probe)"
check "fine-tuning starts from MODEL and the new probe" make_here finetune MODEL=default \
	SET="$other finetune.epochs=1 finetune.bootstrap=10"
check "a fine-tuned network predicts" make_here predict MODEL=default-with-default/finetune SET="$other"
tuned=$runs/default-with-default-with-default-finetune
check "... from one artifact" cmp $tuned/encoder.id $tuned/head.id

whole=$(id_of default/pretrain)
check "an artifact's id is a MODEL too" make_here embed MODEL="${whole:0:12}" RUN=by-id SET="$other"
is "... the same embeddings" "$(id_of by-id/embed)" "$(cat $lent/embed.id)"
check "scores lead to their network" make_here predict MODEL="$(id_of default/probe)" RUN=by-scores \
	SET="$other"
is "... the same predictions" "$(id_of by-scores/predict)" "$(cat $lent/predict.id)"

# ---- training on ----

check "CONTINUE=1 trains on from MODEL" make_here pretrain MODEL=default CONTINUE=1 RUN=on \
	SET="$other pretrain.epochs=1"
differs "... to other weights" "$(id_of on/pretrain)" "$(id_of default/pretrain)"
check "... at a rate of 0 to the same" make_here pretrain MODEL=default CONTINUE=1 RUN=still \
	SET="$other pretrain.epochs=1 pretrain.lr=0"
check "... bit by bit" python3 - "$BIN/store" "$runs" <<'END'
import json, struct, subprocess, sys
store, runs = sys.argv[1:]
def tensors(run):
    subprocess.check_call([store, "export", f"{runs}/{run}/pretrain.id", "m.safetensors"])
    b = open("m.safetensors", "rb").read()
    n = struct.unpack("<Q", b[:8])[0]
    h = json.loads(b[8:8 + n])
    return {k: b[8 + n + v["data_offsets"][0]:8 + n + v["data_offsets"][1]]
            for k, v in h.items() if k != "__metadata__"}
assert tensors("still") == tensors("default") and tensors("on") != tensors("default")
END

# ---- what cannot be ----

refused() { # refused TEXT ARGUMENT...
	local text=$1
	shift
	check_fails "make $*: $text" 2 "$text" plain_make "$@"
}
refused "MODEL=nobody: neither a run .* nor an artifact" predict MODEL=nobody
refused "MODEL=defualt: neither a run .*; did you mean 'default'?" predict MODEL=defualt
refused "MODEL=default/finetune: the run is there, but 'finetune' is neither a stage of it that has run" \
	predict MODEL=default/finetune
refused "stands in the place of pretraining; CONTINUE=1 trains on" pretrain MODEL=default
refused "CONTINUE=1 needs MODEL=NAME" pretrain CONTINUE=1
refused "MODEL= is not for compare" compare MODEL=default
refused "an arm predicts as MODEL=default/arms/halves" predict ARM=halves
refused "is where MODEL=default stands" probe MODEL=default RUN=default
refused "was made with MODEL=default; give it again, or another RUN" probe RUN=default-with-default
refused "has a model of its own; give another RUN" probe MODEL=default RUN=on
refused "rate_hz is 125, but the network of model .* preprocess.rate_hz" embed MODEL=default RUN=x \
	SET="$other preprocess.rate_hz=125"
refused "samples is 900, but the network .* preprocess.duration_s" embed MODEL=default RUN=x \
	SET="$other preprocess.duration_s=9"
refused "normalize is \"none\", but the network .* \"per_lead\"; set preprocess.normalize" predict \
	MODEL=default RUN=x SET="$other preprocess.normalize=none"
refused "low_pass_hz is 30, but the network" predict MODEL=default RUN=x \
	SET="$other preprocess.low_pass_hz=30"
refused "its d_model is not what section pretrain" pretrain MODEL=default CONTINUE=1 RUN=x \
	SET="$other pretrain.d_model=32"
refused "has no classifier, only a network" predict MODEL="$whole" RUN=x SET="$other"
refused "its network is fine-tuned; that serves predict" embed MODEL=default-with-default/finetune RUN=x \
	SET="$other"
refused "MODEL needs a model, embeddings or scores, and this is of kind records" predict \
	MODEL="$(id_of default/fetch)" RUN=x SET="$other"
tap_done
