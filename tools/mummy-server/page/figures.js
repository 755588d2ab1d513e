// The server's live figures: asked for once a second while the page can be seen.

const KEPT = 60;
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

export function bytes(n) {
	let unit = 0;
	for (; n >= 1000 && unit < UNITS.length - 1; unit++)
		n /= 1024;
	return [n.toFixed(unit === 0 || n >= 100 ? 0 : 1), UNITS[unit]];
}

function duration(ms) {
	const s = Math.floor(ms / 1000), m = Math.floor(s / 60), h = Math.floor(m / 60);
	if (h >= 24)
		return `${Math.floor(h / 24)} d ${h % 24} h`;
	return h ? `${h} h ${m % 60} min` : m ? `${m} min ${s % 60} s` : `${s} s`;
}

// A line of the last values behind a figure. It repeats what the text says, so it is hidden from readers.
class Spark {
	constructor(tile) {
		const svg = n => document.createElementNS("http://www.w3.org/2000/svg", n);
		this.values = [];
		this.line = svg("polyline");
		this.area = svg("polygon");
		const picture = svg("svg");
		picture.setAttribute("viewBox", `0 0 ${KEPT - 1} 20`);
		picture.setAttribute("preserveAspectRatio", "none");
		picture.setAttribute("aria-hidden", "true");
		picture.append(this.area, this.line);
		tile.append(picture);
	}
	add(value) {
		this.values.push(value);
		if (this.values.length > KEPT)
			this.values.shift();
		const top = Math.max(...this.values, 1), from = KEPT - this.values.length;
		const points = this.values.map((v, i) => `${from + i},${(19 - 17 * v / top).toFixed(1)}`).join(" ");
		this.line.setAttribute("points", points);
		this.area.setAttribute("points", `${from},20 ${points} ${KEPT - 1},20`);
	}
}

export function startFigures(find) {
	const status = find("server-status"), sparks = new Map();
	let before = null;

	function show(id, value, text, unit) {
		const element = find(id), small = document.createElement("small");
		if (!sparks.has(id))
			sparks.set(id, new Spark(element.parentElement));
		sparks.get(id).add(value);
		small.textContent = unit ? ` ${unit}` : "";
		element.replaceChildren(text, small);
	}
	function showAll(now, rates) {
		find("stat-version").textContent = `version ${now.version}`;
		find("stat-uptime").textContent = duration(now.uptime_ms);
		show("stat-requests", rates.requests, rates.requests.toFixed(rates.requests < 10 ? 1 : 0));
		show("stat-connections", now.http.connections, String(now.http.connections));
		show("stat-websockets", now.ws.connections, String(now.ws.connections));
		show("stat-uploads", now.uploads.open, String(now.uploads.open), `${now.uploads.finished} finished`);
		show("stat-queue", now.pool.queued, String(now.pool.queued));
		show("stat-running", now.pool.running, String(now.pool.running), `of ${now.pool.threads}`);
		show("stat-received", rates.received, ...bytes(rates.received));
		show("stat-sent", rates.sent, ...bytes(rates.sent));
	}
	function rate(now, then) {
		const s = then && now.uptime_ms > then.uptime_ms ? (now.uptime_ms - then.uptime_ms) / 1000 : 0;
		const per = key => s ? Math.max(0, (now.http[key] - then.http[key]) / s) : 0;
		return { requests: per("requests"), received: per("bytes_in"), sent: per("bytes_out") };
	}
	async function turn() {
		try {
			const answer = await fetch("/_mummy/stats", { cache: "no-store", signal: AbortSignal.timeout(5000) });
			if (!answer.ok)
				throw new Error(`status ${answer.status}`);
			const now = await answer.json();
			showAll(now, rate(now, before));
			before = now;
			say("up", "Online");
		} catch {
			before = null;
			say("down", "Not reachable");
		}
		setTimeout(next, 1000);
	}
	function say(state, text) {
		if (status.dataset.state === state)
			return;
		status.dataset.state = state;
		status.textContent = text;
	}
	function next() {
		if (document.hidden)
			document.addEventListener("visibilitychange", next, { once: true });
		else
			turn();
	}
	next();
}
