#!/usr/bin/env bash
# Who may use a server, and what it is told: passwords and tokens go to it alone, over TLS that is verified,
# and stand in no message; what a server refuses is explained.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/servers.sh"
. "$TOP/tests/tiny.sh"
tap_needs openssl
export HOME=$WORK EINTHOVEN_QUIET=1
openssl req -x509 -newkey rsa:2048 -nodes -keyout tls.key -out tls.pem -days 2 -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost >/dev/null 2>&1 || skip_all "openssl makes no certificate"
printf 'ada:{PLAIN}lovelace\n' >users
port=$(free_port)
nginx_start "
	location /password { auth_basic ecg; auth_basic_user_file $WORK/users; }
	location /token { if (\$http_authorization != \"Bearer hush\") { return 401; } }
	location /fixed { dav_methods off; }
	location /small { client_max_body_size 10; }
	location /flat { create_full_put_path off; }
	location /moved { return 301 /elsewhere\$request_uri; }
	} server {
		listen 127.0.0.1:$port ssl;
		ssl_certificate $WORK/tls.pem;
		ssl_certificate_key $WORK/tls.key;
		root $WORK/nginx/files;
		dav_methods PUT;
		create_full_put_path on;
		location /open { return 302 http://127.0.0.1:1/; }" ||
	skip_all "nginx with its WebDAV module is not installed"
tls=https://localhost:$port
./tiny --build run >/dev/null 2>log || exit 1
id=$(cat run/tiny.id)
push() { "$BIN/remote" push "$id" --remote "$1"; }
pull() { EINTHOVEN_STORE=$WORK/$2 "$BIN/remote" pull "$id" --remote "$1"; }

check_fails "a password is asked for" 1 "401: it wants to know who asks" push "$url/password"
printf 'machine 127.0.0.1 login ada password lovelace\n' >.netrc
check "... and stands in ~/.netrc" push "$url/password"
check "... also to read" pull "$url/password" two
check_fails "... never in the URL" 1 "put them into ~/.netrc" push "http://ada:lovelace@127.0.0.1:1/x"
rm .netrc

check_fails "a token is asked for" 1 "401: it wants to know who asks" push "$url/token"
EINTHOVEN_REMOTE_TOKEN=hush check "... and comes from the environment" push "$url/token"
printf 'hush\n' >token
export EINTHOVEN_REMOTE_TOKEN_FILE=$WORK/token
check "... or from a file" pull "$url/token" three
check_fails "... goes nowhere unencrypted" 1 "use https" push http://example.invalid/x
check_fails "... a wrong one is not told in the message" 1 "401" env EINTHOVEN_REMOTE_TOKEN=wrong1234 \
	"$BIN/remote" push "$id" --remote "$url/token"
check "... indeed" test "$(grep -c wrong1234 .err)" = 0
printf 'two words\n' >token
check_fails "... must be one word" 1 "token:1: expected a token" push "$url/token"
unset EINTHOVEN_REMOTE_TOKEN_FILE

check_fails "a certificate that nobody vouches for" 1 "certificate is of no.*CURL_CA_BUNDLE" push "$tls/a"
export CURL_CA_BUNDLE=$WORK/tls.pem
check "... is taken from who is trusted" push "$tls/a"
check_fails "... under its own name only" 1 "certificate\|SSL" push "https://127.0.0.1:$port/b"
check_fails "what began encrypted stays so" 1 "neither http nor https" pull "$tls/open" four

check_fails "no PUT" 1 "403\|405" push "$url/fixed"
check_fails "a body too large" 1 "413: .*client_max_body_size" push "$url/small"
check_fails "no folders" 1 "409\|500" push "$url/flat"
check_fails "a server that has moved" 1 "has moved to .*/elsewhere\|404\|no artifact" pull "$url/moved" five
check_fails "no server" 1 "connect" push http://127.0.0.1:1/x
check_fails "what is no URL of ours" 1 "must not hold" push "http://127.0.0.1:1/x?y=z"
tap_done
