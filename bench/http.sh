#!/bin/sh
# Plaintext, pipelines, a pool, idle connections, files and gzip: libmummy-http against Debian's nginx, h2o,
# lighttpd and libmicrohttpd and Go's net/http, alternated in one run. Server on core 0, load on core 1; CPU
# time of the server from /proc. What is not installed is not measured. PEERS=DIR: libreactor, uWebSockets and
# lwan too, see bench/PEERS.md. User instructions of a request are counted by valgrind. Pipelines and files are
# asked for by two kinds of clients, as wrk's own core is what ends first: by wrk and by bench/http_load.
# usage: [PEERS=DIR] bench/http.sh BUILDDIR [ROUNDS] [SECONDS] [ROW...]
# rows: hello pipeline work idle file gzip instructions
set -eu
build=${1:?usage: bench/http.sh BUILDDIR [ROUNDS] [SECONDS] [ROW...]}
rounds=${2:-5}
seconds=${3:-3}
[ $# -le 3 ] || shift 3
[ $# -gt 0 ] && [ -z "${1##[a-z]*}" ] && rows=$* || rows="hello pipeline work idle file gzip instructions"
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"
PATH=$PATH:/usr/sbin:/sbin
need wrk taskset curl

# ---- Servers ------------------------------------------------------------------------------------

www=$tmp/www
mkdir "$www"
chmod 755 "$tmp" "$www"
printf 'Hello, World!' >"$www/hello"
"$build/bench/http-server" --json >"$www/json"
head -c 1048576 /dev/urandom >"$www/file"

port_of() { # NAME
	case $1 in
	mummy) echo 18081 ;; nginx) echo 18082 ;; h2o) echo 18083 ;; lighttpd) echo 18084 ;;
	mummy-system) echo 18080 ;;
	mhd) echo 18085 ;; go) echo 18086 ;; libreactor) echo 18087 ;; uWebSockets) echo 18088 ;; lwan) echo 18089 ;;
	esac
}

nginx_conf() { # PORT
	cat <<-EOF
	worker_processes 1; master_process off; daemon off; pid $tmp/nginx.pid; error_log $tmp/nginx.log;
	worker_rlimit_nofile 20000;
	events { worker_connections 16000; }
	http {
		access_log off; sendfile on; keepalive_requests 100000000; client_body_temp_path $tmp/nginx-body;
		default_type application/json; gzip on; gzip_comp_level 1; gzip_types *; root $www;
		server { listen 127.0.0.1:$1 backlog=4096;
			location = /hello { gzip off; default_type text/plain; return 200 "Hello, World!"; }
			location = /file { gzip off; } }
	}
	EOF
}

h2o_conf() {
	cat <<-EOF
	num-threads: 1
	listen: {host: 127.0.0.1, port: $(port_of h2o)}
	max-connections: 16000
	hosts: {default: {paths: {/: {file.dir: $www}}}}
	EOF
}

lighttpd_conf() {
	cat <<-EOF
	server.document-root = "$www"
	server.port = $(port_of lighttpd)
	server.bind = "127.0.0.1"
	server.max-fds = 40000
	server.max-connections = 16000
	server.max-keep-alive-requests = 65535
	mimetype.assign = ("" => "text/plain")
	EOF
}

run() { # NAME COMMAND...: on core 0; its pid goes to NAME.pid
	name=$1
	shift
	taskset -c 0 "$@" >"$tmp/$name.out" 2>&1 &
	echo $! >"$tmp/$name.run"
	pids="$pids $!"
	await "$name" curl -s -o /dev/null "http://127.0.0.1:$(port_of "$name")/hello"
	all="$all $name"
}

has() {
	command -v "$1" >/dev/null
}

build_reactor() {
	src=$PEERS/libreactor/src
	cc -std=gnu2x -O3 -march=native -flto=auto -w -I"$src" -o "$tmp/libreactor" "$here/http_reactor.c" \
		"$src"/reactor/*.c "$src"/picohttpparser/*.c -lssl -lcrypto -lpthread
}

build_uws() {
	flags="-O3 -march=native -flto=auto -w -DLIBUS_NO_SSL -I$PEERS/uWebSockets/src -I$PEERS/uSockets/src"
	# shellcheck disable=SC2086  # a list of flags
	for f in bsd context loop socket udp eventing/epoll_kqueue; do
		cc $flags -c -o "$tmp/uws_${f##*/}.o" "$PEERS/uSockets/src/$f.c"
	done
	# shellcheck disable=SC2086
	c++ -std=c++20 $flags -o "$tmp/uWebSockets" "$here/http_uws.cc" "$tmp"/uws_*.o -lz
}

# What to link, the build of its own program says.
build_lwan() {
	libs=$(sed 's/.*liblwan\.a//; s/-Wl,-[a-z-]*whole-archive//g' \
		"$PEERS/lwan/build/src/bin/lwan/CMakeFiles/lwan.dir/link.txt")
	# shellcheck disable=SC2086
	cc -std=gnu11 -O3 -march=native -flto=auto -w -include "$PEERS/lwan/build/lwan-build-config.h" \
		-I"$PEERS/lwan/src/lib" -o "$tmp/lwan" "$here/http_lwan.c" \
		-Wl,-whole-archive "$PEERS/lwan/build/src/lib/liblwan.a" -Wl,-no-whole-archive $libs
}

# shellcheck disable=SC3045  # dash has it
ulimit -n 40000 2>/dev/null || ulimit -n 20000 2>/dev/null || :
all=
run mummy "$build/bench/http-server" "$(port_of mummy)" "$www"
# On loopback ours does without a congestion control that sends by timers. What that is worth, files show.
congestion=$(cat /proc/sys/net/ipv4/tcp_congestion_control 2>/dev/null) || congestion=
case $congestion in
bbr*) run mummy-system "$build/bench/http-server" "$(port_of mummy-system)" "$www" "$congestion" ;;
esac
nginx_conf "$(port_of nginx)" >"$tmp/nginx.conf"
! has nginx || run nginx nginx -c "$tmp/nginx.conf" -e "$tmp/nginx.log"
h2o_conf >"$tmp/h2o.conf"
! has h2o || run h2o h2o -c "$tmp/h2o.conf"
lighttpd_conf >"$tmp/lighttpd.conf"
! has lighttpd || run lighttpd lighttpd -D -f "$tmp/lighttpd.conf"
if [ -e /usr/include/microhttpd.h ]; then
	cc -O2 -o "$tmp/mhd" "$here/http-mhd.c" -lmicrohttpd
	run mhd "$tmp/mhd" "$(port_of mhd)" "$www/json"
fi
if has go; then
	(cd "$tmp" && GOCACHE=$tmp/gocache GOFLAGS=-mod=mod GO111MODULE=off go build -o "$tmp/go-server" "$here/http-go.go")
	run go "$tmp/go-server" "$(port_of go)" "$www"
fi
if [ -d "${PEERS:-}/libreactor/src" ]; then
	build_reactor
	run libreactor "$tmp/libreactor" "$(port_of libreactor)"
fi
if [ -d "${PEERS:-}/uWebSockets/src" ] && [ -d "$PEERS/uSockets/src" ]; then
	build_uws
	run uWebSockets "$tmp/uWebSockets" "$(port_of uWebSockets)"
fi
if [ -e "${PEERS:-}/lwan/build/src/lib/liblwan.a" ]; then
	build_lwan
	run lwan "$tmp/lwan" "$(port_of lwan)"
fi

# ---- Measuring ----------------------------------------------------------------------------------

cpu_ns() { # NAME: CPU time of all its threads so far
	cat "/proc/$(cat "$tmp/$1.run")"/task/*/schedstat | awk '{ n += $1 } END { printf "%.0f\n", n }'
}

url() { # NAME PATH
	echo "http://127.0.0.1:$(port_of "$1")$2"
}

# ROW NAME PATH ARGUMENT...: append requests/s, CPU us per request, errors
by_wrk() {
	row=$1
	name=$2
	path=$3
	shift 3
	before=$(cpu_ns "$name")
	taskset -c 1 wrk -t1 -d"$seconds" "$@" "$(url "$name" "$path")" >"$tmp/wrk"
	after=$(cpu_ns "$name")
	awk -v cpu=$((after - before)) '/requests in/ { n = $1 } /^Requests\/sec/ { rate = $2 }
		/Socket errors|Non-2xx/ { bad = 1 } END { if (n) printf "%.0f %.2f %d\n", rate, cpu / n / 1000, bad }' "$tmp/wrk" \
		>>"$tmp/$row.$name"
}

by_load() {
	row=$1
	name=$2
	path=$3
	shift 3
	taskset -c 1 "$build/bench/http_load" -s "$seconds" "$@" "$(port_of "$name")" "$path" \
		"$(cat "$tmp/$name.run")" >"$tmp/load" 2>&1 || { echo "$name: $(cat "$tmp/load")" >&2; return 0; }
	awk '{ printf "%.0f %.3f 0\n", $1, $2 }' "$tmp/load" >>"$tmp/$row.$name"
}

table() { # ROW TITLE
	echo
	echo "$2"
	echo
	echo "| server | requests/s | CPU us per request | x nginx: rate | x nginx: CPU |"
	echo "|---|---|---|---|---|"
	for name in mummy mummy-system nginx h2o lighttpd mhd go libreactor uWebSockets lwan; do
		[ "$name" != mummy-system ] || [ -s "$tmp/$1.$name" ] || continue
		if [ ! -s "$tmp/$1.$name" ]; then
			echo "| $name | not measured | | | |"
			continue
		fi
		ratio=" | "
		[ ! -s "$tmp/$1.nginx" ] || ratio=$(awk -v a="$(value "$tmp/$1.$name" 1)" -v b="$(value "$tmp/$1.nginx" 1)" \
			-v c="$(value "$tmp/$1.$name" 2)" -v d="$(value "$tmp/$1.nginx" 2)" \
			'BEGIN { printf "%.2f | %.2f", a / b, c / d }')
		bad=$(awk '{ n += $3 } END { print n ? " (errors)" : "" }' "$tmp/$1.$name")
		echo "| $name$bad | $(median "$tmp/$1.$name" 1) | $(median "$tmp/$1.$name" 2) | $ratio |"
	done
}

each() { # LOAD ROW PATH NAMES ARGUMENT...
	by=$1
	row=$2
	path=$3
	names=$4
	shift 4
	i=0
	while [ "$i" -lt "$rounds" ]; do
		for name in $names; do
			case "$all " in *" $name "*) "$by" "$row" "$name" "$path" "$@" ;; esac
		done
		i=$((i + 1))
	done
}

anonymous() { # NAME: bytes of its own memory
	awk '/^RssAnon/ { print $2 * 1024 }' "/proc/$(cat "$tmp/$1.run")/status"
}

idle() { # NAME
	before=$(anonymous "$1")
	mkfifo "$tmp/hold.$1"
	taskset -c 1 "$build/bench/http-idle" "$(port_of "$1")" 10000 /hello >"$tmp/idle.$1.out" 2>&1 <"$tmp/hold.$1" &
	exec 3>"$tmp/hold.$1"
	tries=0
	until grep -q . "$tmp/idle.$1.out" || [ $tries -ge 600 ]; do
		tries=$((tries + 1))
		sleep 0.05
	done
	if grep -q open "$tmp/idle.$1.out"; then
		echo "| $1 | $((($(anonymous "$1") - before) / 10000)) |"
	else
		echo "| $1 | not measured: $(head -n 1 "$tmp/idle.$1.out") |"
	fi
	exec 3>&-
	wait $!
}

command_of() { # NAME PORT
	case $1 in
	mummy) echo "$build/bench/http-server $2 $www" ;;
	nginx)
		nginx_conf "$2" >"$tmp/nginx-counted.conf"
		echo "$(command -v nginx) -c $tmp/nginx-counted.conf -e $tmp/nginx.log" ;;
	*) echo "$tmp/$1 $2" ;;
	esac
}

# NAME FIELDS ROUNDS: what the whole server takes in user mode. The port is one that another server has not left.
counted() {
	port=$(($(port_of "$1") + 1000 + 20 * counts))
	counts=$((counts + 1))
	# shellcheck disable=SC2046  # a list of words
	valgrind --tool=callgrind --callgrind-out-file=/dev/null --trace-children=yes $(command_of "$1" "$port") \
		>"$tmp/counted.log" 2>&1 &
	pid=$!
	pids="$pids $pid"
	tries=0
	until curl -s -o /dev/null "http://127.0.0.1:$port/hello" || ! kill -0 "$pid" 2>/dev/null || [ $tries -ge 100 ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
	"$build/bench/http_count" "$port" /hello "$2" "$3" 2>/dev/null || return 1
	kill "$pid"
	wait "$pid" 2>/dev/null || :
	sed -n 's/.*Collected : //p' "$tmp/counted.log" | awk '{ n += $1 } END { printf "%d", n }' >"$tmp/counted"
}

per_request() { # NAME FIELDS: from two runs that differ in nothing but their length
	counted "$1" "$2" 20 || return 1
	short=$(cat "$tmp/counted")
	counted "$1" "$2" 120 || return 1
	echo $((($(cat "$tmp/counted") - short) / 6400)) >"$tmp/per_request"
}

instructions() { # NAME
	per_request "$1" least || return 1
	least=$(cat "$tmp/per_request")
	per_request "$1" browser || return 1
	echo "| $1 | $least | $(cat "$tmp/per_request") |"
}

echo "$rounds rounds of $seconds s, rivals alternated; server on core 0, load on core 1; congestion control of the" \
	"system and so of all but mummy: ${congestion:-unknown}"
for row in $rows; do
	case $row in
	hello)
		each by_wrk hello /hello "mummy nginx h2o lighttpd mhd go libreactor uWebSockets lwan" -c64
		table hello "Plaintext, keep-alive, 64 connections" ;;
	pipeline)
		pipelining="mummy nginx h2o mhd go libreactor uWebSockets"
		each by_wrk pipeline /hello "$pipelining" -c64 -s "$here/pipeline.lua"
		table pipeline "The same, pipelined by 16: wrk"
		each by_load pipelined /hello "$pipelining" -c64 -d16
		table pipelined "The same, pipelined by 16: http_load" ;;
	work)
		each by_wrk work /work mummy -c64
		each by_wrk work /hello nginx -c64
		table work "Through the pool of 10 threads (nginx: without one)" ;;
	file)
		filing="mummy mummy-system nginx h2o lighttpd go"
		each by_wrk file /file "$filing" -c16
		table file "A file of 1 MiB: wrk, 16 connections"
		each by_load file1 /file "$filing" -c1
		table file1 "A file of 1 MiB: http_load, 1 connection, 64 KiB read at once"
		each by_load file16 /file "$filing" -c16 -b1048576
		table file16 "A file of 1 MiB: http_load, 16 connections, 1 MiB read at once" ;;
	gzip)
		each by_wrk gzip /json "mummy nginx" -c64 -H "Accept-Encoding: gzip"
		table gzip "16 KiB of JSON in gzip, level 1" ;;
	instructions)
		echo
		echo "Plaintext, keep-alive, 64 connections: user instructions of a request"
		echo
		echo "| server | least head | browser's 16 fields |"
		echo "|---|---|---|"
		counts=0
		for name in mummy nginx libreactor lwan; do
			case "$all " in *" $name "*) ;; *) echo "| $name | not measured | |" && continue ;; esac
			if ! command -v valgrind >/dev/null; then
				echo "| $name | not measured: valgrind is missing | |"
			elif ! instructions "$name"; then
				echo "| $name | not measured: it does not run under valgrind | |"
			fi
		done ;;
	idle)
		echo
		echo "10,000 idle connections"
		echo
		echo "| server | bytes of its own memory each |"
		echo "|---|---|"
		for name in $all; do
			idle "$name"
		done ;;
	esac
done
