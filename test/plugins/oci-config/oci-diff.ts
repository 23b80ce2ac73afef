import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findBusybox } from '../../runtime/busybox-root.js';
import { Bundle } from './bundle.js';
import { explanationOf } from './explained.js';
import { normalize, probeScript } from './probe.js';
import { sample, type Config } from './samples.js';

// Runs the same bundles under runc and under nsinit, and prints what is different inside.

interface Case {
  readonly name: string;
  readonly configure: (bundle: Bundle) => Config;
}

const HARD_FILES = Number(execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' })) || 1024;

const CASES: readonly Case[] = [
  { name: 'runc spec', configure: () => liveSpec() },
  { name: 'podman', configure: podmanConfig },
  { name: 'every part', configure: everyPart },
  { name: 'writable, shared', configure: writableConfig },
  { name: 'another user', configure: otherUser },
  { name: 'user namespace', configure: userNamespace },
];

/** What the installed runc writes today. */
function liveSpec(): Config {
  const directory = mkdtempSync(join(tmpdir(), 'nsinit-spec-'));
  execFileSync('runc', ['spec'], { cwd: directory });
  const config = JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8')) as Config;
  rmSync(directory, { recursive: true });
  return config;
}

/** What podman wrote, with files of this bundle in place of podman's own. */
function podmanConfig(bundle: Bundle): Config {
  const config = sample('podman');
  const files = bundle.directory('userdata');
  bundle.directory('userdata/shm');
  for (const name of ['.containerenv', 'hostname', 'hosts'])
    writeFileSync(join(files, name), `${name}\n`);
  for (const mount of config.mounts)
    if (mount.source.startsWith('/var/lib/containers/userdata'))
      mount.source = mount.source.replace('/var/lib/containers/userdata', files);
  config.root.path = 'rootfs';
  delete config.linux.cgroupsPath;
  // Who is not in the machine's first user namespace may not raise limits.
  config.process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 64, hard: Math.min(HARD_FILES, 1024) }];
  return config;
}

function everyPart(bundle: Bundle): Config {
  const config = liveSpec();
  bundle.directory('data/below');
  writeFileSync(join(bundle.path, 'file'), 'x\n');
  config.hostname = 'box';
  config.mounts.push(
    {
      destination: '/data',
      type: 'bind',
      source: join(bundle.path, 'data'),
      options: ['rbind', 'ro', 'nosuid', 'nodev'],
    },
    {
      destination: '/mnt/file',
      type: 'bind',
      source: join(bundle.path, 'file'),
      options: ['bind', 'rprivate', 'noexec'],
    },
    {
      destination: '/noatime',
      type: 'tmpfs',
      source: 'x',
      options: ['noatime', 'nodiratime', 'size=64k', 'mode=0700'],
    },
    { destination: '/readonly', type: 'tmpfs', source: 'x', options: ['ro', 'size=8k'] },
    {
      destination: '/tmp',
      type: 'tmpfs',
      source: 'x',
      options: ['nosuid', 'rw', 'dev', 'strictatime'],
    },
  );
  config.linux.devices = [
    { type: 'c', path: '/dev/fuse', major: 10, minor: 229, fileMode: 0o640, uid: 1, gid: 2 },
    { type: 'p', path: '/dev/pipe', fileMode: 0o600 },
    { type: 'u', path: '/dev/own', major: 1, minor: 3 },
  ];
  config.linux.sysctl = { 'net.core.somaxconn': '77', 'kernel.msgmax': '9000' };
  config.process.oomScoreAdj = 300;
  config.process.user = { uid: 0, gid: 0, umask: 0o027, additionalGids: [5, 6] };
  config.process.capabilities.inheritable = ['CAP_KILL'];
  return config;
}

function writableConfig(): Config {
  const config = liveSpec();
  config.root.readonly = false;
  config.process.cwd = '/tmp/made/here';
  config.linux.rootfsPropagation = 'shared';
  config.linux.maskedPaths = ['/proc/keys', '/proc/keys', '/sys/firmware', '/nowhere', '/etc'];
  config.linux.readonlyPaths = ['/proc/sys', '/mnt'];
  config.mounts.push({
    destination: '/mnt',
    type: 'tmpfs',
    source: 'm',
    options: ['rshared', 'size=4k'],
  });
  return config;
}

function otherUser(): Config {
  const config = liveSpec();
  config.process.user = { uid: 1000, gid: 1001, additionalGids: [7] };
  config.process.capabilities.inheritable = ['CAP_NET_BIND_SERVICE'];
  config.process.noNewPrivileges = false;
  config.process.env.push('HOME=/home/somebody');
  return config;
}

function userNamespace(): Config {
  const config = liveSpec();
  const ids = [{ containerID: 0, hostID: 0, size: 1000 }];
  Object.assign(config.linux, { uidMappings: ids, gidMappings: ids });
  config.linux.namespaces.push({ type: 'user' });
  return config;
}

interface Outcome {
  readonly lines: readonly string[];
  readonly failed?: string;
}

function run(file: string, args: readonly string[], bundle: Bundle): Outcome {
  const { status, stdout, stderr } = spawnSync(file, args, {
    cwd: bundle.path,
    encoding: 'utf8',
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines = normalize(stdout, bundle.rootfs);
  return status === 0 ? { lines } : { lines, failed: `${status}: ${stderr.trim()}` };
}

interface Difference {
  readonly line: string;
  readonly explained: string | undefined;
}

/** What one has and the other has not, runc's before nsinit's. */
function compare(runc: readonly string[], nsinit: readonly string[]): Difference[] {
  const left = [...nsinit];
  const missing = runc.filter((line) => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  return [...missing.map((line) => `- ${line}`), ...left.map((line) => `+ ${line}`)].map(
    (line) => ({ line, explained: explanationOf(line) }),
  );
}

function runCase(
  { name, configure }: Case,
  busybox: string,
): {
  readonly name: string;
  readonly compared: number;
  readonly differences: readonly Difference[];
  readonly failed: readonly string[];
} {
  const bundle = new Bundle(busybox);
  const state = mkdtempSync(join(tmpdir(), 'nsinit-runc-'));
  try {
    const config = configure(bundle);
    config.process.terminal = false;
    config.process.args = ['/bin/sh', '-c', probeScript(config)];
    bundle.write(JSON.stringify(config));
    const id = `nsinit-diff-${process.pid}`;
    const runc = run('runc', ['--root', state, 'run', id], bundle);
    bundle.clean();
    const cli = ['build/nsinit.cjs', 'run', '--quiet', '--bundle', bundle.path];
    const nsinit = run(
      process.execPath,
      cli.with(0, join(process.cwd(), 'build/nsinit.cjs')),
      bundle,
    );
    const failed = [
      ...(runc.failed === undefined ? [] : [`runc: ${runc.failed}`]),
      ...(nsinit.failed === undefined ? [] : [`nsinit: ${nsinit.failed}`]),
    ];
    return {
      name,
      compared: runc.lines.length,
      differences: compare(runc.lines, nsinit.lines),
      failed,
    };
  } finally {
    bundle.remove();
    rmSync(state, { recursive: true, force: true });
  }
}

function main(): number {
  const { values } = parseArgs({ options: { json: { type: 'string' } } });
  const busybox = findBusybox();
  if ('missing' in busybox || process.geteuid?.() !== 0 || spawnSync('runc', ['--version']).error) {
    console.log('oci-diff: not run: it needs root, runc and a static busybox');
    return 1;
  }
  const results = CASES.map((entry) => runCase(entry, busybox.path));
  for (const { name, compared, differences, failed } of results) {
    console.log(`${name}: ${compared} lines compared, ${differences.length} different`);
    for (const problem of failed) console.log(`  failed: ${problem}`);
    for (const { line, explained } of differences)
      console.log(`  ${line}   [${explained ?? 'NOT EXPLAINED'}]`);
  }
  const all = results.flatMap(({ differences }) => differences);
  const open = all.filter(({ explained }) => explained === undefined).length;
  const failures = results.flatMap(({ failed }) => failed).length;
  const compared = results.reduce((sum, result) => sum + result.compared, 0);
  const summary = {
    configurations: results.length,
    compared,
    different: all.length,
    unexplained: open,
    failures,
  };
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ summary, results }, null, 2)}\n`);
  console.log(
    `oci-diff: ${results.length} configurations, ${compared} lines compared, ${all.length} different, ${open} not explained, ${failures} failed`,
  );
  return open === 0 && failures === 0 ? 0 : 1;
}

process.exitCode = main();
