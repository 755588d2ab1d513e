// What the scripts for clients of TUS share: FILE ENDPOINT STORAGE [WORD]... [OPTION=VALUE]... on their command
// line, and how they say what they do.
'use strict';

function fail(error) {
  console.error(String(error));
  process.exit(1);
}

// The options by name, their values being JSON; the words before them as they are.
function commandLine() {
  const [what, file, endpoint, storage, ...rest] = process.argv.slice(2);
  const isOption = (word) => word.includes('=');
  const settings = Object.fromEntries(rest.filter(isOption).map((option) => {
    const [name, value] = option.split('=');
    return [name, JSON.parse(value)];
  }));
  return { what, file, endpoint, storage, words: rest.filter((word) => !isOption(word)), settings };
}

// What both give tus-js-client.
const common = {
  retryDelays: [0, 100, 200, 500, 1000, 1000, 2000, 2000, 5000],
  onBeforeRequest(request) {
    console.log(`${request.getMethod()} ${request.getHeader('Upload-Offset') ?? '-'}`);
  },
};

module.exports = { commandLine, common, fail };
