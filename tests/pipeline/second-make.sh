#!/usr/bin/env bash
# What a make starts, and what it does not: pipeline.mk, the splitter and the stage runner, with stages
# that cost nothing.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/pipeline.sh"
tap_needs make
tree_of_stubs
R=build/runs/default
all_ran='fetch:ran preprocess:ran views:ran pretrain:ran embed:ran probe:ran'
all_hit=${all_ran//ran/hit}

is "first make runs every stage once" "$(outcome probe)" "split $all_ran"
first=$(cat "$WORK/stdout")
is "the first make prints the result" "${first%% *}" made

is "second make starts nothing" "$(outcome probe)" ""
is "... not one process" "$(n_started)" 0
is "... and prints the result again" "$(head -1 "$WORK/stdout")" "$first"
# Make 4.3 leaves the last newline where its buffer was moved: in a makefile as short as this it is.
{
	sed -n '/^define newline/,/^endef/p; /^text_of/p' pipeline.mk
	# shellcheck disable=SC2016 # Make's
	printf 'all:\n\t$(info $(call text_of,text$N))\n'
} >"$WORK/short.mk"
for n in 9 250 500 1500; do
	printf "%${n}s\n" end >"text$n"
	make -f "$WORK/short.mk" N=$n
done | grep -v '^make' >"$WORK/long"
is "... without a line more, however long it is" "$(sed 's/ *end/end/' "$WORK/long" | paste -sd' ')" \
	"end end end end"
is "... as all that is printed is read" "$(grep -c 'info.*(file <' pipeline.mk)" 0
if command -v strace >/dev/null 2>&1 && strace -qq -e trace=none true 2>/dev/null; then
	# shellcheck disable=SC2086 # several words
	strace -f -qq -e trace=execve -o "$WORK/execs" make -f pipeline.mk B=build $choices probe >/dev/null
	is "... as strace sees it too" "$(grep -c execve "$WORK/execs")" 1
else
	skip "... as strace sees it too" "strace is not installed or not allowed"
fi

touch params/default.yaml
is "touching the params starts the splitter only" "$(outcome probe)" split
is "... once" "$(outcome probe)" ""
printf '# reformatted\npretrain: {n:   2}  # the same\n\n' >params/default.yaml
is "reformatting the params starts the splitter only" "$(outcome probe)" split

is "a parameter of pretrain reruns it and what follows" "$(outcome probe SET=pretrain.temperature=0.2)" \
	"split pretrain:ran embed:ran probe:ran"
is "the same override again starts nothing" "$(outcome probe SET=pretrain.temperature=0.2)" ""
is "the same value in another spelling starts the splitter only" \
	"$(outcome probe SET=pretrain.temperature=2e-1)" split
is "taking it back is all hits" "$(outcome probe)" "split pretrain:hit embed:hit probe:hit"
is "giving it again is all hits" \
	"$(outcome probe SET=pretrain.temperature=0.2)" "split pretrain:hit embed:hit probe:hit"
outcome probe >/dev/null
is "a parameter of the probe reruns the probe only" "$(outcome probe SET=probe.n=7)" "split probe:ran"
is "a parameter outside the key runs nothing" \
	"$(outcome probe SET=pretrain.gate=params)" "split pretrain:hit probe:hit"
outcome probe >/dev/null
printf 'pretrain:\n  n: 3\n' >params/default.yaml
is "an edit of the file reruns what depends on it" "$(outcome probe)" "split pretrain:ran embed:ran probe:ran"
printf 'pretrain:\n  n: 2\n' >params/default.yaml
is "reverting the file is all hits" "$(outcome probe)" "split pretrain:hit embed:hit probe:hit"
outcome probe SET=views.is_constant=true >/dev/null
is "a change that gives equal content stops there" \
	"$(outcome probe SET='views.is_constant=true views.n=5')" "split views:ran"
is "... and the next make is quiet" "$(outcome probe SET='views.is_constant=true views.n=5')" ""
outcome probe >/dev/null
is "one stage as the goal runs no later one" \
	"$(outcome preprocess SET=fetch.n=9)" "split fetch:ran preprocess:ran"
outcome probe >/dev/null

echo data >source
is "a local file as source is read" "$(outcome probe SET=fetch.source=source)" "split fetch:ran"
is "... once" "$(outcome probe SET=fetch.source=source)" ""
touch source
is "touching it checks its stage" "$(outcome probe SET=fetch.source=source)" "fetch:hit"
echo other >source
is "editing it reruns its stage" "$(outcome probe SET=fetch.source=source)" "fetch:ran"
rm source
is "removing it is an error of its stage" "$(outcome probe SET=fetch.source=source)" "failed"
check "... which names it" grep -q '^fetch: source: cannot open' "$WORK/stderr"
# shellcheck disable=SC2016 # a name with a dollar
echo data >'my source $1'
is "a name that Make cannot express works" \
	"$(outcome probe SET="fetch.source='my source \$1'")" "split fetch:hit"
is "... checked each time" "$(outcome probe SET="fetch.source='my source \$1'")" "fetch:hit"
is "without it all is as before" "$(outcome probe)" "split fetch:hit"

printf 'views:\n  n: 8\n' >params/base.yaml
printf 'extends: base.yaml\npretrain:\n  n: 2\n' >params/other.yaml
is "another params file is another run, with its hits" "$(outcome probe PARAMS=params/other.yaml)" \
	"split fetch:hit preprocess:hit views:ran pretrain:ran embed:ran probe:ran"
check "... in its own folder" test -s build/runs/other/probe.id
is "... quiet when it is done" "$(outcome probe PARAMS=params/other.yaml)" ""
printf 'views:\n  n: 1\n' >params/base.yaml
is "an edit of the extended file is noticed" "$(outcome probe PARAMS=params/other.yaml)" \
	"split views:hit pretrain:hit embed:hit probe:hit"
is "RUN names the folder of the run" "$(outcome probe RUN=mine | wc -w)" 7
check "... as asked" cmp build/runs/mine/probe.id $R/probe.id
is "the same RUN with another file is split again" "$(outcome probe RUN=mine PARAMS=params/other.yaml)" split

rm $R/views.id
is "a lost id is made again from the cache" "$(outcome probe)" "views:hit pretrain:hit"
rm $R/params/views.json
is "a lost slice is cut again, its stage checked" "$(outcome probe)" "split views:hit"
rm $R/views.txt
is "a lost printed result is made again" "$(outcome probe)" "views:hit"
id=$(cat $R/views.id)
rm -f "$EINTHOVEN_STORE/objects/${id:0:2}/$id.mdb"
is "a lost object is made again, nothing else" "$(outcome probe)" "views:ran"
rm $R/views.stamp $R/params.stamp
is "lost stamps cost a check" "$(outcome probe)" "split views:hit"
is "the next make is quiet" "$(outcome probe)" ""
is "CHECK=1 checks all" "$(outcome probe CHECK=1)" "split $all_hit"
rm -rf build/runs
is "an empty run folder over a warm store is all hits" "$(outcome probe)" "split $all_hit"

before=$(ids default)
find build -mindepth 1 -maxdepth 1 ! -name obj ! -name flags -exec rm -rf {} + # the objects only to save time
plain_make all -j2 >/dev/null
is "an empty build folder over a warm store is all hits" "$(outcome probe)" "split $all_hit"
is "... with the same ids" "$(ids default)" "$before"
sed -i 's|^static void run|/* A comment. */\n&|' stages/pretrain.c
outcome probe >/dev/null
is "a comment in a stage starts no stage" "$(outcome probe)" ""
check "... although it was built again" test build/bin/pretrain -nt build/bin/pretrain.code
sed -i 's|%g"|%g."|' stages/pretrain.c
is "a change of its code reruns it and what follows" \
	"$(outcome probe | grep -o '[a-z]*:.*')" "pretrain:ran embed:ran probe:ran"
sed -i 's|%g."|%g"|' stages/pretrain.c
is "taking that back is all hits" "$(outcome probe | grep -o '[a-z]*:.*')" "pretrain:hit embed:hit probe:hit"

is "LAUNCH_<stage> starts a stage with its command" \
	"$(outcome probe LAUNCH_probe='echo launched >&2; env X=1' SET=probe.n=11; grep -c ^launched \
	"$WORK/stderr")" "split probe:ran1"
outcome probe >/dev/null

plain_make explain SET='pretrain.temperature=0.3 probe.n=4' >"$WORK/why" 2>&1
check "explain names the field that differs" grep -q '^pretrain: params.temperature 0.1 -> 0.3' "$WORK/why"
check "... of each stage" grep -q '^probe: params.n 1 -> 4' "$WORK/why"
check "... that a stage between them waits" grep -q '^embed: waits for pretrain' "$WORK/why"
check "... and what is up to date" grep -q '^views: up to date' "$WORK/why"
is "explaining ran nothing" "$(outcome probe)" "split pretrain:hit probe:hit"

is "a failing stage fails the make" \
	"$(outcome probe SET='views.fails=true views.n=77'; cat "$WORK/code")" "split failed2"
check "... with its reason" grep -q '^views: told to fail' "$WORK/stderr"
is "... and is tried again" "$(outcome probe SET='views.fails=true views.n=77'; cat "$WORK/code")" "failed2"
is "... until it is mended" "$(outcome probe)" "split views:hit"

# An edit while a stage runs: the next make must see it.
printf 'views:\n  n: 21\n  gate: gate1\npretrain:\n  n: 20\n' >params/default.yaml
plain_make probe >/dev/null 2>"$WORK/slow" &
wait_for test -e gate1.begun
sed -i 's/n: 20/n: 22/' params/default.yaml
touch gate1
wait
check "a make goes on while its params are edited" grep -q '^probe: ran' "$WORK/slow"
is "the next make sees the edit" "$(outcome probe)" "split pretrain:ran embed:ran probe:ran"
is "... and the one after is quiet" "$(outcome probe)" ""
echo data >source
printf 'fetch:\n  source: source\n  n: 23\n' >params/default.yaml
outcome fetch >/dev/null
printf 'fetch:\n  source: source\n  n: 24\n  gate: gate2\n' >params/default.yaml
plain_make fetch >/dev/null 2>&1 &
wait_for test -e gate2.begun
echo edited >source
touch gate2
wait
is "an edit of the source while it is read is seen too" "$(outcome fetch)" "fetch:ran"
is "... once" "$(outcome fetch)" ""

# Two terminals at once.
printf 'views:\n  n: 30\n  gate: gate3\npretrain:\n  gate: gate4\n' >params/default.yaml
plain_make probe >/dev/null 2>"$WORK/one" &
plain_make probe >/dev/null 2>"$WORK/two" &
one_waits() { cat "$WORK/one" "$WORK/two" | grep -q "^$1: another process"; }
wait_for one_waits views
touch gate3
wait_for one_waits pretrain
touch gate4
wait
is "two makes at once run each stage once" "$(cat "$WORK/one" "$WORK/two" | grep -c ': ran in')" 4
is "... and both end well" "$(cat "$WORK/one" "$WORK/two" | grep -c '^make')" 0
is "... leaving nothing to do" "$(outcome probe)" ""

# Two terminals that build at once: what a compiler writes is half there for a while, under names of its own.
# shellcheck disable=SC2086 # several words
compiler=$(make -pn -f Makefile B=build $choices 2>/dev/null | sed -n 's/^CC := \([^ ]*\).*/\1/p' | head -1)
mkdir "$WORK/slow-bin"
cat >"$WORK/slow-bin/${compiler##*/}" <<END
#!/bin/sh
PATH='$PATH' # a compiler that looks for another of its name must not find this one
"$(command -v "$compiler")" "\$@" || exit
for out; do [ "\$before" = -o ] && break; before=\$out; done
[ "\$before" = -o ] && [ -f "\$out" ] || exit 0
cp "\$out" "\$out.whole" && head -c 500 "\$out.whole" >"\$out" && sleep 0.1 &&
	cat "\$out.whole" >"\$out" && rm "\$out.whole"
END
chmod +x "$WORK/slow-bin/${compiler##*/}"
# shellcheck disable=SC2086 # several words
builds() { PATH=$WORK/slow-bin:$PATH make B=build $choices -j2 all >"$1" 2>&1; }
touch common/yaml.h
builds "$WORK/one" &
builds "$WORK/two"
code=$?
wait $!
is "two makes that build at once both end well" "$code $?" "0 0"
is "... of two compilers each" "$(cat "$WORK/one" "$WORK/two" | grep -c 'CC    common/yaml.c')" 2
# shellcheck disable=SC2086 # several words
is "... leaving nothing to build" "$(make B=build $choices all 2>&1 | grep -c 'CC\|LINK')" 0
is "... no half files" "$(find build -name '*.new*' -o -name '*.whole')" ""
is "... and programs that work" "$(outcome probe SET=pretrain.n=33)" \
	"split pretrain:ran embed:ran probe:ran"
outcome probe >/dev/null

# kill -9 in the middle of a stage.
printf 'views:\n  n: 31\n  gate: gate5\n' >params/default.yaml
# shellcheck disable=SC2086 # several words
setsid make -f pipeline.mk B=build $choices probe >/dev/null 2>&1 &
group=$!
wait_for test -e gate5.begun
kill -9 -- -$group
wait $group 2>/dev/null
check "a killed stage leaves no stamp" test $R/views.stamp -ot $R/params/views.json
touch gate5
is "after kill -9 the next make completes" \
	"$(outcome probe | grep -o 'views.*')" "views:ran pretrain:ran embed:ran probe:ran"
is "... and the next is quiet" "$(outcome probe)" ""

# Ctrl-C and kill, as a terminal sends them: to all processes of the make.
sed -i 's/n: 31/n: 32/; s/gate5/gate6/' params/default.yaml
# shellcheck disable=SC2086 # several words
setsid make -f pipeline.mk B=build $choices probe >/dev/null 2>"$WORK/killed" &
group=$!
wait_for test -e gate6.begun
kill -TERM -- -$group
wait $group 2>/dev/null
check "a stage that is told to stop says so" \
	wait_for grep -q '^views: interrupted; nothing was published' "$WORK/killed"
touch gate6
is "... and the next make completes" \
	"$(outcome probe | grep -o 'views.*')" "views:ran pretrain:ran embed:ran probe:ran"

rm -rf build/runs
EINTHOVEN_STORE=$WORK/store1 plain_make -j1 probe RUN=j1 >/dev/null 2>&1
EINTHOVEN_STORE=$WORK/store8 plain_make -j8 probe RUN=j8 >/dev/null 2>&1
is "-j1 and -j8 give the same ids" "$(ids j1)" "$(ids j8)"
is "... of six stages" "$(ids j1 | grep -cE '^[0-9a-f]{64}$')" 6

is "a missing params file starts nothing" "$(outcome probe PARAMS=params/nope.yaml; cat "$WORK/code")" 2
check "... and is named" grep -q 'PARAMS=params/nope.yaml: no such file' "$WORK/stderr"
is "a wrong SET starts no stage" "$(outcome probe SET=pretrain.temprature=1)" "split failed"
check "... and says so" grep -q "^SET: unknown key 'temprature'; did you mean 'temperature'?" "$WORK/stderr"
is "... each time" "$(outcome probe SET=pretrain.temprature=1)" "split failed"
check_fails "two names in PARAMS are refused" 2 'one name each' plain_make probe PARAMS='a b'
check "help lists the stages" sh -c 'make -f pipeline.mk B=build | grep -q "^  probe: "'
tap_done
