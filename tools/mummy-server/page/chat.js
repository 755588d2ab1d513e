// The chat over a WebSocket. Text goes out as it is; what comes is JSON: welcome, presence, message.

const FIRST_WAIT_MS = 500, LONGEST_WAIT_MS = 15000, SHOWN = 300;

export function startChat(find) {
	const log = find("chat-log"), frame = log.parentElement, input = find("chat-input");
	const name = find("chat-name"), send = find("chat-send"), status = find("chat-status");
	let socket = null, own = new Set(), seen = 0, wait = FIRST_WAIT_MS, timer = 0;

	function state(value, text) {
		status.dataset.state = value;
		status.textContent = text;
		send.disabled = value !== "open";
		if (value !== "open")
			find("chat-presence").textContent = "";
	}
	function connect() {
		const url = new URL("/ws/chat", location.href);
		url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
		url.searchParams.set("since", seen);
		if (name.value.trim())
			url.searchParams.set("name", name.value.trim());
		const fresh = new WebSocket(url);
		socket = fresh;
		state("connecting", "Connecting");
		fresh.onmessage = event => fresh === socket && take(JSON.parse(event.data));
		fresh.onclose = () => fresh === socket && later();
	}
	// With some chance in it, so that not all clients of a server that comes back knock at once.
	function later() {
		const ms = wait * (0.75 + Math.random() / 2);
		state("waiting", `Reconnecting in ${Math.max(1, Math.round(ms / 1000))} s`);
		wait = Math.min(wait * 2, LONGEST_WAIT_MS);
		timer = setTimeout(connect, ms);
	}
	function again() {
		clearTimeout(timer);
		const old = socket;
		socket = null;
		old?.close();
		wait = FIRST_WAIT_MS;
		connect();
	}
	const kinds = {
		welcome(m) {
			own.add(m.id);
			// A server that was started anew counts from the beginning.
			if (m.seq < seen) {
				seen = m.seq;
				own = new Set([m.id]);
			}
			name.placeholder = m.name;
			wait = FIRST_WAIT_MS;
			state("open", "Connected");
			kinds.presence(m);
		},
		presence(m) {
			find("chat-presence").textContent = m.clients === 1 ? "only you are here" : `${m.clients} are here`;
		},
		message(m) {
			if (m.seq <= seen)
				return;
			seen = m.seq;
			add(m);
		},
	};
	function take(m) {
		if (Object.hasOwn(kinds, m.type))
			kinds[m.type](m);
	}
	function element(tag, className, text) {
		const e = document.createElement(tag);
		e.className = className;
		e.textContent = text;
		return e;
	}
	function add(m) {
		const line = document.createElement("li"), meta = element("div", "meta", "");
		const at = new Date(m.time), time = element("time", "", at.toLocaleTimeString([], { timeStyle: "short" }));
		const atEnd = frame.scrollHeight - frame.scrollTop - frame.clientHeight < 40;

		line.dataset.seq = m.seq;
		line.dataset.own = own.has(m.from);
		time.dateTime = at.toISOString();
		meta.append(element("span", "name", m.name), time);
		line.append(meta, element("div", "text", m.text));
		log.append(line);
		while (log.childElementCount > SHOWN)
			log.firstElementChild.remove();
		if (atEnd || line.dataset.own === "true")
			frame.scrollTop = frame.scrollHeight;
	}

	find("chat-form").addEventListener("submit", event => {
		event.preventDefault();
		const text = input.value.trim();
		if (!text || send.disabled || socket?.readyState !== WebSocket.OPEN)
			return;
		socket.send(text);
		input.value = "";
	});
	name.value = localStorage.getItem("mummy-chat-name") ?? "";
	name.addEventListener("change", () => {
		localStorage.setItem("mummy-chat-name", name.value.trim());
		again();
	});
	name.addEventListener("keydown", event => {
		if (event.key === "Enter")
			input.focus();
	});
	window.addEventListener("online", () => status.dataset.state === "waiting" && again());
	connect();
}
