#!/usr/bin/env bash
# The report as a browser shows it: nothing from the network, no NaN, no page wider than a phone, dark where
# dark is wanted, and printable. Screenshots stay in $SHOTS if it is set, to be looked at.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/browser.sh"
. "$TOP/tests/compare.sh"

compare run halves interleaved cmsc cmlc finetuned finetuned-10 supervised broken
page=$WORK/run/report/index.html
check "a comparison gives a page" test -e "$page"
[ -e "$page" ] || { tail -3 run/log | sed 's/^/# /' && tap_done; }

is "the page asks the network for nothing" "$(grep -ciE '(src|href|url)[=(]["'"'"' ]*(https?:)?//' "$page")" 0
is "no number on the page is NaN or infinite" "$(sed 's/<[^>]*>/ /g' "$page" | grep -cwiE 'nan|inf|null')" 0
is "no coordinate is NaN or infinite" "$(grep -coiE '[ =",M](-?nan|-?inf)\b' "$page")" 0
check "an arm that failed has its sentence" grep -q 'Arm broken is left out' "$page"
for chance in "ln candidates" "ln N"; do
	is "what the loss of chance is, $chance, is said once" \
		"$(grep -oF "$chance: nothing is told apart" "$page" | wc -l)" 1
done
is "arms with the same views show them once, leads as views apart" \
	"$(grep -oE '<figcaption>[a-z]*, record [0-9]+, view [12]' "$page" | cut -d, -f1 | sort -u |
	tr '\n' ' ')" \
	"<figcaption>cmlc <figcaption>cmsc <figcaption>interleaved "
check "it says how small fold 10 is" grep -q 'Fold 10 is small' "$page"

if ! has_browser; then
	skip "the browser's part" "no Chromium"
	tap_done
fi

for width in 390 1200; do
	wants=$(measure run/report/index.html $width d.documentElement.scrollWidth)
	check "at $width px the page wants no more (it wants ${wants:-?})" test "${wants:-9999}" -le $width
done

look --window-size=390,2400 --screenshot="$WORK/phone.png" "file://$page"
look --window-size=1200,2400 --screenshot="$WORK/light.png" "file://$page"
look --window-size=1200,2400 --blink-settings=preferredColorScheme=0 --screenshot="$WORK/dark.png" \
	"file://$page"
look --no-pdf-header-footer --print-to-pdf="$WORK/print.pdf" "file://$page"
check "it can be drawn" test -s "$WORK/light.png" -a -s "$WORK/phone.png"
check "dark looks other than light" bash -c "! cmp -s '$WORK/light.png' '$WORK/dark.png'"
check "it can be printed" grep -aq '^%PDF' "$WORK/print.pdf"

# ---- on paper ----
if command -v pdftotext >/dev/null; then
	pdftotext -layout "$WORK/print.pdf" "$WORK/print.txt"
	check "what is folded on a screen is open on paper" \
		grep -q 'pretrain.temperature *0.1' "$WORK/print.txt"
	# A heading that ends a page has lost what it is over. Pages end in form feeds.
	sed -n 's/.*<\(h[234]\|summary\)[^>]*>\([^<]*\).*/\2/p' "$page" | sed 's/ *$//' |
		sort -u >"$WORK/headings"
	awk 'BEGIN { RS = "\f" } { n = split($0, line, "\n"); while (n && line[n] !~ /[^ ]/) n--
		gsub(/^ +| +$/, "", line[n]); print line[n] }' "$WORK/print.txt" >"$WORK/ends"
	is "no heading stands alone at the foot of a page" "$(grep -cxFf "$WORK/headings" "$WORK/ends")" 0
else
	skip "the text of what is printed" "no pdftotext"
fi
[ -z "${SHOTS:-}" ] || cp "$WORK"/*.png "$WORK/print.pdf" "$SHOTS/"
tap_done
