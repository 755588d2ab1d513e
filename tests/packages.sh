#!/bin/sh
# Builds the Debian packages in a copy of the tree, judges them with lintian, and runs the tests of
# debian/tests against the unpacked packages. usage: tests/packages.sh WORKDIR
# (autopkgtest runs the same tests against installed packages.)
set -eu
work=${1:?usage: tests/packages.sh WORKDIR}
top=$(cd "$(dirname "$0")/.." && pwd)
rm -rf "$work"
mkdir -p "$work/mummy" "$work/root"
work=$(cd "$work" && pwd)

fail() {
	echo "packages: $*" >&2
	exit 1
}

for tool in dpkg-buildpackage dh lintian pkg-config curl; do
	command -v "$tool" >/dev/null || fail "$tool is missing: run scripts/deps"
done

tar -C "$top" --exclude=./.git --exclude='./build*' --exclude=node_modules --exclude=./tests/artifacts \
	--exclude=./autom4te.cache -c -f - . | tar -x -C "$work/mummy" -f -
cd "$work/mummy"
# The unit tests have stages of their own.
DEB_BUILD_OPTIONS=nocheck dpkg-buildpackage -us -uc -b -j"$(($(nproc) * 2))"

echo "== lintian"
lintian --no-tag-display-limit --allow-root --fail-on error "$work"/*.changes

echo "== contents"
for lib in http ws upload pool; do
	for deb in "$work"/libmummy-"$lib"0_*.deb "$work"/libmummy-"$lib"-dev_*.deb; do
		[ -f "$deb" ] || fail "no package $deb"
		[ "$(dpkg-deb -f "$deb" Multi-Arch)" = same ] || fail "$deb is not Multi-Arch: same"
	done
	dpkg-deb --ctrl-tarfile "$work"/libmummy-"$lib"0_*.deb | tar -t | grep -q symbols ||
		fail "libmummy-${lib}0 has no symbols file"
done
for deb in "$work"/libmummy-http0_*.deb "$work"/libmummy-http-dev_*.deb; do
	dpkg-deb -f "$deb" Depends | grep -q libdeflate || fail "$deb does not depend on libdeflate"
done
for deb in "$work"/*.deb; do
	case $deb in
	*-dbgsym_*) ;;
	*) dpkg-deb -x "$deb" "$work/root" ;;
	esac
done

echo "== tests of debian/tests against the unpacked packages"
arch=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
PKG_CONFIG_SYSROOT_DIR=$work/root
PKG_CONFIG_PATH=$work/root/usr/lib/$arch/pkgconfig
LD_LIBRARY_PATH=$work/root/usr/lib/$arch
export PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_PATH LD_LIBRARY_PATH
for t in http ws upload pool; do
	timeout 120 "debian/tests/$t-dev" || fail "debian/tests/$t-dev failed"
	echo "PASS: debian/tests/$t-dev"
done
pkg-config --static --libs libmummy-http | grep -q -e -ldeflate || fail "the static library's users miss libdeflate"
"$work/root/usr/bin/mummy-server" --version
"$work/root/usr/bin/mummy-upload" --version
