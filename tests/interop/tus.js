// tus-js-client against mummy-server:
//   node tus.js upload FILE ENDPOINT STORAGE [OPTION=VALUE]...   uploads FILE, or goes on with it
//   node tus.js terminate FILE ENDPOINT STORAGE BYTES            uploads BYTES of it, then deletes it
// Prints "METHOD offset" for each request, and at the end "done URL".
'use strict';
const fs = require('node:fs');
const { Readable } = require('node:stream');
const tus = require('tus-js-client');
const { commandLine, common, fail } = require('./client.js');

const { what, file, endpoint, storage, words, settings } = commandLine();
const stop = what === 'terminate' ? Number(words[0]) : Infinity;

// A stream of a file is asked for its length all the same.
const source = fs.createReadStream(file);
const upload = new tus.Upload(settings.uploadLengthDeferred ? Readable.from(source) : source, {
  endpoint,
  urlStorage: new tus.FileUrlStorage(storage),
  metadata: { filename: 'a name, with ünïcode', filetype: 'application/octet-stream' },
  ...common,
  ...settings,
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
