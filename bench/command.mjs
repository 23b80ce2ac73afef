import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ratiosTo } from './launch.mjs';
import { run } from './peers.mjs';
import { interleave, medians } from './statistics.mjs';

const CLI = join(import.meta.dirname, '../build/nsinit.cjs');
const NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups'];

/** `nsinit run` as a command, from exec to exit. */
export async function benchCommand({ rootfs, peers, quick }) {
  const args = [CLI, 'run', '--rootfs', rootfs, '--', '/bin/true'];
  if (!existsSync(CLI))
    return {
      title: '`nsinit run` as a command',
      unit: 'ms',
      rows: [],
      notes: ['build/nsinit.cjs is missing: npm run build'],
    };
  const { 'unshare(1)': _, 'bwrap --cap-drop ALL': __, ...compared } = peers;
  const subjects = {
    'nsinit run': () => run(process.execPath, args),
    'nsinit run, rootless': () => run('setpriv', [...NOBODY, process.execPath, ...args]),
    'node -e 0': () => run(process.execPath, ['-e', '0']),
    ...compared,
  };
  const times = medians(await interleave(subjects, { rounds: quick ? 10 : 30 }));
  const rows = Object.entries(times).map(([name, value]) => ({
    name,
    value,
    ratios: name.startsWith('nsinit')
      ? ratiosTo(times, value, ['node -e 0', 'bwrap', 'runc run', 'podman run'])
      : {},
  }));
  return { title: '`nsinit run` as a command', unit: 'ms', rows };
}
