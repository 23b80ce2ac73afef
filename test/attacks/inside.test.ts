import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import type { Container } from '../../src/runtime/container.js';
import type { LaunchOptions } from '../../src/runtime/launch-options.js';
import { launch } from '../../src/runtime/launch.js';
import { createPool } from '../../src/runtime/pool.js';
import { findBusybox, makeBusyboxRoot } from '../runtime/busybox-root.js';

/** Follows every magic link of every process that is seen, and says what is behind it. */
const WALK = `
for process in /proc/[0-9]*; do
  for link in $process/exe $process/cwd $process/root $process/fd/* $process/map_files/*; do
    behind=$(stat -L -c '%d %i' $link 2>/dev/null) && echo "$link $behind $(readlink $link)"
  done
done
echo mounts
cat /proc/self/mountinfo`;

/** Tries to write to the programs of processes that are not the container's own. */
const WRITE = `
for link in /proc/1/exe /proc/1/map_files/*; do
  (printf x > $link) 2>/dev/null && echo "wrote $link"
  (printf x | dd of=$link conv=notrunc) 2>/dev/null && echo "overwrote $link"
done
true`;

const OWN = new Set(['proc', 'sysfs', 'tmpfs', 'devpts', 'mqueue']);

interface Link {
  readonly path: string;
  readonly device: number;
  readonly inode: number;
  readonly target: string;
}

describe('a finished container', () => {
  let rootfs = '';
  let removeRoot = (): void => undefined;

  before(function () {
    const busybox = findBusybox();
    const why = 'missing' in busybox ? busybox.missing : undefined;
    if (why !== undefined || process.geteuid?.() !== 0) {
      this.test?.parent?.tests.forEach(
        (test) => (test.title += ` (skipped: ${why ?? 'needs root'})`),
      );
      this.skip();
    }
    const root = makeBusyboxRoot((busybox as { path: string }).path);
    rootfs = root.path;
    removeRoot = root.remove;
  });

  after(() => removeRoot());

  const job = (script: string): { command: string; args: string[] } => ({
    command: '/bin/sh',
    args: ['-c', script],
  });
  const outputOf = async (container: Container): Promise<string> => {
    const { terminal, stdout, ended } = container;
    const out = terminal === null ? text(stdout as Readable) : readTerminal(terminal);
    await ended;
    return (await out).replaceAll('\r\n', '\n');
  };

  /** Links behind which is a file that is neither the root's nor of a file system of its own. */
  function foreign(out: string): Link[] {
    const [links = '', mounts = ''] = out.split('mounts\n');
    const own = ownDevices(mounts);
    const files = filesOf(rootfs);
    return links
      .trim()
      .split('\n')
      .map(parseLink)
      .filter(({ device, inode }) => !files.has(`${device} ${inode}`))
      .filter(({ device }) => !own.has(device))
      .filter(({ path, target }) => !isHandedOver(path, target));
  }

  const WAYS: Readonly<Record<string, Partial<LaunchOptions>>> = {
    'by launch': {},
    'with a terminal': { terminal: true },
    'with the seed’s calls': { preset: 'classic' },
    moved: { presetOptions: { noPivot: true } },
    'read-only': { presetOptions: { readonly: true } },
    'in a user namespace': { namespaces: { user: 'new' } },
  };
  for (const [name, options] of Object.entries(WAYS)) {
    it(`leads to no file of the host by a magic link: ${name} (CVE-2019-5736, CVE-2024-21626)`, async () => {
      const out = await outputOf(await launch({ rootfs, ...job(WALK), ...options }));
      expect(out.match(/exe \d/g)?.length, out).to.be.at.least(1);
      expect(foreign(out)).to.deep.equal([]);
      expect(await outputOf(await launch({ rootfs, ...job(WRITE), ...options }))).to.equal('');
    });
  }

  it('leads to none either when it was pooled', async () => {
    await using pool = await createPool({ size: 1, rootfs });
    expect(foreign(await outputOf(await pool.launch(job(WALK))))).to.deep.equal([]);
    expect(await outputOf(await pool.launch(job(WRITE)))).to.equal('');
  });

  it('has no process with a file of the host where it sees the host’s processes', async () => {
    const container = await launch({
      rootfs,
      namespaces: { pid: 'shared' },
      ...job(WALK.replace('/proc/[0-9]*', '/proc/self /proc/$$')),
    });
    expect(foreign(await outputOf(container))).to.deep.equal([]);
  });

  it('does not start in a directory of the host, by whatever descriptor (CVE-2024-21626)', async () => {
    const inode = String(lstatSync(rootfs).ino);
    for (let fd = 3; fd < 20; fd += 1) {
      const started = launch({ rootfs, ...job('stat -c %i .'), cwd: `/proc/self/fd/${fd}` });
      const out = await started.then(outputOf, () => 'refused');
      expect(['refused', inode], `descriptor ${fd}`).to.include(out.trim());
    }
  });

  it('gains nothing by running the program that starts it (CVE-2019-5736)', async () => {
    const started = launch({ rootfs, command: '/proc/self/exe', timeout: 5000 });
    const end = await started.then(
      ({ ended }) => ended,
      (error: unknown) => error,
    );
    expect(end).not.to.include({ timedOut: true });
  });
});

/** A terminal ends with EIO, which is no failure. */
async function readTerminal(terminal: Readable): Promise<string> {
  let out = '';
  terminal.on('data', (piece: Buffer) => (out += piece.toString()));
  terminal.on('error', () => undefined);
  await new Promise((resolve) => terminal.on('close', resolve));
  return out;
}

/** What the command was given as 0, 1 and 2, pipes of its own, and the sealed program that is PID 1. */
function isHandedOver(path: string, target: string): boolean {
  if (target.startsWith('/memfd:nsinit')) return /\/(exe|map_files\/[^/]+)$/.test(path);
  if (target.startsWith('pipe:')) return true;
  return /\/fd\/[0-2]$/.test(path) && /^(socket:|\/dev\/(console|pts\/\d+)$)/.test(target);
}

function parseLink(line: string): Link {
  const [path = '', device, inode, ...target] = line.split(' ');
  return { path, device: Number(device), inode: Number(inode), target: target.join(' ') };
}

/** Devices of the file systems that the container has for itself. */
function ownDevices(mountinfo: string): Set<number> {
  const devices = new Set<number>();
  for (const line of mountinfo.trim().split('\n')) {
    const [, , device = '', root] = line.split(' ');
    const fstype = line.split(' - ')[1]?.split(' ')[0] ?? '';
    const [major = 0, minor = 0] = device.split(':').map(Number);
    if (OWN.has(fstype) && root === '/') devices.add((major << 8) | minor);
  }
  return devices;
}

function filesOf(directory: string): Set<string> {
  const files = new Set<string>();
  const visit = (path: string): void => {
    const stat = lstatSync(path);
    files.add(`${stat.dev} ${stat.ino}`);
    if (stat.isDirectory()) for (const name of readdirSync(path)) visit(join(path, name));
  };
  visit(directory);
  return files;
}
