// What plan-diff.mjs compares: who asks for what.
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** An ordinary user, and its id. */
export const USER = 65534;

/** Each preset with every option that changes its calls. */
const ROOT_VARIANTS = [
  [],
  ['--readonly'],
  ['--no-pivot'],
  ['--propagation', 'rshared'],
  ['--propagation', 'rprivate'],
  ['--loop-devices'],
  ['--bind', '/etc/hostname:/etc/hostname:ro', '--tmpfs', '/scratch:1m'],
  ['--share-pid', '--share-ipc'],
  ['--unshare-net'],
  ['--no-verify'],
  ['--preset', 'classic'],
  ['--preset', 'classic', '--no-pivot'],
  ['--tty'],
  ['--preset', 'classic', '--tty'],
];

const USER_VARIANTS = [
  [],
  ['--readonly'],
  ['--no-pivot'],
  ['--propagation', 'rshared'],
  ['--propagation', 'rprivate'],
  ['--bind', '/etc/hostname:/etc/hostname:ro', '--tmpfs', '/scratch:1m'],
  ['--share-pid', '--share-ipc'],
  ['--unshare-net'],
  ['--no-verify'],
  ['--user', '1000'],
  ['--tty'],
  ['--preset', 'classic', '--unshare-net'],
  ['--preset', 'classic', '--unshare-net', '--no-pivot'],
  ['--preset', 'classic', '--unshare-net', '--tty'],
];

// With the group tty among them.
const RANGES_VARIANTS = [[], ['--tty'], ['--preset', 'classic', '--unshare-net']];

const plugin = (name) =>
  fileURLToPath(new URL(`../build/plugins/${name}/index.js`, import.meta.url));

const before = (step, options) => ({ step, before: 'root-switch', options });

const PLUGIN_STEPS = {
  'bind-mounts': [
    before('bind-mounts', {
      mounts: [
        { source: '/etc', target: '/data', readonly: true, nosuid: true },
        { source: '/etc/hostname', target: '/etc/name', propagation: ['rslave'] },
        { source: '/nowhere', target: '/nowhere', optional: true },
      ],
    }),
  ],
  tmpfs: [
    before('tmpfs', { target: '/tmp', size: '1m' }),
    before('tmpfs', { target: '/bin', copyUp: true }),
    { step: 'tmpfs-readonly', after: 'root-switch', options: { targets: ['/tmp'] } },
  ],
  hostname: [before('hostname', { hostname: 'box' })],
  'etc-files': [
    before('etc-files', {
      resolvConf: 'host',
      hosts: [{ address: '127.0.0.1', names: ['localhost', 'box'] }],
      hostname: 'box',
      passwd: [{ name: 'app', uid: 1000, gid: 1000, home: '/home/app' }],
      files: [{ path: '/etc/app.conf', content: 'colour = blue\n', mode: '0600' }],
    }),
  ],
  files: [
    before('files', {
      entries: [
        { type: 'directory', path: '/tmp/a/b', mode: '1777' },
        { type: 'file', path: '/tmp/a/copy', source: '/etc/hostname', mode: '0600' },
        { type: 'link', path: '/tmp/a/link', target: 'nowhere/yet' },
        { type: 'attributes', path: '/tmp/a/copy', mode: '0640', uid: 0 },
        { type: 'file', path: '/tmp/a/link/new', content: 'behind a link to nothing' },
      ],
    }),
  ],
  sysctl: [before('sysctl', { settings: { 'kernel.shm_rmid_forced': '1' } })],
  'masked-paths': [
    before('masked-paths', {
      masked: ['/proc/keys', '/proc/acpi', '/home'],
      readonly: ['/proc/sys'],
    }),
  ],
  mqueue: [before('mqueue', { target: '/queues' })],
  'overlay-root': [
    before('overlay-mount', { target: '/etc', size: '1m', noexec: true }),
    before('overlay-mount', { target: '/layered', lower: ['/etc/skel'], upper: 'tmpfs' }),
  ],
};

const IDS = [{ inside: 0, outside: 100000, count: 65536 }];

const ROOT_PLUGIN_STEPS = {
  ...PLUGIN_STEPS,
  'idmapped-mounts': [
    before('idmapped-mounts', {
      mounts: [
        { source: '/etc', target: '/mapped', uidMappings: IDS, gidMappings: IDS, readonly: true },
      ],
    }),
  ],
  'cgroup-mount': [{ step: 'cgroup-mount', after: 'system-mounts', options: {} }],
};

const overlay = (root) => ({
  plugins: [plugin('overlay-root')],
  steps: [{ replace: 'bind-rootfs', step: 'overlay-root', options: { lower: [root] } }],
});

/** A configuration of some plugins. */
const configOf = (steps) => ({
  plugins: Object.keys(steps).map(plugin),
  steps: Object.values(steps).flat(),
});

const withConfig =
  (make, more = []) =>
  ({ directory, root }) => {
    const file = join(directory, 'box.json');
    writeFileSync(file, JSON.stringify({ rootfs: root, ...make(root) }));
    return ['--config', file, ...more];
  };

function runcSpec(name) {
  const path = new URL(`./plugins/oci-config/fixtures/${name}.json`, import.meta.url);
  const config = JSON.parse(readFileSync(path, 'utf8'));
  config.process.args = ['/bin/true'];
  config.process.terminal = false;
  // Nobody but root of the machine may raise one.
  delete config.process.rlimits;
  return config;
}

function everything(root) {
  const config = runcSpec('runc-spec');
  config.root.readonly = false;
  config.mounts.push(
    { destination: '/data', type: 'bind', source: root, options: ['rbind', 'ro', 'nosuid'] },
    {
      destination: '/mapped',
      type: 'bind',
      source: '/etc',
      options: ['rbind', 'ridmap', 'ro'],
      uidMappings: [{ containerID: 0, hostID: 100000, size: 65536 }],
      gidMappings: [{ containerID: 0, hostID: 100000, size: 65536 }],
    },
    { destination: '/scratch', type: 'tmpfs', source: 'x', options: ['noatime', 'size=64k'] },
    { destination: '/late', type: 'tmpfs', source: 'x', options: ['ro', 'size=8k'] },
  );
  config.linux.devices = [
    { type: 'c', path: '/dev/fuse', major: 10, minor: 229, fileMode: 0o640, uid: 1, gid: 2 },
    { type: 'p', path: '/dev/pipe', fileMode: 0o600 },
  ];
  config.linux.sysctl = { 'kernel.msgmax': '9000' };
  config.linux.rootfsPropagation = 'shared';
  config.process.oomScoreAdj = 300;
  config.process.cwd = '/made/here';
  config.hooks = {
    createRuntime: [{ path: '/bin/true' }],
    startContainer: [{ path: '/bin/true' }],
  };
  return config;
}

function rootless() {
  const config = runcSpec('runc-spec-rootless');
  for (const map of [config.linux.uidMappings, config.linux.gidMappings]) map[0].hostID = USER;
  return config;
}

const withBundle =
  (make) =>
  ({ directory, root }) => {
    const config = make(root);
    config.root.path = root;
    writeFileSync(join(directory, 'config.json'), JSON.stringify(config));
    return ['--bundle', directory];
  };

const plain =
  (options) =>
  ({ root }) => [...(root === undefined ? [] : ['--rootfs', root]), ...options];

const asUser = (options) => plain(['--map-user', 'single', ...options]);

// Whose ids are mapped is the caller's: planned by root, too.
const MAPPED_VARIANTS = [
  ['--map-user', 'single'],
  ['--map-user', 'single', '--user', '1000'],
];

/** Each is planned by an ordinary user unless said otherwise, and run by who it says. `options` writes what they name. */
export const CASES = [
  ...ROOT_VARIANTS.map((options) => ({
    as: 'root',
    name: options.join(' '),
    options: plain(options),
  })),
  ...MAPPED_VARIANTS.map((options) => ({
    as: 'root',
    plannedBy: 'root',
    name: options.join(' '),
    options: plain(options),
  })),
  { as: 'root', name: 'a copy of the machine', copy: true, options: plain([]) },
  {
    as: 'root',
    name: '--config with plugins',
    options: withConfig(() => configOf(ROOT_PLUGIN_STEPS)),
  },
  { as: 'root', name: '--config with overlay-root', options: withConfig(overlay) },
  { as: 'root', name: '--bundle of runc spec', options: withBundle(() => runcSpec('runc-spec')) },
  { as: 'root', name: '--bundle with every part', options: withBundle(everything) },
  ...USER_VARIANTS.map((options) => ({
    as: 'user',
    name: options.join(' '),
    options: asUser(options),
  })),
  ...RANGES_VARIANTS.map((options) => ({
    as: 'user',
    place: 'granting',
    name: `--map-user ranges ${options.join(' ')}`.trim(),
    options: plain(['--map-user', 'ranges', ...options]),
  })),
  { as: 'user', name: 'a copy of the machine', copy: true, options: asUser([]) },
  ...['root', 'user'].map((as) => ({
    as,
    name: 'a copy of a machine with a mount that is out of reach',
    copy: true,
    place: 'hidden',
    options: as === 'user' ? asUser([]) : plain([]),
  })),
  {
    as: 'user',
    name: '--config with plugins',
    options: withConfig(() => configOf(PLUGIN_STEPS), ['--map-user', 'single']),
  },
  {
    as: 'user',
    name: '--config with overlay-root',
    options: withConfig(overlay, ['--map-user', 'single']),
  },
  { as: 'user', name: '--bundle of runc spec --rootless', options: withBundle(rootless) },
];

/** Cases that stand for the others, for a test of seconds. */
export const SHORT = [
  'root --readonly',
  'root --preset classic',
  'root --config with plugins',
  'root --bundle with every part',
  'user --readonly',
  'user --unshare-net',
  'user a copy of a machine with a mount that is out of reach',
  'user --config with plugins',
  'user --bundle of runc spec --rootless',
];

/** A root with a busybox. Each comparison changes it, so that it is made anew. */
export function makeRoot(directory) {
  const root = join(directory, 'root');
  mkdirSync(join(root, 'bin'), { recursive: true });
  cpSync('/bin/busybox', join(root, 'bin/busybox'));
  symlinkSync('busybox', join(root, 'bin/true'));
  return root;
}
