// The list of uploads: files chosen or dropped, progress, pause and resume.
import { bytes } from "./figures.js";
import { Upload, fingerprint, remembered } from "./tus.js";

const AT_ONCE = 2;

function element(tag, className, text = "") {
	const e = document.createElement(tag);
	e.className = className;
	e.textContent = text;
	return e;
}

const size = n => bytes(n).join(" ");

function time(s) {
	if (!Number.isFinite(s))
		return "";
	return s < 90 ? `${Math.ceil(s)} s left` : `${Math.round(s / 60)} min left`;
}

function detail(u) {
	const done = `${size(u.sent)} of ${size(u.size)}`;
	switch (u.state) {
	case "queued": return `${size(u.size)}, waiting for its turn`;
	case "uploading": {
		const rate = u.speed > 0 ? `${size(u.speed)}/s, ${time((u.size - u.sent) / u.speed)}` : "";
		return rate ? `${done}, ${rate}` : done;
	}
	case "paused": return `${done}, paused`;
	case "interrupted": return `${done}; choose this file again to go on`;
	case "done": return size(u.size);
	default: return `${u.error}`;
	}
}

// One line of the list.
class Row {
	constructor(upload, act) {
		const button = (name, text, label) => {
			const b = element("button", `small ${name}`, text);
			b.type = "button";
			b.setAttribute("aria-label", `${label} ${upload.name}`);
			b.addEventListener("click", () => act[name](upload));
			return b;
		};
		const head = element("div", "head"), foot = element("div", "foot"), name = element("span", "file", upload.name);
		this.upload = upload;
		this.li = element("li", "");
		this.li.dataset.name = name.title = upload.name;
		this.percent = element("span", "percent");
		this.bar = element("progress", "");
		this.bar.max = 100;
		this.bar.setAttribute("aria-label", `Progress of ${upload.name}`);
		this.detail = element("span", "detail");
		this.link = element("a", "link", "Download");
		this.link.download = upload.name;
		this.buttons = { pause: button("pause", "Pause", "Pause"), resume: button("resume", "Resume", "Resume"),
			remove: button("remove", "Remove", "Remove") };
		head.append(name, this.percent);
		foot.append(this.detail, this.link, ...Object.values(this.buttons));
		this.li.append(head, this.bar, foot);
		this.show();
	}
	show() {
		const u = this.upload, share = u.state === "done" ? 1 : u.size ? u.sent / u.size : 0;
		this.li.dataset.state = u.state;
		this.bar.value = Math.floor(1000 * share) / 10;
		this.percent.textContent = `${Math.floor(100 * share)} %`;
		this.detail.textContent = detail(u);
		this.link.hidden = u.state !== "done";
		if (u.url)
			this.link.href = u.url;
		this.buttons.pause.hidden = !["queued", "uploading", "retrying"].includes(u.state);
		this.buttons.resume.hidden = !["paused", "failed", "interrupted"].includes(u.state);
	}
}

export function startUploads(find) {
	const list = find("upload-list"), chooser = find("upload-file"), drop = find("upload-drop"), said = find("upload-said");
	const rows = new Map();                // by fingerprint

	const act = {
		pause(u) {
			u.pause();
			pump();
		},
		resume(u) {
			if (u.file) {
				u.set("queued");
				pump();
			} else {
				chooser.click();
			}
		},
		remove(u) {
			u.remove();
			rows.get(u.key).li.remove();
			rows.delete(u.key);
			pump();
		},
	};
	function changed(u) {
		const row = rows.get(u.key);
		if (!row || row.upload !== u)
			return;
		if (row.li.dataset.state !== u.state && ["done", "failed"].includes(u.state))
			said.textContent = u.state === "done" ? `${u.name} is uploaded` : `${u.name}: ${u.error}`;
		row.show();
	}
	function pump() {
		const all = [...rows.values()].map(row => row.upload);
		let free = AT_ONCE - all.filter(u => u.running).length;
		for (const u of all)
			if (u.state === "queued" && !u.running && free-- > 0)
				u.run().finally(pump);
	}
	function put(what) {
		const u = new Upload(what, changed);
		rows.get(u.key)?.li.remove();
		rows.set(u.key, new Row(u, act));
		list.prepend(rows.get(u.key).li);
	}
	// How far an upload of an earlier visit has come; one that the server no longer has is forgotten.
	async function lookUp(u) {
		try {
			await u.locate();
			if (!u.url && u.state === "interrupted")
				act.remove(u);
		} catch {
			// the next try to go on will tell
		}
	}
	function take(file) {
		const key = fingerprint(file), known = rows.get(key)?.upload;
		if (known?.running)
			return;
		if (known && ["paused", "failed", "interrupted"].includes(known.state)) {
			known.file = file;
			known.set("queued");
			return;
		}
		const { url = null } = remembered().find(r => r.key === key) ?? {};
		put({ file, key, name: file.name, size: file.size, url });
	}
	function takeAll(files) {
		for (const file of files)
			take(file);
		pump();
	}

	chooser.addEventListener("change", () => {
		takeAll([...chooser.files]);
		chooser.value = "";                // so that the same file can be chosen again
	});
	// A file that misses the area must not replace the page.
	for (const kind of ["dragover", "drop"])
		window.addEventListener(kind, event => event.preventDefault());
	for (const kind of ["dragenter", "dragover"])
		drop.addEventListener(kind, () => drop.classList.add("over"));
	for (const kind of ["dragleave", "drop"])
		drop.addEventListener(kind, () => drop.classList.remove("over"));
	drop.addEventListener("drop", event => takeAll([...event.dataTransfer.files]));
	// Another tab finished or removed one that this tab shows as interrupted.
	window.addEventListener("storage", event => {
		const u = event.newValue === null && rows.get(event.key)?.upload;
		if (u && u.state === "interrupted") {
			rows.get(u.key).li.remove();
			rows.delete(u.key);
		}
	});
	for (const known of remembered()) {
		put(known);
		lookUp(rows.get(known.key).upload);
	}
}
