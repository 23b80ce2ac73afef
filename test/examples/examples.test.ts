import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { findBusybox, makeBusyboxRoot } from '../runtime/busybox-root.js';
import { environment } from '../integration/environment.js';

const PACKAGE = join(import.meta.dirname, '../../..');
const NOBODY = 65534;

for (const user of ['root', 'an ordinary user'] as const) {
  describe(`the examples, as ${user}`, function () {
    this.timeout(60_000);
    let root: ReturnType<typeof makeBusyboxRoot>;
    let cache: string;

    before(function () {
      const found = findBusybox();
      const why =
        process.geteuid?.() !== 0 ? 'needs root' : 'missing' in found ? found.missing : undefined;
      if (why !== undefined || 'missing' in found) {
        this.test?.parent?.tests.forEach((test) => (test.title += ` (${why})`));
        this.skip();
      }
      root = makeBusyboxRoot(found.path);
      cache = mkdtempSync(join(tmpdir(), 'nsinit-cache-'));
      if (user === 'root') return;
      chmodSync(cache, 0o755);
      const ours = readdirSync(root.path).map((name) => join(root.path, name));
      for (const path of [cache, root.path, ...ours]) chownSync(path, NOBODY, NOBODY);
    });

    after(() => {
      root?.remove();
      if (cache !== undefined) rmSync(cache, { recursive: true, force: true });
    });

    const identity = (): string[] =>
      user === 'root'
        ? []
        : ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];

    const run = (example: string, ...args: string[]): string => {
      const [program = '', ...rest]: string[] = [
        ...identity(),
        process.execPath,
        join(PACKAGE, 'examples', example),
        ...args,
      ];
      const ran = spawnSync(program, rest, { encoding: 'utf8', env: environment() });
      expect(ran.status, ran.stdout + ran.stderr).to.equal(0);
      return ran.stdout;
    };

    it('runs a script that nobody has read, and lets it do no harm', () => {
      const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
      const stdout = run('sandbox.mjs', root.path);
      expect(stdout).to.include('65534\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\n');
      expect(stdout).to.include("/tmp\n/bin/sh: can't create /file: Read-only file system\n");
      expect(stdout).to.match(/whom it can reach: exit 0\nlo\n==/);
      expect(stdout).to.include('how long it may run: it took too long');
      expect(readFileSync('/proc/self/mountinfo', 'utf8')).to.equal(mounts);
    });

    it('builds above an image that stays as it is, with a cache', () => {
      const stdout = run('build.mjs', root.path, cache);
      expect(stdout).to.equal(
        '== first build\nobject: compiled\ncompiled from main.c\n' +
          '== second build\nobject: from the cache\ncompiled from main.c\n',
      );
      expect(readdirSync(cache)).to.deep.equal(['object']);
      expect(existsSync(join(root.path, 'etc/build-stamp'))).to.equal(false);
      expect(existsSync(join(root.path, 'out'))).to.equal(false);
    });

    it('composes a runtime in which one step is replaced', () => {
      const lines = run('runtime.mjs', root.path).split('\n');
      expect(lines).to.include('logged: 2 links');
      expect(lines).to.include.members(['null', 'stdin', 'stdout', '0077', 'exit 1']);
      for (const absent of ['stderr', 'fd', 'ptmx']) expect(lines).not.to.include(absent);
    });

    it('serves each request from a container of the pool', async () => {
      const [program = '', ...args]: string[] = [
        ...identity(),
        process.execPath,
        join(PACKAGE, 'examples/server.mjs'),
        root.path,
      ];
      const server = spawn(program, args, {
        env: environment(),
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      try {
        const [address] = await new Promise<string[]>((resolve, reject) => {
          createInterface(server.stdout).once('line', (line) =>
            resolve(/http:\S+/.exec(line) ?? []),
          );
          server.once('exit', (code) => reject(new Error(`the server exited with ${code}`)));
        });
        const post = async (body: string): Promise<string> =>
          (await fetch(address ?? '', { method: 'POST', body })).text();
        const answers = await Promise.all(
          Array.from({ length: 8 }, (_, index) => post(`echo $((${index} * 7)); echo $$ >/tmp/x`)),
        );
        expect(answers).to.deep.equal([0, 7, 14, 21, 28, 35, 42, 49].map((n) => `${n}\n`));
        expect(await post('cat /tmp/x')).to.equal('failed: 1\n');
        const ended = new Promise((resolve) => server.once('exit', resolve));
        server.kill('SIGTERM');
        expect(await ended).to.equal(0);
      } finally {
        server.kill('SIGKILL');
      }
    });
  });
}
