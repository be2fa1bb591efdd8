#!/bin/sh
# A kernel with its modules for tests in a virtual machine (tests/vm.sh), unpacked into a folder from this
# Debian's own package: the machine's kernel stays as it is, and no rights are needed. ./setup --vm runs it.
#
#	tests/kernel.sh build/vm
set -eu
[ $# = 1 ] || { echo "usage: tests/kernel.sh FOLDER" >&2; exit 2; }
to=$1
work=$to.new
rm -rf "$work"
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"

# linux-image-amd64 depends on the one that there is now.
package=$(apt-cache depends "linux-image-$(dpkg --print-architecture)" 2>/dev/null |
	sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p')
[ -n "$package" ] || { echo "tests/kernel.sh: apt knows no kernel here; apt-get update?" >&2; exit 1; }
(cd "$work" && apt-get -q -o APT::Sandbox::User=root download "$package")
dpkg-deb -x "$work"/*.deb "$work"
rm -f "$work"/*.deb "$work"/boot/System.map-*
busybox depmod -b "$work" "$(basename "$work"/lib/modules/*)"
rm -rf "$to"
mv "$work" "$to"
