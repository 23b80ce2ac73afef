// A server that runs each request in a container of its own. The pool keeps containers ready, with
// their root set up, so that a request waits for an execve and for nothing else.
//
//   node examples/server.mjs ROOT [PORT]
//   curl --data 'echo $((6 * 7))' http://127.0.0.1:PORT/
import { createServer } from 'node:http';
import { resolve } from 'node:path';
import { createPool } from 'nsinit';

const [root, port = '0'] = process.argv.slice(2);
if (root === undefined) {
  console.error('usage: node examples/server.mjs ROOT [PORT]');
  process.exit(2);
}

const pool = await createPool({
  size: 4,
  rootfs: resolve(root),
  presetOptions: { readonly: true, mounts: [{ tmpfs: '/tmp', size: '8m' }] },
  namespaces: { net: 'new' },
});

/** Runs the body as a shell script; what it writes is the answer. */
async function answer(request, response) {
  // Whoever goes away does not keep a container.
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const container = await pool.launch({
    command: '/bin/sh',
    capabilities: [],
    noNewPrivileges: true,
    limits: { cpu: 5, nofile: 64 },
    timeout: 10_000,
    signal: gone.signal,
  });
  container.stdin.on('error', () => undefined);
  request.pipe(container.stdin);
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  container.stderr.resume();
  container.stdout.pipe(response, { end: false });
  const { code, signal } = await container.ended;
  response.end(code === 0 ? '' : `failed: ${signal ?? code}\n`);
}

const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    if (response.headersSent) response.destroy();
    else response.writeHead(500).end(`${error.message}\n`);
  });
});
// On loopback: it runs whatever it is sent.
server.listen(Number(port), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}/`);
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close();
    server.closeIdleConnections();
    void pool.close();
  });
}
