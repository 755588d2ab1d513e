# Sourced by the benchmarks: a scratch folder, children that end with the script, medians.
# shellcheck shell=sh disable=SC2034,SC2154
tmp=$(mktemp -d)
pids=
trap 'for p in $pids; do kill "$p" 2>/dev/null || :; done; rm -rf "$tmp"' EXIT

need() { # TOOL...: all of them, or exit status 2
	for tool; do
		command -v "$tool" >/dev/null || {
			echo "bench: $tool is missing: install the Debian package that holds it" >&2
			exit 2
		}
	done
}

await() { # WHAT COMMAND...: until it succeeds, 10 s at most
	what=$1
	shift
	tries=0
	until "$@" 2>/dev/null; do
		tries=$((tries + 1))
		[ "$tries" -lt 200 ] || { echo "bench: $what does not come up" >&2; exit 1; }
		sleep 0.05
	done
}

start_server() { # NAME ARGUMENTS...: mummy-server on core 0; sets port and pid
	name=$1
	shift
	rm -f "$tmp/$name.port"
	taskset -c 0 "$build/mummy-server" --listen 127.0.0.1:0 --port-file "$tmp/$name.port" \
		--diagnostics "$@" >"$tmp/$name.log" 2>&1 &
	pid=$!
	pids="$pids $pid"
	await "mummy-server $name" test -s "$tmp/$name.port"
	port=$(head -n 1 "$tmp/$name.port")
}

median() { # FILE COLUMN: median (lowest to highest)
	sort -n -k"$2,$2" "$1" | awk -v c="$2" '{ v[NR] = $c }
		END { print v[int((NR + 1) / 2)] " (" v[1] " to " v[NR] ")" }'
}

value() { # FILE COLUMN: the median alone
	median "$1" "$2" | cut -d' ' -f1
}
