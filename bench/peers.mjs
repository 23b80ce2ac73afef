import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Runs a program to its end. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'ignore', ...options });
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`${command} ended with ${code ?? signal}`)),
    );
  });
}

const NAMESPACES = ['pid', 'mount', 'ipc', 'uts'];

/** An OCI bundle with the same isolation: new mount, PID, IPC and UTS namespaces, an own /proc. */
function writeBundle(directory, rootfs, rootless) {
  const bundle = join(directory, 'bundle');
  mkdirSync(bundle, { recursive: true });
  const namespaces = NAMESPACES.map((type) => ({ type }));
  const mount = (destination, type, source, options) => ({ destination, type, source, options });
  const config = {
    ociVersion: '1.0.2',
    process: {
      args: ['/bin/true'],
      cwd: '/',
      env: ['PATH=/bin'],
      user: { uid: 0, gid: 0 },
      noNewPrivileges: true,
    },
    root: { path: rootfs },
    hostname: 'bench',
    mounts: [
      mount('/proc', 'proc', 'proc'),
      mount('/dev', 'tmpfs', 'tmpfs', ['nosuid', 'strictatime', 'mode=755', 'size=65536k']),
      mount('/dev/pts', 'devpts', 'devpts', [
        'nosuid',
        'noexec',
        'newinstance',
        'ptmxmode=0666',
        'mode=0620',
      ]),
      mount('/dev/shm', 'tmpfs', 'shm', ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k']),
      mount('/dev/mqueue', 'mqueue', 'mqueue', ['nosuid', 'noexec', 'nodev']),
    ],
    linux: { namespaces: rootless ? [...namespaces, { type: 'user' }] : namespaces },
  };
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));
  return bundle;
}

/** bwrap's arguments for the same isolation. */
export const bwrapArgs = (rootfs, more = []) => [
  '--unshare-pid',
  '--unshare-uts',
  '--unshare-ipc',
  '--bind',
  rootfs,
  '/',
  '--proc',
  '/proc',
  '--dev',
  '/dev',
  ...more,
];

/**
 * The programs to compare with, each as a function that runs /bin/true in `rootfs`.
 * One that is missing or refuses is left out, with the reason.
 */
export function findPeers(rootfs, scratch, { podman = false } = {}) {
  const bundle = writeBundle(scratch, rootfs, false);
  let id = 0;
  const oci = (runtime) => [
    runtime,
    () => [
      '--root',
      join(scratch, runtime),
      'run',
      '--bundle',
      bundle,
      `bench-${process.pid}-${(id += 1)}`,
    ],
  ];
  const unshareArgs = [
    '--mount',
    '--pid',
    '--ipc',
    '--uts',
    '--fork',
    `--root=${rootfs}`,
    '--mount-proc',
    '/bin/true',
  ];
  const podmanArgs = ['run', '--rm', '--network=host', '--rootfs', rootfs, '/bin/true'];
  const all = {
    bwrap: ['bwrap', () => [...bwrapArgs(rootfs), '/bin/true']],
    'bwrap --cap-drop ALL': [
      'bwrap',
      () => [...bwrapArgs(rootfs, ['--cap-drop', 'ALL']), '/bin/true'],
    ],
    'unshare(1)': ['unshare', () => unshareArgs],
    'crun run': oci('crun'),
    'runc run': oci('runc'),
    ...(podman
      ? {
          'podman run': [
            // In a mount namespace of its own: it leaves a mount of its storage on the machine.
            'unshare',
            () => ['--mount', 'podman', ...podmanArgs],
          ],
        }
      : {}),
  };
  const peers = {};
  const missing = {};
  for (const [name, [command, args]] of Object.entries(all)) {
    const tried = spawnSync(command, args(), { encoding: 'utf8', timeout: 30_000 });
    if (tried.status === 0) peers[name] = () => run(command, args());
    else
      missing[name] =
        tried.error?.code === 'ENOENT'
          ? 'not installed'
          : (tried.stderr ?? '').trim().split('\n').at(-1) || `ended with ${tried.status}`;
  }
  return { peers, missing };
}
