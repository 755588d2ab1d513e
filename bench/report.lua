-- wrk prints one line: requests/s, the fastest and the p50, p99 answer in ms, and errors of any kind.
done = function(summary, latency, requests)
	local e = summary.errors
	io.write(string.format("RESULT %.1f %.3f %.3f %.3f %d\n",
		summary.requests / (summary.duration / 1e6), latency.min / 1e3,
		latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
		e.connect + e.read + e.write + e.status + e.timeout))
end
