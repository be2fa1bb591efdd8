# Builds build/bin/* and runs the checks; the pipeline itself is pipeline.mk. `make help` lists the targets.
# Local choices go to config.mk (CC=clang, SAN=address,undefined) or the command line; B is the build folder.

# What a user calls his folders is text: nothing in it is expanded, and what would mean something to Make or
# the shell is refused, before anything is run.
comma   := ,
define newline


endef
# The line that file $1 holds. GNU Make 4.3 does not always take its end away.
line_in = $(subst $(newline),,$(file <$1))
letters := % : ; | \# $$ \ * ? [ ] ( ) { } ~ & ' " < > = ! ` $(comma)
refused  = $(strip $(foreach l,$(letters),$(findstring $l,$1)))
named    = $(if $(call refused,$($1)),$(error $1 must not contain $(call refused,$($1)): $1=$($1)))
given    = $(filter command environment,$(firstword $(origin $1)))
ifneq ($(call given,B),)
override B := $(value B)
endif

-include config.mk

B ?= build
ifneq ($(words $(B)),1)
$(error B must be one name, without blanks: B=$(B))
endif
$(call named,B)
CC     := $(if $(filter default undefined,$(origin CC)),gcc,$(CC))
CFLAGS ?= -O2 -g

# What CC builds for: x86_64, aarch64. If that is not this machine (CC=aarch64-linux-gnu-gcc), libraries come
# from SYSROOT and what is built runs under EMULATOR (./setup --arm64 brings both).
# A compiler by its plain name is the host's: a make with nothing to do starts no process to ask.
ARCH     := $(firstword $(subst -, ,$(if $(filter-out ccache gcc gcc-% cc clang clang-%,$(CC)), \
	$(shell $(CC) -dumpmachine),$(MAKE_HOST))))
IS_CROSS := $(filter-out $(firstword $(subst -, ,$(MAKE_HOST))),$(ARCH))
SYSROOT  ?= $(if $(IS_CROSS),$(wildcard build/sysroot/$(ARCH:aarch64=arm64)))
EMULATOR ?= $(if $(IS_CROSS),qemu-$(ARCH) -L $(SYSROOT))

STRICT := -std=c17 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
	-fno-strict-aliasing -I. -pthread $(if $(WERROR),-Werror) \
	$(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
MARCH_x86_64  := -march=x86-64
MARCH_aarch64 := -march=armv8-a
# What keeps results the same everywhere stands last, where CFLAGS cannot undo it: flags are not
# in the action key.
EXACT := -ffp-contract=off -fno-fast-math -fsigned-char $(MARCH_$(ARCH)) $(SYSROOT:%=--sysroot=%)
ALL_CFLAGS = $(STRICT) $(CFLAGS) $(EXACT)
ALL_LDFLAGS = -pthread $(SYSROOT:%=--sysroot=%) $(if $(SAN),-fsanitize=$(SAN)) -Wl,--as-needed $(LDFLAGS)
Q := $(if $(V),,@)

# For tests/coverage.sh. The rest is built as ever, or tests that train would take hours.
COVERED = $(addprefix $(B)/obj/,store/%.o remote/%.o trust/%.o)
ifdef COVERAGE
LDFLAGS += --coverage
$(COVERED): CFLAGS := -O0 -g --coverage -fprofile-update=atomic
endif

# Each file of kernels/cpu is compiled once for each of the architecture's instruction sets.
ISAS_x86_64  := avx2 avx512
ISAS_aarch64 := neon
ISAS         := scalar $(ISAS_$(ARCH))
FLAGS_scalar := -DCPU_ISA=scalar
FLAGS_avx2   := -DCPU_ISA=avx2 -mavx2 -mfma
FLAGS_neon   := -DCPU_ISA=neon -DCPU_NEON
FLAGS_avx512 := -DCPU_ISA=avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma

# Layers, lowest first: a folder and its library each; what a layer may use (tests/check-layers.sh
# holds the tree to it).
LAYERS          := common numbers kernels ecg statistics trust store model report onnx remote audit shared
LIBS            := -ljansson -lyaml -llmdb -lcrypto -ldl -lm
LIBS_download   := -lcurl
LIBS_remote     := -lcurl -lzstd
LIBS_ecg_zip    := -lz
uses_common     := common
uses_numbers    := numbers common
uses_kernels    := kernels numbers common
uses_ecg        := ecg numbers common
uses_statistics := statistics numbers common
uses_trust      := trust common
uses_store      := store trust common
uses_remote     := remote store trust common
uses_audit      := audit remote store trust common
uses_model      := model kernels numbers common
uses_report     := report common
uses_onnx       := onnx model ecg store trust kernels numbers common
uses_stages     := shared report statistics model ecg store trust kernels numbers common
uses_study      := study $(uses_stages)
uses_fuzz       := audit remote ecg store trust numbers common
folder_of        = $(if $(filter shared study,$(1)),stages/$(1),$(1))

objects = $(patsubst %.c,$(B)/obj/%.o,$(wildcard $(1)/*.c))
cpu_objects := $(foreach i,$(ISAS),\
	$(patsubst kernels/cpu/%.c,$(B)/obj/kernels/cpu/%.$(i).o,$(wildcard kernels/cpu/*.c)))

# A stage is a file, or a folder of its name with that file and its own others. So is a tool.
STAGES := $(sort $(basename $(notdir $(wildcard stages/*.c) \
	$(foreach d,$(wildcard stages/*/),$(wildcard $(d)$(notdir $(d:/=)).c)))))
stage_objects = $(call objects,stages/$(1)) $(patsubst %.c,$(B)/obj/%.o,$(wildcard stages/$(1).c))
TOOLS  := $(sort $(basename $(notdir $(wildcard tools/*.c) \
	$(foreach d,$(wildcard tools/*/),$(wildcard $(d)$(notdir $(d:/=)).c)))))
tool_objects = $(call objects,tools/$(1)) $(patsubst %.c,$(B)/obj/%.o,$(wildcard tools/$(1).c))
UNITS  := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/*.c))

.PHONY: all ids test test-valgrind check coverage bench bench-evaluate bench-io bench-memory bench-rotations
.PHONY: bench-share
.PHONY: bench-share-http
.PHONY: bench-train
.PHONY: fuzz format help clean FORCE
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += -r

# What carries the bytes of several processes, if this machine has an MPI to build it with;
# MPICC= leaves it out.
MPICC ?= $(if $(IS_CROSS),,$(firstword $(wildcard $(addsuffix /mpicc,$(subst :, ,$(PATH))))))
TEAM  := $(B)/lib/team_mpi.$(if $(MPICC),so,none)

# The kernels of cards (kernels/cuda) are compiled for this CPU too, for tests: fibers are their threads
# (kernels/emulated; docs/gpu.md). Variants: plain; race and asan find what plain bits may hide.
EMULATIONS      := $(if $(SAN)$(IS_CROSS),,emulated emulated-race emulated-asan)
FAST_x86_64     := -mavx2 -mfma
FLAGS_emulated      := -O3 -g $(FAST_$(ARCH))
FLAGS_emulated-race := -O1 -g $(FAST_$(ARCH)) -fsanitize=thread
VISIBLE_emulated      := -fvisibility=hidden
VISIBLE_emulated-race := -fvisibility=hidden
FLAGS_emulated-asan := -O1 -g $(FAST_$(ARCH)) -fsanitize=address,undefined -fno-sanitize-recover=all \
	$(if $(findstring gcc,$(CC)),-fsanitize-sections=gpu_shared)
LINK_emulated-asan  := -fsanitize=address,undefined
# What is on a card's own side of device.h, without kernels.
gpu_card         := $(addprefix kernels/cuda/,$(addsuffix .c, \
	cards fast fastconv graph nccl plan product runtime))
gpu_sources      := $(filter-out $(gpu_card),$(wildcard kernels/cuda/*.c))
emulated_sources := $(gpu_sources) $(filter-out kernels/emulated/race.c,$(wildcard kernels/emulated/*.c))

## all: stages and tools in build/bin (default)
all: $(STAGES:%=$(B)/bin/%) $(TOOLS:%=$(B)/bin/%) $(STAGES:%=$(B)/schema/%.json) $(TEAM)

# A changed flag rebuilds what it was used for. Compared while reading, so that a make with nothing to do
# starts no process.
flags := $(strip $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS))
ifneq ($(flags),$(call line_in,$(B)/flags))
$(B)/flags: FORCE
endif
$(B)/flags:
	@mkdir -p $(B); echo '$(flags)' > $(own) && mv -f $(own) $@

# Two makes may build at once: each writes files of its own, which take their places whole.
own     = $@.$$$$.new
in_turn = && mv -f $(own) $@ || { rm -f $(own)*; exit 1; }
compile = $(CC) $(ALL_CFLAGS) $1 $(CPPFLAGS) -MMD -MP -MT $@ -MF $(own).d -c -o $(own) $< && \
	mv -f $(own).d $(@:.o=.d) $(in_turn)

$(B)/obj/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(if $(Q),@echo "  CC    $<")
	$(Q)$(call compile)

define CPU_RULE
$(B)/obj/kernels/cpu/%.$(1).o: kernels/cpu/%.c $(B)/flags
	@mkdir -p $$(@D)
	$$(if $$(Q),@echo "  CC    $$< ($(1))")
	$$(Q)$$(call compile,$(FLAGS_$(1)))
endef
$(foreach i,$(ISAS),$(eval $(call CPU_RULE,$(i))))

# $(1): variant. What runs kernels is not watched for races itself.
define EMULATION_RULE
$(B)/obj/kernels/cuda/%.$(1).o: kernels/cuda/%.c $(B)/flags
	@mkdir -p $$(@D)
	$$(if $$(Q),@echo "  CC    $$< ($(1))")
	$$(Q)$$(call compile,$$(FLAGS_$(1)) -DGPU_EMULATED -fPIC $(VISIBLE_$(1)))
$(B)/obj/kernels/emulated/%.$(1).o: kernels/emulated/%.c $(B)/flags
	@mkdir -p $$(@D)
	$$(Q)$$(call compile,$$(filter-out -fsanitize=thread,$$(FLAGS_$(1))) -DGPU_EMULATED -fPIC \
		$(VISIBLE_$(1)))
$(B)/lib/kernels_$(1).so: $(emulated_sources:%.c=$(B)/obj/%.$(1).o) \
		$(if $(filter %-race,$(1)),$(B)/obj/kernels/emulated/race.$(1).o)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(ALL_LDFLAGS) $(LINK_$(1)) -shared -o $$(own) $$^ -lm $$(in_turn)
endef
$(foreach e,$(EMULATIONS),$(eval $(call EMULATION_RULE,$(e))))

# The side of the host, and the kernels as nvcc compiles them for all architectures: of each it makes PTX
# first, in which nothing may be approximate. Only `make cuda` needs nvcc.
NVCC     ?= $(firstword $(wildcard $(addsuffix /nvcc,$(subst :, ,$(PATH)) /usr/local/cuda/bin)))
GPU_ARCH := 80 86 89 90 100 120 121
gpu_host := $(patsubst %.c,$(B)/obj/%.gpu.o,$(gpu_sources) $(gpu_card))
gpu_fat  := $(patsubst kernels/cuda/%.c,$(B)/gpu/%.fatbin,$(filter-out %/table.c,$(gpu_sources)))
NVFLAGS  := -x cu -I. -O3 -fmad=false -prec-div=true -prec-sqrt=true -ftz=false

$(B)/obj/kernels/cuda/%.gpu.o: kernels/cuda/%.c $(B)/flags
	@mkdir -p $(@D)
	$(if $(Q),@echo "  CC    $< (host)")
	$(Q)$(call compile,-fPIC -fvisibility=hidden)

$(B)/gpu/%.fatbin: kernels/cuda/%.c $(wildcard kernels/cuda/*.h kernels/*.h)
	@mkdir -p $(@D)
	$(if $(Q),@echo "  NVCC  $<")
	$(Q)ptx=$$(mktemp -d) && trap 'rm -rf "$$ptx"' EXIT && \
		$(NVCC) $(NVFLAGS) -fatbin $(foreach a,$(GPU_ARCH),-gencode arch=compute_$(a),code=sm_$(a)) \
		-gencode arch=compute_80,code=compute_80 -keep -keep-dir "$$ptx" -o $(own) $< && \
		if [ "$$(ls "$$ptx" | grep -c '\.ptx$$')" != $(words $(sort 80 $(GPU_ARCH))) ]; then \
			echo "$<: nvcc kept another number of PTX files than architectures" >&2; false; \
		elif (cd "$$ptx" && grep -nE '\.ftz|approx|div\.full' *.ptx); then \
			echo "$<: its PTX is not exact" >&2; false; fi $(in_turn)

# With the code identity of all of it: () stands for the archive that codeid looks for.
$(B)/gpu/images.c: $(gpu_fat) $(gpu_host) $(B)/bin/codeid
	$(Q){ echo '#include "kernels/cuda/images.h"'; \
	printf 'IMAGE(%s, "$(B)/gpu/%s.fatbin")\n' $(foreach f,$(notdir $(gpu_fat:.fatbin=)),$f $f); \
	echo 'const struct image images[] = {'; \
	printf '{"%s", image_%s},\n' $(foreach f,$(notdir $(gpu_fat:.fatbin=)),$f $f); \
	echo '{0}};'; printf 'const char images_code[] = "%s";\n' \
	"$$({ echo '()'; printf '%s\n' $(gpu_host); } | $(B)/bin/codeid)"; } > $(own) $(in_turn)
$(B)/lib/kernels_cuda.so: $(gpu_host) $(B)/gpu/images.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -fPIC -shared -o $(own) $^ $(ALL_LDFLAGS) -ldl -lm $(in_turn)

## cuda: what EINTHOVEN_DEVICE=cuda needs, build/lib/kernels_cuda.so; needs nvcc (./setup --cuda)
.PHONY: cuda
cuda: $(if $(NVCC),$(B)/lib/kernels_cuda.so)
	$(if $(NVCC),,@echo "make cuda: nvcc is not here; ./setup --cuda says what to install" >&2; exit 1)

define LIB_RULE
$(B)/lib$(1).a: $(call objects,$(call folder_of,$(1))) $(if $(filter kernels,$(1)),$(cpu_objects))
	$$(Q)$$(AR) rcs $$(own) $$^ $$(in_turn)
endef
# A stage's own parts are a library for unit tests alone.
$(foreach l,$(LAYERS) study,$(eval $(call LIB_RULE,$(l))))

$(B)/lib/team_mpi.so: common/mpi/team_mpi.c $(wildcard common/mpi/*.h) \
		common/team.h common/team_transport.h $(B)/flags
	@mkdir -p $(@D)
	$(if $(Q),@echo "  MPI   $@")
	$(Q)OMPI_CC='$(CC)' MPICH_CC='$(CC)' $(MPICC) $(ALL_CFLAGS) $(CPPFLAGS) -fPIC -shared -o $(own) $< \
		$(ALL_LDFLAGS) $(in_turn)
$(B)/lib/team_mpi.none:
	@mkdir -p $(@D)
	@echo "  no mpicc here: a stage runs in one process; ./setup --mpi installs Open MPI"; : > $@

link = $(CC) $(ALL_LDFLAGS) -o $(1) $(2) -Wl,--start-group $(3:%=$(B)/lib%.a) -Wl,--end-group $(LIBS)

# The commit these sources are, for provenance, with -modified behind it if they differ from it; nothing if
# git does not know them.
built_commit = h=$$(git rev-parse HEAD 2>/dev/null) && \
	{ [ -z "$$(git status --porcelain -- $(filter-out shared,$(LAYERS)) stages 2>&1)" ] || \
	h=$$h-modified; echo $$h; } || true

# A stage is linked twice: first to learn which sources its link pulls in (their hash is its code
# identity), then for good with that identity inside. <stage>.code changes only when the identity does;
# pipeline.mk depends on it.
define STAGE_RULE
$(B)/bin/$(1): $(call stage_objects,$(1)) $(uses_stages:%=$(B)/lib%.a) $(B)/bin/codeid | $(TEAM)
	@mkdir -p $$(@D) $(B)/code
	$$(if $$(Q),@echo "  LINK  $$@")
	$$(Q)c=$(B)/code/$(1).$$$$$$$$.new; trap 'rm -f $$$$c*' EXIT; \
	$$(call link,$$$$c,$$(filter %.o,$$^),$(uses_stages)) \
		-Wl,--trace,--trace -Wl,--defsym=stage_code_id=0 > $$$$c.trace && \
	$$(EMULATOR) $(B)/bin/codeid < $$$$c.trace > $$$$c.id && \
	{ printf '%s\nconst char stage_code_id[65] = "%s", stage_commit[] = "%s", stage_sources[] =\n' \
		'extern const char stage_code_id[65], stage_commit[], stage_sources[];' \
		"$$$$(cat $$$$c.id)" "$$$$($$(built_commit))"; \
		$$(EMULATOR) $(B)/bin/codeid --list < $$$$c.trace | sed 's/.*/"&\\n"/'; \
		echo ';'; } > $$$$c.c && \
	$$(CC) $$(ALL_CFLAGS) -c -o $$$$c.o $$$$c.c && \
	$$(call link,$$$$c,$$(filter %.o,$$^) $$$$c.o,$(uses_stages)) && \
	cp $$$$c.id $$$$c.code && mv -f $$$$c.id $(B)/code/$(1).id && \
	mv -f $$$$c.trace $(B)/code/$(1).trace && mv -f $$$$c.o $(B)/code/$(1).o && \
	mv -f $$$$c $$@ && { cmp -s $$$$c.code $$@.code || mv -f $$$$c.code $$@.code; }
endef
$(foreach s,$(STAGES),$(eval $(call STAGE_RULE,$(s))))

$(B)/schema/%.json: $(B)/bin/%
	@mkdir -p $(@D)
	$(Q)$(EMULATOR) $< --describe > $(own) && cmp -s $(own) $@ && touch $@ && rm $(own) || mv -f $(own) $@

# A tool is linked with the store alone, but for those that build networks' graphs, ask a remote or audit.
uses_tool_store    := audit $(uses_onnx)
uses_tool_audit    := $(uses_audit)
uses_tool_remote   := $(uses_remote)
uses_tool_download := $(uses_remote)
tool_uses        = $(or $(uses_tool_$(1)),store trust common)
define TOOL_RULE
$(B)/bin/$(1): $(call tool_objects,$(1)) $(patsubst %,$(B)/lib%.a,$(call tool_uses,$(1)))
	@mkdir -p $$(@D)
	$$(if $$(Q),@echo "  LINK  $$@")
	$$(Q)$$(call link,$$(own),$$(filter %.o,$$^),$(call tool_uses,$(1))) $(LIBS_$(1)) $$(in_turn)
endef
$(foreach t,$(TOOLS),$(eval $(call TOOL_RULE,$(t))))

# A unit test is named <layer>_<subject>.c and is linked with that layer and those under it.
layer_of = $(firstword $(subst _, ,$(1)))
define UNIT_RULE
$(B)/tests/$(1): $(B)/obj/tests/unit/$(1).o $(foreach l,$(uses_$(call layer_of,$(1))),$(B)/lib$(l).a)
	@mkdir -p $$(@D)
	$$(Q)$$(call link,$$@,$$<,$(uses_$(call layer_of,$(1)))) -lcmocka $(LIBS_$(1)) \
		$(LIBS_$(call layer_of,$(1)))
endef
$(foreach u,$(UNITS),$(eval $(call UNIT_RULE,$(u))))

# A fuzz target is linked with a driver that replays its corpus (make test), or with libFuzzer (make fuzz).
FUZZ := $(patsubst tests/fuzz/%.c,%,$(filter-out tests/fuzz/replay.c,$(wildcard tests/fuzz/*.c)))
define FUZZ_RULE
$(B)/fuzz/$(1): $(B)/obj/tests/fuzz/$(1).o $(if $(FUZZER),,$(B)/obj/tests/fuzz/replay.o) \
		$(uses_fuzz:%=$(B)/lib%.a)
	@mkdir -p $$(@D)
	$$(Q)$$(call link,$$@,$$(filter %.o,$$^),$(uses_fuzz)) $(LIBS_remote) \
		$(if $(FUZZER),-fsanitize=fuzzer)
endef
$(foreach f,$(FUZZ),$(eval $(call FUZZ_RULE,$(f))))

# Only what T chooses, as tests/run does by any part of a name, and what that runs is built; all without T.
# chosen: the names of $1 that T has. needs: $2 if a test of the folders $1 is chosen.
chosen = $(if $(T),$(strip $(foreach n,$1,$(if $(strip $(foreach t,$(T),$(findstring $t,$n))),$n))),$1)
needs  = $(if $(call chosen,$(patsubst tests/%.sh,%,$(wildcard $(1:%=tests/%/*.sh)))),$2)
chosen_units = $(sort $(patsubst unit/%,%,$(call chosen,$(UNITS:%=unit/%))) \
	$(call needs,emulated cuda arm64,$(filter kernels_% model_terms,$(UNITS))) \
	$(if $(call chosen,stages/processors),store_digest))

## test: unit, stage and pipeline tests; ends in "N passed, N failed, N skipped"
test: all $(chosen_units:%=$(B)/tests/%) $(call needs,parsers,$(FUZZ:%=$(B)/fuzz/%)) \
		$(call needs,emulated cuda,$(EMULATIONS:%=$(B)/lib/kernels_%.so)) \
		$(if $(filter model_launches,$(chosen_units)),$(filter \
			%emulated.so,$(EMULATIONS:%=$(B)/lib/kernels_%.so))) \
		$(call needs,cuda,$(B)/bin/bench-train)
	@B=$(B) tests/run $(T)

## fuzz: run every fuzz target for FUZZ_SECONDS (60) with libFuzzer, ASan and UBSan;
##       finds land in tests/fuzz/corpus
FUZZ_SECONDS ?= 60
fuzz:
	$(Q)$(MAKE) B=$(B)/fuzzer CC=clang SAN=fuzzer-no-link,address,undefined FUZZER=1 \
		$(FUZZ:%=$(B)/fuzzer/fuzz/%)
	$(Q)for f in $(FUZZ); do echo "fuzzing $$f"; mkdir -p $(B)/corpus/$$f; \
		$(B)/fuzzer/fuzz/$$f -max_total_time=$(FUZZ_SECONDS) -max_len=65536 -timeout=10 \
		-rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix=tests/fuzz/corpus/$$f/ \
		$(B)/corpus/$$f tests/fuzz/corpus/$$f > $(B)/corpus/$$f.log 2>&1 \
		&& tail -6 $(B)/corpus/$$f.log | grep -E 'executed_units|peak_rss' || \
		{ tail -40 $(B)/corpus/$$f.log; exit 1; }; done

## check: the tests again under ASan+UBSan, and the unit tests under valgrind (AVX2 or NEON path)
check: all
	$(Q)TEST_TIMEOUT=3600 $(MAKE) B=$(B)/sanitize CC=clang SAN=address,undefined test
	$(Q)$(MAKE) test-valgrind

# A block of 16 masked loads, each checked, is more than valgrind's translator can hold: shorter pieces.
VALGRIND := valgrind -q --error-exitcode=99 --vex-guest-max-insns=25 \
	--leak-check=full --errors-for-leak-kinds=definite
test-valgrind: $(UNITS:%=$(B)/tests/%)
	$(Q)B=$(B) EINTHOVEN_ISA=$(if $(filter x86_64,$(ARCH)),avx2,$(lastword $(ISAS))) TEST_TIMEOUT=1800 \
		WRAP='$(VALGRIND)' tests/run $(T)

## coverage: how much of store/, remote/ and trust/ their tests reach: gcov's shares by folder (FILES=1: by
##       file too; UNCOVERED=store/lock.c tests/coverage.sh then lists lines; COVERAGE_T: which tests)
# Not stages/users: another user may not add to the counts.
COVERAGE_T ?= unit/store_ unit/remote_ unit/trust_ stages/runner stages/care stages/store stages/trust \
	stages/signatures stages/hosts stages/patient stages/adverse stages/full stages/export \
	stages/fetch-url remote/ audit/ faults/ team/
coverage:
	$(Q)find $(B)/coverage -name '*.gcda' -delete 2>/dev/null; \
	$(MAKE) B=$(B)/coverage COVERAGE=1 T='$(COVERAGE_T)' test; \
	B=$(B)/coverage FILES=$(FILES) tests/coverage.sh

bench_train := bench/train.c bench/timed.c
bench_probe := bench/probe.c
bench_memory := bench/records.c bench/anonymous.c
bench_ops := $(filter-out $(bench_train) $(bench_probe) $(bench_memory),$(wildcard bench/*.c))
$(B)/bin/bench: $(bench_ops:%.c=$(B)/obj/%.o) $(B)/libkernels.a $(B)/libnumbers.a $(B)/libcommon.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) -ldl -lm $(LIBS)

$(B)/bin/bench-train: $(bench_train:%.c=$(B)/obj/%.o) $(B)/obj/bench/peak.o \
		$(foreach l,model ecg kernels numbers common,$(B)/lib$(l).a)
	@mkdir -p $(@D)
	$(Q)$(call link,$@,$(filter %.o,$^),model ecg kernels numbers common)

$(B)/bin/bench-probe: $(B)/obj/bench/probe.o $(B)/libstatistics.a $(B)/libnumbers.a $(B)/libcommon.a
	@mkdir -p $(@D)
	$(Q)$(call link,$@,$<,statistics numbers common)

$(bench_memory:bench/%.c=$(B)/bin/bench-%): $(B)/bin/bench-%: $(B)/obj/bench/%.o \
		$(B)/libecg.a $(B)/libnumbers.a $(B)/libcommon.a
	@mkdir -p $(@D)
	$(Q)$(call link,$@,$<,ecg numbers common)

# Of the pipeline, for who forgot where it is.
ifndef stages
.PHONY: $(STAGES) compare arm explain
$(STAGES) compare arm explain:
	@echo "make: '$@' belongs to the pipeline: make -f pipeline.mk $@" >&2; exit 2
endif

## ids: one table of the ids of a small run, in every way there is to compute it; fails if two differ
ids: all $(B)/tests/model_batch
	@B=$(B) tests/ids.sh

## bench: one table of every operation's speed on one core (BENCH="--isa avx2 --only conv")
bench: $(B)/bin/bench
	@$(B)/bin/bench $(BENCH)

## bench-train: pretraining beside PyTorch's, alternating: records/s, CPU time, memory
##       (PYTHON, ROUNDS, STEPS; EINTHOVEN_ISA=avx2: both)
bench-train: $(B)/bin/bench-train
	@B=$(B) bench/train.sh

## bench-io: reading beside wfdb + SciPy, the probe beside scikit-learn, a make with nothing to do
##       (PYTHON, ROUNDS, DATA)
bench-io: all $(B)/bin/bench-probe
	@B=$(B) bench/io.sh

## bench-evaluate: time of probe and evaluate on as many records as PTB-XL has (RECORDS=, WIDTH=)
bench-evaluate: all
	@bench/evaluate.sh

## bench-rotations: each fold tested in turn, all trained again (PARAMS=, SET=, ROTATED=)
bench-rotations: all
	@B=$(B) bench/rotations.sh

## bench-memory: most anonymous memory of each stage by number of records
##       (SIZES="2000 8000 20000", ROWS="folder zip synthetic chain finetune")
bench-memory: all $(bench_memory:bench/%.c=$(B)/bin/bench-%)
	@B=$(B) bench/memory.sh

## bench-share: push and pull beside cp on the same disk, and a hit from a remote (SIZE=4000 ROUNDS=5
##       PLACE=folder)
bench-share: all
	@B=$(B) bench/share.sh

## bench-share-http: the same through nginx on this machine, beside curl (SIZE=4000 ROUNDS=5 PLACE=folder)
bench-share-http: all
	@B=$(B) bench/share_http.sh

## format: rewrite all C sources with clang-format
format:
	$(Q)clang-format -i $$(git ls-files "*.[ch]")

## clean: remove the build folder
clean:
	rm -rf $(B)

## help: this list
help:
	@sed -n 's/^## /  /p' $(firstword $(MAKEFILE_LIST))

-include $(wildcard $(B)/obj/*/*.d $(B)/obj/*/*/*.d)
