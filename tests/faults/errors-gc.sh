#!/usr/bin/env bash
# A system call of gc or forget that fails: what a run needs stays, whatever could not be read; what was not
# removed is removed by the next call. What gc cannot know it does not take for nothing.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/tiny.sh"
. "$TOP/tests/faults.sh"
can_trace || skip_all "strace is not installed or not allowed"
trials=${TRIALS:-24}

for n in 1 2 3; do
	tiny_params count=$n
	./tiny --build run >log 2>&1
done
./twice --build run >log 2>&1
ids=$(cat run/tiny.id run/twice.id)
rm run/tiny.id # of what twice was made of only its entry speaks
cp -a store base
cp -a run base.run
as_before() {
	chmod -R u+w store && rm -rf store run
	cp -a base store
	cp -a base.run run
}
collect=("$BIN/store" gc --delete --grace-days 0 --runs run)
n_runs=$(runs)
is_kept() {
	"$BIN/store" verify >verify.log 2>&1 || return 1
	./tiny --build run >log 2>&1 && ./twice --build run >log 2>&1 || return 2
	[ "$(cat run/tiny.id run/twice.id)" = "$ids" ] || return 3
	[ "$(runs)" = "$n_runs" ] || return 4
}

# The other notes of who needs what are put away, so that only what is read decides.
rm -rf base/roots base/used
as_before
strace -qq -f -o trace "${collect[@]}" >log 2>&1
is "gc keeps what a run was made of" "$(grep -c '^object' log)" 2
check "... " is_kept
awk '{ call = $2; sub(/\(.*/, "", call) } call !~ /^[a-z]/ { next } { n = ++count[$1 " " call] }
	/"run/ && call != "execve" { begun = 1 }
	begun && call ~ /^(open(at)?|getdents64|p?read(64)?|mmap|(newfstat|f?stat)(at)?)$/ { print call, n }
	begun && call ~ /^((rename|unlink)(at)?|flock|write|mkdir)$/ { print call, n }' trace | sort -u >all
errors=(EIO EACCES ENOMEM EMFILE ENFILE)
every=${EVERY:-} # each error at each site, not one in turn
bad='' sites=0 tries=0 n_said=0
while read -r call n <&3; do
	for ((k = 0; k < ${#errors[@]}; k++)); do
		[ -n "${every:-}" ] || [ $((sites % ${#errors[@]})) = $k ] || continue
		as_before
		failing "$call" "$n" "${errors[k]}" "${collect[@]}" >out 2>err
		code=$?
		tries=$((tries + 1))
		case $code in
		0) ;;
		1) n_said=$((n_said + 1)) && grep -q '^store: .' err || bad="$bad $call:$n:silent" ;;
		*) bad="$bad $call:$n:${errors[k]}:exit$code" ;;
		esac
		is_kept || bad="$bad $call:$n:${errors[k]}:lost$?"
	done
	sites=$((sites + 1))
done 3< <(some_of "$trials" <all)
is "$sites of $(wc -l <all) calls of gc fail, $n_said with a message: what a run needs is kept" "$bad" ""
check "... and they did fail, $n_injected in $tries tries" most_of $n_injected $tries

# ---- what cannot be read ----
as_before
entry=$(grep -l '"stage":"twice"' store/actions/*/*.json | head -1)
chmod u+w "$entry"
echo '{' >"$entry"
"${collect[@]}" >out 2>err
code=$?
inputs=$(find store/objects store/trash -name '*.mdb' 2>/dev/null | wc -l)
check "with an entry that cannot be read gc does not take its inputs for unneeded (exit $code)" \
	[ "$inputs" -ge 2 ]
tap_done
