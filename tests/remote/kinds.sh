#!/usr/bin/env bash
# Every kind of remote, over servers of its kind: what one store has pushed another pulls, once; who may not,
# or finds no one, is told why; secrets go where they belong only.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/servers.sh"
. "$TOP/tests/tiny.sh"
export HOME=$WORK
tiny_params count=20000
./tiny --build run >/dev/null 2>log || exit 1
id=$(cat run/tiny.id)
push() { "$BIN/remote" push "$id" --remote "$1"; }
pull() { EINTHOVEN_STORE=$WORK/$2 "$BIN/remote" pull "$id" --remote "$1"; }
verify() { EINTHOVEN_STORE=$WORK/$1 "$BIN/store" verify "$id"; }

shares() { # shares NAME URL
	local said
	check_fails "$1: nothing is there yet" 1 "has no artifact" pull "$2" "$1-two"
	said=$(push "$2" 2>log)
	is "$1: push sends" "${said%%;*}" "1 artifacts, 0 were there"
	said=$(push "$2" 2>log)
	is "$1: and not twice" "$(echo "$said" | grep -o ' 0 of [0-9]* segments sent, 0 of\|1 were there' |
		head -1 | sed 's/ [0-9]* of.*/ nothing/')" "1 were there"
	check "$1: another store pulls" pull "$2" "$1-two"
	check "$1: the same artifact" verify "$1-two"
}

mkdir folder
shares folder "$WORK/folder"

# shellcheck disable=SC2119
if nginx_start; then
	shares nginx "$url/team/ecg"
else
	skip "nginx: sharing" "nginx with its WebDAV module is not installed"
fi
if bazel_start; then
	shares bazel "$url"
else
	skip "bazel: sharing" "python3 is not installed"
fi
if swift_start; then
	shares s3 "$url/ecg/team"
	AWS_ENDPOINT_URL=${url#s3+} check "s3: the endpoint from the environment" pull s3://ecg/team s3-three
	check_fails "s3: no such bucket" 1 "NoSuchBucket\|bucket" push "$url/none/team"
	AWS_SECRET_ACCESS_KEY=byron check_fails "s3: a wrong secret" 1 "403" push "$url/ecg/team"
	check "s3: another program reads what we wrote" s3 GET "ecg?prefix=team%2Fac%2F"
	python=${PYTHON:-python3}
	if "$python" -c 'import boto3' 2>/dev/null; then
		check "s3: and so does boto3, word for word" "$python" "$TOP/tests/remote/boto.py" \
			"${url#s3+}" ecg team "$id" store/actions
	else
		skip "s3: boto3 reads what we wrote" "boto3 is not installed (PYTHON)"
	fi
else
	skip "s3: sharing" "Swift with its S3 API is not installed"
fi
tap_done
