# The pipeline: which stage reads which, and one rule shape for all. `make -f pipeline.mk help` lists the
# targets; docs/params.md says what PARAMS and SET take, docs/pipeline.md why the rules look as they do.
#
#	make -f pipeline.mk probe
#	make -f pipeline.mk probe PARAMS=params/ptbxl.yaml SET="pretrain.epochs=5 views.strategy=interleaved"
#	make -f pipeline.mk compare report ARMS="halves sequential"
#
# PARAMS=FILE     the experiment (params/default.yaml)
# SET="a.b=c"     overrides, as if they stood in the file
# RUN=NAME        folder of the run, build/runs/NAME (from PARAMS)
# CHECK=1         recheck all, whatever the file times say
# ARMS="NAME..."  what to compare: params/arms/NAME.yaml on top of PARAMS (all); NAME@2: the same with seed 2
# SEEDS="1 2 3"   each arm with each of these seeds, and what they come to
# ARM="NAME..."   the arm whose chain `make arm` runs
# MODEL=NAME      an existing model in place of pretraining: a run, an arm (RUN/arms/ARM) or an artifact's id;
#                 CONTINUE=1: pretraining begins with it
# STUDY=FILE      the study of `make study`: settings x seeds x rotations (docs/study.md)
# LAUNCH_pretrain="srun -N2"  what to start a stage with, on a miss
# EINTHOVEN_STORE=DIR         where artifacts are (.store)
# REMOTE=URL      of push and pull: a folder or a server (as store.yaml says; docs/sharing.md)
# ALL=1           push looks through what the remote has, too, and mends it

ifeq ($(filter grouped-target,$(.FEATURES)),)
$(error GNU Make 4.3 or newer is needed, this is $(MAKE_VERSION))
endif

stages := fetch preprocess views pretrain embed probe finetune predict
in_preprocess := fetch
in_views      := preprocess
in_pretrain   := views preprocess
in_embed      := pretrain preprocess
in_probe      := embed
in_finetune   = $(call reads_of,finetune)
in_predict    := encoder head preprocess

# What reads the chains of all arms together.
joint := evaluate report

# Options of Make that are one letter: -n makes nothing, -q asks whether all is made.
options  = $(firstword -$(MAKEFLAGS))
is_dry   = $(findstring n,$(options))
is_asked = $(findstring q,$(options))

# What a user gives is text: nothing in it is expanded, and what would mean something to Make or the shell
# is refused. Before anything is run: since Make 4.4 also what a shell function runs has it in its
# environment, expanded.
define newline


endef
space := $(subst ,, )
escaped = $(subst $(space),\ ,$1)
quoted = '$(subst ','\'',$1)'
given  = $(filter command environment,$(firstword $(origin $1)))
$(foreach v,PARAMS RUN SET ARM ARMS SEEDS STUDY CELL MODEL REMOTE EINTHOVEN_STORE \
	$(filter LAUNCH_%,$(.VARIABLES)),\
	$(if $(call given,$v),$(eval override $v := $$(subst $$(newline),$$(space),$$(value $v)))))
# Names that are one letter off would be read by nothing, and say nothing.
meant := PARAM=PARAMS params=PARAMS SEED=SEEDS seeds=SEEDS SETS=SET set=SET RUNS=RUN run=RUN arms=ARMS \
	arm=ARM model=MODEL MODELS=MODEL remote=REMOTE REMOTES=REMOTE URL=REMOTE
typed = $(filter command,$(firstword $(origin $1)))
$(foreach m,$(meant),$(foreach v,$(firstword $(subst =, ,$m)),$(if $(call typed,$v),\
	$(error $v= is read by nothing; did you mean $(lastword $(subst =, ,$m))=?))))
.DEFAULT_GOAL := help
include Makefile

# The text of file $1 without its last newline, which Make 4.3 leaves in $(file <) where its buffer was moved.
text_of   = $(subst ¶,,$(subst $(newline)¶,,$(file <$1)¶))

# Words ¶name:value of the YAML file $1; what stands behind a # has no ¶.
unquoted  = $(subst ",,$(subst ',,$(subst {, ¶ ,$(subst }, ¶ ,$(subst $(comma), ¶ ,$1)))))
lines_of  = $(strip ¶ $(subst $(newline), ¶ ,$(call unquoted,$(file <$1))))
pairs_of  = $(subst ¶, ¶,$(subst : ,:,$(subst ¶ ,¶,$(lines_of))))
value_in  = $(if $(wildcard $1),$(patsubst ¶$2:%,%,$(firstword $(filter ¶$2:%,$(pairs_of)))))

# A study is a run whose arms are its cells: of each setting, seed and rotation one.
studying := $(filter study cell,$(MAKECMDGOALS))
ifneq ($(studying),)
$(call named,STUDY)$(call named,CELL)
ifneq ($(words $(STUDY)) $(words $(wildcard $(STUDY))),1 1)
$(error STUDY must be a file, one of $(wildcard params/studies/*.yaml): STUDY=$(STUDY))
endif
$(foreach v,ARMS ARM SEEDS MODEL,$(if $($v),$(error $v= is not for a study; its file says what is compared)))
RUN    := $(or $(RUN),study-$(basename $(notdir $(STUDY)))$(if $(PARAMS),-of-$(basename $(notdir $(PARAMS)))))
PARAMS := $(or $(PARAMS),$(call value_in,$(STUDY),params),params/default.yaml)
endif

PARAMS ?= params/default.yaml
$(call named,MODEL)
RUN    ?= $(basename $(notdir $(PARAMS)))$(if \
	$(MODEL),-with-$(subst /,-,$(patsubst $(B)/runs/%,%,$(MODEL:.id=))))
ifneq ($(words $(PARAMS)) $(words $(RUN)),1 1)
$(error PARAMS and RUN must be one name each, without blanks: PARAMS=$(PARAMS) RUN=$(RUN))
endif
ifeq ($(filter %.yaml %.yml,$(PARAMS)),)
$(error PARAMS must be a file whose name ends in .yaml: PARAMS=$(PARAMS))
endif
$(call named,PARAMS)$(call named,RUN)
# "; did you mean x?" if one of the names $2 is like $1; asked for only where an error ends all.
like = $(addprefix ; did you mean ,$(addsuffix ?,$(shell awk -f tools/nearest.awk $1 $2)))
$(if $(wildcard $(PARAMS)),,$(error PARAMS=$(PARAMS): no such \
	file$(if $(wildcard params/$(PARAMS)),; did you mean params/$(PARAMS)?,$(call \
	like,$(PARAMS),$(wildcard params/*.yaml))); there are $(wildcard params/*.yaml)))
$(if $(filter . ..,$(subst /, ,$(RUN))),$(error RUN names a folder in $(B)/runs, none above it: RUN=$(RUN)))
R := $(B)/runs/$(RUN)

# With MODEL a run borrows what another has trained. Its folder stays of that sort: what a name means in it
# would else hang on the command before.
ifneq ($(MODEL),)
$(if $(filter 0 1,$(words $(MODEL))),,$(error MODEL must be one name: MODEL=$(MODEL)))
$(if $(filter $(RUN),$(MODEL) $(firstword $(subst /, ,$(MODEL)))),$(error RUN=$(RUN) is where MODEL=$(MODEL) \
	stands; leave RUN out, or give another))
$(if $(filter compare arm $(joint),$(MAKECMDGOALS)),\
	$(error MODEL= is not for compare: each arm trains its own))
borrowed := $(if $(CONTINUE),,pretrain)
$(if $(and $(borrowed),$(filter pretrain views,$(MAKECMDGOALS))),\
	$(error MODEL=$(MODEL) stands in the place of pretraining; CONTINUE=1 trains on from it))
$(if $(and $(borrowed),$(wildcard $(R)/pretrain.key.json)),\
	$(error $(R) has a model of its own; give another RUN))
$(if $(CONTINUE),$(eval override SET := $$(strip $$(SET) pretrain.start=model)))
in_pretrain += $(if $(CONTINUE),start)
else
$(if $(CONTINUE),$(error CONTINUE=1 needs MODEL=NAME to begin with))
$(if $(and $(ARM),$(filter predict,$(MAKECMDGOALS))),\
	$(error predict is of the run itself; an arm predicts as MODEL=$(RUN)/arms/$(ARM)))
$(if $(wildcard $(R)/pretrain.from),\
	$(error $(R) was made with MODEL=$(call line_in,$(R)/pretrain.from); give it again, or another RUN))
endif

STORE := $(or $(EINTHOVEN_STORE),.store)
ifneq ($(strip $(foreach l,* ? [ \,$(findstring $l,$(STORE))) $(filter ~%,$(firstword $(STORE)))),)
$(error EINTHOVEN_STORE must not contain * ? [ \ nor begin with ~: $(STORE))
endif
export EINTHOVEN_STORE := $(STORE)

# An arm is PARAMS with one more file on top, and a chain of stages in a folder of its own; the store shares
# what is equal. Its scores are finetune's if the file has such a section, else probe's.
comparing := $(filter compare $(joint),$(MAKECMDGOALS))
all_arms := $(patsubst params/arms/%.yaml,%,$(wildcard params/arms/*.yaml))
# A report after a compare of some arms is of these; compare without ARMS is of all again.
auditing   := $(filter audit bundle,$(MAKECMDGOALS))
remembered := $(if $(filter compare,$(MAKECMDGOALS)),,$(or $(filter $(joint),$(MAKECMDGOALS)),$(if $(ARM),,\
	$(auditing))))
ifneq ($(and $(remembered),$(wildcard $(R)/arms.given)),)
ARMS  ?= $(or $(filter-out @%,$(call line_in,$(R)/arms.given)),$(all_arms))
SEEDS ?= $(patsubst @%,%,$(filter @%,$(call line_in,$(R)/arms.given)))
endif
ARMS ?= $(all_arms)
$(call named,ARM)$(call named,ARMS)$(call named,SEEDS)
ifeq ($(if $(comparing),$(strip $(ARMS)),any),)
$(error ARMS is empty: name what to compare, or leave ARMS out for all of params/arms)
endif
wanted := $(if $(comparing),$(ARMS),$(if $(filter arm,$(MAKECMDGOALS)),\
	$(or $(ARM),$(error arm needs ARM=NAME, one of: $(ARMS))),$(if \
	$(filter explain push pull,$(MAKECMDGOALS)),$(ARM) $(if \
	$(filter override,$(firstword $(origin ARMS))),$(ARMS)),$(if $(auditing),\
	$(or $(ARM),$(if $(wildcard $(R)/arms.given),$(ARMS)))))))
# What was made of several arms together is pulled with them.
pulling := $(if $(filter pull,$(MAKECMDGOALS)),$(if $(filter override,$(firstword $(origin ARMS))),$(joint)))
arms := $(sort $(if $(SEEDS),$(foreach a,$(wanted),$(SEEDS:%=$a@%)),$(wanted)))
base_of = $(firstword $(subst @, ,$1))
seed_of = $(word 2,$(subst @, ,$1))
$(foreach a,$(arms),$(if $(wildcard params/arms/$(call base_of,$a).yaml),,\
	$(error ARMS: no params/arms/$(call base_of,$a).yaml$(call \
	like,$(call base_of,$a),$(all_arms)); there are $(all_arms))))
# All that is drawn while training: weights, order, views, and which labels are kept.
seeded  = $(patsubst %, %=$(seed_of),$(if $(seed_of),pretrain.seed finetune.seed finetune.label_draw))
# What an arm's stage reads (no arm: the run's own). A finetune from scratch reads nothing that was
# trained, so nothing is trained for it: `from` is the last of what SET, the arm, PARAMS and the file that
# PARAMS extends say.
from_set := $(patsubst finetune.from=%,%,$(lastword $(filter finetune.from=%,$(SET))))
extended := $(foreach f,$(call value_in,$(PARAMS),extends),$(if $(filter /%,$f),,$(dir $(PARAMS)))$f)
froms_of  = $(foreach f,$(if $1,params/arms/$(base_of).yaml) $(PARAMS) $(extended),$(call value_in,$f,from))
from_of   = $(firstword $(from_set) $(froms_of))
learns_of = $(if $(filter scratch,$(call from_of,$1)),views,pretrain probe)
reads_of  = $(if $(filter finetune,$1),$(call learns_of,$2) preprocess,$(in_$1))
judge_of = $(if $(findstring ¶ finetune:,$(call lines_of,params/arms/$(base_of).yaml)),finetune,probe)
# The artifacts that evaluate and report read of an arm, and where they are.
kinds_of      = signals views $(if $(filter finetune/scratch,$(judge_of)/$(from_of)),,model embeddings) scores
signals_of    = $(R)/arms/$1/preprocess.id
views_of      = $(R)/arms/$1/views.id
model_of      = $(R)/arms/$1/pretrain.id
embeddings_of = $(R)/arms/$1/embed.id
scores_of     = $(R)/arms/$1/$(judge_of).id
printed_by    = $(R)/arms/$1/$(judge_of).txt

# An ensemble joins models of other arms, pretrain.members: exemplars+halves+halves@2, as SET says of the run
# and a file of params/arms of an arm. Each is a chain of its own, as far as pretrain. In ensemble@3 a member
# without a seed has seed 3, one of seed 2 has 3002: ensembles of several seeds share no member.
members_set := $(patsubst pretrain.members=%,%,$(lastword $(filter pretrain.members=%,$(SET))))
arms_set     = $(if $(members_set),$(filter-out pretrain.model=% pretrain.members=%,$(SET)),$(SET))
seed_set    := $(patsubst pretrain.seed=%,%,$(lastword $(filter pretrain.seed=%,$(SET))))
named_in     = $(subst +, ,$(if $1,$(call value_in,params/arms/$(base_of).yaml,members),$(members_set)))
other_seed   = $(filter-out 1,$(or $(if $1,$(seed_of)),$(seed_set)))
member_seed  = $(if $(call seed_of,$2),$(addsuffix 00,$(other_seed))$(call seed_of,$2),$(if $1,$(seed_of)))
members_of   = $(foreach m,$(named_in),$(call base_of,$m)$(addprefix @,$(call member_seed,$1,$m)))
members     := $(sort $(members_of) $(foreach a,$(arms),$(call members_of,$a)))
chained     := $(sort $(arms) $(members))
$(foreach a,$(members),$(if $(wildcard params/arms/$(call base_of,$a).yaml),$(if $(call named_in,$a),\
	$(error pretrain.members: $a is an ensemble itself; name its members instead)),\
	$(error pretrain.members: no params/arms/$(call base_of,$a).yaml$(call \
	like,$(call base_of,$a),$(all_arms)); there are $(all_arms))))
$(if $(members_set),$(if $(arms),$(error SET=pretrain.members is of the run itself; an arm says it in its \
	file)),$(foreach f,$(PARAMS) $(extended),$(if $(call value_in,$f,members),\
	$(error $f: pretrain.members is for SET, or a file of params/arms))))
$(if $(and $(members_set),$(borrowed)),$(error MODEL=$(MODEL) stands in the place of pretraining; leave \
	pretrain.members out))
# Their ids, and the list of them that pretrain reads. $1: the ensemble (none: the run), $2: its folder.
models_of = $(foreach m,$(members_of),$(R)/arms/$m/pretrain.id) $2/pretrain.inputs
member_list = $(subst $(newline)$(space),$(newline),$(foreach \
	m,$(members_of),$m/model $(R)/arms/$m/pretrain.id$(newline)))
list_members = $(if $(subst $(strip $(file <$2/pretrain.inputs)),,$(strip $(member_list))),\
	$(shell mkdir -p $2)$(file >$2/pretrain.inputs,$(member_list)))
joined_by = $(if $(filter pretrain,$1),$(if $(call named_in,$2),$(call models_of,$2,$3)))
$(if $(members_set),$(call list_members,,$(R)))
$(foreach a,$(arms),$(if $(call named_in,$a),$(call list_members,$a,$(R)/arms/$a)))

# The first build is worth all CPUs; the stages are a chain and use them by themselves.
ifneq ($(words $(wildcard $(stages:%=$(B)/bin/%) $(joint:%=$(B)/bin/%))),$(words $(stages) $(joint)))
MAKEFLAGS += -j$(shell nproc)
endif

# One slice per stage, replaced only where its bytes differ. They are cut again when the file, an override,
# the file it extends (paths.mk) or a stage's schema changed, or a slice is lost. $(1): folder, $(2): file of
# the arm, $(3): its seed, $(4): what stands before SET, $(5): SET, by name.
sections := $(stages) $(joint) $(if $(studying),study)
absent = $(filter-out $(wildcard $1),$1)
define SLICES
ifneq ($$(call line_in,$(1)/params/given),$(PARAMS) $(2:%=% )$(4)$$($(5))$(3))
$(1)/params.stamp: FORCE
endif
$(1)/params.stamp: $(PARAMS) $(2) $(B)/bin/params $(sections:%=$(B)/schema/%.json) \
		$(if $(CHECK)$(call absent,$(sections:%=$1/params/%.json) $(2:%=$1/params/arm.json)),FORCE)
	@$(B)/bin/params --out $(1) --schemas $(B)/schema $(2:%=--over %) \
		--set $$(call quoted,$(4)$$($(5))$(3)) $(PARAMS) $(sections)
$(sections:%=$(1)/params/%.json) $(2:%=$1/params/arm.json): $(1)/params.stamp ;
-include $$(wildcard $(1)/params/paths.mk)
endef
# The page names what was typed; of quotes within quotes the inner are single.
told = report.params=$(PARAMS) report.set="$(subst ",',$(SET))"
$(eval $(call SLICES,$(R),,,$$(told) ,SET))
$(foreach a,$(chained),$(eval \
	$(call SLICES,$(R)/arms/$(a),params/arms/$(call base_of,$(a)).yaml,$(call seeded,$(a)),,arms_set)))
$(PARAMS) $(sort $(foreach a,$(chained),params/arms/$(call base_of,$a).yaml)):

# Where an object of the store lies: objects/ab/<id>.mdb.
hex := 0 1 2 3 4 5 6 7 8 9 a b c d e f
fan = $(strip $(foreach a,$(hex),$(if $(filter $a%,$1),$(foreach b,$(hex),$(if $(filter $a$b%,$1),$a$b)))))
object = $(call escaped,$(STORE))/objects/$(call fan,$1)/$1.mdb
# Not empty if in folder $2 the id of stage $1, the object it names or its printed result is gone, or the id
# is not the one that its stamp holds too.
lost = $(if $(and $(wildcard $(call object,$(call line_in,$2/$1.id))),$(wildcard $2/$1.txt),\
	$(if $(filter predict,$1),$(wildcard $2/$1.csv),csv)),$(if $(call line_in,$2/$1.stamp),$(subst \
	$(call line_in,$2/$1.stamp),,$(call line_in,$2/$1.id))),lost)

# What starts stage $1 in folder $2. What is launched may wait for a node, so a hit is looked for before (exit
# 3 to 5: there is none). It takes the shell's place, so that SIGTERM to Make reaches the stage; a launcher of
# several commands cannot. The stage keeps what it prints in <stage>.txt, so that a make with nothing to do
# can print it again.
stage    = $(B)/bin/$1 --build $2
signs    := ; | & ( {
several  = $(strip $(foreach l,$(signs),$(findstring $l,$1)) $(findstring =,$(firstword $1)))
launched = $(if $(LAUNCH_$1),$(stage) --cached --launched >/dev/null; s=$$?; case $$s in ([345]) ;; \
	(*) exit $$s ;; esac; )$(if $(call several,$(LAUNCH_$1)),,exec )$(LAUNCH_$1) $(stage) >/dev/null

# A stage compares contents and writes <stage>.stamp last, its time that of the start; Make compares times.
# .code and .id are replaced only when they differ and keep their old time otherwise, so the empty recipes
# stop what follows. $(1): stage, $(2): folder, $(3): what it reads, $(4): its commands.
# Its printed result is no older than the stamp unless it was edited. After an edit of trust.yaml each hit is
# judged again.
own_trust := $(value EINTHOVEN_TRUST)
trust := $(if $(filter undefined,$(origin EINTHOVEN_TRUST)),$(wildcard trust.yaml),$(if \
	$(call refused,$(own_trust)),,$(if $(wildcard \
	$(call escaped,$(own_trust))),$(call escaped,$(own_trust)))))
define STAGE
$(2)/$(1).stamp: $(B)/bin/$(1).code $(2)/params/$(1).json $(3) $(wildcard $(2)/$(1).txt) $(trust) \
		$(if $(CHECK)$(call lost,$(1),$(2)),FORCE) | $(TOOLS:%=$(B)/bin/%)
	@$(4)
$(2)/$(1).id: $(2)/$(1).stamp ;
endef
# A dry run takes what has a recipe for remade; .code, which is current wherever it is, then only follows.
define CODE
$(B)/bin/$(1).code: $(if $(is_dry)$(is_asked),$(if $(wildcard $(B)/bin/$(1).code),|)) $(B)/bin/$(1)
	$$(if $$(wildcard $$@),,@cp $(B)/code/$(1).id $$@)
.PHONY: $(1)
$(1): $(R)/$(1).id
	$$(info $$(or $$(call text_of,$(R)/$(1).txt),$(1) $$(call line_in,$(R)/$(1).id)))
	$$(if $$(filter $(1),$(joint)),$$(call complain,$(1)))$$(if $$(filter study,$(1)),$$(study_complain))
endef
$(foreach s,$(stages) $(joint),$(eval $(call CODE,$(s))))
$(foreach s,$(filter-out $(borrowed),$(stages)),$(eval \
	$(call STAGE,$(s),$(R),$(in_$(s):%=$(R)/%.id) $(call joined_by,$(s),,$(R)),\
	$$(call launched,$(s),$(R)))))

# What is borrowed: the network (pretrain.id, or start.id to train on from), and for predict encoder and
# head. A run without MODEL predicts with what its own probe has come to. $1: which, $2: its ids, $3: from
# whom, $4: whose ids these are.
is_other = $(CHECK)$(call absent,$(2:%=$(R)/%.id))$(subst $3,,$(call line_in,$(R)/$1.from))
define BORROW
$(R)/$1.stamp: $4 $(if $(is_other),FORCE) | $(TOOLS:%=$(B)/bin/%)
	@$(B)/bin/borrow --into $(R) --runs $(B)/runs $3 $1 && printf '%s\n' '$3' >$(R)/$1.from
$(2:%=$(R)/%.id): $(R)/$1.stamp ;
endef
ids_of    = $(wildcard $(foreach s,pretrain probe finetune,$(B)/runs/$1/$s.id))
borrowing = $(eval $(call BORROW,$1,$2,$3,$4))
$(if $(borrowed),$(call borrowing,pretrain,pretrain,$(MODEL),$(call ids_of,$(MODEL))))
$(if $(CONTINUE),$(call borrowing,start,start,$(MODEL),$(call ids_of,$(MODEL))))
$(if $(borrowed),$(call borrowing,head,encoder head,$(MODEL),$(call ids_of,$(MODEL))),\
	$(call borrowing,head,encoder head,$(RUN)/probe,$(R)/pretrain.id $(R)/probe.id))

# An arm that fails, or is ended (a time limit, memory), stops only itself: it has no id, <stage>.failed says
# why, evaluate passes it on, and Make ends with an error once all else is done. Ctrl-C comes to the shell too
# and stops all. Asked for alone, an arm that fails stops there.
# $1: stage, $2: folder, $3: the stages it reads, $4: "arm 3 of 24: halves".
failing = [ $$s -lt 128 ] || { echo "$1: signal $$((s - 128)) ended it in $2; the next make tries again" \
	>&2; echo "signal $$((s - 128)) ended it" >$2/$1.failed; }; \
	rm -f $2/$1.id $2/$1.stamp; : >>$2/$1.failed
kept_apart = rm -f $2/$1.failed; trap 'exit 130' INT; \
	$(3:%=[ ! -e $2/%.failed ] &&) { $(known); [ ! -s $2/$1.failed ]; } && \
	( export EINTHOVEN_ARM='$4'; $(launched) ) || { s=$$?; $(failing); }
# What has failed in this make fails alike in an arm with the same params and inputs: it is not tried again,
# and its message stands there once. $1, $2, $3: as above.
known = for f in $(R)/arms/*/$1.failed; do d=$${f%/*}; [ -s $$f ] && [ $$f -nt $(R)/arms.began ] && \
	cmp -s $$d/params/$1.json $2/params/$1.json $(3:%=&& cmp -s $$d/%.id $2/%.id) && \
	! grep -q '^signal ' $$f && cat $$f >$2/$1.failed && break; done
alone = $(if $(wildcard $2/$1.failed),rm -f $2/$1.failed; )$(launched)
way = $(if $(comparing),kept_apart,alone)
$(foreach a,$(arms),$(eval placed += $a)$(eval place_of_$a := arm $(words $(placed)) of $(words $(arms)): $a))
$(foreach a,$(filter-out $(arms),$(chained)),$(eval place_of_$a := $a))
$(foreach a,$(chained),$(foreach s,$(filter-out predict,$(stages)),$(eval $(call STAGE,$(s),$(R)/arms/$(a),\
	$(patsubst %,$(R)/arms/$(a)/%.id,$(call reads_of,$(s),$(a))) \
	$(call joined_by,$(s),$(a),$(R)/arms/$(a)),\
	$$(call $(way),$(s),$(R)/arms/$(a),$(call reads_of,$(s),$(a)),$$(place_of_$(a)))))))

# What evaluate is told of the arms: lines "NAME definition JSON" of what each one's file sets, and of one
# that came to nothing "NAME failed STAGE MESSAGE", the first of its stages that did.
chain_of = fetch preprocess views $(if $(filter finetune/scratch,$(judge_of)/$(from_of)),,pretrain embed \
	probe) $(filter finetune,$(judge_of))
define tell
t='	'; tell() { a=$$1; shift; read -r j <$(R)/arms/$$a/params/arm.json; \
	printf '%s\n' "$$a$${t}definition$$t$$j"; for s; do f=$(R)/arms/$$a/$$s.failed; [ ! -e $$f ] || { \
	m=; read -r m <$$f || m='it ended without a message'; \
	printf '%s\n' "$$a$${t}failed$$t$$s$$t$$m"; return; }; done; }; \
	{ $(foreach a,$(arms),tell $a $(call chain_of,$a);) } >$(R)/evaluate.told
endef

# A joint stage reads what its list names: lines of name and id file (store/stage.h).
listed = $(foreach k,$(call kinds_of,$1),$1/$k $(call $k_of,$1)$(newline))
list := $(subst $(newline)$(space),$(newline),$(foreach a,$(arms),$(call listed,$a)))
ids := $(sort $(foreach a,$(arms),$(foreach k,$(call kinds_of,$a),$(call $k_of,$a))))
ifneq ($(comparing)$(pulling),)
ifeq ($(is_dry)$(is_asked),)
$(foreach s,$(joint),$(if $(subst $(strip $(file <$(R)/$s.inputs)),,$(strip $(list))),\
	$(shell mkdir -p $(R))$(file >$(R)/$s.inputs,$(list))))
$(file >$(R)/arms.began,)
$(if $(filter compare,$(MAKECMDGOALS)),$(file >$(R)/arms.given,$(if $(subst $(strip $(all_arms)),,$(strip \
	$(ARMS))),$(ARMS)) $(SEEDS:%=@%)))
endif
listed_in = $(if $(is_dry)$(is_asked),$(wildcard $(R)/$1.inputs),$(R)/$1.inputs)
$(eval $(call STAGE,evaluate,$(R),$(ids) $(call listed_in,evaluate) $(arms:%=$(R)/arms/%/params/arm.json),\
	$$(tell) && $$(call launched,evaluate,$(R))))
$(eval $(call STAGE,report,$(R),$(ids) $(call listed_in,report) $(R)/evaluate.id \
	$(if $(wildcard $(R)/report/index.html),,FORCE),$$(call launched,report,$(R))))
endif

# ---- studies: each cell is a make of its own (tools/cell.sh), so it can be asked for, explained and audited
# like any run, and what is there is a hit. ----
ifneq ($(studying),)
studied = --schemas $(B)/schema --study $(STUDY) --set $(call quoted,$(SET)) $(PARAMS) $(stages) $(joint)
$(if $(findstring t,$(options)),$(error make -t would call made what is not))
endif
ifneq ($(if $(studying),$(is_dry)$(is_asked)),)
# Neither a dry run nor a question makes anything: not even cells.mk, which Make would make before it begins.
.PHONY: study cell
study cell:
	+@MAKE='$(MAKE)' B='$(B)' R='$(R)' CELL='$(CELL)' RUN='$(RUN)' PARAMS='$(PARAMS)' tools/foresee.sh \
		$(studied)
else ifneq ($(studying),)
# Empty until it is made for the first time, so that Make does not say that it is not there.
$(if $(wildcard $(R)/cells.mk),,$(shell mkdir -p $(R))$(file >$(R)/cells.mk))
ifneq ($(call line_in,$(R)/cells.given)$(if $(call line_in,$(R)/cells.mk),, none),$(STUDY) $(PARAMS) $(SET))
$(R)/cells.mk: FORCE
endif
$(R)/cells.mk: $(STUDY) $(PARAMS) $(extended) $(B)/bin/params $(sections:%=$(B)/schema/%.json)
	@$(B)/bin/params --out $(R) $(studied) && touch $@ && \
		printf '%s\n' $(call quoted,$(STUDY) $(PARAMS) $(SET)) >$(R)/cells.given
$(STUDY):
include $(R)/cells.mk

asked_cells := $(if $(filter study,$(studying)),$(cells),$(or $(CELL),\
	$(error cell needs CELL=NAME, a line of $(R)/cells)))
cell_ids := $(asked_cells:%=$(R)/arms/%/probe.id)
$(shell mkdir -p $(R) && : >$(R)/pace && date +%s >$(R)/began)
$(cell_ids:%/probe.id=%/cell): $(R)/arms/%/cell: FORCE | $(stages:%=$(B)/bin/%) $(TOOLS:%=$(B)/bin/%)
	@+MAKE='$(MAKE)' tools/cell.sh $(R) $* RUN=$(RUN)/arms/$* PARAMS=$(PARAMS)
$(cell_ids): %/probe.id: %/cell ;

# What the stage is told: the study, and of each cell that came to nothing where and why, tabs between.
define tell_study
{ cat $(R)/study.json; for f in $(cells:%=$(R)/arms/%/cell.failed); do [ ! -e $$f ] || { d=$${f%/*}; \
	printf '%s\t' "$${d##*/}"; cat $$f; }; done; } >$(R)/study.told
endef
$(eval $(call CODE,study))
$(eval $(call STAGE,study,$(R),$(cell_ids) $(R)/study.inputs $(R)/study.json \
	$(if $(wildcard $(R)/study/index.html),,FORCE),$$(tell_study) && $$(call launched,study,$(R))))
$(R)/study.inputs $(R)/study.json: $(R)/cells.mk ;
fallen_in = $(strip $(foreach c,$1,$(if $(file <$(R)/arms/$c/cell.failed),$c)))
fallen = $(call fallen_in,$(cells))
study_complain = $(if $(fallen),\
	$(error $(words $(fallen)) of $(words $(cells)) cells came to nothing: $(fallen); all else is done))

## cell: one cell of a study by itself, as a job of its own (STUDY=FILE CELL=NAME); then study only hits
.PHONY: cell
cell: $(cell_ids)
	$(foreach c,$(call fallen_in,$(asked_cells)),$(error $c: $(call text_of,$(R)/arms/$c/cell.failed)))
endif
## study: settings x seeds x rotations, each trained again, and one page of them,
##        build/runs/study-NAME/study/index.html (STUDY=params/studies/NAME.yaml)

## fetch: read the dataset, or make the synthetic one
## preprocess: filter, resample and check every record
## views: decide what the two views of a record are
## pretrain: train the encoder on the views
## embed: encode every record
## probe: linear probe on the embeddings; prints the table of scores
## finetune: train encoder and classifier on the labels, from the probe; prints its scores
## predict: probabilities and class of every record, labelled or not, by the run's probe or MODEL's
## evaluate, compare: judge every arm of params/arms (ARMS="NAME...") and print the table
## report: the comparison as one page, build/runs/RUN/report/index.html
# What failed is no part of the result: an error, when all that was asked for is done. $1: the target.
asked   := $(lastword $(filter evaluate compare report,$(filter-out report,$(MAKECMDGOALS)) \
	$(filter report,$(MAKECMDGOALS))))
failed   = $(strip $(foreach a,$(arms),$(if $(file <$(call scores_of,$a)),,$a)))
first_of = $(subst ¶, ,$(firstword $1 ended¶without¶a¶message))
why_of   = $(call first_of,$(foreach s,$(chain_of),$(addprefix $s:¶,$(subst $(space),¶,$(file \
	<$(R)/arms/$1/$s.failed)))))
reasons  = $(sort $(foreach a,$(failed),$(subst $(space),¶,$(call why_of,$a))))
whys     = $(if $(word 2,$(reasons)),$(foreach a,$(failed),$a ($(call why_of,$a))),$(failed) \
	($(subst ¶, ,$(reasons))))
complain = $(if $(and $(filter $1,$(asked)),$(if $(is_dry),,$(failed))),$(error \
	$(words $(failed)) of $(words $(arms)) arms came to nothing: $(whys); all else is done))
.PHONY: compare
compare: evaluate
	$(call complain,compare)

## arm: one arm of a comparison up to its scores (ARM=NAME), as a job of its own; then compare only hits
.PHONY: arm
arm: $(ids)
	$(foreach a,$(arms),$(info $a: $(call text_of,$(call printed_by,$a))))

## explain: say for each stage which part of its key differs from its last run (ARM=NAME: of an arm's)
.PHONY: explain
explaining := $(if $(auditing)$(filter explain,$(MAKECMDGOALS)),$(arms:%=arms/%))
explained   = $(filter-out predict $(if $(borrowed),views pretrain),$(stages))
explain_in  = $(if $2,echo "$2:"; )$(foreach s,$1,in_$(s)='$(in_$(s))';) late=' '; for s in $1; do \
		said=$$($(B)/bin/$$s --build $R/$2 --explain) || exit 1; \
		case $$said in *': up to date') eval "reads=\$$in_$$s"; \
			for i in $$reads; do case $$late in *" $$i "*) \
				said="$$s: waits for $$i"; late="$$late$$s "; break ;; esac; done ;; \
		*) late="$$late$$s " ;; esac; \
		printf '%s\n' "$$said"; done
explain: $(or $(explaining:%=$(R)/%/params.stamp),$(R)/params.stamp) $(stages:%=$(B)/bin/%) \
		$(if $(borrowed),$(R)/pretrain.id)
	@$(if $(explaining),$(foreach a,$(arms),$(call explain_in,$(call chain_of,$a),arms/$a);),\
		$(call explain_in,$(explained)))

## audit: walk from the run's result back to the raw files and say what holds (ARM=NAME: from an arm's,
##        ID=ID: from any artifact); RERUN=1 also derives all of it again, in an empty store, and compares
.PHONY: audit
$(call named,ID)
audited = $(B)/bin/audit --traces $(B)/code --programs $(B)/bin \
	$(or $(ID),--run $(R) $(if $(ARM),$(arms:%=--arm %)))
audit: $(R)/params.stamp $(explaining:%=$(R)/%/params.stamp) $(B)/bin/audit \
		$(if $(RERUN),$(stages:%=$(B)/bin/%) $(joint:%=$(B)/bin/%))
	@$(audited) $(if $(RERUN),--rerun --place $(B)/audit)

## bundle: the chain as one tar file for a reader without store and network, BUNDLE=FILE.tar
##         (build/runs/RUN/bundle.tar); WHOLE=1: also pages that draw signals of patients
.PHONY: bundle
$(call named,BUNDLE)
furthest = $(if $(wildcard $(R)/report.id),compare report,$(if $(wildcard $(R)/evaluate.id),compare,$(if \
	$(wildcard $(R)/finetune.id),finetune,probe)))
remade   = make -f pipeline.mk $(if $(ARM),arm ARM="$(ARM)",$(furthest)$(if $(arms), ARMS="$(arms)")) \
	PARAMS=$(PARAMS)$(if $(SET), SET="$(subst ",',$(SET))")
bundle: $(R)/params.stamp $(explaining:%=$(R)/%/params.stamp) $(B)/bin/audit
	@$(audited) --bundle $(call quoted,$(or $(BUNDLE),$(R)/bundle.tar)) $(if $(WHOLE),--whole) \
		$(addprefix --params ,$(PARAMS) $(extended) \
		$(sort $(foreach a,$(chained),params/arms/$(call base_of,$a).yaml))) \
		--command $(call quoted,$(remade))

# What a run has is sent with all it was made of. What others have made of the same parameters is asked for
# stage by stage, since a stage's key has the ids of its inputs. $1: the stages, $2: the arm's folder, $3: the
# one with what they are for, $4: what stands there without. Notes what came, whether the remote failed, and
# whether $3 is not there.
sent    = $(foreach f,$R $(arms:%=$R/arms/%),$(wildcard $(sections:%=$f/%.id)))
pull_in = $(if $2,echo "$2:" >&2; )$(foreach s,$1,in_$(s)='$(call reads_of,$s,$(notdir $2))';) \
	got=' $(4:%=% )'; for s in $1; do eval "reads=\$$in_$$s"; \
		for i in $$reads; do case $$got in *" $$i "*) ;; *) continue 2 ;; esac; done; \
		cached="$(B)/bin/$$s --build $R$(2:%=/%) --cached"; \
		EINTHOVEN_REMOTE=none $$cached >/dev/null; case $$? in 0) got="$$got$$s "; continue ;; \
		3) ;; *) exit 1 ;; esac; \
		$$cached >/dev/null; case $$? in 0) got="$$got$$s " came=1 ;; \
		3) echo "$$s: neither this store nor the remote has it" >&2 ;; \
		4) echo "$$s: not in this store, and the remote could not be reached" >&2; failed=1 ;; \
		5) echo "$$s: not in this store, and what the remote has was not taken" >&2; failed=1 ;; \
		*) exit 1 ;; esac; done$(if $3,; case $$got in (*' $3 '*) ;; (*) short=1 ;; esac)
in_report := evaluate
# What pull has of MODEL.
lent    = $(if $(arms),,$(borrowed) $(if $(CONTINUE),start))
joined  = for f in $(ids); do [ -e $$f ] || { echo "evaluate: not asked for: $$f is missing" >&2; break; }; \
	done; [ ! -e $$f ] || { $(tell); $(call pull_in,$(joint)); }
pulled  = [ -z "$$failed" ] || exit 1; [ "$$came" ] || [ -z "$$short" ] || \
	{ echo "pull: nothing came from $${EINTHOVEN_REMOTE:-the remote of store.yaml}" >&2; exit 1; }
remotes = $(strip $(REMOTE) $(EINTHOVEN_REMOTE) $(wildcard store.yaml))
## push: send a run's results and all they were made of to REMOTE=URL (ARM=NAME: also an arm's; ALL=1: mend
##       what is damaged there)
.PHONY: push pull
push: | $(B)/bin/remote
	$(if $(sent),,$(error $R has no results to send yet))
	@$(B)/bin/remote push $(if $(ALL),--all) $(if $(REMOTE),--remote $(call quoted,$(REMOTE))) $(sent)

## pull: bring the results that REMOTE=URL has of these parameters (ARM=NAME: an arm's; ARMS="NAME...": those
##       arms', and their comparison and report); fails if the remote cannot be reached, what it has is
##       damaged or refused, or nothing comes
pull: export EINTHOVEN_REMOTE := $(if $(REMOTE),$(REMOTE),$(EINTHOVEN_REMOTE))
pull: $(chained:%=$R/arms/%/params.stamp) $(if $(pulling)$(if $(arms),,own),$R/params.stamp) \
		$(stages:%=$(B)/bin/%) $(pulling:%=$(B)/bin/%) $(lent:%=$R/%.id) | $(B)/bin/remote
	$(if $(remotes),,$(error pull needs REMOTE=URL, EINTHOVEN_REMOTE or a store.yaml that names a remote))
	@came= failed= short=; \
		$(foreach a,$(members),$(call pull_in,fetch preprocess views pretrain,arms/$a,pretrain);) \
		$(if $(arms),$(foreach a,$(arms),$(call \
		pull_in,$(call chain_of,$a),arms/$a,$(call judge_of,$a));) \
		$(if $(pulling),$(joined);),$(call pull_in,$(explained),,probe,$(lent));) \
		$(pulled)

## help: this list; to all apply PARAMS=FILE SET="section.name=value" RUN=NAME ARMS="NAME..." SEEDS="1 2 3"
##       CHECK=1 MODEL=NAME CONTINUE=1 LAUNCH_<stage>=COMMAND
