#!/usr/bin/env bash
# make audit: from a run's result to the raw files, with stages that cost nothing. What holds is said, and
# whatever does not hold is found: objects, entries, params, code, raw data.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/pipeline.sh"
tap_needs make
tree_of_stubs
R=build/runs/default
rows() { sed -nE 's/^(ok|BAD) +([a-z]+).*/\1 \2/p' "$WORK/found" | tr '\n' ' '; }
audit() {
	plain_make audit "$@" >"$WORK/found" 2>"$WORK/stderr"
	echo $? >"$WORK/code"
}
holds() {
	audit "$@"
	[ "$(cat "$WORK/code")" = 0 ] && grep -q 'artifacts audited: all holds$' "$WORK/found"
}
says() { # says TEXT ARGUMENT...: exit code 2 of make, and a sentence with this
	local text=$1
	shift
	audit "$@"
	[ "$(cat "$WORK/code")" = 2 ] && grep -q -e "$text" "$WORK/found"
}

echo data >source
source=fetch.source=source
outcome probe SET=$source >/dev/null
check "all of a run that was just made holds" holds SET=$source
is "each artifact is met once, the result first" "$(rows)" \
	"ok probe ok embed ok preprocess ok pretrain ok fetch ok views ok raw "
is "... with its records, action, code and params" "$(grep -c \
	'recomputed  [0-9a-f]\{12\}  unsigned   as here  .*as now  *stub/1' "$WORK/found")" 6
check "that it is unsigned is said" grep -q '^6 of 6 action entries are unsigned' "$WORK/found"
is "an audit starts no stage" "$(outcome audit SET=$source)" ""
check "... of a stage by itself" holds ID=$R/views.id
is "... with what that was made of" "$(rows)" "ok views ok preprocess ok fetch ok raw "

check "other params than it was made with are named" \
	says '^pretrain .*params differ: temperature was 0.1 when it was made, is 0.3 now' \
	SET="$source pretrain.temperature=0.3"
is "... at their stage" "$(rows)" "ok probe ok embed ok preprocess BAD pretrain ok fetch ok views ok raw "
check "params that cannot change a result are none" holds SET="$source pretrain.gate=x"
check "what is asked for by id is not compared with the run" holds ID=$R/probe.id

cp stages/embed.c "$WORK/embed.c"
echo '/* a remark */' >>stages/embed.c
check "a remark in a source is no other code" holds SET=$source
echo 'extern int other;' >>stages/embed.c
check "another source is" says '^embed .*code: neither this checkout nor .*: stages/embed.c$' SET=$source
is "... of the stage it belongs to" "$(rows)" \
	"ok probe BAD embed ok preprocess ok pretrain ok fetch ok views ok raw "
cp "$WORK/embed.c" stages/embed.c

object=$WORK/store/objects/$(head -c 2 $R/views.id)/$(cat $R/views.id).mdb
mv "$object" aside
check "an artifact that is gone" says '^views .*the artifact is absent' SET=$source
cp aside "$object" && chmod u+w "$object"
at=$(LC_ALL=C grep -obUa 'views 0.1' "$object" | tail -1 | cut -d: -f1)
printf 'V' | dd of="$object" bs=1 seek="$at" conv=notrunc 2>/dev/null
check "a damaged one" says '^views .*the artifact is damaged: .*table made, record 1' SET=$source
mv -f aside "$object"

entry=$(grep -l '"stage":"pretrain"' "$WORK"/store/actions/*/*.json)
cp "$entry" aside && chmod u+w "$entry"
sed -i 's/"temperature":0.1/"temperature":0.7/g' "$entry"
check "an entry that was edited" says 'passed over: .*its seal does not fit' SET=$source
rm -f "$entry"
check "one that is gone" says 'no action entry says how it was made' SET=$source
mv aside "$entry"

printf 'dat4\n' >source
check "other raw data" says '^raw data .*not what was read' SET=$source
rm source
check "... none: the digest it had is said" grep -q 'SHA-256' "$WORK/found"
echo data >source
check "all holds again" holds SET=$source

# ---- entries that would have programs run
# Raw data that is a folder is asked of the entry's stage; every program here says that it was run.
mkdir -p "$WORK/a/b/planted" && mv source aside.source && mkdir source
printf '#!/bin/sh\ntouch "%s/ran"\n' "$WORK" >"$WORK/a/x" && chmod +x "$WORK/a/x"
for s in $stages; do cp "$WORK/a/x" "$WORK/a/b/planted/$s"; done
planted() { # planted TEXT ARGUMENT...: the audit finds this, and runs nothing
	local text=$1
	shift
	rm -f "$WORK/ran"
	build/bin/audit "$(cat $R/views.id)" --programs "$WORK/a/b/planted" "$@" >"$WORK/found" 2>&1
	[ $? = 1 ] && grep -q -e "$text" "$WORK/found" && [ ! -e "$WORK/ran" ]
}
entry=$(grep -l '"stage":"fetch"' "$WORK"/store/actions/*/*.json)
mv "$entry" aside
sed 's|"stage":"fetch"|"stage":"../../x"|g; s|"name":"fetch"|"name":"../../x"|g
	s|"code:fetch"|"code:../../x"|; s/,"seal":"[0-9a-f]*"//' aside >forged
key=$(sed 's/.*"internalParameters":{"action"://; s/,"actionKey":".*//' forged | tr -d '\n' | sha256sum |
	cut -d' ' -f1)
forged=$WORK/store/actions/${key:0:2}/$key.json
mkdir -p "${forged%/*}"
sed "s/\"actionKey\":\"[0-9a-f]*\"/\"actionKey\":\"$key\"/" forged >"$forged"
check "an entry whose stage is a path is refused, and nothing runs" \
	planted 'passed over: .*names a stage that cannot be one'
check "... with RERUN=1 neither" planted 'no action entry says how to derive it' --rerun --place "$WORK/place"
rm -rf "$forged" "$WORK/place"
mv aside "$entry"
build/bin/audit "$(cat $R/views.id)" --programs "$WORK/a/b/planted" >"$WORK/found" 2>&1
check "of an entry that is taken the stage is asked" test -e "$WORK/ran"
"$BIN/store" keygen key.pem >trust.yaml 2>/dev/null
export EINTHOVEN_TRUST=trust.yaml
check "of one that is not taken it is not" planted 'the action entry that names it is not taken'
check "... nor run with RERUN=1, and why is said" \
	planted 'BAD  fetch .*not run: its action entry is not signed' --rerun --place "$WORK/place"
export EINTHOVEN_TRUST=''
rm -rf trust.yaml key.pem source "$WORK/place"
mv aside.source source

# ---- derived again
stored() { find "$WORK/store" -type f ! -path '*/roots/*' ! -path '*/used/*' -printf '%P %T@\n' | sort; }
stored >before
check "RERUN=1 derives all again, to the same ids" holds SET=$source RERUN=1
is "... and says so of each, the raw data first" \
	"$(sed -nE 's/^ok +([a-z]+) .*derived again, the same$/\1/p' "$WORK/found" | tr '\n' ' ')" \
	"fetch preprocess views pretrain embed probe "
check "... what it will cost before" sh -c "grep -n 'when they were made it took' '$WORK/found' |
	cut -d: -f1 | grep -qx \$((\$(grep -n 'fetch .*derived' '$WORK/found' | cut -d: -f1) - 1))"
stored >after
check "... leaves the store as it was" diff before after
is "... and nothing behind" "$(ls build/audit)" ""
sed -i 's/"NAME %g"/"other %g"/; s/"embed %g"/"other %g"/' stages/embed.c
check "a stage that comes to something else is found" says 'BAD  embed .*derived again it is' \
	SET=$source RERUN=1
check "... with how its action and artifact differ" sh -c "grep -q '^     action code ' '$WORK/found' &&
	grep -q '^     header tables.made.root ' '$WORK/found'"
is "... nothing after it is run" "$(grep -c 'probe .*derived' "$WORK/found")" 0
rm -rf build/audit
check_fails "... whether a bundle is written or not" 1 'wrote .*bundle.tar' \
	build/bin/audit --run $R --rerun --bundle "$WORK/bundle.tar"
cp "$WORK/embed.c" stages/embed.c
rm -rf build/audit
mkdir "$WORK/slow" && cp build/bin/* "$WORK/slow"
rm -rf build/audit
printf '#!/bin/sh\ntouch "%s/begun"\nexec sleep 60\n' "$WORK" >"$WORK/slow/pretrain"
build/bin/audit --run $R --rerun --programs "$WORK/slow" >"$WORK/found" 2>&1 &
pid=$!
wait_for test -e "$WORK/begun"
signal_children TERM $pid
wait $pid
is "stopped in a stage it exits as that does" $? 143
check "... and says where it goes on" grep -q '^stopped; the next audit goes on in build/audit/' "$WORK/found"
check "which it then does" holds SET=$source RERUN=1
check "... with the hits of what was derived" grep -q '^going on with what an audit' "$WORK/found"

# ---- bundle
check "make bundle writes the chain as one file" plain_make bundle SET="$source views.n=1"
mkdir "$WORK/a b"
check "... under a name with blanks too" plain_make bundle SET="$source views.n=1" BUNDLE="$WORK/a b/c d.tar"
check "... the same" cmp $R/bundle.tar "$WORK/a b/c d.tar"
check "... which is read without a store" sh -c "EINTHOVEN_STORE=none build/bin/audit $R/bundle.tar |
	grep -q 'artifacts audited: all holds\$'"
is "... with the params that were given" "$(tar tf $R/bundle.tar | sed -n 's|.*/params/||p')" default.yaml
is "... and the command that makes it again" "$(tar xOf $R/bundle.tar | sed -n 's/^make /make /p')" \
	"make -f pipeline.mk probe PARAMS=params/default.yaml SET=\"$source views.n=1\""
check "somewhere else" plain_make bundle BUNDLE="$WORK/own.tar" ID=$R/views.id
is "... of a stage by itself" "$(tar tf "$WORK/own.tar" | grep -c /headers/)" 3
check_fails "a name that is none" 2 "ends in .tar" plain_make bundle BUNDLE="$WORK/own.zip"

# ---- commits
if command -v git >/dev/null; then
	(git init -q . && git add Makefile pipeline.mk audit common params remote stages store tools trust \
		ecg kernels model && git -c user.name=t -c user.email=t@t commit -qm one) >/dev/null 2>&1
	commit=$(git rev-parse HEAD)
	rm -f build/bin/*
	outcome probe SET="$source fetch.n=5" >/dev/null
	check "the commit is named" holds SET="$source fetch.n=5"
	is "... at each stage" "$(grep -c "as here  ${commit:0:8}  as now" "$WORK/found")" 6
	echo 'extern int other;' >>stages/embed.c
	check "a checkout that differs is no fault if the commit has the sources" \
		holds SET="$source fetch.n=5"
	is "... and that is said" "$(grep -c "^ok .*embed .*as committed  ${commit:0:8}" "$WORK/found")" 1
	outcome probe SET="$source fetch.n=6" >/dev/null
	check "a changed tree is called modified" holds SET="$source fetch.n=6"
	check "... beside the commit it was" grep -q "embed .*as here  ${commit:0:8}, modified" "$WORK/found"
	git checkout -q stages/embed.c
	check "... and gone it is found" says '^embed .*neither this checkout nor the commit' \
		SET="$source fetch.n=6"
else
	skip "the commit is named" "git is not installed"
fi

check_fails "a run without a result" 2 'has no result' plain_make audit RUN=other
check_fails "an id that is not there" 2 'no object in .* begins with 00000000' plain_make audit ID=00000000
tap_done
