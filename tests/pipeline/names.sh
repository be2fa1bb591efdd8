#!/usr/bin/env bash
# What a user names is text to pipeline.mk: no name is a target, a rule, an expansion or a command.
# shellcheck disable=SC2016,SC1003 # is not to be expanded
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/pipeline.sh"
tap_needs make
tree_of_stubs
R=build/runs/default
unharmed() { [ -e $R/fetch.id ] && [ -z "$(find . -name 'pwned*')" ]; }

# ---- names of files ----
outcome fetch >/dev/null
echo data >plain
outcome fetch SET=fetch.source=plain >/dev/null
id=$(cat $R/fetch.id)
bad='' checked=''
for name in clean ./clean .//clean test all help fetch explain FORCE .IGNORE .POSIX .PHONY .SILENT .ONESHELL \
	Makefile.bak \
	'my data' ' blank' 'blank ' 'a$b' '$(shell touch pwned1)' '$$(shell touch pwned2)' 'a%b' 'a:b' 'a#b' \
	'a|b' 'a=b' 'a;touch pwned3' \
	'a&touch pwned4' 'a\b' 'a\' '~a' '*' '[a]' '(a)' 'a,b' '`touch pwned5`' '"a"' 'é'; do
	case $name in */*) ;; *) echo data >"$name" ;; esac
	first=$(outcome fetch SET="fetch.source='$name'")
	is_id=$(cat $R/fetch.id)
	second=$(outcome fetch SET="fetch.source='$name'")
	[ "$first" = "split fetch:hit" ] && [ "$is_id" = "$id" ] && unharmed ||
		bad="$bad [$name] first: $first;"
	case $second in '') ;; fetch:hit) checked="$checked $name" ;; *) \
		bad="$bad [$name] second: $second;" ;; esac
done
is "a source may have any name" "$bad" ""
is "... and the most are quiet when nothing changed" \
	"$(echo "$checked" | grep -cE 'clean|FORCE|IGNORE|my data|a,b|é')" 0
echo data >"it's"
is "... also one with a quote" "$(outcome fetch SET='fetch.source="it'\''s"')" "split fetch:hit"
mkdir folder
echo data >folder/clean
touch folder/.IGNORE
(cd folder && outcome fetch >/dev/null 2>&1)
outcome fetch SET=fetch.source=. >/dev/null
outcome fetch SET=fetch.source=. >/dev/null
check "a source that is the tree itself runs no target" unharmed
for name in clean test FORCE .IGNORE; do
	printf 'views:\n  n: 3\n' >"$name"
	printf 'extends: %s\n' "$name" >top.yaml
	outcome fetch PARAMS=top.yaml RUN=default >/dev/null
	is "a file that extends '$name' is read once" \
		"$(outcome fetch PARAMS=top.yaml RUN=default)$(cat "$WORK/code")" 0
done
check "... and harms nothing" unharmed
check_fails "a params file must be a .yaml file: 'clean' is none" 2 \
	'ends in .yaml' plain_make fetch PARAMS=clean
check "... and harms nothing" unharmed

# ---- text of variables ----
hostile='fetch.source="$(shell touch pwned6)$$(shell touch pwned7)`touch pwned8`;touch pwned9"'
echo data >'$(shell touch pwned6)$$(shell touch pwned7)`touch pwned8`;touch pwned9'
is "SET is text" "$(outcome fetch SET="$hostile")" "split fetch:hit"
rm './$(shell touch pwned6)$$(shell touch pwned7)`touch pwned8`;touch pwned9'
check "... of which nothing is run" unharmed
outcome fetch >/dev/null
SET=$hostile outcome fetch >/dev/null
check "... nor from the environment" unharmed
plain_make help CC='echo x' SET="$hostile" >/dev/null 2>&1
check "... nor when make asks the compiler" unharmed
is "... and may have lines" "$(outcome fetch SET=$'fetch.n=2\nviews.n=4\n')" "split fetch:ran"
is "... of which none is a command" \
	"$(outcome fetch SET=$'fetch.n=2\n touch pwned10\n')$(grep -c '^SET: expected name=value' \
	"$WORK/stderr")" "split failed1"
check "... indeed" unharmed
outcome fetch >/dev/null
for variable in RUN ARMS SEEDS B; do
	check_fails "$variable is a name" 2 "must not contain" plain_make fetch compare "$variable=a;pwned11"
	check_fails "... and not expanded" 2 \
		"." plain_make fetch compare "$variable=\$(shell touch pwned12)/%"
done
for B in 'a$(shell touch pwned14)' 'a;pwned15' 'a b' '$(B)'; do
	check_fails "a build folder '$B' is refused by make itself" 2 '^Makefile:.* B must ' make all "B=$B"
	check_fails "... and from the environment" 2 '^Makefile:.* B must ' env "B=$B" make all
done
check_fails "a file of an odd name in params/arms is refused" 2 "ARMS must not contain" sh -c \
	"mkdir -p params/arms && echo 'views: {n: 2}' >'params/arms/a\$(id).yaml' &&
	make -f pipeline.mk B=build compare"
rm params/arms/*
check "... all of which harms nothing" unharmed

# ---- the store ----
for store in "$WORK/a store" "$WORK/st\$HOME\$(shell touch pwned13)%:#|=;&,'(é" "rel \$x"; do
	export EINTHOVEN_STORE=$store
	outcome fetch CHECK=1 >/dev/null
	is "the store may be called '${store##*/}'" \
		"$(outcome fetch)$(find "$store/objects" -name '*.mdb' | wc -l)" 1
done
export EINTHOVEN_STORE=$WORK/store
outcome fetch EINTHOVEN_STORE="$WORK/given \$x" CHECK=1 >/dev/null
is "... also as a variable of make" "$(find "$WORK/given \$x/objects" -name '*.mdb' | wc -l)" 1
check_fails "a store whose name is a pattern is refused" 2 \
	'EINTHOVEN_STORE must not contain' plain_make fetch EINTHOVEN_STORE='a*'
check "... all of which harms nothing" unharmed

# ---- a tree that was moved ----
outcome fetch SET=fetch.source=plain >/dev/null
mv "$WORK/tree" "$WORK/moved" && cd "$WORK/moved" || exit 1
is "in a tree that was moved the names are cut again" \
	"$(outcome fetch SET=fetch.source=plain)" "split fetch:hit"
is "... once" "$(outcome fetch SET=fetch.source=plain)" ""
echo other >plain
is "... and an edit of the source is noticed" "$(outcome fetch SET=fetch.source=plain)" "fetch:ran"
tap_done
