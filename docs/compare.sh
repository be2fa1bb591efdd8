#!/usr/bin/env bash
# Takes the README's picture of a comparison from its page: the forest, as headless Chromium draws it.
#
#	make -f pipeline.mk compare report && docs/compare.sh build/runs/default/report/index.html
set -eu
page=$(realpath "$1")
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The head of the page with its style, the legend and the row of figures: no more than the picture shows.
{
	sed '/<main>/q' "$page"
	awk '/class=legend/ { legend = $0 } /class="grid-of broad-of"/ { print legend; on = 1 } on
		on && /^<\/div>/ { exit }' "$page"
} >"$work/picture.html"
height=$(sed -n 's/.*<svg viewBox="0 0 [0-9]* \([0-9]*\)".*/\1/p' "$work/picture.html" | head -1)
[ -n "$height" ] || { echo "docs/compare.sh: $page has no forest" >&2 && exit 1; }

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
	{ echo "docs/compare.sh needs Chromium" >&2 && exit 1; }
"$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/profile" \
	--window-size="1040,$((height + 130))" --screenshot="$PWD/compare.png" "file://$work/picture.html" \
	>/dev/null 2>&1
echo "docs/compare.png"
