import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { CommandError } from '../../src/runtime/command-error.js';
import type { Container } from '../../src/runtime/container.js';
import type { LaunchOptions } from '../../src/runtime/launch-options.js';
import { launch } from '../../src/runtime/launch.js';
import { StepError } from '../../src/pipeline/errors.js';
import { NamespaceError } from '../../src/runtime/namespaces.js';
import type { SeccompProfile } from '../../src/runtime/seccomp.js';
import { createPreset } from '../../src/steps/presets.js';
import { SyscallError } from '../../src/syscalls/syscall-error.js';
import { useBusyboxRoot } from './busybox-root.js';
import { children, eventually, isRunning } from './children.js';
import { refuseCall } from './refuse-call.js';

const IS_ROOT = process.geteuid?.() === 0;
const MKDIR = process.arch === 'x64' ? 83 : 34;

type Extra = Partial<LaunchOptions>;

// The same file runs as root and as an ordinary user (launch-unprivileged.test.ts).
describe(`launch, as ${IS_ROOT ? 'root' : 'an ordinary user'}`, () => {
  let rootfs = '';

  useBusyboxRoot((path) => (rootfs = path));

  const start = (
    command: string,
    args: readonly string[] = [],
    extra: Extra = {},
  ): Promise<Container> => launch({ rootfs, command, args, ...extra });
  const sh = (script: string, extra: Extra = {}): Promise<Container> =>
    start('sh', ['-c', script], extra);
  const output = async (script: string, extra: Extra = {}): Promise<string> => {
    const container = await sh(script, extra);
    const [out, errors, end] = await Promise.all([
      read(container.stdout),
      read(container.stderr),
      container.ended,
    ]);
    expect({ ...end, errors }, script).to.include({ code: 0, errors: '' });
    return out.trimEnd();
  };
  const status = (field: string, script = '', extra: Extra = {}): Promise<string> =>
    output(`${script} grep ^${field}: /proc/self/status | cut -f2`, extra);

  describe('streams', () => {
    it('gives what the command writes to standard output', async () => {
      expect(await output('echo hello')).to.equal('hello');
    });

    it('keeps standard error apart', async () => {
      const container = await sh('echo out; echo err >&2');
      const both = await Promise.all([read(container.stdout), read(container.stderr)]);
      expect(both).to.deep.equal(['out\n', 'err\n']);
    });

    it('passes what is written to standard input, and its end', async () => {
      const container = await start('cat');
      container.stdin?.end('one\ntwo\n');
      expect(await read(container.stdout)).to.equal('one\ntwo\n');
      expect((await container.ended).code).to.equal(0);
    });

    it('loses nothing of 16 MiB of output', async () => {
      const container = await start('dd', ['if=/dev/zero', 'bs=1M', 'count=16']);
      const [out] = await Promise.all([
        buffer(container.stdout as Readable),
        read(container.stderr),
      ]);
      expect(out.length).to.equal(16 << 20);
    });

    it('passes 4 MiB of input through', async () => {
      const container = await start('md5sum');
      container.stdin?.end(Buffer.alloc(4 << 20, 'x'));
      const sum = createHash('md5')
        .update(Buffer.alloc(4 << 20, 'x'))
        .digest('hex');
      expect(await read(container.stdout)).to.equal(`${sum}  -\n`);
    });

    it('ends although nobody reads the output', async () => {
      const container = await sh('echo unread; exit 3');
      expect(await container.ended).to.include({ code: 3, signal: null });
    });

    it('gives the container’s /dev/null for what is ignored', async () => {
      const container = await sh('sleep 1 & readlink /proc/$!/fd/1 >&2; cat', {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      expect(container.stdin).to.equal(null);
      expect(await read(container.stderr)).to.equal('/dev/null\n');
      expect((await container.ended).code).to.equal(0);
    });

    it('gives the container’s /dev/null for the host’s', async () => {
      const file = openSync('/dev/null', 'r+');
      const container = await sh('stat -Lc %d /dev/null /proc/self/fd/0 /proc/self/fd/2', {
        stdio: [file, 'pipe', file],
      });
      closeSync(file);
      const [own, ...given] = (await read(container.stdout)).trim().split('\n');
      expect(given).to.deep.equal([own, own]);
    });

    it('leaves the host’s /dev/null to a command whose root has none', async () => {
      const file = openSync('/dev/null', 'r+');
      const pipeline = createPreset('standard').remove('device-nodes');
      const container = await sh('echo $?', {
        stdio: [file, 'pipe', file],
        pipeline: pipeline.remove('verify'),
      });
      closeSync(file);
      expect(await read(container.stdout)).to.equal('0\n');
    });

    it('takes an open descriptor', async () => {
      const directory = mkdtempSync(join(tmpdir(), 'nsinit-'));
      const file = openSync(join(directory, 'out'), 'w');
      const container = await sh('echo into the file', { stdio: ['ignore', file, 'ignore'] });
      await container.ended;
      closeSync(file);
      expect(readFileSync(join(directory, 'out'), 'utf8')).to.equal('into the file\n');
      rmSync(directory, { recursive: true });
    });

    it('gives further pipes by number', async () => {
      const container = await sh('echo third >&3; echo fifth >&5', {
        stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'ignore', 'pipe'],
      });
      const [third, fifth] = [container.stdio[3], container.stdio[5]] as Readable[];
      expect(await Promise.all([read(third), read(fifth)])).to.deep.equal(['third\n', 'fifth\n']);
    });
  });

  describe('the end', () => {
    it('tells the exit code', async () => {
      expect(await (await sh('exit 7')).ended).to.deep.equal({
        code: 7,
        signal: null,
        timedOut: false,
        aborted: false,
      });
    });

    it('tells the signal by which the command killed itself', async () => {
      expect(await (await sh('kill -9 $$')).ended).to.include({ code: null, signal: 'SIGKILL' });
    });

    it('sends a signal to the command', async () => {
      const container = await start('sleep', ['100']);
      expect(container.kill()).to.equal(true);
      expect(await container.ended).to.include({ signal: 'SIGTERM' });
    });

    it('lets the command handle a signal', async () => {
      const container = await sh(
        'trap "echo caught; exit 4" USR1; echo ready; while :; do sleep 0.01; done',
      );
      const { stdout } = container;
      await once(stdout as Readable, 'readable');
      container.kill('SIGUSR1');
      expect(await read(stdout)).to.equal('ready\ncaught\n');
      expect((await container.ended).code).to.equal(4);
    });

    it('says of a signal that came too late that nobody got it', async () => {
      const container = await start('true');
      await container.ended;
      expect(container.kill('SIGKILL')).to.equal(false);
      expect(container.exitCode).to.equal(0);
    });

    it('emits exit and close, also to those who listen only once it has been launched', async () => {
      const container = await sh('exit 5');
      const [exit, close] = await Promise.all([once(container, 'exit'), once(container, 'close')]);
      expect([exit, close]).to.deep.equal([
        [5, null],
        [5, null],
      ]);
    });

    it('leaves no process: what ran in the background ends with the command', async () => {
      const container = await sh('sleep 1000 & sleep 1001 & echo $!');
      await container.ended;
      expect(children()).to.deep.equal([]);
    });

    it('is there at the end of an await using block', async () => {
      const container = await start('sleep', ['1000']);
      await container[Symbol.asyncDispose]();
      expect(container.signalCode).to.equal('SIGKILL');
      expect(isRunning(container.pid)).to.equal(false);
    });
  });

  describe('a command that cannot be started', () => {
    const failure = async (promise: Promise<unknown>): Promise<Error> =>
      promise.then(
        () => expect.fail('it started'),
        (error: Error) => error,
      );

    it('is not found: 127', async () => {
      const error = await failure(start('no-such-program'));
      expect(error)
        .to.be.instanceOf(CommandError)
        .and.include({ code: 'NSINIT_COMMAND_NOT_FOUND', exitStatus: 127 });
      expect(error.message).to.contain('"no-such-program"');
    });

    it('is a directory: 126', async () => {
      const error = await failure(start('/etc'));
      expect(error).to.include({ code: 'NSINIT_COMMAND_NOT_EXECUTABLE', exitStatus: 126 });
      expect((error as CommandError).cause.code).to.equal('EACCES');
    });

    it('has no directory to start in', async () => {
      const error = await failure(start('true', [], { cwd: '/nowhere' }));
      expect(error)
        .to.be.instanceOf(SyscallError)
        .and.include({ syscall: 'openat2', code: 'ENOENT' });
    });

    it('is to start in a directory of the host that it has open: CVE-2024-21626', async () => {
      const directory = openSync('/', 'r');
      const extra: Extra = { cwd: '/proc/self/fd/0', stdio: [directory, 'ignore', 'ignore'] };
      const error = await failure(start('true', [], extra)).finally(() => closeSync(directory));
      expect(error)
        .to.be.instanceOf(SyscallError)
        .and.include({ syscall: 'openat2', code: 'ELOOP' });
    });

    it('has a set-up that fails: the same error, and the host as before', async () => {
      const mountinfo = readFileSync('/proc/self/mountinfo', 'utf8');
      const mounts = [{ bind: '/nowhere', target: '/mnt' }];
      const error = await failure(start('true', [], { presetOptions: { mounts } }));
      expect(error).to.be.instanceOf(StepError).and.include({ step: 'bind-mount', undo: 'done' });
      expect((error as StepError).cause).to.be.instanceOf(Error);
      expect(error.message).to.contain('/nowhere');
      expect(children()).to.deep.equal([]);
      expect(readFileSync('/proc/self/mountinfo', 'utf8')).to.equal(mountinfo);
    });

    it('has a rootfs that is missing', async () => {
      expect(await failure(start('true', [], { rootfs: '/nowhere' }))).to.include({
        code: 'NSINIT_ROOTFS',
      });
    });

    for (const [what, extra, type] of [
      ['an argument with a NUL byte', { args: ['a\0b'] }, TypeError],
      ['a variable without a name', { env: { '': 'x' } }, TypeError],
      ['an unknown capability', { capabilities: ['CAP_FLY' as 'CAP_CHOWN'] }, TypeError],
      ['an unknown limit', { limits: { speed: 1 } as object }, TypeError],
      ['a negative uid', { uid: -1 }, TypeError],
      ['an unknown namespace', { namespaces: { space: 'new' } as object }, NamespaceError],
    ] as [string, Extra, typeof TypeError][]) {
      it(`is refused before anything happens: ${what}`, async () => {
        expect(await failure(start('true', [], extra))).to.be.instanceOf(type);
        expect(children()).to.deep.equal([]);
      });
    }
  });

  describe('the process', () => {
    it('has exactly the environment that was given', async () => {
      const container = await start('env', [], { env: { A: '1', PATH: '/bin' } });
      expect((await read(container.stdout)).trim().split('\n').sort()).to.deep.equal([
        'A=1',
        'PATH=/bin',
      ]);
    });

    it('is looked up in the PATH of the container', async () => {
      expect(await output('echo $0; which md5sum')).to.equal('sh\n/bin/md5sum');
    });

    it('takes a megabyte of arguments', async () => {
      const args = ['-c', 'echo $#', 'sh', ...Array<string>(10_000).fill('x'.repeat(100))];
      const container = await start('sh', args);
      expect(await read(container.stdout)).to.equal('10000\n');
    });

    it('starts in the directory asked for', async () => {
      expect(await output('pwd', { cwd: '/tmp' })).to.equal('/tmp');
    });

    it('has the host name asked for, and this machine keeps its own', async () => {
      const before = readFileSync('/proc/sys/kernel/hostname', 'utf8');
      expect(await output('hostname', { hostname: 'inside' })).to.equal('inside');
      expect(readFileSync('/proc/sys/kernel/hostname', 'utf8')).to.equal(before);
    });

    it('has the umask that the set-up left, or the one asked for', async () => {
      expect(await output('umask')).to.equal('0022');
      expect(await output('umask', { umask: 0o77 })).to.equal('0077');
    });

    it('is process 2 of a namespace that shows nothing else', async () => {
      expect(await output('echo $$; ls /proc | grep -c "^[0-9]*$"')).to.match(/^2\n[3-5]$/);
    });

    it('inherits no descriptor', async () => {
      // The fourth is the directory that ls reads.
      expect(await output('ls /proc/self/fd')).to.equal('0\n1\n2\n3');
    });

    it('has default signal actions and nothing blocked', async () => {
      const container = await start('grep', ['^Sig[BI]', '/proc/self/status']);
      expect(await read(container.stdout)).to.match(/^SigBlk:\t0{16}\nSigIgn:\t0{16}\n$/);
    });

    it('leads a session of its own unless told otherwise', async () => {
      expect(await output('cut -d" " -f6 /proc/$$/stat')).to.equal('2');
      expect(await output('cut -d" " -f6 /proc/$$/stat', { newSession: false })).to.equal('0');
    });

    it('meets a PID 1 that is nobody’s program and may nothing', async () => {
      expect(
        await output('grep -h "^Name\\|^CapEff\\|^CapPrm\\|^NoNew" /proc/1/status | cut -f2'),
      ).to.equal('init\n0000000000000000\n0000000000000000\n1');
      const exe = await (await sh('readlink /proc/1/exe; ls /proc/1/fd')).ended;
      expect(
        exe.code === 0
          ? await output('readlink /proc/1/exe; ls /proc/1/fd')
          : '/memfd:nsinit (deleted)',
      ).to.equal('/memfd:nsinit (deleted)');
    });

    it('leaves no zombies to PID 1', async () => {
      expect(
        await output(
          '(sleep 0.05 & ) ; (true & ) ; sleep 0.2; ps -o pid,stat | grep -c " Z" || true',
        ),
      ).to.equal('0');
    });
  });

  describe('identity and confinement', () => {
    it('is root inside unless another user is asked for', async () => {
      expect(await output('id -u; id -g')).to.equal('0\n0');
    });

    it('is the user and group asked for', async () => {
      expect(await output('id -u; id -g', { uid: 1000, gid: 1001 })).to.equal('1000\n1001');
    });

    it('has no capabilities when the list is empty', async () => {
      expect(await output('grep ^Cap /proc/self/status | cut -f2', { capabilities: [] })).to.equal(
        Array(5).fill('0000000000000000').join('\n'),
      );
    });

    it('has exactly the capabilities of the list', async () => {
      const extra: Extra = { capabilities: ['CAP_CHOWN', 'CAP_KILL'] };
      expect(await status('CapEff', '', extra)).to.equal('0000000000000021');
      expect(await status('CapBnd', '', extra)).to.equal('0000000000000021');
    });

    it('lets a user who is not root keep the capabilities of the list', async () => {
      const extra: Extra = { uid: 1000, capabilities: ['CAP_NET_BIND_SERVICE'] };
      expect(await status('CapEff', '', extra)).to.equal('0000000000000400');
      expect(await status('CapAmb', '', extra)).to.equal('0000000000000400');
    });

    it('can be kept from gaining privileges', async () => {
      expect(await status('NoNewPrivs')).to.equal('0');
      expect(await status('NoNewPrivs', '', { noNewPrivileges: true })).to.equal('1');
    });

    it('has the limits asked for', async () => {
      const extra: Extra = { limits: { nofile: { soft: 50, hard: 60 }, core: 0 } };
      expect(await output('ulimit -Sn; ulimit -Hn; ulimit -c', extra)).to.equal('50\n60\n0');
    });

    it('has each set of capabilities as it is given', async () => {
      const extra: Extra = {
        capabilities: {
          bounding: ['CAP_CHOWN', 'CAP_KILL', 'CAP_SETGID'],
          permitted: ['CAP_CHOWN', 'CAP_KILL'],
          effective: ['CAP_KILL'],
          inheritable: ['CAP_CHOWN'],
          ambient: [],
        },
        uid: IS_ROOT ? 1000 : 0,
      };
      // execve(2) computes the others anew; these two it leaves as they are.
      const masks = await output('grep -E "^Cap(Inh|Bnd)" /proc/self/status | cut -f2', extra);
      expect(masks.split('\n')).to.deep.equal(['0000000000000001', '0000000000000061']);
    });

    it('has a domain name', async () => {
      expect(await output('cat /proc/sys/kernel/domainname', { domainname: 'example' })).to.equal(
        'example',
      );
    });

    it('may gain privileges under a filter only when that is asked for', async () => {
      const nnp = (extra: Extra): Promise<string> => status('NoNewPrivs', '', extra);
      const seccomp = refuseCall(MKDIR);
      expect(await nnp({ seccomp })).to.equal('1');
      expect(await nnp({ seccomp, noNewPrivileges: false, capabilities: [] })).to.equal('0');
    });

    it('compares bits of an argument, and passes over calls that are not known', async function () {
      const seccomp: SeccompProfile = {
        defaultAction: 'allow',
        architectures: ['x86_64', 'x86', 'aarch64'],
        unknownCalls: 'ignore',
        rules: [
          { names: ['no_such_call'], action: 'kill-process' },
          {
            names: ['kill'],
            action: { errno: 'EXDEV' },
            args: [{ argument: 1, operator: '==', mask: 0xf, value: 12 }],
          },
        ],
      };
      try {
        const said = await output('kill -28 $$ 2>&1; kill -0 $$ && echo alive', { seccomp });
        expect(said).to.match(/[Cc]ross-device.*\nalive$/);
      } catch (error) {
        if (!String(error).includes('needs libseccomp')) throw error;
        this.skip();
      }
    });

    it('is bound by a seccomp filter', async () => {
      const container = await sh('mkdir /tmp/d; grep ^Seccomp: /proc/self/status', {
        seccomp: refuseCall(MKDIR),
      });
      const [out, errors] = await Promise.all([read(container.stdout), read(container.stderr)]);
      expect(errors).to.contain('Operation not permitted');
      expect(out).to.equal('Seccomp:\t2\n');
    });

    it('is bound by a seccomp profile, through libseccomp', async function () {
      const profile: SeccompProfile = {
        defaultAction: 'allow',
        rules: [
          { names: ['mkdir', 'mkdirat'], action: { errno: 'EROFS' } },
          {
            names: ['kill'],
            action: { errno: 'EACCES' },
            args: [{ argument: 1, operator: '==', value: 10 }],
          },
        ],
      };
      const container = await sh('mkdir /tmp/d; kill -10 $$ || kill -0 $$ && echo only 10', {
        seccomp: profile,
      }).catch((error: Error) => {
        if (!error.message.includes('libseccomp')) throw error;
        console.log(`      skipped: ${error.message}`);
        return this.skip();
      });
      const [out, errors] = await Promise.all([read(container.stdout), read(container.stderr)]);
      await container.ended;
      expect(errors).to.match(/Read-only file system[^]*Permission denied/);
      expect(out).to.equal('only 10\n');
    });

    it('refuses a seccomp profile that cannot be meant', async () => {
      const seccomp: SeccompProfile = {
        defaultAction: 'allow',
        rules: [{ names: ['no_such_call'], action: 'kill-process' }],
      };
      const error = await start('true', [], { seccomp }).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(Error);
      expect(String(error)).to.match(/no_such_call|libseccomp/);
    });

    it('refuses a seccomp filter that is none', async () => {
      const error = await start('true', [], { seccomp: new Uint8Array(7) }).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).to.be.instanceOf(TypeError);
    });
  });

  describe('ending it from outside', () => {
    it('does not start for a signal that is aborted', async () => {
      const reason = new Error('not wanted');
      const error = await start('true', [], { signal: AbortSignal.abort(reason) }).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).to.equal(reason);
    });

    it('leaves nothing of a start that is aborted in between', async () => {
      const controller = new AbortController();
      const starting = start('sleep', ['1000'], { signal: controller.signal });
      setImmediate(() => controller.abort());
      const error = await starting.catch((thrown: unknown) => thrown);
      expect(error).to.include({ name: 'AbortError' });
      expect(children()).to.deep.equal([]);
    });

    it('kills the command when it is aborted later', async () => {
      const controller = new AbortController();
      const container = await start('sleep', ['1000'], { signal: controller.signal });
      controller.abort();
      expect(await container.ended).to.include({
        signal: 'SIGKILL',
        aborted: true,
        timedOut: false,
      });
    });

    it('kills the command that takes too long, with the signal asked for', async () => {
      const container = await start('sleep', ['1000'], { timeout: 50, killSignal: 'SIGTERM' });
      expect(await container.ended).to.include({ signal: 'SIGTERM', timedOut: true });
    });

    it('lets a command be that ends in time', async () => {
      expect(await (await sh('exit 3', { timeout: 5000 })).ended).to.include({
        code: 3,
        timedOut: false,
      });
    });
  });

  describe('the set-up', () => {
    it('is the standard preset, with the mounts asked for', async () => {
      const mounts = [{ tmpfs: '/mnt' }];
      const listed = await output("awk '{print $5}' /proc/self/mountinfo", {
        presetOptions: { mounts, readonly: true },
      });
      expect(listed.split('\n')).to.include.members([
        '/',
        '/proc',
        '/sys',
        '/dev',
        '/dev/pts',
        '/dev/shm',
        '/mnt',
      ]);
    });

    it('is told: its steps and the fallbacks that were taken', async () => {
      const container = await start('true');
      await container.ended;
      expect(container.report.steps.map(({ step }) => step)).to.include.members([
        'bind-rootfs',
        'dev',
        'root-switch',
      ]);
      expect(container.report.fallbacks).to.be.an('array');
    });

    it('is told where its calls were made: in a thread, or in the container’s process', async () => {
      const inProcess = { pipeline: createPreset('standard') };
      const places = [];
      for (const extra of [{}, inProcess]) {
        const container = await start('true', [], extra);
        await container.ended;
        places.push(container.setUpPlace);
      }
      // Only the process can be in a user namespace; proc of another PID namespace came with 6.17.
      const [major = 0, minor = 0] = release().split('.').map(Number);
      const fast = IS_ROOT && (major > 6 || (major === 6 && minor >= 17));
      expect(places).to.deep.equal([fast ? 'thread' : 'process', 'process']);
    });

    it('can move the root instead of pivoting: nothing of the old one is left to see', async () => {
      const script = 'ls / | tr "\\n" " "; ls /proc/1/root/ 2>/dev/null | tr "\\n" " "';
      const shown = await output(script, { presetOptions: { noPivot: true } });
      expect(new Set(shown.split(' ').filter(Boolean))).to.deep.equal(
        new Set(['bin', 'dev', 'etc', 'mnt', 'proc', 'sys', 'tmp']),
      );
    });

    it('can be a pipeline that a module makes', async () => {
      const pipeline = {
        module: new URL('./plain-set-up.js', import.meta.url).href,
        export: 'plainSetUp',
        args: { rootfs },
      };
      expect(await output('umask; ls /dev', { pipeline })).to.equal('0027\nnull\nzero');
    });

    it('can be a pipeline of this thread, with its observers', async () => {
      const seen: string[] = [];
      const observers = [{ stepEnd: (step: string) => seen.push(step) }];
      expect(await output('umask', { pipeline: createPreset('standard'), observers })).to.equal(
        '0022',
      );
      expect(seen).to.include.members(['bind-rootfs', 'dev', 'root-switch', 'umask']);
    });

    it('is told what another thread cannot be given', async () => {
      const observers = [{ stepEnd: () => undefined }];
      const message = await output('true', { observers }).catch(String);
      expect(message).to.match(/^TypeError: observers goes with a Pipeline.*createPreset/);
      const pipeline = { module: 'file:///box.js', export: 'box' };
      expect(await output('true', { pipeline, services: [] }).catch(String)).to.match(
        /^TypeError: services goes with a Pipeline.*module's function/,
      );
    });

    it('is a throwaway copy of this machine without a rootfs', async () => {
      expect(
        await output('echo changed > /etc/nsinit-trace; cat /etc/nsinit-trace', {
          rootfs: undefined,
        }),
      ).to.equal('changed');
      expect(existsSync('/etc/nsinit-trace')).to.equal(false);
    });
  });

  describe('beside this program', () => {
    it('runs many at once, each with its own output', async () => {
      const numbers = Array.from({ length: 24 }, (_, number) => number);
      const outputs = await Promise.all(
        numbers.map((number) => output(`sleep 0.0${number % 3}; echo ${number}`)),
      );
      expect(outputs).to.deep.equal(numbers.map(String));
      expect(children()).to.deep.equal([]);
    });

    it('leaves this program’s namespaces, directory, umask and mounts as they were', async () => {
      const state = (): unknown[] => [
        ...['mnt', 'pid', 'uts', 'ipc', 'net', 'user', 'pid_for_children'].map((kind) =>
          readlinkSync(`/proc/self/ns/${kind}`),
        ),
        readlinkSync('/proc/self/cwd'),
        readlinkSync('/proc/self/root'),
        /^Umask:.*$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[0],
        readFileSync('/proc/self/mountinfo', 'utf8'),
      ];
      const before = state();
      await output('true');
      expect(state()).to.deep.equal(before);
    });

    it('opens no descriptor that stays', async () => {
      await output('true');
      const open = (): number => readdirCount('/proc/self/fd');
      const before = open();
      for (let i = 0; i < 5; i += 1) await output('true');
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(open()).to.be.at.most(before);
    });

    it('is made by another thread than the program’s', async () => {
      const container = await start('sleep', ['1000']);
      const own = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ');
      expect(children()).to.include(String(container.pid));
      expect(own).not.to.include(String(container.pid));
      await container[Symbol.asyncDispose]();
    });
  });

  describe('namespaces', () => {
    it('are new for mounts, processes, host name and IPC, and shared for the rest', async () => {
      const kinds = ['mnt', 'pid', 'uts', 'ipc', 'net', 'cgroup'];
      const inside = (
        await output(kinds.map((kind) => `readlink /proc/self/ns/${kind}`).join(';'))
      ).split('\n');
      const shared = kinds.filter(
        (kind, index) => readlinkSync(`/proc/self/ns/${kind}`) === inside[index],
      );
      expect(shared).to.deep.equal(['net', 'cgroup']);
    });

    it('can be shared', async () => {
      const uts = readlinkSync('/proc/self/ns/uts');
      expect(
        await output('readlink /proc/self/ns/uts', { namespaces: { uts: 'shared' } }),
      ).to.equal(uts);
    });

    it('shows only the loopback device, up, in a network namespace of its own', async () => {
      expect(
        await output('ls /proc/self/net/dev_snmp6; ip -o link show up | cut -d: -f2', {
          namespaces: { net: 'new' },
        }),
      ).to.match(/^lo\n lo$/);
    });

    it('can be joined by path', async () => {
      const first = await start('sleep', ['1000'], { hostname: 'joined' });
      const join = (kind: string): { join: string } => ({ join: `/proc/${first.pid}/ns/${kind}` });
      const namespaces = IS_ROOT ? { uts: join('uts') } : { user: join('user'), uts: join('uts') };
      expect(await output('hostname', { namespaces })).to.equal('joined');
      await first[Symbol.asyncDispose]();
    });

    it('can do without a PID namespace: the command then dies alone', async () => {
      const container = await sh('echo $$', { namespaces: { pid: 'shared' } });
      expect(await read(container.stdout)).to.equal(`${container.pid}\n`);
      expect((await container.ended).code).to.equal(0);
    });
  });

  describe('a terminal', () => {
    const shown = async (
      script: string,
      extra: Extra = {},
      use?: (container: Container) => void,
    ): Promise<string> => {
      const container = await sh(script, { terminal: { columns: 90, rows: 33 }, ...extra });
      let seen = '';
      container.terminal?.on('data', (data: Buffer) => (seen += data.toString()));
      use?.(container);
      await container.ended;
      await eventually(() => seen !== '', 'output of the terminal');
      return seen;
    };

    it('is what the command reads from and writes to', async () => {
      expect(await shown('test -t 0 && test -t 1 && test -t 2 && echo yes')).to.equal('yes\r\n');
    });

    it('has the size asked for', async () => {
      expect(await shown('stty size')).to.equal('33 90\r\n');
    });

    it('is closed when the end is told, to whoever reads it', async () => {
      const { terminal, ended } = await sh('echo last', { terminal: true });
      let seen = '';
      terminal?.on('data', (data: Buffer) => {
        seen += data.toString();
        // Its end is to be noticed after that of the command.
        terminal.pause();
        setTimeout(() => terminal.resume(), 200);
      });
      await ended;
      expect([seen, terminal?.closed]).to.deep.equal(['last\r\n', true]);
    });

    it('is the controlling terminal: a typed ^C interrupts', async () => {
      const container = await sh('echo ready; sleep 1000', { terminal: true });
      const { terminal } = container;
      if (terminal === null) expect.fail('no terminal');
      await once(terminal, 'data');
      terminal.write('\x03');
      expect(await container.ended).to.include({ signal: 'SIGINT' });
    });

    it('tells the command of another size', async () => {
      const container = await sh(
        'trap "stty size; exit" WINCH; echo ready; while :; do sleep 0.01; done',
        { terminal: true },
      );
      const { terminal } = container;
      if (terminal === null) expect.fail('no terminal');
      let seen = '';
      terminal.on('data', (data: Buffer) => (seen += data.toString()));
      await eventually(() => seen.includes('ready'), 'the start');
      terminal.resize({ columns: 41, rows: 21 });
      await container.ended;
      await eventually(() => seen.includes('21 41'), 'the size');
    });
  });
});

const read = (stream: Readable | null | undefined): Promise<string> =>
  stream ? text(stream) : Promise.reject(new Error('there is no stream'));

function readdirCount(path: string): number {
  return readdirSync(path).length;
}
