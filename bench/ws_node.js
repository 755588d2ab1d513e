// An echo, and a broadcast on /publish, on the npm module ws, for bench/ws.sh; prints its port.
'use strict';
const { WebSocketServer } = require('ws');
const options = { host: '127.0.0.1', port: 0, perMessageDeflate: process.argv[2] === 'deflate'
  ? { threshold: 64, zlibDeflateOptions: { level: 1 }, serverNoContextTakeover: true, clientNoContextTakeover: true } : false };
const server = new WebSocketServer(options, () => console.log(server.address().port));
server.on('connection', (ws, request) => {
  ws.on('message', request.url === '/publish'
    ? (data, isBinary) => { for (const client of server.clients) client.send(data, { binary: isBinary }); }
    : (data, isBinary) => ws.send(data, { binary: isBinary }));
});
