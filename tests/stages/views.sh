#!/usr/bin/env bash
# views: the ids of the three strategies, and parameters that do not fit the records.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/chain.sh"

# A change of these ids is a change of results: give the reason in the commit.
declare -A golden=(
	[halves]=d635c6404feefd537c6756acf55ae99696a032792ebc6b76360d36a74ea3a59a
	[interleaved]=f93547f842c28ef4894fefa9bd8bda537e9662b3c566e9aa3647251f8f3a67f3
	[sequential]=206a021a84df6b16043188d938f7510b513246b9b8058370eded3666b56adc07
)
chain base "fetch.records=12" fetch preprocess
for s in halves interleaved sequential; do
	cp -r base "$s"
	chain "$s" "fetch.records=12 views.strategy=$s" views
	is "$s: twelve synthetic records give the golden id" "$(id "$s" views)" "${golden[$s]}"
done

"$BIN/store" show "$(id halves views)" >shown
check "views name the signals they are cut from" grep -q "^  signals  *\"$(id base preprocess)\"" shown
is "... and hold no copy of them" "$(find store/objects -name "$(id halves views).mdb" -size -33k | wc -l)" 1

cp -r base again
STORE=$WORK/other.store EINTHOVEN_THREADS=1 chain again "fetch.records=12 views.strategy=interleaved" fetch \
	preprocess views
is "one thread and an empty store give the same id" "$(id again views)" "${golden[interleaved]}"

cp -r base raw
chain raw "fetch.records=12 views.strategy=interleaved views.antialias=false" views
differs "without the low-pass the interleaved views are others" "$(id raw views)" "${golden[interleaved]}"

fails() { # fails NAME TEXT SET
	cp -r base wrong
	rm -f wrong/views.*
	check_fails "$1" 1 \
		"$2" sh -c ". '$TOP/tests/chain.sh'; BIN='$BIN' BUILD='$BUILD' TOP='$TOP' WORK='$WORK'; \
		chain wrong 'fetch.records=12 $3' views; code=\$?; cat wrong/log >&2; exit \$code"
	check "and nothing is published" test ! -e wrong/views.id
	rm -rf wrong
}
fails "segments longer than half a record are refused" \
	'views.segment_s: two segments of 6 s do not fit into records of 10 s' \
	"views.segment_s=6"
fails "an unknown augmentation is named with those known" \
	"views.pool: expected a list like .* of: noise powerline .* got 'warp'" \
	"views.pool=[noise,warp]"
missing=
for name in $("$BIN/views" --describe | sed 's/.*"default":"\[\([a-z, ]*\)\]".*/\1/; s/,//g'); do
	grep -q "^| \`$name\` |" "$TOP/docs/views.md" || missing="$missing $name"
done
is "docs/views.md has a line for every augmentation" "$missing" ""
fails "a noise range upside down is refused" \
	'views.noise_min 0.5 is above views.noise_max 0.2' "views.noise_min=0.5"
tap_done
