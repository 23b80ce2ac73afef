import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { capabilitiesOf, limitsOf, readSeccomp } from '../../src/cli/confinement.js';
import { parseJoin } from '../../src/cli/namespace-options.js';
import { timeLimitOf } from '../../src/cli/time-limit.js';
import { UsageError } from '../../src/cli/usage-error.js';
import { openRuntimeHost } from '../../src/runtime/runtime-host.js';
import { loadSeccomp } from '../../src/syscalls/libc-seccomp.js';
import { makeBareRoot, nsinit, removeRoot, whyNoRoots } from '../integration/nsinit-command.js';
import { runWithGrants, whyNoGrants } from '../runtime/granted-ids.js';

describe('what nsinit run takes from a command', () => {
  let root = '';
  let scratch = '';

  before(function () {
    const why = whyNoRoots();
    if (why !== undefined) {
      console.log(`      skipped: ${why}`);
      this.skip();
    }
    root = makeBareRoot();
    chmodSync(root, 0o755);
    scratch = mkdtempSync(join(tmpdir(), 'nsinit-confinement-'));
    chmodSync(scratch, 0o755);
  });

  after(() => {
    if (root === '') return;
    removeRoot(root);
    rmSync(scratch, { recursive: true });
  });

  const inRoot = (script: string, ...options: string[]) =>
    nsinit('run', '--rootfs', root, ...options, '--', '/bin/busybox', 'sh', '-c', script);
  const lines = (script: string, ...options: string[]): string[] => {
    const { stdout, stderr, status } = inRoot(script, ...options);
    expect([status, stderr]).to.deep.equal([0, '']);
    return stdout.trimEnd().split('\n');
  };

  it('are capabilities, new privileges, resources and its session', () => {
    const fields = 'grep -E "^(CapPrm|CapEff|CapBnd|NoNewPrivs):" /proc/self/status | cut -f2';
    const script = `alias grep="busybox grep" cut="busybox cut"; ${fields}; ulimit -Sn; ulimit -Hn; ulimit -c; cut -d" " -f6 /proc/$$/stat`;
    const given = ['--cap-add', 'chown,CAP_KILL', '--cap-drop', 'ALL', '--no-new-privileges'];
    const limits = ['--rlimit', 'nofile=50:60', '--rlimit', 'RLIMIT_CORE=0', '--new-session'];
    const mask = '0000000000000021';
    const expected = [mask, mask, mask, '1', '50', '60', '0', '2'];
    expect(lines(script, ...given, ...limits)).to.deep.equal(expected);
  });

  it('leaves a user other than root the capabilities that are added, and no other', () => {
    const script =
      'busybox grep -E "^Cap(Eff|Amb)" /proc/self/status | busybox cut -f2; busybox id -u';
    const mask = '0000000000000400';
    expect(lines(script, '--user', '1000', '--cap-add', 'NET_BIND_SERVICE')).to.deep.equal([
      mask,
      mask,
      '1000',
    ]);
  });

  it('are system calls, by a profile', function () {
    try {
      loadSeccomp();
    } catch (error) {
      console.log(`      skipped: ${(error as Error).message}`);
      this.skip();
    }
    const file = join(scratch, 'profile.json');
    const rules = [{ names: ['mkdir', 'mkdirat'], action: { errno: 'EROFS' } }];
    writeFileSync(file, JSON.stringify({ defaultAction: 'allow', rules }));
    const refused = inRoot('busybox mkdir /tmp/x', '--tmpfs', '/tmp', '--seccomp', file);
    expect([refused.status, refused.stderr]).to.deep.equal([
      1,
      "mkdir: can't create directory '/tmp/x': Read-only file system\n",
    ]);
  });

  it('is time: 124 when it ran out, the status of the command when not', () => {
    const late = inRoot('busybox sleep 20', '--timeout', '50ms', '--kill-signal', 'term');
    expect([late.status, late.stderr]).to.deep.equal([
      124,
      'nsinit: the command was ended after 50ms (--timeout)\n',
    ]);
    expect(inRoot('exit 3', '--timeout', '1m').status).to.equal(3);
  });

  it('joins a namespace that exists', async () => {
    const holder: ChildProcess = spawn(
      'unshare',
      ['--uts', 'sh', '-c', 'hostname joined && echo ready && exec sleep 60'],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    try {
      if (holder.stdout !== null) await once(holder.stdout, 'data');
      const file = `uts=/proc/${holder.pid}/ns/uts`;
      expect(lines('busybox hostname', '--join', file)).to.deep.equal(['joined']);
    } finally {
      holder.kill('SIGKILL');
    }
  });

  it('maps one id where that is asked for, also as root', () => {
    const script = 'read a < /proc/self/uid_map; echo $a; busybox id -u';
    expect(lines(script, '--map-user', 'single', '--user', '7')).to.deep.equal(['7 0 1', '7']);
  });

  it('maps the ids of /etc/subuid, for who is granted some', function () {
    const why = whyNoGrants();
    if (why !== undefined) {
      console.log(`      skipped: ${why}`);
      this.skip();
    }
    const granted = join(scratch, 'granted');
    writeFileSync(granted, 'nobody:300000:1000\n');
    const inside =
      'while read a; do echo $a; done < /proc/self/uid_map; busybox touch /tmp/f && busybox chown 7:8 /tmp/f && busybox stat -c %u:%g /tmp/f';
    const run = ['run', '--rootfs', root, '--tmpfs', '/tmp', '--map-user', 'auto'];
    const command = [...run, '--', '/bin/busybox', 'sh', '-c', inside];
    const { stdout, stderr } = runWithGrants(
      granted,
      process.execPath,
      'build/nsinit.cjs',
      ...command,
    );
    expect([stdout.trimEnd().split('\n'), stderr]).to.deep.equal([
      ['0 65534 1', '1 300000 1000', '7:8'],
      '',
    ]);
  });
});

describe('what nsinit run is told wrongly', () => {
  const none = { capDrop: [], capAdd: [] };
  const confined = { uid: 0, userNamespace: true };
  for (const [what, parse] of [
    ['a capability', () => capabilitiesOf({ ...none, capDrop: ['CAP_FLY'] }, confined)],
    ['a limit without a value', () => limitsOf(['nofile'])],
    ['a limit that does not exist', () => limitsOf(['speed=1'])],
    ['a namespace', () => parseJoin('space=/proc/1/ns/net')],
    ['a namespace without a file', () => parseJoin('net=')],
    ['a time', () => timeLimitOf({ timeout: 'soon', killSignal: 'SIGKILL' })],
    ['no time at all', () => timeLimitOf({ timeout: '0', killSignal: 'SIGKILL' })],
    ['a signal', () => timeLimitOf({ timeout: '1', killSignal: 'SIGNOTHING' })],
  ] as const) {
    it(`is refused: ${what}`, () => expect(parse).to.throw(UsageError));
  }

  for (const content of ['{', '{}', '{"defaultAction":"maybe","rules":[]}', 'odd', '']) {
    it(`is refused: a seccomp filter of ${JSON.stringify(content)}`, function () {
      const folder = mkdtempSync(join(tmpdir(), 'nsinit-seccomp-'));
      const file = join(folder, 'filter');
      writeFileSync(file, content);
      try {
        expect(() => readSeccomp(file, openRuntimeHost())).to.throw(UsageError, '--seccomp: ');
      } catch (error) {
        if (!String(error).includes('needs libseccomp')) throw error;
        this.skip();
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }

  it('takes nothing away unless told to', () => {
    expect(capabilitiesOf(none, confined)).to.equal(undefined);
    expect(limitsOf([])).to.deep.equal({});
  });

  it('reads times in seconds, and with a unit', () => {
    const times = ['2', '0.5', '500ms', '2m', '1h'].map(
      (timeout) => timeLimitOf({ timeout, killSignal: '15' })?.milliseconds,
    );
    expect(times).to.deep.equal([2000, 500, 500, 120_000, 3_600_000]);
  });
});
