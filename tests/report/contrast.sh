#!/usr/bin/env bash
# Training's figures of an arm that contrasts no views: what is found first among views is not said of it.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/compare.sh"

compare run halves masked
page=run/report/index.html
[ -e "$page" ] || { tail -3 run/log | sed 's/^/# /' && tap_done; }
figures() { grep -o "<figcaption>$1" $page | wc -l; }
is "both arms have a loss, one of them a top-1" "$(figures Loss) $(figures 'Partner found first')" "2 1"
tap_done
