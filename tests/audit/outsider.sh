#!/usr/bin/env bash
# What docs/audit.md shows to an outsider with openssl, jq, tar and a shell: its commands, word by word, find
# that all holds, and what was tampered with. OUTSIDER_ROOT: the file system, as root, in which they are given
# (of `debootstrap --variant=minbase --include=openssl,jq`, for instance), instead of on this machine.
. "$(dirname "$0")/../tap.sh"
tap_needs openssl jq tar base64 sha256sum basenc
. "$TOP/tests/audited.sh"
. "$TOP/tests/dataset.sh"
. "$TOP/tests/records.sh"

(umask 077 && "$BIN/store" keygen key.pem >trust.yaml 2>said) || cat said
export EINTHOVEN_KEY=$WORK/key.pem EINTHOVEN_TRUST=$WORK/trust.yaml
audited_run
"$BIN/audit" --run run --traces "$BUILD/code" --bundle result.tar >found 2>&1
check "the run is signed and trusted" sh -c "! grep -q unsigned found && grep -q 'all holds' found"
is "its bundle has the public keys" "$(tar tf result.tar | grep -c '/trust.yaml$')" 1

(umask 077 && EINTHOVEN_TRUST='' "$BIN/store" keygen foreign.pem >foreign.yaml 2>said)
refused() { # refused ARGUMENT...: by a trust.yaml that does not list the signer
	! EINTHOVEN_TRUST=foreign.yaml "$BIN/audit" "$@" >found 2>&1 &&
		grep -q 'unknown key: REFUSED' found &&
		grep -q '^report .*its action entry is signed by .* which .*foreign.yaml does not list' found
}
unjudged='audited: all holds, but whose signatures these are was not judged (no trust.yaml)'
check "without a trust.yaml the sum says that nobody was judged" sh -c \
	"EINTHOVEN_TRUST= '$BIN/audit' result.tar | tail -1 | grep -qF '$unjudged'"
check "... with it it does not" sh -c "! grep -q 'not judged' found"
check "a signer whom the reader does not trust is refused" refused --run run
check "... in a bundle too, whatever trust.yaml is in it" refused result.tar

awk '/^## / { is_ours = /openssl/ } !is_ours { next } /^```/ { is_code = !is_code; next } is_code' \
	"$TOP/docs/audit.md" >commands
check "the page has the commands" test "$(grep -c . commands)" -gt 40
# The programs that the page names, and what any Debian has; no other can be found.
mkdir only
for program in sh openssl jq tar base64 basenc cat cut find grep mkdir sed sha256sum sort tail tr wc xargs; do
	ln -s "$(type -P $program)" only/
done
path=$WORK/only inside=()
if [ -n "${OUTSIDER_ROOT:-}" ]; then
	# shellcheck disable=SC2016 # read by the inner shell
	inside=(unshare --mount bash -euc 'for place in "$1" "$2"; do
			[ ! -d "$place" ] || { mkdir -p "$0$place" && mount --bind "$place" "$0$place"; }
		done
		shift 2 && exec chroot "$0" "$@"' "$OUTSIDER_ROOT" "$WORK" "$(realpath -m "$DATA")")
	path=/usr/bin:/bin
fi
outsider() { # outsider [NAME=VALUE]: the session, with result.tar in the folder session
	(rm -rf session/einthoven-* && "${inside[@]}" env -i PATH="$path" "$@" sh -euc "cd '$WORK/session'
$(cat commands)") >out 2>&1
}
mkdir session && cp result.tar session
check "they find nothing wrong" outsider
cp out first
is "... verify the result's signature, and all signatures" \
	"$(grep -c 'Signature Verified Successfully' out)" 9
is "... walk the whole chain" "$(sed -n 's/^ok \([a-z]*\) .*/\1/p' out | sort | tr '\n' ' ')" \
	"embed evaluate fetch preprocess pretrain probe report views "
check "... and say where jq -cS will do" sh -c "! grep -q 'another form' first"

cp -r store unsigned && rm -rf unsigned/actions/*
for entry in store/actions/*/*.json; do
	mkdir -p "unsigned/${entry#store/}" && rmdir "unsigned/${entry#store/}"
	jq -r .payload "$entry" | base64 -d >"unsigned/${entry#store/}"
done
bundle_of() { EINTHOVEN_STORE=$WORK/unsigned EINTHOVEN_TRUST='' EINTHOVEN_KEY='' "$BIN/audit" "$@"; }
bundle_of run/arms/halves/probe.id --traces "$BUILD/code" --bundle session/result.tar >found 2>&1
check "of scores, unsigned, they find nothing wrong" outsider
is "... and say what is unsigned" "$(grep -c '^unsigned ' out)" 7
cp result.tar session

# The command of the text, with this chain's commit and code, in this clone.
for statement in session/einthoven-*/statements/*.json; do
	definition=$(cat "$statement")
done
commit=$(jq -r '.predicate.buildDefinition.resolvedDependencies[] | select(.name == "source") |
	.digest.gitCommit // empty' <<<"$definition")
code=$(jq -r .predicate.buildDefinition.internalParameters.action.code <<<"$definition")
# shellcheck disable=SC2016 # backticks of Markdown
command=$(grep -o '`git diff --quiet COMMIT [^`]*`' "$TOP/docs/audit.md" | tr -d '`')
if [ -n "$commit" ] && git -C "$TOP" cat-file -e "$commit^{commit}" 2>/dev/null; then
	list=$(echo "$WORK"/session/einthoven-*/sources/"$code".txt)
	command=${command/COMMIT/$commit} command=${command/sources\/CODE.txt/$list}
	check "the sources are the commit's, by git alone" sh -c "[ -e '$list' ] && cd '$TOP' && $command"
else
	skip "the sources are the commit's, by git alone" "they are no commit's that this clone has"
fi

# ---- what was tampered with
mkdir x && tar xf result.tar -C x
name=$(ls x)
id=$(cat run/report.id)
entry=entries/$(jq -r --arg id "$id" '.entries[$id]' "x/$name/bundle.json").json
finds() { # finds NAME: the folder y was changed; the session must not come to its end
	repack "y/$name" session/result.tar
	if outsider; then
		not_ok "$1 is found"
		sed 's/^/# /' out | tail -5
	else
		ok "$1 is found: $(tail -1 out | cut -c 1-60)"
	fi
}
fresh() { rm -rf y && cp -r x y; }
fresh && sed -i 's/Not a medical/Now a medical/' "y/$name/report/index.html" && finds "another page"
fresh && sed -i 's/report/reports/' "y/$name/headers/$id.json" && finds "another header"
reword() { # reword ENTRY SED: other words in its payload
	jq -c --arg p "$(jq -r .payload "x/$name/$1" | base64 -d | sed "$2" | base64 -w 0)" '.payload = $p' \
		"x/$name/$1" >"y/$name/$1"
}
fresh && reword "$entry" 's/"finishedOn":"2/"finishedOn":"3/' && finds "another time in an entry"
fresh && jq -c '.signatures[0].sig = "AAAA"' "x/$name/$entry" >"y/$name/$entry" && finds "no signature"
fresh && jq -r .payload "x/$name/$entry" | base64 -d >"y/$name/$entry" && finds "a stripped envelope"
fresh && (umask 077 && EINTHOVEN_KEY='' "$BIN/store" keygen other.pem >"y/$name/trust.yaml" 2>/dev/null)
finds "a key that is not trusted"
fresh && sed -i 's/  ecg/  ecgs/' "y/$name"/sources/*.txt && finds "another list of sources"
step=entries/$(jq -r --arg id "$(cat run/arms/halves/views.id)" '.entries[$id]' "x/$name/bundle.json").json
fresh && reword "$step" 's/"halves"/"interleaved"/g' && finds "another action in the chain"

# ---- raw data
export EINTHOVEN_STORE=$WORK/raw-store
fetched() { # fetched SETTING...: the bundle of a fetch alone; raw/ is the outsider's copy of what it read
	rm -rf run raw-store session/result.tar
	# shellcheck disable=SC2086 # several words
	"$BIN/params" --out run --schemas "$BUILD/schema" --set "$*" "$TOP/params/default.yaml" $all_stages &&
		"$BIN/fetch" --build run 2>said >&2 &&
		"$BIN/audit" run/fetch.id --traces "$BUILD/code" --bundle session/result.tar 2>said >&2
	[ -e session/result.tar ] || cat said
}
compares() { # compares NAME FILE: of the folder db; and finds another byte in FILE
	check "$1: is compared" outsider RAW="$WORK/raw"
	check "... and found" grep -qx 'db: OK' out
	cp "$2" kept && printf x >>"$2"
	check "... or found to be others" others
	cp kept "$2"
}
others() { ! outsider RAW="$WORK/raw" && grep -q '^BAD the raw data in .*/db are others' out; }
mkdir -p raw/db/inner/part raw/db/.hidden elsewhere
for i in 1 2 3 4 5 6; do seq $i 100000 | text_record raw/db/inner/part/r$i 1000; done
mv raw/db/inner/part/r6.dat elsewhere && ln -s "$WORK/elsewhere/r6.dat" raw/db/inner/part/r6.dat
ln -s nowhere raw/db/inner/dangling && touch raw/db/.hidden/x 'raw/db/inner/back\slash' 'raw/db/inner/a b'
{ echo path,label && for i in 1 2 3 4 5 6; do echo "part/r$i,N"; done; } >raw/db/inner/labels.csv
fetched fetch.format=wfdb "fetch.source=$WORK/raw/db/"
compares "a folder, its dataset in a folder of it, with a link" elsewhere/r6.dat
rm raw/db/inner/back* raw/db/inner/a* && cp --remove-destination elsewhere/r6.dat raw/db/inner/part
make_sums raw/db/inner
fetched fetch.format=wfdb "fetch.source=$WORK/raw/db/inner/../../db"
compares "a folder with sums" raw/db/inner/SHA256SUMS.txt
rm -r raw/db && make_ptbxl raw/db 6
fetched "fetch.source=$WORK/raw/db"
compares "PTB-XL's folder" raw/db/ptbxl_database.csv

zip=$DATA/ptb-xl-500.zip
if [ -e "$zip" ]; then
	small="${small/fetch.records=120 /} fetch.source=$zip fetch.records=150"
	rm -rf run && compare run halves
	"$BIN/audit" --run run --traces "$BUILD/code" --bundle session/result.tar >found 2>&1
	check "raw data at hand are compared" outsider RAW="$(realpath "$DATA")"
	check "... and found" grep -qx "ptb-xl-500.zip: OK" out
	check "... with a page that was kept back" sh -c "tar tf session/result.tar | grep -q '/table.md$' &&
		! tar tf session/result.tar | grep -q '/index.html$'"
	mkdir other && cp "$zip" other/ptb-xl-500.zip && printf x >>other/ptb-xl-500.zip
	check "others are found" sh -c "exit $(outsider RAW="$WORK/other" && echo 1 || echo 0)"
else
	skip "raw data at hand are compared" "no $zip"
fi
tap_done
