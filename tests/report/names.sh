#!/usr/bin/env bash
# Twelve classes whose names are as long as people make them: nothing is cut, covers another or pushes the
# numbers out of sight.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/browser.sh"
. "$TOP/tests/judge.sh"

judge run 400 long_names plain >/dev/null 2>&1
page=run/report/index.html
check "there is a page" test -s $page
check "long names stand upright over columns" grep -q 'th class=upright><span>Sinus rhythm without any' $page
is "... in the comparison and over each matrix, short ones do not" \
	"$(grep -o 'class=upright' $page | wc -l) $(grep -c '<th>HYP' $page)" "24 0"
check "a name without blanks can be broken" \
	grep -q 'acute_<wbr>inferior_<wbr>myocardial_<wbr>infarction' $page
check "twelve classes have twelve looks" grep -q '<li class=s11><i>' $page
has_browser || {
	skip "the browser's part" "no Chromium"
	tap_done
}
for width in 390 1200; do
	is "at $width px the page is no wider" "$(measure $page $width 'd.documentElement.scrollWidth <=
		f.clientWidth')" true
	is "... no name is cut or runs into its neighbour" "$(measure $page $width "
		[...d.querySelectorAll('th, td.name, figcaption, .legend li')].filter(e =>
			e.scrollWidth > e.clientWidth + 1).length")" 0
	is "... and a column of scores is as narrow as its numbers need" "$(measure $page $width "
		[...d.querySelectorAll('th.upright')].every(e => e.offsetWidth < 60)")" true
done
tap_done
