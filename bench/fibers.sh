#!/bin/sh
# What fibers cost; see fibers.c. Behind HTTP they are in bench/blocking.sh.
# usage: bench/fibers.sh BUILDDIR [ROUNDS]
set -eu
exec "${1:?usage: bench/fibers.sh BUILDDIR [ROUNDS]}/bench/fibers" "${2:-7}"
