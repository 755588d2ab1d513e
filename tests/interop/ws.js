// The WebSocket client "ws" against mummy-server: node ws.js echo URL | deflate URL | chat URL CLIENTS MESSAGES
'use strict';
const assert = require('node:assert');
const crypto = require('node:crypto');
const { once } = require('node:events');
const WebSocket = require('ws');

async function open(url, more = {}) {
  const ws = new WebSocket(url, { handshakeTimeout: 60000, maxPayload: 1 << 25, ...more });
  const received = [];
  let wake = () => {};
  ws.on('message', (data, binary) => { received.push(binary ? data : data.toString()); wake(); });
  ws.on('error', (error) => { throw error; });
  ws.next = async () => {
    while (received.length === 0) await new Promise((resolve) => { wake = resolve; });
    return received.shift();
  };
  await once(ws, 'open');
  return ws;
}

async function closed(ws, code, reason) {
  ws.close(code, reason);
  const [got] = await once(ws, 'close');
  assert.strictEqual(got, code);
}

async function echoBack(ws, message) {
  ws.send(message);
  assert.deepStrictEqual(await ws.next(), message);
}

async function echo(url) {
  let ws = await open(url);
  await echoBack(ws, 'Grüße, 世界 🌍');
  for (const n of [0, 1, 125, 126, 65535, 65536, 300000, 1 << 20]) {
    await echoBack(ws, crypto.randomBytes(n));
    await echoBack(ws, 'x'.repeat(n));
  }
  for (const [part, fin] of [['one ', false], ['two ', false], ['three', true]]) ws.send(part, { fin });
  assert.strictEqual(await ws.next(), 'one two three');
  const parts = [1, 70000, 0, 200000].map((n) => crypto.randomBytes(n));
  parts.forEach((part, i) => ws.send(part, { fin: i === parts.length - 1, binary: true }));
  assert.deepStrictEqual(await ws.next(), Buffer.concat(parts));
  ws.ping('are you there');
  assert.strictEqual((await once(ws, 'pong'))[0].toString(), 'are you there');
  await closed(ws, 1000, 'done');
  for (const code of [1001, 3000, 4999]) {
    ws = await open(url);
    await echoBack(ws, 'x');
    await closed(ws, code, '');
  }
}

async function deflate(url) {
  for (const serverNoContextTakeover of [false, true])
    for (const clientNoContextTakeover of [undefined, true])
      for (const serverMaxWindowBits of [undefined, 9, 13])
        for (const clientMaxWindowBits of [true, 9, 14]) {
          const ws = await open(url, { perMessageDeflate:
            { serverNoContextTakeover, clientNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits, threshold: 0 } });
          assert.match(ws.extensions, /^permessage-deflate/);
          for (const n of [0, 1, 0, 0, 100, 5000, 70000, 300000]) {
            await echoBack(ws, 'Grüße, 世界 🌍'.repeat(n / 10));
            await echoBack(ws, crypto.randomBytes(n));
          }
          for (const [part, fin] of [['one ', false], ['two ', false], ['three', true]]) ws.send(part, { fin });
          assert.strictEqual(await ws.next(), 'one two three');
          await closed(ws, 1000, '');
        }
}

async function chat(url, clients, messages) {
  const members = await Promise.all(Array.from({ length: clients }, (_, i) => open(`${url}?name=node-${i}`)));
  const welcomes = await Promise.all(members.map(async (ws) => JSON.parse(await ws.next())));
  welcomes.forEach((welcome, i) => assert.strictEqual(welcome.name, `node-${i}`));
  members.forEach((ws, i) => { for (let k = 0; k < messages; k++) ws.send(`${i}:${k}`); });
  const seen = await Promise.all(members.map(async (ws) => {
    const texts = [];
    while (texts.length < clients * messages) {
      const said = JSON.parse(await ws.next());
      if (said.type === 'message') texts.push(said.text);
    }
    return texts;
  }));
  seen.forEach((texts) => assert.deepStrictEqual(texts, seen[0]));
  assert.strictEqual(new Set(seen[0]).size, clients * messages);
  await Promise.all(members.map((ws) => closed(ws, 1000, '')));
}

const [what, url, ...numbers] = process.argv.slice(2);
({ echo, deflate, chat })[what](url, ...numbers.map(Number)).then(() => console.log('done'), (error) => {
  console.error(error);
  process.exit(1);
});
