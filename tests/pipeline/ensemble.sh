#!/usr/bin/env bash
# Ensembles, by stages that cost nothing: which models they read, what a make starts, and what is refused.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/pipeline.sh"
tap_needs make
tree_of_stubs
mkdir -p params/arms
printf 'pretrain:\n  n: 3\n' >params/arms/one.yaml
printf 'pretrain:\n  n: 4\n' >params/arms/two.yaml
printf 'pretrain:\n  members: one+two+two@2\n' >params/arms/all.yaml
A=build/runs/default/arms

reads() { # reads FOLDER: the models it was made of, as the pretrain of which arm they are
	local id f
	sed 's/^made of [^ ]* [^ ]* [^ ]* [^ ]* [^ ]* [^ ]*//' "$1/pretrain.txt" | tr ' ' '\n' |
		while read -r id; do
			for f in "$2"/*/pretrain.id; do
				[ "$(cat "$f")" = "$id" ] && basename "$(dirname "$f")"
			done
		done | tr '\n' ' '
}
n_ran() { # how often a stage ran
	grep -c "^$1: ran" "$WORK/stderr"
}

plain_make arm ARM=all >/dev/null 2>"$WORK/stderr"
is "an ensemble is made of its members' models, in their order" "$(reads $A/all $A)" "one two two@2 "
is "... which are trained, each once, and no further" "$(n_ran pretrain) $(n_ran embed)" "4 1"
outcome arm ARM=all >/dev/null
is "the same again starts nothing" "$(n_started)" 0
outcome arm ARM=two@2 >/dev/null
is "a member is an arm as any other" "$(n_ran pretrain) $(n_ran embed)" "0 1"

printf 'pretrain:\n  n: 5\n' >params/arms/one.yaml
outcome arm ARM=all >/dev/null
is "a member that changes is trained again, and the ensemble" "$(n_ran pretrain) $(n_ran embed)" "2 1"
printf 'pretrain:\n  members: two+one\n' >params/arms/all.yaml
outcome arm ARM=all >/dev/null
is "other members: the ensemble alone" "$(n_ran pretrain) $(n_ran embed)" "1 1"
is "... of these" "$(reads $A/all $A)" "two one "

printf 'pretrain:\n  members: one+one@2\n' >params/arms/all.yaml
outcome compare ARMS=all SEEDS="2 3" >/dev/null
is "with a seed of its own an ensemble shares no member with another" \
	"$(reads $A/all@2 $A)/ $(reads $A/all@3 $A)" "one@2 one@2002 / one@3 one@3002 "
is "a comparison is of the ensembles alone" \
	"$(cut -d/ -f1 build/runs/default/evaluate.inputs | sort -u | tr '\n' ' ')" \
	"all@2 all@3 "

printf 'pretrain:\n  n: 6\n  fails: true\n' >params/arms/one.yaml
check_fails "a comparison whose member fails says whose" 2 '' plain_make compare ARMS="all two"
check "... in its table" grep -q '^all	failed	pretrain' build/runs/default/evaluate.told
check "... and goes on with the others" grep -q . $A/two/probe.id
printf 'pretrain:\n  n: 5\n' >params/arms/one.yaml

# ---- of a run itself ----
plain_make probe RUN=joined SET="pretrain.members=one+two@2" >/dev/null 2>"$WORK/stderr"
is "a run is an ensemble by SET" "$(reads build/runs/joined build/runs/joined/arms)" "one two@2 "
check "... and hands none of it to its members" \
	sh -c "! grep -q 'members\":\"one' build/runs/joined/arms/*/params/pretrain.json"
plain_make probe RUN=joined2 SET="pretrain.members=one+two@2 pretrain.seed=3" >/dev/null 2>"$WORK/stderr"
is "... its seed goes to them" "$(reads build/runs/joined2 build/runs/joined2/arms)" "one two@3002 "
check "... as it is where they have none" \
	grep -q '"seed":3[,}]' build/runs/joined2/arms/one/params/pretrain.json

# ---- what is refused ----
refused() { # refused NAME MESSAGE MAKE'S ARGUMENTS
	local name=$1 message=$2
	shift 2
	check_fails "$name" 2 "$message" plain_make "$@"
}
refused "a member that is no arm" 'no params/arms/twoo.yaml; did you mean two?' \
	probe SET=pretrain.members=one+twoo
refused "an ensemble of ensembles" 'all is an ensemble itself' probe SET=pretrain.members=one+all
refused "members of an arm by SET" 'is of the run itself' arm ARM=one SET=pretrain.members=one+two
refused "members beside a model that is there" 'MODEL=joined stands in the place of pretraining' \
	probe MODEL=joined SET=pretrain.members=one+two
printf 'pretrain:\n  n: 2\n  members: one+two\n' >params/own.yaml
refused "members in a params file" 'is for SET, or a file of params/arms' probe PARAMS=params/own.yaml
tap_done
