import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  existsSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

const BUSYBOX = '/bin/busybox';
const nsinit = (...args: string[]) =>
  spawnSync(process.execPath, ['build/nsinit.cjs', ...args], {
    encoding: 'utf8',
    env: { ...process.env, NODE_EXTRA_CA_CERTS: '' },
  });

describe('nsinit run', () => {
  let root: string;

  before(function () {
    if (process.geteuid?.() !== 0 || !existsSync(BUSYBOX)) {
      this.test?.parent?.tests.forEach((test) => (test.title += ' (needs root and busybox)'));
      this.skip();
    }
    root = mkdtempSync(join(tmpdir(), 'nsinit-run-'));
    mkdirSync(join(root, 'bin'));
    cpSync(BUSYBOX, join(root, 'bin/busybox'));
    for (const applet of ['sh', 'ls', 'cat', 'kill', 'pwd', 'stat'])
      symlinkSync('busybox', join(root, 'bin', applet));
  });

  after(() => {
    if (root !== undefined) rmSync(root, { recursive: true });
  });

  const inRoot = (script: string, ...options: string[]) =>
    nsinit('run', '--rootfs', root, ...options, '--', '/bin/sh', '-c', script);

  it('exits as the command did', () => {
    expect(inRoot('exit 7').status).to.equal(7);
    expect(inRoot('kill -9 $$').status).to.equal(137);
    expect(nsinit('run', '--rootfs', root, 'missing').status).to.equal(127);
    expect(nsinit('run', '--rootfs', root, '/bin').status).to.equal(126);
  });

  it('shows the mounts, nodes and links that standard promises, and leaves the host as it was', () => {
    const before = readFileSync('/proc/self/mountinfo', 'utf8');
    const { stdout } = inRoot(
      'cat /proc/mounts; ls /dev; stat -c "%t:%T %a %u" /dev/null; umask; pwd',
    );
    const mounts = stdout.split('\n').filter((line) => line.split(' ').length === 6);
    expect(mounts.map((line) => line.split(' ').slice(1, 3).join(' ')).slice(1)).to.deep.equal([
      '/dev tmpfs',
      '/proc proc',
      '/sys sysfs',
      '/dev/pts devpts',
      '/dev/shm tmpfs',
      '/dev/mqueue mqueue',
    ]);
    expect(mounts[3]).to.include('ro,nosuid,nodev,noexec');
    for (const name of [
      'null',
      'zero',
      'full',
      'random',
      'urandom',
      'tty',
      'fd',
      'stdin',
      'ptmx',
    ]) {
      expect(stdout.split('\n')).to.include(name);
    }
    expect(stdout).to.include('1:3 666 0\n0022\n/\n');
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).to.equal(before);
    expect(readdirSync(root).sort()).to.deep.equal(['bin', 'dev', 'proc', 'sys']);
    expect(readdirSync(join(root, 'dev'))).to.deep.equal([]);
  });

  it('makes a copy of this machine that is thrown away', () => {
    const before = readFileSync('/etc/passwd', 'utf8');
    const { stdout, status } = nsinit(
      'run',
      '--',
      'sh',
      '-c',
      'echo changed > /etc/passwd; cat /etc/passwd',
    );
    expect([stdout, status]).to.deep.equal(['changed\n', 0]);
    expect(readFileSync('/etc/passwd', 'utf8')).to.equal(before);
  });

  it("makes the seed's calls in the seed's order", () => {
    for (const noPivot of [false, true]) {
      const options = ['--preset', 'classic', '--trace', '-', ...(noPivot ? ['--no-pivot'] : [])];
      const { stderr } = inRoot('exit 0', ...options);
      // openat2, close and statx are how a path in the root is reached; the rest is the seed's.
      const calls = stderr
        .split('\n')
        .filter((line) => /^(mount|umask|chdir|pivot_root|chroot|umount2)\(/.test(line));
      const expected = [
        `mount("", "/", "", ${noPivot ? 'MS_SLAVE' : 'MS_PRIVATE'}|MS_REC, "") = 0`,
        `mount("${root}", "${root}", "bind", MS_BIND|MS_REC, "") = 0`,
        `mount("proc", "${root}/proc", "proc", MS_NOSUID|MS_NODEV|MS_NOEXEC, "") = 0`,
        `mount("sysfs", "${root}/sys", "sysfs", MS_NOSUID|MS_NODEV|MS_NOEXEC, "") = 0`,
        `mount("shm", "${root}/dev/shm", "tmpfs", MS_NOSUID|MS_NODEV|MS_NOEXEC, "mode=1777,size=65536k") = 0`,
        `mount("devpts", "${root}/dev/pts", "devpts", MS_NOSUID|MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620,gid=5") = 0`,
        'umask(0) = 022',
        'umask(022) = 0',
        `chdir("${root}") = 0`,
        ...(noPivot
          ? [`mount("${root}", "/", "", MS_MOVE, "") = 0`, 'chroot(".") = 0', 'chdir("/") = 0']
          : [
              `pivot_root("${root}", "${root}/.pivot_root0") = 0`,
              'chdir("/") = 0',
              'umount2("/.pivot_root0", MNT_DETACH) = 0',
            ]),
        'umask(022) = 022',
      ];
      expect(calls).to.deep.equal(expected);
      const links = stderr.split('\n').filter((line) => line.startsWith('symlinkat'));
      expect(links.map((line) => line.split('"')[1])).to.deep.equal([
        '/proc/kcore',
        '/proc/self/fd',
        '/proc/self/fd/0',
        '/proc/self/fd/1',
        '/proc/self/fd/2',
      ]);
    }
  });

  it('tells bad input in one line, with status 2 and nothing changed', () => {
    const cases: readonly (readonly [string, ...string[]])[] = [
      ['/nope does not exist', '--rootfs', '/nope'],
      ['is not a directory', '--rootfs', '/etc/passwd'],
      ["machine's own root", '--rootfs', '/'],
      ['the source /nope does not exist', '--bind', '/nope'],
      ['must be an absolute path', '--bind', '/etc:relative'],
      ['must be an absolute path', '--tmpfs', 'relative'],
      ['--user takes UID', '--user', 'somebody'],
    ];
    for (const [message, ...options] of cases) {
      const { status, stderr } = nsinit('run', ...options, 'sh');
      expect([status, stderr.trimEnd().split('\n').length], message).to.deep.equal([2, 1]);
      expect(stderr).to.include(message);
    }
  });

  it('refuses a read-only classic root, and lets it fail when forced', () => {
    expect(inRoot('exit 0', '--preset', 'classic', '--readonly').status).to.equal(2);
    const forced = inRoot('exit 0', '--preset', 'classic', '--readonly', '--force');
    expect([forced.status, forced.stderr.includes('EROFS')]).to.deep.equal([125, true]);
    expect(inRoot('echo x > /y', '--readonly').status).not.to.equal(0);
  });
});
