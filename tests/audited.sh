# shellcheck shell=bash
# Tests of audit/ source this after tap.sh: a run small enough to be made in each of them.
#
#	audited_run         # run/: one arm of params/arms up to its report, made as pipeline.mk would
#	repack FOLDER TAR   # a bundle of a folder that was unpacked and changed, its sums mended
. "$TOP/tests/compare.sh"
small="fetch.records=120 pretrain.epochs=1 pretrain.d_model=32 pretrain.projector_hidden=16 probe.c_steps=2"
small="$small probe.evaluation=folds probe.bootstrap=5 evaluate.bootstrap=20 evaluate.map_steps=260"
small="$small embed.convolutions=0 ${EXTRA:-}"

audited_run() {
	compare run halves
	[ -e run/report.id ] || {
		not_ok "the run that is audited: $(tail -1 run/log)"
		tap_done
	}
}

repack() {
	(cd "$1" && rm -f SHA256SUMS && find . -type f -printf '%P\n' | LC_ALL=C sort | xargs sha256sum \
		>../sums && mv ../sums SHA256SUMS)
	(cd "$(dirname "$1")" && find "$(basename "$1")" -type f | LC_ALL=C sort |
		tar --format=ustar --no-recursion -T - -cf -) >"$2"
}
