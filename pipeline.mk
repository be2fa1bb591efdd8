# The pipeline: which stage reads which, and one rule shape for all. `make -f pipeline.mk help` lists the targets;
# docs/params.md says what PARAMS and SET take, docs/pipeline.md why the rules look as they do.
#
#	make -f pipeline.mk probe
#	make -f pipeline.mk probe PARAMS=params/ptbxl.yaml SET="pretrain.epochs=5 views.strategy=interleaved"
#
# PARAMS=FILE   the experiment (params/default.yaml)             SET="a.b=c"   overrides, as if they stood in the file
# RUN=NAME      folder of the run, build/runs/NAME (from PARAMS)  CHECK=1       recheck all, whatever the file times say
# LAUNCH_pretrain="srun -N2"   what to start a stage with         EINTHOVEN_STORE=DIR   where artifacts are (.store)

ifeq ($(filter grouped-target,$(.FEATURES)),)
$(error GNU Make 4.3 or newer is needed, this is $(MAKE_VERSION))
endif

stages := fetch preprocess views pretrain embed probe finetune
in_preprocess := fetch
in_views      := preprocess
in_pretrain   := views
in_embed      := pretrain preprocess
in_probe      := embed
in_finetune   := pretrain probe preprocess

PARAMS ?= params/default.yaml
RUN    ?= $(basename $(notdir $(PARAMS)))

.DEFAULT_GOAL := help
include Makefile

ifneq ($(words $(PARAMS)) $(words $(RUN)),1 1)
$(error PARAMS and RUN must be one name each, without blanks: PARAMS=$(PARAMS) RUN=$(RUN))
endif
R := $(B)/runs/$(RUN)
STORE := $(or $(EINTHOVEN_STORE),.store)
export EINTHOVEN_STORE := $(STORE)

# The first build is worth all CPUs; the stages are a chain and use them by themselves.
ifneq ($(words $(wildcard $(stages:%=$(B)/bin/%))),$(words $(stages)))
MAKEFLAGS += -j$(shell nproc)
endif

# One slice per stage, replaced only where its bytes differ. They are cut again when the file, an override, the file it
# extends (paths.mk) or a stage's schema changed, or a slice is lost.
slices := $(stages:%=$(R)/params/%.json)
ifneq ($(file <$(R)/params/given),$(PARAMS) $(SET))
$(R)/params.stamp: FORCE
endif
$(R)/params.stamp: $(PARAMS) $(B)/bin/params $(stages:%=$(B)/schema/%.json) \
		$(if $(CHECK)$(filter-out $(wildcard $(slices)),$(slices)),FORCE)
	@$(B)/bin/params --out $(R) --schemas $(B)/schema --set '$(subst ','\'',$(SET))' $(PARAMS) $(stages)
$(slices): $(R)/params.stamp ;
$(PARAMS):

# Where an object of the store lies: objects/ab/<id>.mdb.
hex := 0 1 2 3 4 5 6 7 8 9 a b c d e f
fan = $(strip $(foreach a,$(hex),$(if $(filter $a%,$1),$(foreach b,$(hex),$(if $(filter $a$b%,$1),$a$b)))))
object = $(STORE)/objects/$(call fan,$1)/$1.mdb
# Not empty if the stage's id, the object it names or its printed result is gone.
lost = $(if $(and $(wildcard $(call object,$(file <$(R)/$1.id))),$(wildcard $(R)/$1.txt)),,lost)

# A stage compares contents and writes <stage>.stamp last, its time that of the start; Make compares times. .code and
# .id are replaced only when they differ and keep their old time otherwise, so the empty recipes stop what follows.
# The result a stage prints is kept, so that a make with nothing to do can print it again.
define STAGE
$(B)/bin/$(1).code: $(B)/bin/$(1)
	$$(if $$(wildcard $$@),,@cp $(B)/code/$(1).id $$@)
$(R)/$(1).stamp: $(B)/bin/$(1).code $(R)/params/$(1).json $(in_$(1):%=$(R)/%.id) \
		$(if $(CHECK)$(call lost,$(1)),FORCE) | $(TOOLS:%=$(B)/bin/%)
	@rm -f $(R)/$(1).txt; $$(LAUNCH_$(1)) $(B)/bin/$(1) --build $(R) > $(R)/$(1).txt.$$$$$$$$ \
		&& mv $(R)/$(1).txt.$$$$$$$$ $(R)/$(1).txt || { rm -f $(R)/$(1).txt.$$$$$$$$; exit 1; }
$(R)/$(1).id: $(R)/$(1).stamp ;

.PHONY: $(1)
$(1): $(R)/$(1).id
	$$(info $$(or $$(file <$(R)/$(1).txt),$(1) $$(file <$(R)/$(1).id)))
endef
$(foreach s,$(stages),$(eval $(call STAGE,$(s))))

-include $(wildcard $(R)/params/paths.mk)

## fetch: read the dataset, or make the synthetic one
## preprocess: filter, resample and check every record
## views: cut pairs of views for contrastive learning
## pretrain: train the encoder on the views
## embed: encode every record
## probe: linear probe on the embeddings; prints the table of scores
## finetune: train encoder and classifier on the labels, from the probe; prints its scores
## explain: say for each stage which part of its key differs from its last run
.PHONY: explain
explain: $(R)/params.stamp $(stages:%=$(B)/bin/%)
	@for s in $(stages); do $(B)/bin/$$s --build $(R) --explain || exit; done

## help: this list; PARAMS=FILE SET="section.name=value" RUN=NAME CHECK=1 LAUNCH_<stage>=COMMAND apply to all
