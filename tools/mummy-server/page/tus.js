// A small TUS 1.0 client (https://tus.io/protocols/resumable-upload): creation, HEAD for the offset,
// PATCH in pieces, termination. What is known of an upload is kept in localStorage by a fingerprint of
// its file, so that it goes on after a reload.

const CHUNK = 8 << 20, FIRST_WAIT_MS = 1000, LONGEST_WAIT_MS = 30000;
const PREFIX = "mummy-upload:", FOLDER = "/files/";

export const fingerprint = file => `${PREFIX}${file.name}|${file.size}|${file.lastModified}`;

/** Uploads that were begun and not finished, as { key, name, size, url }. */
export function remembered() {
	return Object.keys(localStorage).filter(key => key.startsWith(PREFIX)).flatMap(key => {
		try {
			return [{ key, ...JSON.parse(localStorage.getItem(key)) }];
		} catch {
			return [];
		}
	});
}

class Refused extends Error {}             // trying again would not help

// XMLHttpRequest, because fetch does not tell how far a body has been sent.
function request(method, url, headers, body, progress, begun) {
	return new Promise((done, failed) => {
		const xhr = new XMLHttpRequest();
		xhr.open(method, url);
		xhr.setRequestHeader("Tus-Resumable", "1.0.0");
		for (const [key, value] of Object.entries(headers))
			xhr.setRequestHeader(key, value);
		xhr.upload.onprogress = event => progress?.(event.loaded);
		xhr.onload = () => done(xhr);
		xhr.onerror = () => failed(new Error("the connection was lost"));
		xhr.onabort = () => failed(new Error("stopped"));
		begun?.(xhr);
		xhr.send(body ?? null);
	});
}

const base64 = text => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

/** One upload. changed(upload) is called whenever something about it is new. States: queued, uploading,
 *  paused, retrying, interrupted (its file is not known), done, failed. */
export class Upload {
	constructor({ file = null, key, name, size, url = null }, changed) {
		Object.assign(this, { file, key, name, size, url, changed });
		this.state = file ? "queued" : "interrupted";
		this.offset = this.sent = this.speed = 0;
		this.error = "";
	}
	set(state, error = "") {
		this.state = state;
		this.error = error;
		this.changed(this);
	}
	/** Runs until it is done, paused or has failed. */
	async run() {
		let wait = FIRST_WAIT_MS;
		this.running = true;
		this.set("uploading");
		while (this.running) {
			const from = this.offset;
			try {
				await this.transfer();
				this.forget();
				this.set("done");
				break;
			} catch (error) {
				if (!this.running)
					break;
				if (error instanceof Refused) {
					this.set("failed", error.message);
					break;
				}
				wait = this.offset > from ? FIRST_WAIT_MS : wait;
				await this.sleep(wait, error.message);
				wait = Math.min(2 * wait, LONGEST_WAIT_MS);
			}
		}
		this.running = false;
		this.xhr = null;
	}
	async sleep(ms, why) {
		this.set("retrying", `${why}; trying again in ${Math.round(ms / 1000)} s`);
		await new Promise(done => { this.wake = done; setTimeout(done, ms); });
		if (this.running)
			this.set("uploading");
	}
	async transfer() {
		if (this.url)
			await this.locate();
		if (!this.url)
			await this.create();
		this.started = { at: performance.now(), offset: this.offset };
		while (this.offset < this.size)
			await this.piece();
	}
	send(method, headers, body, progress) {
		return request(method, this.url ?? FOLDER, headers, body, progress, xhr => { this.xhr = xhr; });
	}
	async create() {
		const metadata = [`filename ${base64(this.name)}`];
		if (this.file.type)
			metadata.push(`filetype ${base64(this.file.type)}`);
		const xhr = await this.send("POST", { "Upload-Length": this.size, "Upload-Metadata": metadata.join(",") });
		this.judge(xhr, 201);
		this.url = new URL(xhr.getResponseHeader("Location"), new URL(FOLDER, location.href)).pathname;
		this.offset = this.sent = 0;
		localStorage.setItem(this.key, JSON.stringify({ name: this.name, size: this.size, url: this.url }));
	}
	// The server alone knows how much has arrived.
	async locate() {
		const xhr = await this.send("HEAD", {});
		if (xhr.status === 404 || xhr.status === 410) {
			this.url = null;
			return;
		}
		this.judge(xhr, 200, 204);
		this.offset = this.sent = Number(xhr.getResponseHeader("Upload-Offset"));
		this.changed(this);
	}
	async piece() {
		const from = this.offset, body = this.file.slice(from, from + CHUNK);
		const headers = { "Upload-Offset": from, "Content-Type": "application/offset+octet-stream" };
		const xhr = await this.send("PATCH", headers, body, loaded => this.progress(from + loaded));
		this.judge(xhr, 204);
		this.offset = Number(xhr.getResponseHeader("Upload-Offset"));
		this.progress(this.offset);
	}
	progress(sent) {
		const s = (performance.now() - this.started.at) / 1000;
		this.sent = Math.min(sent, this.size);
		this.speed = s > 0 ? (this.sent - this.started.offset) / s : 0;
		this.changed(this);
	}
	// 409 and 423: another writer was here; the next HEAD clears it up.
	judge(xhr, ...wanted) {
		if (wanted.includes(xhr.status))
			return;
		const text = xhr.responseText?.trim().split("\n")[0] || xhr.statusText || "";
		const message = `the server answers ${xhr.status} ${text}`.trim();
		if (xhr.status >= 500 && xhr.status !== 507 || [408, 409, 410, 423, 429].includes(xhr.status))
			throw new Error(message);
		throw new Refused(message);
	}
	stop() {
		this.running = false;
		this.xhr?.abort();
		this.wake?.();
	}
	pause() {
		this.stop();
		this.set("paused");
	}
	forget() {
		localStorage.removeItem(this.key);
	}
	/** Gives it up; an unfinished one is deleted on the server too. */
	remove() {
		this.stop();
		this.forget();
		if (this.url && this.state !== "done")
			request("DELETE", this.url, {}).catch(() => {});
	}
}
