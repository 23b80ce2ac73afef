import {
  createPreset,
  hostPath,
  TERMINAL,
  USER_NAMESPACE,
  type PresetName,
  type PresetOptions,
} from '../../src/index.js';
import { asFd } from '../../src/syscalls/descriptor.js';
import { O_CLOEXEC, O_NOCTTY, O_RDWR, TIOCSPTLCK } from '../../src/syscalls/file-flags.js';
import { AT_FDCWD } from '../../src/syscalls/descriptor.js';
import { flags } from '../../src/syscalls/flags.js';
import {
  charDevice,
  directory,
  fifo,
  file,
  symlink,
  type FaultTarget,
  type MockOptions,
  type MockSyscalls,
} from '../../src/testing.js';

const mounts: PresetOptions['mounts'] = [
  { bind: '/etc', target: '/etc', readonly: true },
  { bind: '/etc/hostname', target: '/deep/below/hostname' },
  { tmpfs: '/tmp', size: '1m' },
  { tmpfs: '/var/cache/work' },
];

const machine =
  (more: MockOptions = {}) =>
  (): MockOptions => ({
    ...more,
    files: { '/etc/hostname': file('host\n'), '/dev/pts/ptmx': charDevice(5, 2), ...more.files },
  });

/** Root of a user namespace with one mapped id, as an ordinary user gets it. */
const asUser = machine({
  files: { '/srv/root': directory(0o755, { uid: 1000, gid: 1000 }) },
  credentials: {
    userNamespace: {
      owner: 1000,
      uidMap: [{ inside: 0, outside: 1000, count: 1 }],
      gidMap: [{ inside: 0, outside: 1000, count: 1 }],
    },
    own: ['pid', 'ipc', 'uts'],
  },
});

/** An image with entries of every type where nodes, links and mount points are to be. */
const fullImage = machine({
  files: {
    '/srv/root/dev': directory(0o750),
    '/srv/root/dev/console': file('a file\n', 0o640, { uid: 7, gid: 8 }),
    '/srv/root/dev/core': directory(0o700),
    '/srv/root/dev/fd': fifo(0o600),
    '/srv/root/dev/null': charDevice(1, 3),
    '/srv/root/dev/ptmx': charDevice(5, 2, 0o620, { gid: 5 }),
    '/srv/root/dev/pts': directory(),
    '/srv/root/dev/stdin': symlink('elsewhere'),
    '/srv/root/proc': directory(0o555),
    '/srv/root/sys': directory(0o555),
  },
});

/** A terminal of the machine, as `nsinit run -t` hands it over. */
function withTerminal(sys: MockSyscalls): { provide: [[typeof TERMINAL, unknown]] } {
  const how = { flags: flags(O_RDWR, O_NOCTTY, O_CLOEXEC) };
  const master = sys.openat2(AT_FDCWD, hostPath('/dev/pts/ptmx'), how);
  sys.ioctl(master, TIOCSPTLCK, new Uint8Array(4));
  return { provide: [[TERMINAL, asFd(master)]] };
}

interface Variant extends Omit<FaultTarget, 'name' | 'pipeline'> {
  readonly of: PresetName;
  readonly with?: PresetOptions;
}

const VARIANTS: Readonly<Record<string, Variant>> = {
  standard: { of: 'standard' },
  'standard --readonly': { of: 'standard', with: { readonly: true }, focus: ['readonly-root'] },
  'standard --no-pivot': { of: 'standard', with: { noPivot: true }, focus: ['root-switch'] },
  'standard --propagation rshared': {
    of: 'standard',
    with: { propagation: 'rshared' },
    focus: ['propagation', 'bind-rootfs', 'root-propagation'],
  },
  'standard --loop-devices': {
    of: 'standard',
    with: { loopDevices: true },
    focus: ['loop-devices'],
  },
  'standard --tty': { of: 'standard', run: withTerminal, focus: ['console'] },
  'standard --bind --tmpfs': {
    of: 'standard',
    with: { mounts },
    focus: ['bind-mount', 'tmpfs-mount'],
  },
  'standard, a copy of the machine': {
    of: 'standard',
    with: { throwaway: true },
    rootfs: null,
    focus: ['throwaway-root'],
  },
  'standard, a full image': { of: 'standard', machine: fullImage, focus: [] },
  'standard, in a user namespace': {
    of: 'standard',
    machine: asUser,
    with: { mounts, readonly: true },
    run: { provide: [[USER_NAMESPACE, true]] },
  },
  'standard, in a user namespace --no-pivot': {
    of: 'standard',
    machine: asUser,
    with: { noPivot: true },
    run: { provide: [[USER_NAMESPACE, true]] },
    focus: ['root-switch'],
  },
  classic: { of: 'classic' },
  // `classic --readonly` is not among them: it is refused, since it fails on every image.
  'classic --no-pivot': { of: 'classic', with: { noPivot: true }, focus: ['root-switch'] },
  'classic --console': {
    of: 'classic',
    with: { console: '/dev/pts/0' },
    run: withTerminal,
    focus: ['ptmx', 'console'],
  },
  'classic --console, a full image': {
    of: 'classic',
    machine: fullImage,
    with: { console: '/dev/pts/0' },
    run: withTerminal,
    focus: ['dev-symlinks', 'ptmx', 'console'],
  },
  'classic --bind --tmpfs': { of: 'classic', with: { mounts }, focus: [] },
};

/** Both presets, with every option that changes their calls. */
export const faultTargets: readonly FaultTarget[] = Object.entries(VARIANTS).map(
  ([name, { of, with: options = {}, ...target }]) => ({
    machine: machine(),
    ...target,
    name,
    pipeline: () => createPreset(of, options),
  }),
);
