import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { colorsOfOutput } from '../../src/cli/colors.js';
import { parseUser } from '../../src/cli/run-options.js';
import { environment } from '../integration/environment.js';
import { nsinit, useBareRoot } from '../integration/nsinit-command.js';

const COMMAND = resolve('build/nsinit.cjs');

/** Runs a line of the shell in which `nsinit` is the command. */
const shell = (line: string, input?: string): SpawnSyncReturns<string> =>
  spawnSync('sh', ['-c', `nsinit() { "${process.execPath}" "${COMMAND}" "$@"; }; ${line}`], {
    encoding: 'utf8',
    env: environment(),
    timeout: 15_000,
    ...(input === undefined ? { stdio: ['ignore', 'pipe', 'pipe'] } : { input }),
  });

describe('a command line that cannot be meant', () => {
  const before = hostname();

  for (const [said, ...args] of [
    ['--rootfs is empty', 'run', '--rootfs', '', 'true'],
    ['--rootfs is empty', 'plan', '--rootfs='],
    ['--bundle is empty', 'run', '--bundle', ''],
    ['--config is empty', 'run', '--config', '', 'true'],
    ['--trace is empty', 'run', '--trace', '', 'true'],
    ['--cwd is empty', 'run', '--cwd', '', 'true'],
    ['the command is empty', 'run', ''],
    ['--hostname needs a UTS namespace', 'run', '--share-uts', '--hostname', 'other', 'true'],
    ['--hostname needs a UTS namespace', 'plan', '--share-uts', '--hostname', 'other'],
    ['--hostname takes 1 to 64 bytes', 'run', '--hostname', 'x'.repeat(65), 'true'],
    ['--kill-signal takes', 'run', '--kill-signal', '0', 'true'],
    ['--kill-signal takes', 'run', '--kill-signal', '', 'true'],
    ['--user takes', 'run', '--user', '4294967295', 'true'],
    ['--trace: ENOENT', 'run', '--trace', '/nope/trace', 'true'],
    ['--trace-events: EISDIR', 'run', '--trace-events', '/', 'true'],
    ['soft value, 64, above', 'run', '--rlimit', 'nofile=64:32', 'true'],
    ['--env takes K=V', 'plan', '--env', 'A'],
    ['--timeout takes', 'plan', '--timeout', 'soon'],
    ['--cap-drop takes', 'plan', '--cap-drop', 'fly'],
    ["unknown option '--roo' (Did you mean --rootfs?)", 'run', '--roo', '/srv', 'true'],
    ["unknown command 'rum' (Did you mean run?)", 'rum'],
  ] as const) {
    it(`is told in one line: ${args.join(' ').slice(0, 60)}`, () => {
      const { status, stdout, stderr } = nsinit(...args);
      expect([status, stdout, stderr.split('\n').length]).to.deep.equal([2, '', 2]);
      expect(stderr.startsWith('nsinit: '), stderr).to.equal(true);
      expect(stderr).to.include(said);
      expect(hostname()).to.equal(before);
    });
  }
});

describe('a user of the command line', () => {
  it('may have any number', () => {
    expect(parseUser('4294967294:1000000000')).to.deep.equal({ uid: 4294967294, gid: 1000000000 });
  });
});

describe('the output of the command', () => {
  for (const args of ['--version', 'run --help', 'plan']) {
    it(`may end in a pipe that nobody reads: ${args}`, () => {
      const { stderr: status } = shell(`{ nsinit ${args}; echo $? >&2; } | :`);
      expect(status).to.match(/^(141|0)\n$/);
    });

    it(`may not fit on the disk: ${args}`, () => {
      const { status, stderr } = shell(`nsinit ${args} >/dev/full`);
      expect([status, stderr]).to.deep.equal([
        1,
        'nsinit: standard output: ENOSPC: no space left on device, write\n',
      ]);
    });
  }

  it('has colours on a terminal, or when they are asked for', () => {
    const colored = (env: NodeJS.ProcessEnv, isTerminal: boolean): boolean =>
      colorsOfOutput(env, isTerminal).isColorSupported;
    expect(colored({ TERM: 'xterm' }, true)).to.equal(true);
    expect(colored({ FORCE_COLOR: '1' }, false)).to.equal(true);
    for (const env of [{}, { CI: 'true' }, { NO_COLOR: '1', FORCE_COLOR: '1' }])
      expect(colored(env, false)).to.equal(false);
    for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }, { FORCE_COLOR: '0' }])
      expect(colored(env, true)).to.equal(false);
  });
});

describe('nsinit run, of whoever calls it', () => {
  let root = '';
  useBareRoot((path) => (root = path));

  it('keeps the status of the command when a trace does not fit on the disk', () => {
    for (const option of ['--trace', '--trace-events']) {
      const run = ['run', '--rootfs', root, option, '/dev/full', '--', 'sh', '-c', 'exit 3'];
      const { status, stderr } = nsinit(...run);
      expect([status, stderr]).to.deep.equal([
        3,
        `nsinit: ${option} is not whole: ENOSPC: no space left on device, write\n`,
      ]);
    }
  });

  it('keeps its status when nobody can be told', () => {
    expect(shell(`nsinit run --rootfs ${root} -- nope 2>/dev/full`).status).to.equal(127);
  });

  it('logs its steps, and its calls when asked to', () => {
    const log = (...options: string[]): string =>
      nsinit('run', '--rootfs', root, ...options, '--', 'sh', '-c', 'exit 0').stderr;
    expect(log('-v')).to.match(/^nsinit: info: step bind-rootfs: [\d.]+ ms$/m);
    expect(log('-v')).not.to.include('pivot_root(');
    expect(log('--log-level', 'debug')).to.include('nsinit: debug: pivot_root(".", ".") = 0\n');
    expect(log()).to.equal('');
  });

  it('loses nothing of what the command writes to a full pipe', () => {
    const run = (options: string, redirected: string, into: string): string =>
      shell(
        `nsinit run --rootfs ${root} ${options} -- sh -c '/bin/busybox head -c 1000000 /dev/zero ${into}' ${redirected} | { sleep 1; wc -c; }`,
      ).stdout.trim();
    // With each of them Node has looked at its own standard output or error before.
    for (const options of ['--bind /etc', '-v'])
      expect(run(options, '', ''), options).to.equal('1000000');
    expect(Number(run('-v', '2>&1 >/dev/null', '>&2'))).to.be.greaterThan(1000000);
  });

  it('binds what has a colon in its path', () => {
    const folder = join(root, 'a:b');
    mkdirSync(folder);
    writeFileSync(join(folder, 'file'), 'here\n');
    const escaped = folder.replace(':', '\\:');
    const run = (bind: string, path: string): string =>
      nsinit('run', '--rootfs', root, '--bind', bind, '--', 'cat', path).stdout;
    expect(run(`${escaped}:/mnt:ro`, '/mnt/file')).to.equal('here\n');
    expect(run(escaped, `${folder}/file`)).to.equal('here\n');
  });

  it('says that the limit of open files is too low', () => {
    const { status, stderr } = shell(`ulimit -n 100; nsinit run --rootfs ${root} -- sh -c :`);
    expect(status).to.equal(125);
    expect(stderr).to.include('ulimit -n 256');
  });

  it('works, and plans, in a directory that has been removed', () => {
    const folder = join(root, 'gone');
    const within = (line: string): SpawnSyncReturns<string> =>
      shell(`mkdir ${folder}; cd ${folder}; rmdir ${folder}; ${line}`);
    expect(within(`nsinit plan --rootfs ${root}`).status).to.equal(0);
    expect(within(`nsinit run --rootfs ${root} -- pwd`).stdout).to.equal('/\n');
    const { status, stderr } = within('nsinit run --rootfs root -- pwd');
    expect([status, stderr]).to.deep.equal([
      2,
      'nsinit: --rootfs: root is a relative path, and the working directory has been removed\n',
    ]);
  });

  it('ends the terminal of the command where its own input ends', () => {
    const run = `nsinit run --rootfs ${root} --tty -- sh -c 'cat; echo end'`;
    expect(shell(run).stdout).to.equal('end\r\n');
    // What is typed is shown as well, a line at a time.
    for (const input of ['one\ntwo\n', 'one\ntwo'])
      expect(shell(run, input).stdout.replaceAll('\r\n', '')).to.match(/two.*end$/);
    expect(shell(`${run} </dev/null`).status).to.equal(0);
  });

  it('hangs up on the command when nobody sees its terminal', () => {
    const run = `{ nsinit run --rootfs ${root} --tty -- sh -c 'while :; do echo y; done'; echo $? >&2; } | :`;
    expect(shell(run).stderr).to.match(/^(129|141)\n$/);
  });

  it('shows on a terminal what the command writes, and no more', function () {
    if (spawnSync('script', ['--version']).status !== 0) {
      console.log('      skipped: it needs script(1) (package bsdutils)');
      return this.skip();
    }
    // A full-screen program moves the cursor down by a line feed. What script(1) types when its own
    // input ends may come at any time, and is not to be shown.
    writeFileSync(join(root, 'raw'), '/bin/busybox stty raw -echo\nprintf "down\\ndown"\n');
    const line = `"${process.execPath}" "${COMMAND}" run --rootfs ${root} --tty -- sh /raw`;
    const { stdout } = spawnSync('script', ['-qec', line, '/dev/null'], {
      encoding: 'utf8',
      env: environment(),
      input: '',
    });
    expect(stdout).to.match(/down\ndown$/);
  });

  it('lets the command have a key of the terminal once', async function () {
    if (spawnSync('script', ['--version']).status !== 0) {
      console.log('      skipped: it needs script(1) (package bsdutils)');
      return this.skip();
    }
    const program =
      'let n = 0; process.on("SIGINT", () => n++ || setTimeout(() => console.log(`keys: ${n}`), 500)); setInterval(() => {}, 1000); console.log("ready"); setTimeout(() => process.exit(), 1500)';
    const line = `"${process.execPath}" "${COMMAND}" run -- "${process.execPath}" -e '${program}'`;
    const terminal = spawn('script', ['-qec', line, '/dev/null'], { env: environment() });
    let output = '';
    for await (const chunk of terminal.stdout) {
      if (!output.includes('ready') && String(chunk).includes('ready'))
        terminal.stdin.write('\x03');
      output += String(chunk);
    }
    terminal.stdin.destroy();
    expect(output).to.include('keys: 1');
  });
});
