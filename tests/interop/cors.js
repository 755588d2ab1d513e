// A page of another origin in Chromium: node cors.js CHROMIUM PAGE SERVER
// Uploads to SERVER with credentials and without, and reads what errors say. Prints one line of JSON.
'use strict';
const { chromium } = require('playwright-core');

const [executablePath, url, server] = process.argv.slice(2);

// In the page: what a script there learns.
async function inPage(to) {
  const files = `${to}/files/`;
  const told = {};

  function upload(withCredentials) {
    return new Promise((resolve) => {
      const upload = new tus.Upload(new Blob(['a file'.repeat(50000)]), {
        endpoint: files,
        chunkSize: 100000,
        retryDelays: null,
        storeFingerprintForResuming: false,
        onBeforeRequest: (request) => { request.getUnderlyingObject().withCredentials = withCredentials; },
        onError: () => resolve('refused'),
        onSuccess: () => resolve(upload.url),
      });
      upload.start();
    });
  }

  async function status(path, options) {
    try {
      const answer = await fetch(`${to}${path}`, options);
      return `${answer.status} ${(await answer.text()).trim()}`;
    } catch (error) {
      return error.name;
    }
  }

  told.plain = await upload(false);
  told.credentials = await upload(true);
  for (const credentials of ['omit', 'include']) {
    told[`missing ${credentials}`] = await status('/files/none', { credentials });
    told[`escape ${credentials}`] = await status('/files/%zz', { credentials });
    told[`length ${credentials}`] = await status('/files/', {
      method: 'POST', credentials, headers: { 'Tus-Resumable': '1.0.0', 'Upload-Length': 'x' },
    });
  }
  return told;
}

async function main() {
  const browser = await chromium.launch({ executablePath, headless: true, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const page = await browser.newPage();
    await page.goto(url);
    await page.addScriptTag({ path: require.resolve('tus-js-client/dist/tus.min.js') });
    console.log(JSON.stringify(await page.evaluate(inPage, server)));
  } finally {
    await browser.close();
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
