// tus-js-client against mummy-server:
//   node tus.js upload FILE ENDPOINT STORAGE [OPTION=VALUE]...   uploads FILE, or goes on with it
//   node tus.js terminate FILE ENDPOINT STORAGE BYTES            uploads BYTES of it, then deletes it
// Prints "METHOD offset" for each request, and at the end "done URL".
'use strict';
const fs = require('node:fs');
const { Readable } = require('node:stream');
const tus = require('tus-js-client');

const [what, file, endpoint, storage, ...more] = process.argv.slice(2);
const stop = what === 'terminate' ? Number(more.shift()) : Infinity;
const settings = Object.fromEntries(more.map((option) => {
  const [name, value] = option.split('=');
  return [name, JSON.parse(value)];
}));

function fail(error) {
  console.error(String(error));
  process.exit(1);
}

// A stream of a file is asked for its length all the same.
const source = fs.createReadStream(file);
const upload = new tus.Upload(settings.uploadLengthDeferred ? Readable.from(source) : source, {
  endpoint,
  urlStorage: new tus.FileUrlStorage(storage),
  metadata: { filename: 'a name, with ünïcode', filetype: 'application/octet-stream' },
  retryDelays: [0, 100, 200, 500, 1000, 1000, 2000, 2000, 5000],
  ...settings,
  onBeforeRequest(request) {
    console.log(`${request.getMethod()} ${request.getHeader('Upload-Offset') ?? '-'}`);
  },
  onChunkComplete(size, accepted) {
    if (accepted >= stop) upload.abort(true).then(() => console.log(`done ${upload.url}`), fail);
  },
  onError: fail,
  onSuccess() {
    console.log(`done ${upload.url}`);
  },
});

upload.findPreviousUploads().then((previous) => {
  if (previous.length > 0) upload.resumeFromPreviousUpload(previous[0]);
  upload.start();
}).catch(fail);
