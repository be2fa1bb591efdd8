# shellcheck shell=bash
# Servers that tests of remotes start on this machine and stop at their end. Each function sets `url` and says
# by its status whether there is such a server here; source after tap.sh.
#
#	. "$TOP/tests/servers.sh"
#	nginx_start || skip_all "nginx with its WebDAV module is not installed"
server_pids=
# shellcheck disable=SC2034 # tap.sh evaluates it
tap_cleanup='servers_stop'

servers_stop() {
	# shellcheck disable=SC2086 # several
	[ -z "$server_pids" ] || kill $server_pids 2>/dev/null
	server_pids=
}

# A port that nobody listens on now.
free_port() {
	local port
	while :; do
		port=$((20000 + RANDOM % 12000))
		(: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
	done
	echo "$port"
}

answers() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# shellcheck disable=SC2120 # without any is usual
# nginx_start [DIRECTIVE...]: nginx with WebDAV's PUT over $WORK/nginx/files.
nginx_start() {
	local program=/usr/sbin/nginx port
	[ -x $program ] && $program -V 2>&1 | grep -q http_dav_module || return 1
	port=$(free_port)
	mkdir -p "$WORK/nginx/files" "$WORK/nginx/temp"
	cat >"$WORK/nginx/conf" <<-END
		daemon off;
		pid $WORK/nginx/pid;
		error_log $WORK/nginx/error.log;
		worker_processes 1;
		$([ "$(id -u)" != 0 ] || echo 'user root;')
		events { worker_connections 256; }
		http {
			access_log $WORK/nginx/access.log;
			client_body_temp_path $WORK/nginx/temp;
			proxy_temp_path $WORK/nginx/temp;
			fastcgi_temp_path $WORK/nginx/temp;
			uwsgi_temp_path $WORK/nginx/temp;
			scgi_temp_path $WORK/nginx/temp;
			server {
				listen 127.0.0.1:$port;
				root $WORK/nginx/files;
				client_max_body_size 4g;
				dav_methods PUT;
				create_full_put_path on;
				$*
			}
		}
	END
	$program -c "$WORK/nginx/conf" -e "$WORK/nginx/error.log" 2>"$WORK/nginx/start.log" &
	server_pids="$server_pids $!"
	wait_for answers "$port" || return 1
	url=http://127.0.0.1:$port
}

# python_start NAME ARGUMENT...: tests/remote/NAME.py, which prints its port.
python_start() {
	local name=$1
	shift
	command -v python3 >/dev/null || return 1
	: >"$WORK/$name.port"
	python3 "$TOP/tests/remote/$name.py" "$@" >"$WORK/$name.port" 2>"$WORK/$name.log" &
	server_pids="$server_pids $!"
	wait_for test -s "$WORK/$name.port" || return 1
	url=http://127.0.0.1:$(cat "$WORK/$name.port")
}

bazel_start() {
	mkdir -p "$WORK/bazel" && python_start bazel "$WORK/bazel" && url=bazel+$url
}

# What every server of S3 here knows.
export AWS_ACCESS_KEY_ID=team:ada AWS_SECRET_ACCESS_KEY=lovelace AWS_DEFAULT_REGION=us-east-1
unset AWS_SESSION_TOKEN AWS_ENDPOINT_URL AWS_ENDPOINT_URL_S3 AWS_REGION

# s3 VERB PATH [FILE]: one request, signed by a program that is not ours.
s3() {
	local verb=$1 path=$2
	shift 2
	python3 "$TOP/tests/remote/s3.py" "$verb" "${url#s3+}/$path" "$@"
}

# swift_config KIND PORT PIPELINE: its file, up to the filters.
swift_config() {
	cat >"$WORK/swift/$1.conf" <<-END
		[DEFAULT]
		bind_ip = 127.0.0.1
		bind_port = $2
		user = $(id -un)
		swift_dir = $WORK/swift
		devices = $WORK/swift/devices
		mount_check = false
		disable_fallocate = true
		workers = 0
		[pipeline:main]
		pipeline = $3
	END
}

swift_run() { # swift_run KIND PORT
	"swift-$1-server" "$WORK/swift/$1.conf" >"$WORK/swift/$1.log" 2>&1 &
	server_pids="$server_pids $!"
}

# swift_start: OpenStack's Swift with its S3 API, one process of each kind over one folder.
swift_start() {
	local port kind ports='' python i
	command -v swift-proxy-server swift-object-server swift-container-server swift-account-server \
		python3 >/dev/null && [ -r /etc/swift/swift.conf ] || return 1
	mkdir -p "$WORK/swift/devices/d"
	for kind in account container object; do
		port=$(free_port)
		ports="$ports $kind $port"
		swift_config $kind "$port" $kind-server
		printf '[app:%s-server]\nuse = egg:swift#%s\n' $kind $kind >>"$WORK/swift/$kind.conf"
		swift_run $kind "$port"
	done

	python=$(sed -n '1s/^#! *//p' "$(command -v swift-proxy-server)")
	# shellcheck disable=SC2086 # several words
	(cd "$WORK/swift" && $python "$TOP/tests/remote/swift_rings.py" $ports) || return 1
	port=$(free_port)
	swift_config proxy "$port" 'catch_errors cache s3api tempauth copy slo dlo proxy-server'
	cat >>"$WORK/swift/proxy.conf" <<-END
		[app:proxy-server]
		use = egg:swift#proxy
		account_autocreate = true
		[filter:tempauth]
		use = egg:swift#tempauth
		user_team_ada = lovelace .admin
		[filter:cache]
		use = egg:swift#memcache
		memcache_servers = 127.0.0.1:1
	END
	for kind in catch_errors s3api copy slo dlo; do
		printf '[filter:%s]\nuse = egg:swift#%s\n' $kind $kind >>"$WORK/swift/proxy.conf"
	done
	swift_run proxy "$port"
	for port in $ports "$port"; do
		case $port in *[0-9]) wait_for answers "$port" || return 1 ;; esac
	done
	url=s3+http://127.0.0.1:$port
	for ((i = 0; i < 60; i++)); do s3 PUT ecg >"$WORK/swift/bucket" && return; sleep 0.5; done
	return 1
}
