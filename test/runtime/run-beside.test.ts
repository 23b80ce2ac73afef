import { expect } from 'chai';
import { mkdtempSync, chmodSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LaunchOptions } from '../../src/runtime/launch-options.js';
import { launch } from '../../src/runtime/launch.js';
import type { ProgramBeside } from '../../src/steps/keys.js';
import type { BesideSetUpOptions } from './beside-set-up.js';
import { findBusybox, makeBusyboxRoot } from './busybox-root.js';

const NAMESPACES = ['mnt', 'pid', 'uts', 'ipc', 'user'];

describe('a program beside the container', () => {
  let busybox = '';
  let rootfs = '';
  let notes = '';
  let clean = (): void => undefined;

  before(function () {
    const found = findBusybox();
    if ('missing' in found || process.geteuid?.() !== 0) {
      console.log(`      skipped: ${'missing' in found ? found.missing : 'needs root'}`);
      this.skip();
    }
    busybox = found.path;
    const root = makeBusyboxRoot(busybox);
    rootfs = root.path;
    notes = mkdtempSync(join(tmpdir(), 'nsinit-beside-'));
    chmodSync(notes, 0o777);
    clean = () => {
      root.remove();
      rmSync(notes, { recursive: true });
    };
  });

  after(() => clean());

  const launchWith = async (
    programs: Omit<BesideSetUpOptions, 'rootfs'>,
    extra: Partial<LaunchOptions> = {},
  ): Promise<{ pid: number; ends: unknown[] }> => {
    const container = await launch({
      command: 'true',
      pipeline: {
        module: new URL('./beside-set-up.js', import.meta.url).href,
        export: 'besideSetUp',
        args: { rootfs, ...programs },
      },
      ...extra,
    });
    await container.ended;
    const report = container.report as unknown as { pid: number; ends: unknown[] };
    expect(report.pid).to.equal(container.pid);
    return report;
  };

  const script = (where: ProgramBeside['where'], shell: string, text: string): ProgramBeside => ({
    where,
    path: shell,
    args: ['sh', '-c', text],
    env: [`NOTES=${notes}`],
    input: 'told\n',
  });
  const show = (): string =>
    NAMESPACES.map((name) => `${busybox} readlink /proc/self/ns/${name}`).join(';');
  const own = (): string[] => NAMESPACES.map((name) => readlinkSync(`/proc/self/ns/${name}`));
  const noted = (name: string): string[] =>
    readFileSync(join(notes, name), 'utf8').trim().split('\n');

  for (const [place, extra] of [
    ['a thread', {}],
    [
      'the container’s process',
      {
        namespaces: { user: 'new' },
        userMapping: {
          uids: [{ inside: 0, outside: 0, count: 1 }],
          gids: [{ inside: 0, outside: 0, count: 1 }],
        },
      },
    ],
  ] as const) {
    describe(`of a set-up in ${place}`, () => {
      it('runs on the host, with what it is told', async () => {
        const text = `{ cat; ${show()}; } > $NOTES/host`;
        const { ends } = await launchWith(
          { before: [script('host', '/bin/sh', text)], after: [] },
          extra,
        );
        expect(ends).to.deep.equal([{ code: 0, signal: null, timedOut: false }]);
        expect(noted('host')).to.deep.equal(['told', ...own()]);
      });

      it('runs in the container, before the switch with the root of the host', async () => {
        const text = `{ cat; ${show()}; } > $NOTES/inside 2>/dev/null; exit 3`;
        const { ends } = await launchWith(
          { before: [script('container', '/bin/sh', text)], after: [] },
          extra,
        );
        expect(ends).to.deep.equal([{ code: 3, signal: null, timedOut: false }]);
        const [told, ...inside] = noted('inside');
        expect(told).to.equal('told');
        const host = own();
        const shared = NAMESPACES.filter((_, index) => inside[index] === host[index]);
        expect(shared).to.deep.equal(place === 'a thread' ? ['user'] : []);
      });

      it('runs in the container behind the switch, in the new root and PID namespace', async () => {
        const text = 'read word; test "$word" = told && test -d /proc/1 && echo $$ > /tmp/pid; pwd';
        const { ends } = await launchWith(
          { before: [], after: [script('container', '/bin/sh', text)] },
          extra,
        );
        expect(ends).to.deep.equal([{ code: 0, signal: null, timedOut: false }]);
        expect(Number(readFileSync(join(rootfs, 'tmp/pid'), 'utf8'))).to.be.lessThan(10);
      });

      it('is killed when its time is over', async () => {
        const slow = { ...script('host', '/bin/sh', 'sleep 60'), timeout: 30 };
        const { ends } = await launchWith({ before: [slow], after: [] }, extra);
        expect(ends).to.deep.equal([{ code: null, signal: 9, timedOut: true }]);
      });

      it('fails the set-up when there is no such program', async () => {
        const missing = script('host', '/no/such/program', '');
        const error = await launchWith({ before: [missing], after: [] }, extra).catch(
          (thrown: unknown) => thrown,
        );
        expect(String(error)).to.include('execve("/no/such/program"').and.include('ENOENT');
      });
    });
  }
});
