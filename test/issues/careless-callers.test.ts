import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { createPool, launch, type LaunchOptions, type PoolLaunchOptions } from 'nsinit';
import { environment } from '../integration/environment.js';
import { useBusyboxRoot } from '../runtime/busybox-root.js';
import { children } from '../runtime/children.js';

// What JavaScript lets through, or a program of one's own gets wrong.
describe('launch with options that cannot be meant', () => {
  let rootfs = '';
  useBusyboxRoot((path) => (rootfs = path));

  const start = (options: object): ReturnType<typeof launch> =>
    launch({ rootfs, command: 'true', ...options } as LaunchOptions);
  const refusal = async (options: object): Promise<Error & { code?: string }> => {
    try {
      const box = await start(options);
      box.kill('SIGKILL');
      await box.ended;
    } catch (error) {
      return error as Error;
    }
    throw new Error('it was launched');
  };

  for (const options of [
    { args: 'abc' },
    { args: new Set(['a']) },
    { env: ['A=b'] },
    { env: new Map([['A', 'b']]) },
    { uid: null },
    { groups: 'wheel' },
    { hostname: '' },
    { hostname: 'x'.repeat(65) },
    { hostname: 'a\0b' },
    { umask: '022' },
    { umask: 0o1000 },
    { stdio: 5 },
    { terminal: { columns: 80 } },
    { terminal: { columns: 80, rows: 70_000 } },
    { signal: {} },
    { timeout: 0 },
    { timeout: 2 ** 31 },
    { killSignal: 0 },
    { capabilities: 'none' },
    { capabilities: { efective: [] } },
    { noNewPrivileges: 'yes' },
    { limits: null },
    { limits: { nofile: null } },
    { limits: { nofile: { soft: 64, hard: 32 } } },
    { seccomp: 'strict' },
    { seccomp: { defaultAction: 'allow' } },
    { seccomp: { defaultAction: 'allow', rules: [{ names: 'mkdir', action: 'log' }] } },
    { namespaces: { net: null } },
    { userMapping: { uids: [] } },
    { pipeline: 'my-box.js' },
    { presetOptions: { readonly: true }, pipeline: { module: 'file:///box.js', export: 'box' } },
    { capabilites: [] },
  ]) {
    const [[name, value] = []] = Object.entries(options);
    it(`is refused by the name of the option: ${name} ${JSON.stringify(value)}`, async () => {
      const error = await refusal(options);
      expect(error).to.be.instanceOf(TypeError);
      expect(error.message).to.match(
        new RegExp(name === 'limits' ? 'limit' : name === 'namespaces' ? 'net' : String(name)),
      );
      expect(error.message).not.to.match(/iterable|not a function|Cannot|reading/);
      expect(children()).to.deep.equal([]);
    });
  }

  for (const options of [undefined, null, 'true']) {
    it(`says that it takes an object: ${String(options)}`, async () => {
      const said = (error: Error): string => error.message;
      const wanted = /^the options must be an object/;
      const bad = options as unknown as LaunchOptions;
      expect(await launch(bad).then(String, said)).to.match(wanted);
      expect(await createPool(bad as never).then(String, said)).to.match(wanted);
    });
  }

  for (const presetOptions of [
    { readOnly: true },
    { readonly: 'yes' },
    { mounts: 5 },
    { mounts: [null] },
    { mounts: [{ bind: '/etc', target: '/mnt', ro: true }] },
  ]) {
    it(`is refused by the preset: ${JSON.stringify(presetOptions)}`, async () => {
      const { code, message } = await refusal({ presetOptions });
      expect([code, message.includes('preset standard: ')]).to.deep.equal(['NSINIT_OPTION', true]);
    });
  }

  it('leaves no descriptor open', async () => {
    const open = (): number => readdirSync('/proc/self/fd').length;
    await (
      await start({})
    ).ended;
    const before = open();
    for (const entry of ['pipes', null, -1, {}]) await refusal({ stdio: ['pipe', 'pipe', entry] });
    expect(open()).to.equal(before);
  });

  it("does not name the machine in the place of the container's own name", async () => {
    const before = hostname();
    const error = await refusal({ hostname: `${before}-2`, namespaces: { uts: 'shared' } });
    expect([error.code, hostname()]).to.deep.equal(['NSINIT_NAMESPACES', before]);
  });
});

describe('a container', () => {
  let rootfs = '';
  useBusyboxRoot((path) => (rootfs = path));

  it('whose filter refuses even execve is ended, and nobody waits for it', async () => {
    // BPF_RET|BPF_K with SECCOMP_RET_ERRNO|EPERM (linux/seccomp.h).
    const seccomp = Uint8Array.of(6, 0, 0, 0, 1, 0, 5, 0);
    const box = await launch({ rootfs, command: 'true', seccomp });
    expect((await box.ended).signal).to.equal(process.arch === 'x64' ? 'SIGILL' : 'SIGTRAP');
  });

  // Its prototype is not that of other objects.
  it('has the environment of this program where it is given that', async () => {
    const box = await launch({
      rootfs,
      command: 'sh',
      args: ['-c', 'echo "$PATH"'],
      env: process.env,
    });
    expect([await text(box.stdout!), (await box.ended).code]).to.deep.equal([
      `${process.env.PATH}\n`,
      0,
    ]);
  });

  it('with a terminal may be resized after its end', async () => {
    const box = await launch({ rootfs, command: 'true', terminal: true });
    box.terminal?.resume();
    await box.ended;
    box.terminal?.destroy();
    box.terminal?.resize({ columns: 100, rows: 30 });
  });

  it('is set up with the arguments of its own launch, whatever they are', async () => {
    const module = new URL('./argument-pipeline.js', import.meta.url).href;
    const names = [];
    for (const name of ['/one', '/two']) {
      const args = { mounts: new Map([[name, 1n]]) };
      const pipeline = { module, export: 'mountsOf', args };
      const box = await launch({ rootfs, pipeline, command: 'ls', args: ['/mnt'] });
      let output = '';
      for await (const chunk of box.stdout ?? []) output += String(chunk);
      names.push(output.trim());
    }
    expect(names).to.deep.equal(['one', 'two']);
  });
});

describe('launches for which there are too few descriptors', () => {
  let rootfs = '';
  useBusyboxRoot((path) => (rootfs = path));

  it('are refused, and leave none open', () => {
    const program = fileURLToPath(new URL('./many-with-few-descriptors.js', import.meta.url));
    const line = `ulimit -n 300; exec "${process.execPath}" "${program}" "${rootfs}"`;
    const { stdout, stderr } = spawnSync('sh', ['-c', line], {
      encoding: 'utf8',
      env: environment(),
    });
    expect([stdout, stderr]).to.deep.equal(['true 0\n', '']);
  });
});

describe('a container that shares the standard output of its program', () => {
  let rootfs = '';
  useBusyboxRoot((path) => (rootfs = path));

  it('may write more than a pipe holds', () => {
    const program = fileURLToPath(new URL('./sharing-output.js', import.meta.url));
    const line = `"${process.execPath}" "${program}" "${rootfs}" | { sleep 1; wc -c; }`;
    const { stdout } = spawnSync('sh', ['-c', line], { encoding: 'utf8', env: environment() });
    expect(stdout.trim()).to.equal('1000000');
  });
});

describe('a job for a pool', () => {
  let rootfs = '';
  useBusyboxRoot((path) => (rootfs = path));

  it('cannot ask for namespaces, which it would not get', async () => {
    await using pool = await createPool({ size: 1, rootfs });
    for (const options of [{ namespaces: { net: 'new' } }, { userMapping: 'single' }, { uid: 1 }]) {
      const job = { command: 'true', ...options } as PoolLaunchOptions;
      const error = await pool.launch(job).then(String, (thrown: Error) => thrown.message);
      expect(error).to.include(`${Object.keys(options)[0]} is what a pool's containers`);
    }
  });
});
