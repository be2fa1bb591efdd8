# shellcheck shell=bash
# Tests that look at a page source this after tap.sh.
#
#	has_browser || skip ...                # headless Chromium, under one of its names
#	look --screenshot=FILE URL             # with the flags that any call needs
#	measure PAGE WIDTH EXPRESSION          # JavaScript over document d of a page under $WORK, in frame f
browser=
for name in chromium chromium-browser google-chrome; do
	[ -n "$browser" ] || ! command -v $name >/dev/null || browser=$name
done
has_browser() { [ -n "$browser" ]; }

look() {
	timeout 100 "$browser" \
		--headless --no-sandbox --disable-gpu --hide-scrollbars --allow-file-access-from-files \
		--user-data-dir="$WORK/profile" "$@" 2>"$WORK/.browser"
}

measure() {
	cat >"$WORK/frame.html" <<-END
		<iframe id=f width=$2 height=800 style="border:0" src="$1"></iframe>
		<script>f.onload = () => {
			const d = f.contentDocument
			document.title = 'measured ' + ($3)
		}</script>
	END
	look --virtual-time-budget=10000 --dump-dom "file://$WORK/frame.html" |
		sed -n 's/.*<title>measured \(.*\)<\/title>.*/\1/p' | head -1
}
