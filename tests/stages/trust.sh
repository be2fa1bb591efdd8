#!/usr/bin/env bash
# Signed entries: who signs, what is a hit under a trust.yaml, and what is said of what is none.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/tiny.sh"
store=$BIN/store
unset EINTHOVEN_KEY EINTHOVEN_TRUST XDG_CONFIG_HOME
export HOME=$WORK/home
mkdir -p "$HOME" store

# ---- keys ----
check "keygen makes a key where stages look for it" sh -c "USER=ada $store keygen >>trust.yaml 2>said"
mv trust.yaml lines
key=$HOME/.config/einthoven/key.pem
is "only its owner may read it" "$(stat -c %a "$key")" 600
is "what it prints is a trust.yaml" "$(sed 's/: [^ ]*$/: LINE/' lines)" \
	"$(printf 'keys:\n  ada:\n    key: LINE\n    models: LINE')"
ada=$(sed -n 's/.* key: //p' lines)
(umask 0 && "$store" keygen loose.pem >out 2>&1)
is "... whatever the umask" "$(stat -c %a loose.pem)" 600
check_fails "a key is never overwritten" 1 "key.pem: is there already, and a key is never" \
	"$store" keygen
check "keys go where they are told" sh -c "$store keygen bob.pem >bob.lines 2>&1 &&
	$store keygen eve.pem >eve.lines"
bob=$(sed -n 's/.* key: //p' bob.lines) eve=$(sed -n 's/.* key: //p' eve.lines)
cp lines trust.yaml
USER=ada "$store" keygen more.pem >>trust.yaml 2>said
check "beside others it prints what can be appended, under a name that is free" \
	sh -c "$store trust | grep -q '^ada-2 ' && grep -q \"lines go under 'keys:' of trust.yaml:\" said"
printf 'since: 2026-01-01\nkeys:\n    ada:\n        key: %s\n' "$ada" >trust.yaml
USER=bob "$store" keygen third.pem >>trust.yaml 2>said
check "... indented as they are" sh -c "$store trust | grep -q '^bob '"
printf 'keys:\n  ada:\n    key: %s\nsince: 2026-01-01\n' "$ada" >trust.yaml
"$store" keygen fourth.pem >out 2>said
check "... and says where, if that is not the end" grep -q "of trust.yaml, which is not at its end" said
printf 'since: 2026-01-01\n' >trust.yaml
USER=bob "$store" keygen fifth.pem >>trust.yaml 2>said
check "where there are none it begins them" sh -c "$store trust | grep -q '^bob '"
printf 'keys:\n  ada:\n    key: %s' "$ada" >trust.yaml
USER=bob "$store" keygen sixth.pem >>trust.yaml 2>said
is "a last line without its end stays a line" \
	"$($store trust | grep -oE '^(ada|bob) ' | paste -sd,)" "ada ,bob "
printf 'since: 2026-01-01\nkeys:\n' >trust.yaml
USER=bob "$store" keygen seventh.pem >>trust.yaml 2>said
check "keys: that has none yet is not begun again" sh -c "$store trust | grep -q '^bob ' &&
	[ \$(grep -c '^keys:' trust.yaml) = 1 ]"
printf 'keys: {}\n' >trust.yaml
"$store" keygen eighth.pem >out 2>said
check "where keys stand in braces it says so" grep -q "in place of what stands there in braces" said
rm trust.yaml
if command -v openssl >/dev/null; then
	is "openssl reads the key, and finds the same public one" \
		"$(openssl pkey -in "$key" -pubout | sed -n 2p)" "$ada"
	openssl genpkey -algorithm ed25519 -out theirs.pem 2>/dev/null
	chmod 600 theirs.pem
	check "a key of openssl's is as good" \
		sh -c "EINTHOVEN_KEY=theirs.pem $store trust | grep -q 'our key'"
	openssl genpkey -algorithm ed25519 -aes128 -pass pass:secret -out locked.pem 2>/dev/null
	openssl ecparam -name prime256v1 -genkey -noout -out other.pem 2>/dev/null
	chmod 600 locked.pem other.pem
	check_fails "one with a passphrase is refused, not asked for" 1 "locked.pem: needs a passphrase" \
		env EINTHOVEN_KEY=locked.pem "$store" trust
	check_fails "so is one of another kind" 1 "another kind than Ed25519" \
		env EINTHOVEN_KEY=other.pem "$store" trust
else
	skip "openssl reads our keys" "openssl is not installed"
fi
cp bob.pem open.pem && chmod 640 open.pem
check_fails "a key that others can read is refused, with what to do" 1 \
	"others can get at.*mode 640.*chmod 600" env EINTHOVEN_KEY=open.pem ./tiny --build run
check_fails "so is one that is not there" 1 "cannot open: No such file.*private key" \
	env EINTHOVEN_KEY=none.pem ./tiny --build run
mkdir -p lost/.config/einthoven && ln -s nowhere lost/.config/einthoven/key.pem
check_fails "a link to one that leads nowhere is not as if there were none" 1 \
	"lost/.config/einthoven/key.pem: cannot open.*empty EINTHOVEN_KEY nothing is signed" \
	env HOME=lost ./tiny --build run
echo text >text.pem && chmod 600 text.pem
check_fails "and what is no key" 1 "no private key in PEM" env EINTHOVEN_KEY=text.pem ./tiny --build run
is "before any work is done" "$(runs)" 0

# ---- signing ----
./tiny --build run >out 2>&1
entry=$(echo store/actions/*/*.json)
id=$(cat run/tiny.id)
check "with a key the entry is an envelope" grep -q '"payloadType":"application/vnd.in-toto+json"' "$entry"
check "signed by it" grep -qF "\"keyid\":\"$ada\"" "$entry"
check "no byte of the private key is in the store or the folder of the run" \
	sh -c "! grep -rqF '$(sed -n 2p "$key")' store run out"
if command -v strace >/dev/null && strace -qq -e trace=none true 2>/dev/null; then
	tiny_params count=30
	strace -f -qq -s 99999 -e trace=write,writev,pwrite64,execve,sendto -o calls \
		./tiny --build run >out 2>&1
	check "nor in anything that a stage writes or starts" \
		sh -c "grep -q '^.*write(' calls && ! grep -qF '$(sed -n 2p "$key")' calls"
	tiny_params
	./tiny --build run >out 2>&1
else
	skip "nor in anything that a stage writes or starts" "strace is not installed or not allowed"
fi
n=$(runs)
check "it is a hit without a trust.yaml" sh -c "./tiny --build run 2>&1 | grep -q 'tiny: cached'"
check "and said to be of a key nobody vouches for" sh -c "$store verify --chain $id | grep -q 'unknown key'"
cp lines trust.yaml
check "with ada in trust.yaml it is hers" sh -c "$store verify --chain $id | grep -q '^ok .* ada '"
check "and a hit" sh -c "./tiny --build run 2>&1 | grep -q 'tiny: cached'"
check "trust says whose keys are taken, and which is ours" \
	sh -c "$store trust | grep -q '^ada  .*all stages.*(our key)'"

# Each kind of refusal: no hit, and its own reason. refused NAME REASON: with the entry and trust.yaml as they
# are now.
cp "$entry" sound.json
refused() {
	local before
	before=$(runs)
	EINTHOVEN_KEY='' ./tiny --build run >out 2>&1
	if [ "$(($(runs) - before))" = 1 ] && grep -q "this entry $2.*; ignoring this entry" out &&
		! grep -q 'please report' out; then
		ok "$1"
	else
		not_ok "$1"
		sed 's/^/# /' out
	fi
	chmod u+w "$entry"
	cp sound.json "$entry"
}
printf 'keys:\n  bob:\n    key: %s\n' "$bob" >trust.yaml
refused "a key that is not listed" "is signed by the key $ada, which trust.yaml does not list"
trust() { printf 'keys:\n  ada:\n    key: %s\n%s' "$ada" "$1" >trust.yaml; }
trust '    revoked: the laptop was stolen
'
refused "a revoked key" 'is signed by ada, whose key is revoked (the laptop was stolen)'
trust '    stages: [fetch, probe]
'
refused "another stage's key" 'is signed by ada, whose key does not sign for tiny'
trust '    from: 2099-01-01
'
refused "before the key holds" 'is of 20.*, and the key of ada holds from 2099-01-01 only'
trust '    until: 2001-01-01
'
refused "after it held" 'is of 20.*, and the key of ada held until 2001-01-01'
trust 'since: 2099-06-01
'
refused "before all that is taken" 'is of 20.*, and trust.yaml takes none from before 2099-06-01'
trust ''
mkdir -p other && cp -r run/params other
EINTHOVEN_KEY='' EINTHOVEN_TRUST='' EINTHOVEN_STORE=unsigned ./tiny --build other >out 2>&1
chmod u+w "$entry"
cp unsigned/actions/*/*.json "$entry"
refused "an unsigned one" 'is not signed, and trust.yaml takes only what is'
chmod u+w "$entry"
sed 's/"payload":"\(..............................\)./"payload":"\1B/' sound.json >"$entry"
refused "one that was changed" 'has a wrong signature: it was changed after ada signed it'
chmod u+w "$entry"
sed "s|$ada|$bob|" sound.json >"$entry"
refused "one under another's name" 'has a wrong signature'
tiny_params count=7
./tiny --build run >out 2>&1
second=$(grep -l . store/actions/*/*.json | grep -v "$entry" | head -1)
chmod u+w "$entry"
cp "$second" "$entry"
tiny_params
refused "one of another action, in its place" 'belongs to action [0-9a-f]*: it is a copy'
check "the sound one is still a hit" sh -c "./tiny --build run 2>&1 | grep -q 'tiny: cached'"

# ---- what cannot be taken later is said before ----
tiny_params count=8
check "without a key a trust.yaml makes no hits, and this is said" \
	sh -c "EINTHOVEN_KEY= ./tiny --build run 2>&1 | grep -q 'no key to sign with, so this result'"
tiny_params count=9
check "so with a key that is not listed" \
	sh -c "EINTHOVEN_KEY=eve.pem ./tiny --build run 2>&1 | grep -q 'later: what we sign .* does not list'"
tiny_params

# ---- several results ----
# Another's store, in which the same action gave something else; and ours, where it is put while we work.
printf 'keys:\n  ada:\n    key: %s\n  bob:\n    key: %s\n' "$ada" "$bob" >trust.yaml
another() { # another KEY DRIFT: its entry and object are theirs/
	rm -rf theirs
	TINY_DRIFT=$2 EINTHOVEN_KEY=$1 EINTHOVEN_STORE=theirs ./tiny --build run >out 2>&1
}
meet() { # meet GATE: what the run says that finds the other's entry when it is done
	./tiny --build run >out 2>&1 &
	wait_for test -e "$1.begun"
	mkdir -p store/objects
	cp -r theirs/objects/. store/objects/
	cp -r theirs/actions/. store/actions/
	: >"$1"
	wait
}
is "no conflict so far" "$($store conflicts)" ""
tiny_params count=20
another bob.pem 1
theirs=$(cat run/tiny.id)
tiny_params count=20 gate="$WORK/first"
meet "$WORK/first"
is "the first writer wins" "$(cat run/tiny.id)" "$theirs"
check "the other result is told" \
	grep -q 'gave .* before (signed by bob) and .* now: the stage is not reproducible.*Both are kept' out
check "kept, and listed" sh -c "
	$store conflicts | grep -q '^  holds  $(printf %.12s "$theirs")  signed by bob' &&
	$store conflicts | grep -q '^  other  .*signed by ada'"
check "verify says so" sh -c "$store verify | grep -q '1 other results of actions are kept'"
tiny_params count=21
another eve.pem 1
theirs=$(cat run/tiny.id)
tiny_params count=21 gate="$WORK/second"
meet "$WORK/second"
differs "one that is not trusted does not win" "$(cat run/tiny.id)" "$theirs"
check "nor is the stage blamed" sh -c "
	grep -q 'an entry that is not taken said .*: that entry is signed by the key $eve' out &&
	! grep -q 'please report' out"
check "it is kept, too" sh -c "$store conflicts | grep -q '^  other  $(printf %.12s "$theirs")  unknown key'"
check "ours is a hit" sh -c "./tiny --build run 2>&1 | grep -q 'tiny: cached'"
tiny_params

# ---- signing afterwards ----
export EINTHOVEN_STORE=$WORK/unsigned
is "an unsigned store is signed afterwards" "$($store sign | cut -d. -f1)" \
	"1 entries signed, 0 not, 0 were before"
check "and then taken" sh -c "$store verify --chain $id | grep -q '^ok .* ada '"
is "once" "$($store sign | cut -d. -f1)" "0 entries signed, 0 not, 1 were before"
cat lines >both.yaml && printf '  bob:\n    key: %s\n' "$bob" >>both.yaml
by_bob() { EINTHOVEN_KEY=bob.pem EINTHOVEN_TRUST=both.yaml "$store" sign "$@" | cut -d. -f1; }
is "another key signs what is signed only by id" "$(by_bob)" "0 entries signed, 0 not, 1 were before"
is "... beside the first" "$(by_bob "$id")" "1 entries signed, 0 not, 0 were before"
is "... and once" "$(by_bob "$id")" "0 entries signed, 0 not, 1 were before"
is "both stand there" "$(grep -ho '"keyid":"[^"]*"' unsigned/actions/*/*.json | cut -d'"' -f4 | paste -sd,)" \
	"$ada,$bob"
check "the first still counts" sh -c "$store verify --chain $id | grep -q '^ok .* ada '"
printf 'keys:\n  bob:\n    key: %s\n' "$bob" >bob.yaml
check "and so does the second" \
	sh -c "EINTHOVEN_TRUST=bob.yaml $store verify --chain $id | grep -q '^ok .* bob '"
check "ls shows who" sh -c "EINTHOVEN_TRUST=bob.yaml $store ls | grep -q '  bob '"
check_fails "not without a key" 1 "no key to sign with; 'store keygen' makes one" \
	env EINTHOVEN_KEY= "$store" sign

# What is signed is what was checked: not what another writer of the store has put in its place.
if command -v strace >/dev/null && strace -qq -e trace=none true 2>/dev/null; then
	tiny_params count=40
	another eve.pem 1
	eves=$(echo theirs/actions/*/*.json)
	EINTHOVEN_KEY='' EINTHOVEN_TRUST='' ./tiny --build run >out 2>&1
	id=$(cat run/tiny.id) entry=unsigned/${eves#theirs/}
	cp -f "$entry" plain.json
	put_there() { cp -f "$1" new.json && mv -f new.json "$entry"; }
	swapped() { # swapped N NAME: eve's lies there when the entry is opened for the Nth time
		rm -f trace
		strace -qq -f -o trace -P "$WORK/$entry" -e trace=openat \
			-e "inject=openat:delay_enter=1500000:when=$1" "$store" sign "$id" >out 2>&1 &
		wait_for sh -c "[ \$(grep -c openat trace) -ge $1 ]"
		put_there "$eves"
		wait $!
		is "$2" "$? $(grep -c 'is not signed: .*it was changed while it was checked' out)" "1 1"
		check "... and stays as it is" cmp "$eves" "$entry"
		put_there plain.json
	}
	swapped 2 "what was swapped after it was listed is not signed"
	swapped 3 "nor is what was swapped after it was checked"

	# Two at once; the first is held up where it would write.
	rm -f trace
	EINTHOVEN_KEY=bob.pem strace -qq -f -o trace -e trace=?rename,?renameat,?renameat2 \
		-e "inject=?rename,?renameat,?renameat2:delay_enter=1500000" "$store" sign "$id" >out 2>&1 &
	wait_for grep -q rename trace
	"$store" sign "$id" >out.ada 2>&1
	wait
	is "of two who sign at once both have signed" \
		"$(grep -o '"keyid":"[^"]*"' "$entry" | cut -d'"' -f4 | sort)" \
		"$(printf '%s\n' "$ada" "$bob" | sort)"
	tiny_params
else
	skip "what is signed is what was checked" "strace is not installed or not allowed"
fi
export EINTHOVEN_STORE=$WORK/store

# ---- a trust.yaml that is wrong ----
wrong() { # wrong NAME MESSAGE TEXT
	printf %b "$3" >bad.yaml
	check_fails "$1" 1 "bad.yaml$2" env EINTHOVEN_TRUST=bad.yaml "$store" trust
}
wrong "a name that is one letter off" ":1: unknown key 'key'; did you mean 'keys'?" 'key:\n'
wrong "a line that nobody reads" ":3: unknown key 'stage' of ada; did you mean 'stages'?" \
	'keys:\n  ada:\n    stage: probe\n'
wrong "no key" ":2: ada has no 'key:'" 'keys:\n  ada:\n    who: Ada\n'
wrong "half a key" ":3: key: expected an Ed25519 public key" 'keys:\n  ada:\n    key: MCow\n'
wrong "a day that is none" ":4: from: expected a day" "keys:\n  ada:\n    key: $ada\n    from: 2026-13-01\n"
wrong "a key twice" ":4: ada and bob have the same key" \
	"keys:\n  ada:\n    key: $ada\n  bob:\n    key: $ada\n"
wrong "revoked: no" ":2: ada: revoked says why" "keys:\n  ada:\n    key: $ada\n    revoked: no\n"
wrong "the end before the beginning" ":2: ada: from 2026-02-01 is after until 2026-01-01" \
	"keys:\n  ada:\n    key: $ada\n    from: 2026-02-01\n    until: 2026-01-01\n"
wrong "an empty file" ": lists no key" ''
check_fails "one that is named but not there" 1 "none.yaml: cannot open" \
	env EINTHOVEN_TRUST=none.yaml "$store" trust
mv trust.yaml elsewhere.yaml && ln -s nowhere trust.yaml
check_fails "a link that leads nowhere is not as if none were there" 1 "trust.yaml: cannot open" \
	./tiny --build run
rm trust.yaml && mkdir trust.yaml
check_fails "nor is a folder" 1 "trust.yaml: " "$store" trust
rmdir trust.yaml && mv elsewhere.yaml trust.yaml
tap_done
