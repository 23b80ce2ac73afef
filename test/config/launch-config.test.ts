import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { loadConfig } from 'nsinit';
import { launch } from '../../src/runtime/launch.js';
import { findBusybox, makeBusyboxRoot } from '../runtime/busybox-root.js';

const PLUGIN = `
export class LinkStep {
  static stepName = 'acme:link';
  static view = 'host';
  static inject = ['acme.target'];
  static parse() { return {}; }
  constructor(target) { this.target = target; }
  describe() { return 'link'; }
  execute(_options, { root }) { root.symlinkIn(root.fd, 'current', this.target); }
}
export const createServices = (options) => [['acme.target', options.target]];
`;

describe('launch with a configuration', () => {
  let folder: string;
  let root: ReturnType<typeof makeBusyboxRoot>;
  before(function () {
    const busybox = findBusybox();
    if ('missing' in busybox || process.geteuid?.() !== 0) {
      this.test?.parent?.tests.forEach((test) => (test.title += ' (needs root and busybox)'));
      this.skip();
    }
    root = makeBusyboxRoot(busybox.path);
    folder = mkdtempSync(join(tmpdir(), 'nsinit-launch-'));
    mkdirSync(join(folder, 'steps'));
    writeFileSync(join(folder, 'steps/link.mjs'), PLUGIN);
    const config = {
      rootfs: root.path,
      plugins: [{ module: './steps/link.mjs', options: { target: 'bin' } }],
      steps: [{ step: 'acme:link', before: 'root-switch' }],
      launch: { hostname: 'configured', env: { A: 'b' } },
    };
    writeFileSync(join(folder, 'box.json'), JSON.stringify(config));
  });
  after(() => {
    root?.remove();
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  for (const where of ['pipeline', 'module'] as const) {
    it(`runs its ${where}, with the services of its plugin`, async () => {
      rmSync(join(root.path, 'current'), { force: true });
      const config = await loadConfig(join(folder, 'box.json'), {
        presetOptions: { mounts: [{ tmpfs: '/mnt' }] },
      });
      const container = await launch({
        ...config.launchOptions,
        pipeline: config[where],
        command: 'sh',
        args: ['-c', 'readlink /current; hostname; echo $A; grep -c " /mnt " /proc/mounts'],
      });
      const { stdout } = container;
      expect(stdout && (await text(stdout))).to.equal('bin\nconfigured\nb\n1\n');
      expect((await container.ended).code).to.equal(0);
    });
  }
});
