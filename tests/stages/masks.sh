#!/usr/bin/env bash
# A lead that a record lacks is hidden from the network as training hides leads: in pretrain, embed and
# finetune.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/chain.sh"
. "$TOP/tests/records.sh"
tap_needs awk od python3

mkdir db
echo "path,label,fold,id" >db/labels.csv
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
	seq "$i" 100000 | text_record "db/r$i" 10000
	case $i in 13 | 14) fold=9 ;; 15 | 16) fold=10 ;; *) fold=$((1 + i % 8)) ;; esac
	case $((i % 2)) in 0) label=A ;; *) label=B ;; esac
	echo "r$i,$label,$fold,$i" >>db/labels.csv
done
tiny="fetch.source=$WORK/db fetch.format=wfdb fetch.fold_column=fold fetch.id_column=id \
	preprocess.absent_leads=mask preprocess.most_mv=50 pretrain.d_model=32 pretrain.n_heads=2 \
	pretrain.n_time_layers=1 pretrain.n_channel_layers=1 pretrain.batch=6 pretrain.projector_hidden=32 \
	pretrain.projector_out=16 pretrain.epochs=2 finetune.epochs=1 finetune.bootstrap=5 probe.bootstrap=5"
chain whole "$tiny" fetch preprocess views pretrain embed || not_ok "$(tail -1 whole/log)"

# Record 16 loses V6: as it is embedded now, so it was with V6 hidden.
sed -i 's/V6$/chest/' db/r16.hea
cp -r whole lacking && rm lacking/embed.*
chain lacking "$tiny" fetch preprocess embed || not_ok "$(tail -1 lacking/log)"
for run in whole lacking; do
	"$BIN/store" export "$run/embed.id" $run.npz
	"$BIN/store" export "$run/preprocess.id" $run.signals.npz
done
cat >read.py <<'END'
import struct, zipfile
def table(path, name):
    """Values and their records of a table."""
    z = zipfile.ZipFile(path)
    def rows(member):
        b = z.read(member)
        n, = struct.unpack('<H', b[8:10])
        shape = eval(b[10:10 + n].decode())['shape']
        body = b[10 + n:]
        size = len(body) // shape[0]
        return [body[i * size:(i + 1) * size] for i in range(shape[0])]
    return list(zip((struct.unpack('<Q', r)[0] for r in rows(name + '_record.npy')), rows(name + '.npy')))
assert table('lacking.signals.npz', 'lead_mask') == [(16, bytes([1] * 11 + [0]))]
before, after = dict(table('whole.npz', 'embedding')), dict(table('lacking.npz', 'embedding'))
assert all((before[r] == after[r]) == (r != 16) for r in range(1, 17))
masked = [v for r, v in table('whole.npz', 'masked') if r == 16]
assert len(masked) == 12 and after[16] == masked[11] and after[16] != masked[10]
again = [v for r, v in table('lacking.npz', 'masked') if r == 16]
assert again[11] == after[16] and again[3] != after[16]
END
check "a record without V6 is embedded as one whose V6 is hidden" python3 read.py

# Exemplars have no token for it: a share is the mean exemplar's if more than half of what its kernel mixes
# is absent. Records 15 and 16 have lead I alone, one the other's negative, and of one kernel, which mixes it
# with others, nothing is left to tell them apart by.
cp -r db other
for sign in 1 -1; do
	seq 99 100000 | head -c 24000 | python3 -c 'import sys, array
x = array.array("h", sys.stdin.buffer.read())
sys.stdout.buffer.write(array.array("h", (int(sys.argv[1]) * (v // 8) for v in x)).tobytes())' $sign |
		text_record other/r$((sign < 0 ? 16 : 15)) 10000 "I x1 x2 x3 x4 x5 x6 x7 x8 x9 x10 x11"
done
like="${tiny/ pretrain.d_model*/} fetch.source=$WORK/other pretrain.model=exemplars pretrain.seed=1"
like="$like pretrain.shares=1 pretrain.gated_shares=0 pretrain.bandwidth=1000"
chain alike "$like" fetch preprocess views pretrain embed || not_ok "$(tail -1 alike/log)"
"$BIN/store" export alike/embed.id alike.npz
cat >alike.py <<'END'
exec(open('read.py').read().split('assert')[0])
of = dict(table('alike.npz', 'embedding'))
print(of[15] == of[16], of[13] == of[14])
END
is "exemplars take no share of what is absent" "$(python3 alike.py)" "True False"

# Records of the folds that train lack leads too.
sed -i 's/ V[1-6]$/ x/' db/r3.hea
sed -i 's/ \(AVR\|V1\)$/ x/' db/r8.hea db/r13.hea
train() {
	chain "$1" "$tiny" fetch preprocess views pretrain embed probe finetune >/dev/null
}
for n in 1 3; do
	(STORE=$WORK/$n.store EINTHOVEN_THREADS=$n train "threads$n") ||
		not_ok "the chain runs: $(tail -1 "threads$n/log")"
done
for stage in pretrain embed finetune; do
	is "$stage gives one id with 1 and 3 threads" "$(id threads1 $stage)" "$(id threads3 $stage)"
	[ $stage = finetune ] ||
		differs "and another than with all leads" "$(id threads1 $stage)" "$(id whole $stage)"
done

# A record of fold 10 is of no use: the table says so.
sed -i 's/ \(I\|II\|V.\|AV.\)$/ x/' db/r15.hea
chain fewer "$tiny preprocess.absent_leads=refuse preprocess.max_excluded=1" fetch preprocess views pretrain \
	embed probe >fewer.out
check "the probe's table says what was left out of the test" \
	grep -q 'Left out .*: 2 records of folds 1-8, 1 of fold 9, 2 of fold 10\.' fewer.out
tap_done
