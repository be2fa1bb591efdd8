#!/bin/sh
# The headers and libraries of a foreign architecture, unpacked into a folder, from this Debian's own package
# sources: the machine's packages stay as they are, and no rights are needed. ./setup --arm64 runs it.
#
#	tests/sysroot.sh arm64 build/sysroot/arm64 libc6-dev liblmdb-dev ...
set -eu
[ $# -ge 3 ] || { echo "usage: tests/sysroot.sh ARCHITECTURE FOLDER PACKAGE..." >&2; exit 2; }
arch=$1 to=$2
shift 2
work=$to.new
rm -rf "$work"
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/root" "$work/state/lists/partial" "$work/cache/archives/partial"
work=$(cd "$work" && pwd)
: >"$work/status"

# Ubuntu keeps all but amd64 in another archive.
sources=
if grep -q '^ID=ubuntu' /etc/os-release && [ "$arch" != amd64 ]; then
	release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	for part in "$release" "$release-updates" "$release-security"; do
		echo "deb [signed-by=/usr/share/keyrings/ubuntu-archive-keyring.gpg]" \
			"http://ports.ubuntu.com/ubuntu-ports $part main universe"
	done >"$work/sources.list"
	sources="-o Dir::Etc::sourcelist=$work/sources.list -o Dir::Etc::sourceparts=-"
fi

# shellcheck disable=SC2086 # a list of words
foreign() {
	apt-get -q -y -o APT::Architecture="$arch" -o APT::Architectures="$arch" -o APT::Sandbox::User=root \
		-o APT::Install-Recommends=0 -o Dir::State="$work/state" \
		-o Dir::State::status="$work/status" \
		-o Dir::Cache="$work/cache" $sources "$@"
}
foreign update
foreign install --download-only "$@"
for package in "$work"/cache/archives/*.deb; do
	dpkg-deb -x "$package" "$work/root"
done

# Links such as libm.so -> /lib/.../libm.so.6 mean this folder, not the machine's root.
find "$work/root" -lname '/*' | while read -r link; do
	ln -sfn "$(realpath -m --relative-to="${link%/*}" "$work/root$(readlink "$link")")" "$link"
done

# Newer releases have all under /usr.
[ -e "$work/root/lib" ] || ln -s usr/lib "$work/root/lib"
rm -rf "$to"
mv "$work/root" "$to"
