// @uppy/tus against mummy-server, in Node:
//   node uppy.js upload FILE ENDPOINT STORAGE [OPTION=VALUE]...          uploads FILE, or goes on with it
//   node uppy.js pause  FILE ENDPOINT STORAGE BYTES [OPTION=VALUE]...    pauses after BYTES, goes on, and ends it
//   node uppy.js leave  FILE ENDPOINT STORAGE BYTES [OPTION=VALUE]...    pauses after BYTES and exits
//   node uppy.js cancel FILE ENDPOINT STORAGE BYTES [OPTION=VALUE]...    cancels after BYTES
// Prints "METHOD offset" for each request, "paused OFFSET" for a pause, and at the end "done URL".
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const tus = require('tus-js-client');
const { commandLine, common, fail } = require('./client.js');

const { what, file, endpoint, storage, words, settings } = commandLine();
const stop = what === 'upload' ? Infinity : Number(words[0]);

// It has no form for require, and import does not look where NODE_PATH says.
async function load(name) {
  return (await import(pathToFileURL(require.resolve(name)))).default;
}

// After the first progress beyond stop: what was asked for, once.
function once(act) {
  let done = false;
  return (offset) => {
    if (done || offset < stop) return;
    done = true;
    act(offset);
  };
}

function watch(uppy, id, urlOf) {
  const acts = {
    upload() {},
    pause(offset) {
      uppy.pauseResume(id);
      console.log(`paused ${offset}`);
      setImmediate(() => uppy.pauseResume(id));
    },
    leave(offset) {
      uppy.pauseResume(id);
      console.log(`paused ${offset}`);
      console.log(`done ${urlOf()}`);
      process.exit(0);
    },
    cancel() {
      const url = urlOf();
      process.on('exit', () => console.log(`done ${url}`));
      uppy.cancelAll();
    },
  };
  return once(acts[what]);
}

async function main() {
  const Uppy = await load('@uppy/core');
  const Tus = await load('@uppy/tus');
  const uppy = new Uppy({ allowMultipleUploadBatches: true });
  const id = uppy.addFile({
    name: path.basename(file),
    type: 'application/octet-stream',
    data: fs.createReadStream(file),
    meta: { filename: 'a name, with ünïcode' },
  });
  const urlOf = () => uppy.getPlugin('Tus').uploaders[id].url;
  const act = watch(uppy, id, urlOf);

  uppy.use(Tus, {
    endpoint,
    urlStorage: new tus.FileUrlStorage(storage),
    storeFingerprintForResuming: true,
    ...common,
    ...settings,
    onChunkComplete: (_, accepted) => act(accepted),
  });
  const result = await uppy.upload();
  if (what === 'cancel') return;
  if (result.failed.length > 0) throw result.failed[0].error;
  console.log(`done ${result.successful[0].uploadURL}`);
}

main().catch(fail);
