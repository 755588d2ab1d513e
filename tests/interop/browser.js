// Chromium on the demo page: node browser.js CHROMIUM URL FILE SCREENSHOT
'use strict';
const assert = require('node:assert');
const path = require('node:path');
const { chromium } = require('playwright-core');

const [executablePath, url, file, screenshot] = process.argv.slice(2);
const MIB = 1 << 20;
const complaints = [];

async function tab(context, name) {
  const page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(`${name}: ${error}`));
  page.on('console', (said) => { if (said.type() === 'error') complaints.push(`${name}: ${said.text()}`); });
  await page.goto(url);
  await page.waitForSelector('#chat-status[data-state=open]');
  await page.fill('#chat-name', name);
  await page.press('#chat-name', 'Enter');
  await page.waitForSelector(`#chat-status[data-state=open]`);
  return page;
}

async function say(page, text) {
  await page.waitForSelector('#chat-send:not([disabled])');
  await page.fill('#chat-input', text);
  await page.click('#chat-send');
}

// The newest line of the log, once it is text: who said it, and whether it counts as the tab's own.
async function hears(page, text) {
  const line = page.locator('#chat-log li', { has: page.locator('.text', { hasText: text }) });
  await line.waitFor();
  return { name: await line.locator('.name').textContent(), own: await line.getAttribute('data-own') };
}

async function chat(ada, grace) {
  await say(ada, 'Hello from the first tab');
  assert.deepStrictEqual(await hears(grace, 'Hello from the first tab'), { name: 'Ada', own: 'false' });
  assert.deepStrictEqual(await hears(ada, 'Hello from the first tab'), { name: 'Ada', own: 'true' });
  await say(grace, 'Grüße aus dem zweiten 🌍');
  assert.deepStrictEqual(await hears(ada, 'Grüße aus dem zweiten 🌍'), { name: 'Grace', own: 'false' });
  await say(ada, '<b>not bold</b>');
  await hears(grace, '<b>not bold</b>');
  assert.strictEqual(await grace.locator('#chat-log b').count(), 0);
}

// Uploads slowly, pauses, and goes on at full speed.
async function upload(context, page) {
  const name = path.basename(file);
  const session = await context.newCDPSession(page);
  const speed = (bytes) => session.send('Network.emulateNetworkConditions',
    { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytes });
  const row = page.locator(`#upload-list li[data-name="${name}"]`);
  const progress = () => row.locator('progress').evaluate((bar) => 100 * bar.value / bar.max);

  await session.send('Network.enable');
  await speed(4 * MIB);
  await page.setInputFiles('#upload-file', file);
  await page.waitForFunction((n) => {
    const bar = document.querySelector(`#upload-list li[data-name="${n}"] progress`);
    return bar && bar.value / bar.max > 0.05;
  }, name);
  await row.locator('.pause').click();
  await page.waitForSelector(`#upload-list li[data-name="${name}"][data-state=paused]`);
  const reached = await progress();
  assert(reached > 0 && reached < 100, `paused at ${reached}`);
  await speed(-1);
  await row.locator('.resume').click();
  await page.waitForSelector(`#upload-list li[data-name="${name}"][data-state=done]`);
  assert.strictEqual(await progress(), 100);
  assert.match(await row.locator('.percent').textContent(), /^100\s%$/);
}

// What the browser negotiates by itself, and messages of several sizes there and back.
async function compressed(page) {
  const said = await page.evaluate(async () => {
    const ws = new WebSocket(`ws://${location.host}/ws/echo`);
    const next = () => new Promise((done) => { ws.onmessage = (e) => done(e.data); });
    await new Promise((done) => { ws.onopen = done; });
    for (const n of [0, 1, 100, 5000, 300000]) {
      const text = 'Grüße, 世界 '.repeat(n / 10);
      const back = next();
      ws.send(text);
      if (await back !== text) return `not ${n}`;
    }
    ws.close(3000);
    const end = await new Promise((done) => { ws.onclose = done; });
    return `${ws.extensions} ${end.code} ${end.wasClean}`;
  });
  assert.match(said, /^permessage-deflate.* 3000 true$/);
}

async function figures(page) {
  await page.waitForFunction(() => document.querySelector('#stat-websockets').textContent === '2');
  for (const name of ['connections', 'requests', 'uploads', 'queue', 'running', 'received', 'sent', 'uptime'])
    assert.match(await page.textContent(`#stat-${name}`), /[0-9]/, name);
  assert.match(await page.textContent('#stat-version'), /[0-9]+\.[0-9]+\.[0-9]+/);
}

async function main() {
  const browser = await chromium.launch({
    executablePath,
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
  });
  try {
    const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, locale: 'en-GB' });
    context.setDefaultTimeout(60000);
    const ada = await tab(context, 'Ada');
    const grace = await tab(context, 'Grace');
    await chat(ada, grace);
    await compressed(ada);
    await upload(context, ada);
    await figures(ada);
    await ada.screenshot({ path: screenshot, fullPage: true, animations: 'disabled' });
    assert.deepStrictEqual(complaints, []);
  } finally {
    await browser.close();
  }
}

main().then(() => console.log('done'), (error) => {
  console.error(error, complaints);
  process.exit(1);
});
