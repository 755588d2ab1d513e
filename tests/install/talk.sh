#!/bin/sh
# talk.sh - runs an example on a port that the kernel picks and talks to it with curl.
#
# usage: talk.sh EXAMPLE     (the path of the program; what to say follows from its name)
#
# The example gets the argument 0 and prints where it listens. Exit status 0: all was as expected.
# shellcheck disable=SC2317,SC2329  # functions are called by the name of the example, and through is
set -eu
program=${1:?usage: talk.sh EXAMPLE}
work=$(mktemp -d)
pids=
trap 'for pid in $pids; do kill "$pid" 2>/dev/null || :; wait "$pid" 2>/dev/null || :; done; rm -rf "$work"' EXIT
cd "$work"
mkfifo said

# start TEXT COMMAND...: runs it and sets line to the first line that has the text.
start()
{
	text=$1
	shift
	timeout 60 "$@" > said 2>&1 &
	pids="$pids $!"
	exec 3< said
	while read -r line <&3; do
		case $line in *"$text"*) return ;; esac
	done
	echo "talk: $1 does not say that it is ready" >&2
	exit 1
}

# is EXPECTED COMMAND...: what it prints.
is()
{
	expected=$1
	shift
	got=$("$@") || got="$got (status $?)"
	[ "$got" = "$expected" ] || {
		printf 'talk: %s\n  expected: %s\n  got:      %s\n' "$*" "$expected" "$got" >&2
		exit 1
	}
}

ask()
{
	curl -sS --max-time 20 "$@"
}

# status ARGUMENT...: that of the answer, which becomes the file answer.
status()
{
	ask -o answer -w '%{http_code}' "$@"
}

# field NAME ARGUMENT...: the status and a header field.
field()
{
	name=$1
	shift
	ask -o answer -w "%{http_code} %header{$name}" "$@"
}

# crowd ARGUMENT...: 40 requests, 20 at a time; the statuses, counted.
crowd()
{
	seq 40 | xargs -P 20 -I '{}' curl -sS --max-time 20 -o '{}.answer' -w '%{http_code}\n' "$@" | sort |
		uniq -c | tr -s ' '
}

# first_line URL: the first row; the client hangs up then.
first_line()
{
	{ ask "$1" 2>/dev/null || :; } | head -n 1 | tr -d '\r'
}

last_line()
{
	tail -n 1 "$1" | tr -d '\r'
}

check_json()
{
	is '{}' ask "$1"
	is '201 /notes/1' field location -H 'Content-Type: application/json' -d '{"text": "a \"note\" \u00e9"}' "$1"
	is '{"text": "a \"note\" \u00e9"}' ask "$1/1"
	is 201 status --json '{"text":""}' "$1"
	is 200 status --json '{"text": "other"}' -X PUT "$1/2"
	is '{"1": {"text": "a \"note\" \u00e9"},
"2": {"text": "other"}}' ask "$1"
	for wrong in '{"text": "\x"}' '{"text": 1}' '{"text": "a' '{"text": "a"} b' '{"text": "a", "text": "b"}' ''; do
		is 400 status --json "$wrong" "$1"
	done
	is 415 status -d '{"text": "no type"}' "$1"
	head -c 5000 /dev/zero | tr '\0' ' ' > long
	is 413 status --json @long "$1"
	is 204 status -X DELETE "$1/1"
	is 404 status "$1/1"
	is 404 status --json '{"text": "gone"}' -X PUT "$1/1"
	is 404 status "$1/1x"
	is '405 GET, PUT, DELETE, HEAD, OPTIONS' field allow -X PATCH "$1/2"
}

# As it is, cut off by the client in the middle of very many rows, and again.
check_download()
{
	is '200 chunked' field transfer-encoding "$1?rows=200000"
	is '200001 answer' wc -l answer
	is '200000,40000000000' last_line answer
	is 400 status "$1?rows=x"
	is 'n,square' first_line "$1?rows=18446744073709551615"
	is 200 status "$1"
}

# Two at once; who was there before gets what it missed first.
check_clock()
{
	second=$(($(date +%s) - 3))
	(ask -N -H "Last-Event-ID: $second" "$1" 2>/dev/null || :) | grep --line-buffered -m 5 '^id:' > old &
	pid=$!
	(ask -N "$1" 2>/dev/null || :) | grep --line-buffered -m 2 '^id:' > new
	wait "$pid"
	seq -f 'id: %.0f' $((second + 1)) $((second + 5)) > expected
	is '' diff expected old
	first=$(sed -n '1s/id: //p' new)
	is "id: $first
id: $((first + 1))" cat new
	is '' test "$first" -gt "$second"
}

check_form()
{
	head -c 3000000 /dev/urandom > sent
	is 201 status -F note=hello -F 'file=@sent;filename=../../name' -F more=text "$1"
	cp answer answer_of_it
	is '' cmp sent "$(cat answer)"
	is 400 status -F note=hello "$1"
	is 400 status -F a=@sent -F b=@sent "$1"
	is 415 status -d note=hello "$1"
	truncate -s 65M large
	is 413 status -F file=@large "$1"
	is "$(cat answer_of_it)" ls file-*
}

check_auth()
{
	is 'Hello, whoever you are.' ask "${1%/private/me}/"
	is '401 Basic realm="the example", charset="UTF-8"' field www-authenticate "$1"
	is 'Hello, ann.' ask -u ann:opensesame "$1"
	is 'Hello, bob.' ask -H 'Authorization: Bearer token-of-bob' "$1"
	is 401 status -u ann:opensesamE "$1"
	is 401 status -u bob:opensesame "$1"
	is 401 status -H 'Authorization: Bearer token-of-bo' "$1"
	is 401 status "${1%me}admin"
	is 403 status -u bob:token-of-bob "${1%me}admin"
	is 'Hello, ann.' ask -u ann:opensesame "${1%me}admin"
}

check_curl()
{
	is 200 status "$1"
	is 1 grep -c ' seconds since 1970$' answer
	is ' 40 200' crowd "$1"
}

check_redis()
{
	is 404 status "$1visits"
	is 1 ask -X POST "$1visits"
	is ' 40 200' crowd -X POST "$1visits"
	is 41 ask "$1visits"
	is OK redis-cli -s redis set word text
	is 409 status -X POST "$1word"
}

example=${program##*/}
case $example in
auth)
	printf 'ann opensesame admin\nbob token-of-bob\n' > users
	start http: "$program" 0 ;;
redis)
	start 'accept connections' redis-server --port 0 --unixsocket "$work/redis" --dir "$work" --save '' --daemonize no
	start http: "$program" 0 "$work/redis" ;;
*)
	start http: "$program" 0 ;;
esac
"check_$example" "http:${line#*http:}"
