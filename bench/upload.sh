#!/bin/sh
# Uploads: libmummy-upload in a program of its own (own) and in mummy-server (server) against PUT of Debian's nginx,
# with its usual buffer and with one of 256 KiB, and against bare loops that receive and write; alternated in one run.
# Server on core 0, load on core 1; CPU time of the server from /proc. Without nginx it is not measured. The files lie in
# TMPDIR and stay until the end: some file systems make new files slowly where many were removed a moment ago.
# usage: bench/upload.sh BUILDDIR [ROUNDS] [ROW...]   rows: big sha1 small slow concat takeover
# CONGESTION: congestion control of the load (the system's). Where that sends by timers (bbr), they fire on the server's
# core while it is busy, and count as its time: sha1 is then measured with reno besides.
# MB: of a large body (1024); UPLOADS: small ones in a round (2000)
set -eu
build=${1:?usage: bench/upload.sh BUILDDIR [ROUNDS] [ROW...]}
shift
rounds=5
if [ $# -gt 0 ] && [ -n "${1##[a-z]*}" ]; then
	rounds=$1
	shift
fi
[ $# -gt 0 ] || set -- big sha1 small slow concat takeover
mb=${MB:-1024}
bytes=$((mb * 1048576))
uploads=${UPLOADS:-2000}
told=${CONGESTION:-}
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"
PATH=$PATH:/usr/sbin:/sbin
need taskset

# ---- Servers ------------------------------------------------------------------------------------

serve() { # NAME COMMAND...: on core 0; NAME.port is there once it listens
	name=$1
	shift
	taskset -c 0 "$@" >"$tmp/$name.out" 2>&1 &
	echo $! >"$tmp/$name.pid"
	pids="$pids $!"
	await "$name" test -s "$tmp/$name.port"
}

nginx_at() { # NAME PORT DIRECTIVE: one worker
	mkdir -p "$tmp/$1.files/put" "$tmp/$1.body"
	chmod 755 "$tmp"
	[ "$(id -u)" -ne 0 ] || chown -R www-data "$tmp/$1.files" "$tmp/$1.body"
	cat >"$tmp/$1.conf" <<-CONF
	worker_processes 1; master_process off; daemon off; pid $tmp/$1.run; error_log $tmp/$1.log;
	events { worker_connections 4000; }
	http { access_log off; keepalive_requests 100000000; client_max_body_size 0; $3
		server { listen 127.0.0.1:$2; location /put/ { root $tmp/$1.files; client_body_temp_path $tmp/$1.body;
			dav_methods PUT DELETE; create_full_put_path on; } } }
	CONF
	echo "$2" >"$tmp/$1.port"
	serve "$1" nginx -c "$tmp/$1.conf" -e "$tmp/$1.log"
	await "$1" test -e "$tmp/$1.run"
}

start() { # NAME: once
	[ ! -e "$tmp/$1.port" ] || return 0
	case $1 in
	nginx) nginx_at nginx 18191 "" ;;
	nginx-256k) nginx_at nginx-256k 18192 "client_body_buffer_size 256k;" ;;
	own-*) serve "$1" "$build/bench/upload_server" "$tmp/$1.port" "$tmp/$1.d" "${1#*-}" ;;
	server-*) serve "$1" "$build/mummy-server" --listen 127.0.0.1:0 --port-file "$tmp/$1.port" \
		--uploads "$tmp/$1.d" --fsync "${1#*-}" ;;
	bare-sha1) serve "$1" "$build/bench/upload_bare" "$tmp/$1.port" "$tmp/$1.file" "$bytes" gather sha1 ;;
	bare-*) serve "$1" "$build/bench/upload_bare" "$tmp/$1.port" "$tmp/$1.file" "$bytes" "${1#*-}" ;;
	esac
}

# ---- Measuring ----------------------------------------------------------------------------------

load() { # ROW NAME WHAT...: appends a line
	row=$1
	name=$2
	shift 2
	taskset -c 1 "$build/bench/upload_load" "$(cat "$tmp/$name.port")" "$(cat "$tmp/$name.pid")" "$@" >>"$tmp/$row.$name"
}

# Each round makes new files in an empty folder. What the last one left is moved away, not removed: see above.
set_aside() { # NAME
	case $1 in nginx*) from=$tmp/$1.files/put ;; *) from=$tmp/$1.d ;; esac
	mkdir "$tmp/$1.old.$i"
	find "$from" -maxdepth 1 -type f ! -name '.*' -exec mv -t "$tmp/$1.old.$i" {} +
}

protocol() { # NAME
	case $1 in nginx*) echo put ;; bare*) echo raw ;; *) echo tus ;; esac
}

# Each round begins with another one: who comes after a pause finds the caches cold.
alternate() { # ROW NAMES WHAT MORE...
	row=$1
	names=$2
	mode=$3
	shift 3
	for name in $names; do
		start "$name"
	done
	i=0
	order=$names
	while [ "$i" -lt "$rounds" ]; do
		for name in $order; do
			[ "$mode" != small ] || set_aside "$name"
			load "$row" "$name" "$mode" "$(protocol "$name")" "$@"
		done
		order="${order#* } ${order%% *}"
		i=$((i + 1))
	done
}

installed() { # NAMES: without nginx where there is none
	command -v nginx >/dev/null || set -- "$(echo "$1" | sed 's/nginx[^ ]* *//g')"
	echo "$1"
}

over() { # FILE COLUMN FILE: the ratio of the medians
	[ -s "$3" ] || return 0
	awk -v a="$(value "$1" "$2")" -v b="$(value "$3" "$2")" 'BEGIN { printf "%.2f", a / b }'
}

big_table() { # ROW NAMES: against nginx and the loop of ROW
	echo
	echo "| server | MB/s | CPU s per GiB | CPU x nginx | rate x bare loop | CPU x bare loop | own memory grew by KiB |"
	echo "|---|---|---|---|---|---|---|"
	for name in $2; do
		awk -v b="$bytes" '{ printf "%.0f %.3f %.0f\n", b / $1 / 1e6, $2 / 1e6 * 1073741824 / b, $3 / 1024 }' \
			"$tmp/$1.$name" >"$tmp/$1.$name.t"
	done
	for name in $2; do
		f=$tmp/$1.$name.t
		echo "| $name | $(median "$f" 1) | $(median "$f" 2) | $(over "$f" 2 "$tmp/$1.nginx.t") | $(over "$f" 1 "$tmp/$1.bare-gather.t") |" \
			"$(over "$f" 2 "$tmp/$1.bare-gather.t") | $(median "$f" 3) |"
	done
}

big() {
	names=$(installed "${NAMES:-bare-gather bare-splice nginx nginx-256k own-none own-finish own-ack server-none}")
	alternate big "$names" big "$bytes"
	echo "$mb MiB in one body"
	big_table big "$names"
}

hash_alone() {
	i=0
	while [ "$i" -lt "$rounds" ]; do
		taskset -c 0 "$build/bench/upload_bare" hash "$bytes" >>"$tmp/hash"
		i=$((i + 1))
	done
	awk -v b="$bytes" '{ printf "%.3f\n", $1 / 1e6 * 1073741824 / b }' "$tmp/hash" >"$tmp/hash.t"
}

with_sha1() { # ROW CONGESTION-CONTROL
	export CONGESTION="$2"
	alternate "$1" "bare-gather bare-sha1 own-none" big "$bytes" sha1
	echo
	echo "$mb MiB in one body, with SHA-1 but for bare-gather; congestion control of the load: $2"
	big_table "$1" "bare-gather bare-sha1 own-none"
	echo
	awk -v h="$(value "$tmp/hash.t" 1)" -v g="$(value "$tmp/$1.bare-gather.t" 2)" -v o="$(value "$tmp/$1.own-none.t" 2)" \
		'BEGIN { printf "own %.3f s per GiB; the hash alone and 1.3 x the bare loop: %.3f\n", o, h + 1.3 * g }'
}

sha1() {
	system=$(cat /proc/sys/net/ipv4/tcp_congestion_control)
	hash_alone
	echo "The hash alone: $(median "$tmp/hash.t" 1) s per GiB"
	with_sha1 sha1 "${CONGESTION:-$system}"
	case $CONGESTION in
	bbr*) with_sha1 sha1-reno reno ;;
	esac
	CONGESTION=$told
}

small() {
	names=$(installed "${NAMES:-nginx own-none own-finish own-ack server-none}")
	alternate small "$names" small "$uploads" 32
	echo "$uploads uploads of 4 KiB, 32 connections"
	echo
	echo "| server | uploads/s | CPU us for one | CPU x nginx |"
	echo "|---|---|---|---|"
	for name in $names; do
		echo "| $name | $(median "$tmp/small.$name" 1) | $(median "$tmp/small.$name" 2) |" \
			"$(over "$tmp/small.$name" 2 "$tmp/small.nginx") |"
	done
}

slow() {
	i=0
	while [ "$i" -lt "$rounds" ]; do
		rm -f "$tmp/server-none.port"
		start server-none
		load slow server-none slow 1000 8
		i=$((i + 1))
	done
	f=$tmp/slow.server-none
	echo "1000 slow uploads at once, mummy-server"
	echo
	echo "| what | alone | beside them |"
	echo "|---|---|---|"
	echo "| octets of memory for each | | $(median "$f" 1) |"
	echo "| threads more | | $(median "$f" 2) |"
	echo "| a small request, p50 in us | $(median "$f" 3) | $(median "$f" 5) |"
	echo "| p99 in us | $(median "$f" 4) | $(median "$f" 6) |"
}

# Parts that are not on the disk yet may have to be written before their blocks can be shared: with ack they are.
concat() {
	for name in own-none own-ack; do
		start "$name"
		i=0
		while [ "$i" -lt "$rounds" ]; do
			load concat "$name" concat 4 "$bytes"
			i=$((i + 1))
		done
		echo "A final upload of 4 x $mb MiB, $name: $(median "$tmp/concat.$name" 1) ms," \
			"$(median "$tmp/concat.$name" 2) us of CPU time, on $(stat -f -c %T "$tmp")"
	done
}

takeover() {
	for name in own-none own-ack; do
		start "$name"
		load takeover "$name" takeover $((rounds * 20))
		echo "Takeover of a stuck PATCH, $name: median and worst ms of $((rounds * 20)): $(cat "$tmp/takeover.$name")"
	done
}

echo "$rounds rounds, alternated; server on core 0, load on core 1"
for row; do
	echo
	"$row"
done
