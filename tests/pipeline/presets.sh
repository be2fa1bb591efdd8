#!/usr/bin/env bash
# Every params file in the tree fits the schema of the stages.
. "$(dirname "$0")/../tap.sh"
stages="fetch preprocess views pretrain embed probe finetune"
for f in "$TOP"/params/*.yaml; do
	# shellcheck disable=SC2086
	check "$(basename "$f") is accepted" "$BIN/params" --out "run-$(basename "$f")" \
		--schemas "$BUILD/schema" "$f" $stages
done
check "poster-interleaved asks for views that alias" \
	grep -q '"antialias":false' run-poster-interleaved.yaml/params/views.json
tap_done
