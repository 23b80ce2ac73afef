import { once } from 'node:events';
import { createPool } from '../build/src/runtime/pool.js';
import { launch } from '../build/src/runtime/launch.js';
import { bwrapArgs, run } from './peers.mjs';
import { interleave, medians } from './statistics.mjs';

const JOB = { command: '/bin/true', stdio: 'ignore' };
const OWN_USER = 'bwrap --unshare-user';
const HARDENED = { capabilities: [], noNewPrivileges: true };

/** From request to exit of /bin/true, from this Node program. */
export async function benchLaunch({ rootfs, peers, quick }) {
  const pool = await createPool({ size: 2, rootfs });
  const bare = await createPool({ size: 2, rootfs, ahead: 'namespaces' });
  const exit = async (starting) => {
    await once(await starting, 'exit');
  };
  const { 'podman run': _, ...spawned } = peers;
  const subjects = {
    'nsinit, pooled': () => exit(pool.launch(JOB)),
    'nsinit, pooled, hardened': () => exit(pool.launch({ ...JOB, ...HARDENED })),
    'nsinit, pooled, set up at launch': () => exit(bare.launch(JOB)),
    'nsinit, launch()': () => exit(launch({ ...JOB, rootfs })),
    'nsinit, launch(), hardened': () => exit(launch({ ...JOB, ...HARDENED, rootfs })),
    'nsinit, launch(), own user namespace': () =>
      exit(launch({ ...JOB, rootfs, namespaces: { user: 'new' } })),
    'bare spawn': () => run(`${rootfs}/bin/true`, []),
    ...spawned,
    ...('bwrap' in peers
      ? { [OWN_USER]: () => run('bwrap', [...bwrapArgs(rootfs, ['--unshare-user']), '/bin/true']) }
      : {}),
  };
  // What the last one leaves behind is cleared before the next begins, for each alike.
  const before = () => Promise.all([pool.settled(), bare.settled()]);
  const times = medians(await interleave(subjects, { rounds: quick ? 60 : 200, before }));
  await Promise.all([pool.close(), bare.close()]);
  const rows = Object.entries(times).map(([name, value]) => ({
    name,
    value,
    ratios: name.startsWith('nsinit')
      ? ratiosTo(
          times,
          value,
          name.includes('hardened')
            ? ['bwrap --cap-drop ALL']
            : name.includes('user')
              ? [OWN_USER]
              : ['bare spawn', 'bwrap', 'runc run'],
        )
      : {},
  }));
  return { title: 'From request to exit of /bin/true, in a Node program', unit: 'ms', rows };
}

/** Ratios to those subjects that were there. */
export function ratiosTo(times, value, names) {
  return Object.fromEntries(
    names.filter((name) => name in times).map((name) => [name, value / times[name]]),
  );
}
