#!/usr/bin/env bash
# A bundle: one file that holds what a reader without store, network and raw data needs, the same bytes each
# time; what was tampered with is found, and a tar that was made to harm is refused.
# shellcheck disable=SC2086 # no blanks in names of ours
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/audited.sh"
tap_needs tar sha256sum jq basenc
audit=$BIN/audit
audited_run
id=$(cat run/report.id)
reader() { env EINTHOVEN_STORE="$WORK/none" "$@"; }

$audit --run run --traces "$BUILD/code" --bundle one.tar --params "$TOP/params/default.yaml" >/dev/null 2>&1
$audit --run run --traces "$BUILD/code" --bundle two.tar --params "$TOP/params/default.yaml" >/dev/null 2>&1
check "the same store gives the same bytes" cmp one.tar two.tar
check "it holds, without a store" sh -c "EINTHOVEN_STORE=none $audit one.tar >found 2>&1 &&
	grep -qx '8 artifacts audited: all holds' found"
is "... the whole chain" "$(sed -nE 's/^ok +([a-z]+) .*header only.*/\1/p' found | sort | tr '\n' ' ')" \
	"embed evaluate fetch preprocess pretrain probe report views "
check "store verify says the same" sh -c "EINTHOVEN_STORE=none $BIN/store verify one.tar 2>/dev/null |
	grep -qx '8 artifacts audited: all holds'"
check "tar unpacks it" tar xf one.tar
x=einthoven-${id:0:12}
is "... into one folder" "$(tar tf one.tar | cut -d/ -f1 | sort -u)" "$x"
is "no records are in it" "$(find $x -type f | cut -d/ -f2 | sort -u | tr '\n' ' ')" \
	"README.md SHA256SUMS bundle.json entries headers params report sources tables "
check "the page is the report's" diff <("$BIN/store" get "$id" file index.html 2>/dev/null |
	tail -c 1000 | tr -d '\n') <(tail -c 1000 $x/report/index.html | tr -d '\n')
check "the reader's page has commands" sh -c "sed -n '/^\`\`\`/,/^\`\`\`/p' $x/README.md |
	sed '/^\`\`\`/d' >commands && grep -q sha256sum commands"
sed '/^\.\/setup/,$d; /^git checkout/d' commands >checks
check "... which find nothing wrong, word by word" bash -ec "cd $x && . ../checks >../said"
is "... and name each artifact" "$(cut -f2 said | sort | tr '\n' ' ')" \
	"$(jq -r '.entries | keys[]' $x/bundle.json | sort | tr '\n' ' ')"
rm -f $x/statement.json
repack $x again.tar
check "packed again by tar it is a bundle" reader "$audit" again.tar

# ---- what was tampered with
says() { # says TEXT: a changed folder's bundle does not hold, and this is why
	repack y bad.tar
	! reader "$audit" bad.tar >found 2>&1 && grep -q -e "$1" found
}
fresh() { rm -rf y && cp -r $x y; }
fresh && sed -i 's/Not a medical device/A medical device/' y/report/index.html
check "another page" says 'report .*table file: its records do not hash to the root'
fresh && sed -i 's/macro_auroc/macro_aurocs/' y/tables/*.arm.json
check "another number" says 'evaluate .*table arm: its records do not hash'
fresh && sed -i "s/macro_auroc/macro_aurocs/; s/\"id\":\"[0-9a-f]*\"/\"id\":\"$id\"/" y/tables/*.arm.json
check "... in a table that is called another's" says 'evaluate .*table arm: .* called another artifact'
fresh && for f in y/tables/*.arm.json; do mv "$f" "y/tables/$(printf '0%.0s' {1..12}).arm.json"; done
check "... or is moved" says 'evaluate .*table arm: the bundle does not have its records'
check "... where nothing speaks for it" grep -q '^tables/0*.arm.json: belongs to nothing' found
fresh && rm y/tables/*.file.json && sed -i 's/Not a medical device/A medical device/' y/report/index.html
check "another page without the report's table" says 'report .*table file: the bundle does not have its rec'
# shellcheck disable=SC2016 # jq's variables
kept='(.records[] | select(.leaf | not)) |= (.leaf = $leaf[.key] | .withheld = "x" | del(.file, .text))'
leaf() { { printf '00%08X' "${#1}" | basenc --base16 -d; printf %s "$1"
	printf '%016X' "$(wc -c <"$2")" | basenc --base16 -d; cat "$2"; } | sha256sum | cut -c 1-64; }
keep() { # keep TABLE: of its records only the leaves, which are right
	local key leaves='{}'
	for key in $(jq -r '.records[].key' "$1"); do
		jq -j --arg k "$key" '.records[] | select(.key == $k) | .text // empty' "$1" >value
		[ ! -e "y/report/$key" ] || cp "y/report/$key" value
		leaves=$(jq -c --arg k "$key" --arg v "$(leaf "$key" value)" '.[$k] = $v' <<<"$leaves")
	done
	jq -c --argjson leaf "$leaves" "$kept" "$1" >kept.json
	cp kept.json "$1"
}
fresh && keep y/tables/*.file.json && sed -i 's/macro_auroc/macro_aurocs/' y/report/metrics.json
check "files beside their leaves" says 'report .*table file: record .* is called kept back, and its file is'
rm y/report/index.html
check "... other than the page" says 'report .*table file: record .* is none that is kept back'
fresh && keep y/tables/*.arm.json
check "numbers that are leaves" says 'evaluate .*table arm: record .* has no value that is text'
fresh && cp y/report/index.html y/report/page.html
sed -i 's/Not a medical device/A medical device/' y/report/index.html
sed -i 's|"report/index.html"|"report/page.html"|' y/tables/*.file.json
check "a renamed copy of the page" says 'report .*table file: record index.html names a file .* not its own'
fresh && echo '{}' >y/report/metrics2.json && cp y/README.md y/headers/README.md
check "a file beside" says '^report/metrics2.json: belongs to nothing in the chain'
check "... in any folder" grep -q '^headers/README.md: belongs to nothing in the chain' found
fresh && for f in y/sources/*; do echo ' ' >>"$f"; done
check "another list of sources" says '^sources/.*: does not hash to its name'
fresh && sed -i 's/"halves"/"thirds"/' y/headers/"$(cat run/arms/halves/views.id)".json
check "another header" says 'views .*no header that hashes to this id'
entry=$(jq -r --arg id "$(cat run/arms/halves/pretrain.id)" '.entries[$id]' $x/bundle.json)
fresh && sed -i 's/"epochs":1/"epochs":9/g' y/entries/"$entry".json
check "other params in an entry" says 'passed over: .*seal does not fit'
fresh && rm y/entries/"$entry".json
check "an entry that is gone" says 'no action entry says how it was made'
fresh && mv y/entries/"$entry".json "y/entries/$(printf '0%.0s' {1..64}).json"
check "one under another name" says 'no action entry says how it was made'
refused() { # refused TEXT TAR
	! reader "$audit" "$2" >found 2>&1 && grep -q -e "$1" found && ! grep -q artifacts found
}
cp one.tar flipped.tar
at=$(LC_ALL=C grep -obUa 'Not a medical' one.tar | tail -1 | cut -d: -f1)
printf 'X' | dd of=flipped.tar bs=1 seek="$at" conv=notrunc 2>/dev/null
check "a flipped byte is named by its file" refused 'damaged: report/metrics.json is not as in' flipped.tar
head -c 20000 one.tar >cut.tar
check "half a bundle" refused 'cut short' cut.tar
cp "$BIN/codeid" codeid.tar
check "a program" refused 'no header of a tar file' codeid.tar

. "$TOP/tests/faults.sh"
trials=${TRIALS:-40}
damage_build
damaged "a bundle" one.tar -- env EINTHOVEN_STORE="$WORK/none" "$audit" one.tar

# ---- made to harm
pack() { (cd h && tar --format=ustar --no-recursion -P -cf ../harm.tar "$@" 2>/dev/null); }
mkdir -p h/x && echo text >h/x/a && ln -s /etc/passwd h/x/link && ln h/x/a h/x/second && mkfifo h/x/pipe
pack ../h/x/a
check "a name that leads out" refused 'stays inside' harm.tar
pack "$WORK/h/x/a"
check "an absolute one" refused 'stays inside' harm.tar
pack x/link
check "a symbolic link" refused 'no plain file (type 50)' harm.tar
pack x/a x/second
check "a hard link" refused 'no plain file (type 49)' harm.tar
pack x/pipe
check "a pipe" refused 'no plain file' harm.tar
pack x
check "a folder" refused 'no plain file' harm.tar
pack x/a && (cd h && tar --format=ustar -rf ../harm.tar x/a)
check "a file twice" refused 'names must ascend, each once' harm.tar
truncate -s 7G h/x/large && (cd h && tar --format=ustar -cf - x/large 2>/dev/null) | head -c 4096 >harm.tar
check "a size that is not there" refused 'cut short, it should have 7516192768 bytes' harm.tar
check_fails "a file that is not there" 1 'none.tar' "$audit" none.tar

# ---- what a bundle would not hold of
object=$EINTHOVEN_STORE/objects/$(head -c 2 run/arms/halves/views.id)/$(cat run/arms/halves/views.id).mdb
mv "$object" aside
check_fails "of a chain with a hole none is made" 1 'a bundle would not hold either' \
	"$audit" --run run --bundle hole.tar
check "... not even half" test ! -e hole.tar
mv aside "$object"

# ---- patients
zip=$DATA/ptb-xl-500.zip
if [ -e "$zip" ]; then
	rm -rf run
	small="${small/fetch.records=120 /} fetch.source=$zip fetch.records=150"
	compare run halves
	$audit --run run --traces "$BUILD/code" --bundle real.tar >found 2>said
	check "a page that draws patients' signals is kept back, and that is said" \
		grep -q 'index.html is kept back' said
	check "... it is not in the bundle" sh -c "! tar tf real.tar | grep -q index.html"
	check "... which holds all the same" reader "$audit" real.tar
	$audit --run run --traces "$BUILD/code" --bundle whole.tar --whole >found 2>said
	check "... unless it is asked for" sh -c "tar tf whole.tar | grep -q index.html"
	check "the raw file's digest is in it" sh -c "tar xOf real.tar | grep -qa $(sha256sum "$zip" |
		cut -d' ' -f1)"
	names=$("$BIN/store" show run/arms/halves/preprocess.id --records 20 |
		grep -oE 'records(100|500)/[0-9]+/[0-9a-z_]+' | sort -u)
	check "no record's path is in it" sh -c "[ -n '$names' ] && ! tar xOf real.tar | grep -qaF '$names'"
else
	skip "patients' signals are kept back" "no $zip"
fi
tap_done
