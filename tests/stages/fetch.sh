#!/usr/bin/env bash
# The stage `fetch`: equal content gives an equal id whichever way it came, and bad input is one clear
# message, exit 1, nothing published.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/dataset.sh"
. "$TOP/tests/records.sh"
export EINTHOVEN_QUIET=1
mkdir -p schema run
"$BIN/fetch" --describe >schema/fetch.json || exit 1

# fetch PARAM=VALUE...: run the stage with these params (YAML values).
fetch() {
	{
		echo 'fetch:'
		[ $# = 0 ] && echo '  seed: 1'
		for p; do echo "  ${p%%=*}: ${p#*=}"; done
	} >params.yaml
	"$BIN/params" --out run --schemas schema params.yaml fetch && "$BIN/fetch" --build run
}
id_of() { # the id that fetch with these params makes; nothing if it fails
	rm -f run/fetch.id
	if fetch "$@" >/dev/null 2>"$WORK/.log"; then cat run/fetch.id; else cat "$WORK/.log" >&2; fi
}
n_objects() { find "$EINTHOVEN_STORE/objects" -name '*.mdb' 2>/dev/null | wc -l; }
bad() { # bad NAME TEXT PARAM=VALUE...: exit 1, TEXT on stderr, no new object, nothing left in tmp
	local name=$1 text=$2 before
	shift 2
	before=$(n_objects)
	check_fails "$name" 1 "$text" fetch "$@"
	is "$name: nothing is published" \
		"$(n_objects) $(find "$EINTHOVEN_STORE/tmp" -type f 2>/dev/null | wc -l)" "$before 0"
}

# ---- the same content by every way

make_ptbxl good 6
folder=$(id_of source=good)
check "a folder is read" test -n "$folder"
if command -v openssl >/dev/null; then
	# shellcheck disable=SC2016 # backticks of the document
	again=$(sed -n 's/^The first again, in the folder: `\([^`]*\)`.*/\1/p' "$TOP/docs/data.md")
	is "its digest in the key is what docs/data.md says" \
		"$("$BIN/store" log "$folder" | sed -n 's/.* \([0-9a-f]*\)  source:sums-and-tables$/\1/p')" \
		"$(cd good && eval "$again" | cut -d' ' -f1)"
else
	skip "its digest in the key is what docs/data.md says" "openssl is not installed"
fi
mkdir parent && cp -r good parent/ptb-xl-1.0.3
is "the folder around it does as well" "$(id_of source=parent)" "$folder"
differs "the other rate is another artifact" "$(id_of source=good rate_hz=500)" "$folder"
check_fails "fewer records than there are is said" 0 \
	"5 of 6 records, as fetch.records says; records: 0 takes all" fetch source=good records=5
differs "fewer records are another artifact" "$(id_of source=good records=5)" "$folder"
cp -r good edited && sed -i 's/NORM/LVH/' edited/ptbxl_database.csv
check_fails "an edited table is no cache hit" 1 "ptbxl_database.csv" fetch source=edited
check_fails "a URL of another kind" 1 "only http and https" fetch source=ftp://example.org/x.zip
is "again from the cache" "$(id_of source=good)" "$folder"
if command -v zip >/dev/null; then
	(cd parent && zip -qr ../good.zip ptb-xl-1.0.3)
	sum=$(sha256sum good.zip | cut -d' ' -f1)
	is "a zip with the pinned SHA-256 is read" "$(id_of source=good.zip sha256="$sum")" "$folder"
	check_fails "a zip with another is refused" 1 \
		"its SHA-256 is $sum" fetch source=good.zip sha256="${sum//[0-9]/0}"
	(cd good && find . -type f | sort -r | zip -q ../reverse.zip -@)
	(cd good && zip -q0r ../stored.zip .)
	is "a zip gives the folder's id" "$(id_of source=good.zip)" "$folder"
	is "entries in reverse, without a top folder: the same" "$(id_of source=reverse.zip)" "$folder"
	is "a zip without compression: the same" "$(id_of source=stored.zip)" "$folder"
	loads() { LD_DEBUG=files "$BIN/fetch" --build run 2>&1 | grep -c 'calling init.*libz'; }
	is "a hit does not load zlib" "$(loads)" 0
	rm -rf "$EINTHOVEN_STORE"
	is "a miss does" "$(loads)" 1
else
	skip "zips" "zip is not installed"
fi

# ---- synthetic

synthetic=$(id_of records=20)
is "synthetic records do not depend on threads" \
	"$(rm -rf "$EINTHOVEN_STORE" && EINTHOVEN_THREADS=3 id_of records=20)" "$synthetic"
differs "another seed, other records" "$(id_of records=20 seed=2)" "$synthetic"
is "generator fitted is what records were before there was another" \
	"$(id_of records=20 generator=fitted)" "$synthetic"
differs "generator morphology: other records" "$(id_of records=20 generator=morphology)" "$synthetic"

# ---- bad datasets

bad "a place that is not there" "nowhere: No such file" source=nowhere
mkfifo pipe
for source in pipe /dev/zero; do
	bad "$source as source" "$source: is neither a folder nor a regular file" source=$source
done
mkdir empty && bad "a folder that is no dataset" "no ptbxl_database.csv in this folder" source=empty
mkdir two && cp -r good two/a && cp -r good two/b &&
	bad "two datasets in a folder" "several of its folders" source=two

# spoil NAME TEXT COMMAND...: a copy of the dataset changed by COMMAND (run inside), checksums made anew
spoil() {
	local name=$1 text=$2
	rm -rf spoiled && cp -r good spoiled
	(cd spoiled && eval "$3") && make_sums spoiled
	bad "$name" "$text" source=spoiled
}
# damage NAME TEXT COMMAND...: the same, but the checksums stay
damage() {
	local name=$1 text=$2
	rm -rf spoiled && cp -r good spoiled
	(cd spoiled && eval "$3")
	bad "$name" "$text" source=spoiled
}
H=records100/00000/00003_lr.hea
D=records100/00000/00003_lr.dat
damage "a changed byte" "record 3: $D: damaged or changed" \
	"printf x | dd of=$D bs=1 seek=7 conv=notrunc status=none"
damage "a changed table" "ptbxl_database.csv: damaged or changed" "echo >>ptbxl_database.csv"
damage "a missing file" "00003_lr.dat" "rm $D"
damage "a file that is not listed" "record 3: $D: not listed in SHA256SUMS.txt" \
	"sed -i '\#$D#d' SHA256SUMS.txt"
damage "no checksums" "SHA256SUMS.txt" "rm SHA256SUMS.txt"
damage "checksums of another form" "SHA256SUMS.txt:1: expected a SHA-256 and a path" \
	"sed -i 's/^/x/' SHA256SUMS.txt"
spoil "a signal one byte short" \
	"record 3: $D: expected 480 bytes (20 samples of 12 signals, format 16), found 479" \
	"truncate -s 479 $D"
spoil "a signal one byte long" "expected 480 bytes.*found 481" "truncate -s 481 $D"
spoil "a wrong checksum in the header" "record 3: $D: signal I: expected checksum 21, found 20" \
	"sed -i 's/1 20 0 I$/1 21 0 I/' $H"
spoil "a wrong initial value" "signal II: expected the initial value 9, found 2" \
	"sed -i 's/2 40 0 II$/9 40 0 II/' $H"
spoil "no lead by a known name" "record 3: $H: no signal is called like .* the signals are: x1, x2," \
	"awk 'NR > 1 && NF == 9 { \$9 = \"x\" NR - 1 } 1' $H >with && mv with $H"
spoil "an unknown format" "$H:2: expected signal format 8, 16, .* or 524, found '17'" \
	"sed -i '2s/ 16 / 17 /' $H"
spoil "a gain that is no number" "$H:4: expected a gain in ADC steps per unit, found 'nan(0)/mV'" \
	"sed -i '4s/1000.0(0)/nan(0)/' $H"
spoil "another rate than it should have" "$H: expected 100 Hz, found 250 Hz" "sed -i '1s/ 100 / 250 /' $H"
spoil "a signal file elsewhere" "expected the name of a signal file beside the header, found '/etc/passwd'" \
	"sed -i '2s#^00003_lr.dat#/etc/passwd#' $H"
spoil "a missing column" "ptbxl_database.csv:1: no column 'strat_fold'" \
	"sed -i 1s/strat_fold/fold/ ptbxl_database.csv"
spoil "broken quoting" "ptbxl_database.csv:.*quote" "sed -i '4s/\"\"quoted/\"quoted/' ptbxl_database.csv"
spoil "a short row" "ptbxl_database.csv:.* expected 9 columns, found 8" \
	"sed -i '\$s/,records500.*//' ptbxl_database.csv"
spoil "an unknown superclass" "scp_statements.csv:2: NORM: unknown superclass 'NRM'" \
	"sed -i '2s/,NORM,NORM\$/,NRM,NORM/' scp_statements.csv"
spoil "a statement that is not in the table" "record 6: statement 'IMX' is not in scp_statements.csv" \
	"sed -i \"s/'IMI'/'IMX'/\" ptbxl_database.csv"
spoil "codes that are no dictionary" "scp_codes: expected codes like" \
	"sed -i \"s/'IMI': 80.0/IMI/\" ptbxl_database.csv"

# ---- bad zips

if command -v zip >/dev/null; then
	size=$(stat -c %s good.zip)
	head -c $((size / 2)) good.zip >half.zip
	bad "half a zip" "half.zip: not a zip file, or only part of one" source=half.zip
	head -c $((size - 1)) good.zip >short.zip
	bad "a zip one byte short" "short.zip: not a zip file, or only part of one" source=short.zip
	echo "not a zip" >text.zip
	bad "a text file for a zip" "text.zip: not a zip file" source=text.zip
	: >nothing.zip
	bad "an empty zip" "nothing.zip: not a zip file" source=nothing.zip
	# a stored entry's bytes stand in the zip as they are: change one behind the name of the entry
	at=$(grep -abo "00003_lr.dat" stored.zip | head -1 | cut -d: -f1)
	cp stored.zip crc.zip && printf '\xff' |
		dd of=crc.zip bs=1 seek=$((at + 100)) conv=notrunc status=none
	bad "a zip with a CRC error" "crc.zip: .*00003_lr.*: .*CRC" source=crc.zip
	cp -r good linked && mv linked/$D linked/elsewhere && ln -s ../../elsewhere linked/$D &&
		(cd linked && zip -qry ../link.zip .)
	bad "a link in a zip that a record needs" "$D: not a regular file" source=link.zip
	cp good.zip other.zip && ln -s good.zip link && zip -qy other.zip link
	mkdir -p deep/er && echo x >evil && (cd deep/er && zip -q ../../other.zip ../../evil)
	is "a link and a name that leaves the zip, which no one asks for, change nothing" \
		"$(id_of source=other.zip)" "$folder"
	if command -v python3 >/dev/null; then
		python3 - <<-END
			import warnings, zipfile
			warnings.simplefilter("ignore")
			with zipfile.ZipFile("good.zip") as a, zipfile.ZipFile("twice.zip", "w") as b:
			    last = [i for i in a.infolist() if i.filename.endswith("00003_lr.dat")]
			    for i in a.infolist() + last:
			        b.writestr(i.filename, a.read(i))
		END
		bad "a file twice in a zip" "00003_lr.dat stands there twice" source=twice.zip
	fi
else
	skip "bad zips" "zip is not installed"
fi

# ---- files that are far too large, packed into a MiB: refused by what is listed, within 64 MB of memory

bomb() { # bomb NAME TEXT SIZE FILE: a zip of the dataset with that file made SIZE, of zeros
	rm -rf bombed && cp -r plain bombed && truncate -s "$3" "bombed/$4" && rm -f bomb.zip &&
		(cd bombed && zip -q1r ../bomb.zip .)
	bad "$1 of $3 in a zip of $(stat -c %s bomb.zip) bytes" "$2" source=bomb.zip format=wfdb
}
if grep -q fsanitize "$BUILD/flags"; then
	skip "large files" "a sanitizer needs more memory than this test allows"
elif command -v zip >/dev/null; then
	make_record plain r0 500 20 && printf 'path,label\nr0,A\n' >plain/labels.csv
	check "64 MB are enough for a small dataset" \
		eval '(ulimit -d 65536 && EINTHOVEN_THREADS=1 fetch source=plain format=wfdb)'
	fetch_plainly=$(declare -f fetch)
	eval "${fetch_plainly/fetch ()/fetch_freely ()}"
	fetch() { (ulimit -d 65536 && EINTHOVEN_THREADS=1 fetch_freely "$@"); }
	bomb "a signal file" "r0.dat: expected 480 bytes.*found 1073741824" 1G r0.dat
	bomb "a header" "r0.hea: 314572800 bytes: expected at most 65536" 300M r0.hea
	bomb "a list" "labels.csv: 314572800 bytes: expected at most 268435456" 300M labels.csv
	bomb "a list of checksums" "SHA256SUMS.txt: 314572800 bytes: expected at most 268435456" 300M \
		SHA256SUMS.txt
	sed -i '1s/ 20$//' plain/r0.hea
	bomb "a signal file whose header knows no length" \
		"r0.dat: a record of 314572800 bytes: at most 268435456" 300M r0.dat
	eval "$fetch_plainly"
else
	skip "large files" "zip is not installed"
fi

# ---- a record may be left out if the params say so

rm -rf spoiled && cp -r good spoiled && sed -i 's/1 20 0 I$/1 21 0 I/' spoiled/$H && make_sums spoiled
check_fails "a bad record within max_excluded is named" 0 \
	"record 3 left out: $D: signal I: expected checksum 21" \
	fetch source=spoiled max_excluded=0.2
bad "more than max_excluded" "more such records than fetch.max_excluded allows" source=spoiled \
	max_excluded=0.1
for i in 1 2; do sed -i 's/1 20 0 I$/1 22 0 I/' "spoiled/records100/00000/0000${i}_lr.hea"; done
make_sums spoiled
bad "all that is wrong is told, and the share that would do" \
	"(3 of 6 records cannot be read.*fetch.max_excluded=[0-9.]* would leave them out)" source=spoiled
share=$(sed -n 's/.*fetch.max_excluded=\([0-9.]*\) would.*/\1/p' .err | tail -1)
check "that share would do" test -n "$(id_of source=spoiled max_excluded="$share")"

# ---- any other database

mkdir -p other/data
for i in 1 2 3; do make_record other/data A$i 257 30; done
printf 'name,who,dx,fold\nA1,p,AF,1\nA2,p,,1\nA3.hea,q,AF;LBBB,10\n' >other/data/list.csv
sed 's/,10$/,10\nA1,p,AF,1/' other/data/list.csv >other/data/repeated.csv
awk -F, -v OFS=, '{print $0, NR == 1 ? "key" : "JS " NR - 1}' other/data/list.csv >other/data/ids.csv
sed '4s/JS 3/JS 2/' other/data/ids.csv >other/data/twice.csv
sed 's/,q,/,p,/' other/data/list.csv >other/data/split.csv
sed '2s/AF/"AF,LBBB"/' other/data/list.csv >other/data/commas.csv
W="source=other format=wfdb labels_csv=data/list.csv path_column=name patient_column=who label_columns=[dx]"
# shellcheck disable=SC2086 # W is a list of words
{
	plain=$(id_of $W)
	check "a folder with a list is read" test -n "$plain"
	differs "folds from a column change it" "$(id_of $W fold_column=fold)" "$plain"
	check "folds may be drawn from names alone" fetch $W folds=hashed
	make_sums other
	is "checksums that are right change nothing" "$(id_of $W)" "$plain"
	cp -r other mat
	for i in 1 2 3; do
		mv mat/data/A$i.dat mat/data/A$i.mat
		sed -i "s/^A$i.dat/A$i.mat/" mat/data/A$i.hea
	done
	rm mat/SHA256SUMS.txt
	mat=$(id_of ${W/source=other/source=mat})
	check "signal files may have any name" test -n "$mat"
	if command -v zip >/dev/null; then
		(cd mat && zip -qr ../mat.zip .)
		is "also in a zip, which is then read again for them" \
			"$(id_of ${W/source=other/source=mat.zip})" "$mat"
	fi
	differs "ids of their own are kept" "$(id_of ${W/list.csv/ids.csv} id_column=key)" "$plain"
	check "with patient and path" grep -q '"id":"JS 2","path":"data/A2","patient":"p"' \
		<("$BIN/store" show run/fetch.id)
	sed '2d' other/data/list.csv >other/data/less.csv
	key_of() { "$BIN/store" show run/fetch.id --records 9 | grep '"id":"data/A2"' | awk '{print $1}'; }
	before=$(id_of $W >/dev/null && key_of)
	is "a record's key stays where a row goes" "$(id_of ${W/list.csv/less.csv} >/dev/null && key_of)" \
		"$before"
	bad "an id in two rows" "twice.csv:4: id JS 2 stands in line 3 too" ${W/list.csv/twice.csv} \
		id_column=key
	bad "a missing column of labels" "data/list.csv:1: no column 'dy'" ${W/\[dx]/[dy]}
	bad "a record in two rows" "repeated.csv:5: record data/A1 stands in line 2 too" \
		${W/list.csv/repeated.csv}
	check "which may be wanted" fetch ${W/list.csv/repeated.csv} allow_repeated_records=true
	bad "a patient in two folds" "split.csv:4: patient p is in fold 10 here and in fold 1 in line 3" \
		${W/list.csv/split.csv} fold_column=fold
	check "which may be wanted" fetch ${W/list.csv/split.csv} fold_column=fold allow_split_patients=true
	bad "commas between names" "commas.csv:2: dx: 'AF,LBBB' has a comma" ${W/list.csv/commas.csv}
	check "which may be named" fetch ${W/list.csv/commas.csv} "label_separators=','"
	echo x >>other/data/A2.dat
	bad "checksums are used if they are there" "data/A2.dat: damaged or changed" $W records=3
	rm other/SHA256SUMS.txt
	bad "a wrong file is found without them" "data/A2.dat: expected 720 bytes" $W records=3
	bad "no such list" "no data/nolist.csv in this folder: .*labels_csv" source=other format=wfdb \
		labels_csv=data/nolist.csv
}

# ---- one recording under several names

mkdir twins
for i in 1 2 3; do seq $i 100000 | text_record twins/r$i 1000; done
seq 2 100000 | text_record twins/a 1000
seq 2 100000 | text_record twins/gain 500
seq 1 100000 | text_record twins/z 1000
printf '%s\n' path,label r1,A r2,B r3,A gain,A >twins/labels.csv
check "records of other samples, or other gains, are others" fetch source=twins format=wfdb
printf '%s\n' path,label r1,A r2,B r3,A gain,A z,A a,B >twins/labels.csv
bad "one recording under two names" "record z is the same recording as record r1, .* (2 such records); .*\
allow_repeated_records" source=twins format=wfdb
check "... the other pair is named too" grep -q 'record a is the same recording as record r2$' .err
check_fails "which may be wanted, and is said" 0 'record z is the same recording as record r1,' \
	fetch source=twins format=wfdb allow_repeated_records=true

# ---- what people's folders hold beside what is asked for, and how their headers differ

plain() { # plain FOLDER: two good records and a list
	rm -rf "$1"
	make_record "$1" r0 500 20 && make_record "$1" r1 500 20 &&
		printf 'path,label\nr0,A\nr1,B\n' >"$1/labels.csv"
}
plain p
plain=$(id_of source=p format=wfdb)
ln -s .git/annex/objects/x p/other.dat
is "a link to nothing that no record needs changes nothing" "$(id_of source=p format=wfdb)" "$plain"
mv p/r1.dat p/gone && ln -s nowhere p/r1.dat
bad "a link to nothing that a record needs" "r1.dat: cannot open: No such file" source=p format=wfdb
plain p && printf '\xef\xbb\xbf# by hand\n' | cat - p/r0.hea >with && mv with p/r0.hea
check "a header with a byte order mark and a comment is read" fetch source=p format=wfdb
plain p && mv p/labels.csv own && make_sums p && mv own p/labels.csv
check "a list of one's own beside the publisher's checksums is read" fetch source=p format=wfdb
own=$(id_of source=p format=wfdb) && sed -i 's/,B/,C/' p/labels.csv
differs "an edit of it is another artifact" "$(id_of source=p format=wfdb)" "$own"
echo x >>p/r1.dat && rm -rf "$EINTHOVEN_STORE"
bad "records stay checked" "r1.dat: damaged or changed" source=p format=wfdb
plain p && sed -i '1s/ 12 / 13 /' p/r0.hea && echo 'r0.xyz 16 2000 16 0 0 0 0 vx' >>p/r0.hea
check "the file of a signal that is left out may be missing" fetch source=p format=wfdb
sed -i 's#^r0.xyz.*#r0.abp 516x2:9 100/mmHg 16 0 0 0 0 ABP#' p/r0.hea
check "and have any format" fetch source=p format=wfdb
plain p && sed -i 's/ 0 \([IVA][A-Z0-9]*\)$/ 0 MDC_ECG_LEAD_\1/' p/r0.hea
check "leads may be called as in XML exports" fetch source=p format=wfdb
sed -i 's/MDC_ECG_LEAD_V6/chest 6/' p/r0.hea
check "a lead that is not found is preprocess's to judge" fetch source=p format=wfdb
plain p && sed -i '1s#^#some_dir/#' p/r0.hea
bad "a record name with a folder" "r0.hea:1: expected a record name without a folder, found 'some_dir/r0'" \
	source=p format=wfdb
if command -v zip >/dev/null; then
	plain p && mkdir p/backup && cp p/labels.csv p/backup && : >"p/Icon"$'\r' &&
		(cd p && zip -qr ../p.zip .)
	is "a zip with a copy of the list deeper inside and a strange name gives the folder's id" \
		"$(id_of source=p.zip format=wfdb)" "$plain"
fi

# ---- what Make watches

mkdir -p watched/meta && echo path,label >watched/meta/l.csv
fetch source=watched format=wfdb labels_csv=meta/l.csv >/dev/null 2>&1
check "a list in a subfolder is watched" grep -q "watched/meta/l.csv:\$" run/params/paths.mk

# ---- the environment fails

if [ "$(id -u)" = 0 ] && mkdir full && mount -t tmpfs -o size=300k tmpfs full 2>/dev/null; then
	# shellcheck disable=SC2016,SC2034 # tap.sh evaluates it
	tap_cleanup='umount "$WORK/full"'
	EINTHOVEN_STORE=$WORK/full check_fails "a full disk" 1 "No space\|disk is full" fetch records=200
	is "a full disk: nothing is published" "$(find full -name '*.mdb' -path '*objects*' | wc -l)" 0
else
	skip "a full disk" "cannot mount a small tmpfs"
fi
touch file
EINTHOVEN_STORE=$WORK/file check_fails "a store that is a file" 1 "file: is not a folder" fetch records=2
tap_done
