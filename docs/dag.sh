#!/usr/bin/env bash
# Draws docs/dag.svg: the stages and who reads whom, as pipeline.mk has them; where a stage stands and what is
# said under its name is here.
#
#	docs/dag.sh > docs/dag.svg
set -eu
cd "$(dirname "$0")/.."

# "reader source..." of each stage, from the variables of pipeline.mk. predict reads an encoder and a head:
# a run's own are its pretrain's and probe's.
# shellcheck disable=SC2016 # Make expands it
make -s --no-print-directory -f pipeline.mk --eval \
	'.drawn: ; @:$(foreach s,$(stages),$(info $s $(sort $(call reads_of,$s))))' .drawn |
	sed 's/\<encoder\>/pretrain/; s/\<head\>/probe/; s/\<start\>//' |
	awk '
# A stage stands in a column and a row; a line to a reader that is not beside it runs in a lane: over the
# boxes to the main and upper row, under them to the lower one.
BEGIN {
	width = 92; height = 56; step = 108; margin = 4
	row["upper"] = 94; row["main"] = 180; row["lower"] = 266
	put("fetch", 1, "main", "verify, import"); put("preprocess", 2, "main", "filter, resample")
	put("views", 3, "main", "two per record"); put("pretrain", 4, "main", "contrastive")
	put("embed", 5, "main", "every record"); put("probe", 6, "main", "linear, fold 10")
	put("finetune", 7, "upper", "on the labels"); put("predict", 7, "lower", "each record")
	put("evaluate", 8, "main", "all arms"); put("report", 9, "main", "one page")
	over["preprocess"] = 22; over["pretrain"] = 46; under["preprocess"] = 338; under["pretrain"] = 320
	what["fetch"] = "records"; what["preprocess"] = "signals"; what["views"] = "views"
	what["pretrain"] = "model"; what["embed"] = "embeddings"
	print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " 10 * step + margin - 12 " 346\"" \
		" font-family=\"system-ui, sans-serif\" font-size=\"14\" role=\"img\"" \
		" aria-label=\"The stages\">"
	print "<style>.box{fill:#eef4fb;stroke:#3b6ea5;stroke-width:1.5}.src{fill:#fdf6e3;stroke:#b58900;" \
		"stroke-width:1.5}.t{fill:#1b2733;text-anchor:middle}.s,.k{fill:#51606e;text-anchor:middle;" \
		"font-size:11px}\n.k{font-style:italic;text-anchor:start}.a{fill:none;stroke:#3b6ea5;" \
		"stroke-width:1.4;stroke-linejoin:round;marker-end:url(#m)}.h{fill:#3b6ea5}\n" \
		"@media (prefers-color-scheme:dark){.box{fill:#1d2b3a;stroke:#7fb0e0}.src{fill:#33301f;" \
		"stroke:#d3b04c}.t{fill:#e8eef4}.s,.k{fill:#a9b7c4}.a{stroke:#7fb0e0}.h{fill:#7fb0e0}}" \
		"</style>"
	print "<defs><marker id=\"m\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\"" \
		" markerHeight=\"7\" orient=\"auto\"><path class=\"h\" d=\"M0 0 8 4 0 8z\"/></marker></defs>"
	box("src", 0, "main", "raw ECGs", "or synthetic")
	arrow("M" right(0) " " row["main"] "H" left(1) - 2)
}
function put(stage, c, r, words) { column[stage] = c; place[stage] = r; said[stage] = words }
function left(c) { return margin + c * step }
function right(c) { return left(c) + width }
function box(class, c, r, name, words) {
	printf "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"8\"/>", class, left(c),
		row[r] - height / 2, width, height
	printf "<text class=\"t\" x=\"%d\" y=\"%d\">%s</text><text class=\"s\" x=\"%d\" y=\"%d\">%s</text>\n",
		left(c) + width / 2, row[r] - 3, name, left(c) + width / 2, row[r] + 15, words
}
function arrow(path) { print "<path class=\"a\" d=\"" path "\"/>" }
# From a box to one beside it, straight, or to one in another row of a later column.
function direct(s, t, x, y0, y1) {
	y0 = row[place[s]]; y1 = row[place[t]]; x = left(column[t]) - (step - width) / 2
	if (y0 == y1) arrow("M" right(column[s]) " " y0 "H" left(column[t]) - 2)
	else arrow("M" right(column[s]) " " y0 "H" x "V" y1 "H" left(column[t]) - 2)
}
# Out of the top or the bottom of a box, along its lane, into the reader; several lanes enter beside each
# other.
function lane(s, t, is_low, y, at, edge, from) {
	y = is_low ? under[s] : over[s]; edge = is_low ? height / 2 : -height / 2
	at = left(column[t]) + width / 2 + (s == "preprocess" ? -18 : 18)
	from = left(column[s]) + width / 2
	arrow("M" from " " row[place[s]] + edge "V" y "H" at "V" row[place[t]] + edge + (is_low ? 2 : -2))
}
function reads(t, s) {
	if (!(t in column) || !(s in column)) {
		print "docs/dag.sh: no place for " t " or " s > "/dev/stderr"; failed = 1; exit 1
	}
	if (column[t] - column[s] == 1 || !(s in over)) direct(s, t)
	else lane(s, t, place[t] == "lower")
}
{ seen[$1] = 1; for (i = 2; i <= NF; i++) reads($1, $i) }
END {
	if (failed) exit 1
	reads("evaluate", "probe"); reads("evaluate", "finetune"); reads("report", "evaluate")
	seen["evaluate"] = seen["report"] = 1
	for (s in column) order[column[s] place[s]] = s
	for (c = 1; c < 10; c++) for (r in row) if ((c r) in order) {
		s = order[c r]
		if (s in seen) box("box", c, r, s, said[s])
	}
	word("preprocess", over["preprocess"] - 5, "signals"); word("pretrain", over["pretrain"] - 5, "model")
	word("probe", row["main"] + 46, "scores")
	note(228, "They also read of each"); note(243, "arm signals, views,")
	note(258, "model and embeddings.")
	print "</svg>"
}
function note(y, text) {
	print "<text class=\"s\" x=\"" (right(8) + left(9)) / 2 "\" y=\"" y "\">" text "</text>"
}
function word(s, y, text) { print "<text class=\"k\" x=\"" left(column[s]) + width / 2 + 6 "\" y=\"" y "\">" \
	text "</text>" }
'
