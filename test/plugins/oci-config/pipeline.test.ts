import { expect } from 'chai';
import {
  CONTAINER_PROCESS,
  NsinitError,
  S_IFBLK,
  S_IFCHR,
  S_IFIFO,
  type Pipeline,
  type ProgramBeside,
} from 'nsinit';
import { createOciPipeline, fromOciConfig, type OciPlan } from 'nsinit/plugins/oci-config';
import { charDevice, directory, fifo, file, symlink, type SeedTree } from 'nsinit/testing';
import { expectUndone, machine, mountsOf, ROOT, runOn } from '../kit.js';
import { userNamespace } from '../../steps/step-trial.js';
import { plainConfig, sample, type Config } from './samples.js';

const planOf = (config: Config): OciPlan => fromOciConfig(config, '/srv/bundle').plan;
const pipelineOf = (config: Config): Pipeline => createOciPipeline(planOf(config));

/** A configuration whose devices are made in a tmpfs, as usual. */
const withDevices = (devices: Config[], mounts: Config[] = []): Config =>
  plainConfig({ linux: { devices }, mounts });

function runPlan(config: Config, files: SeedTree = {}): ReturnType<typeof machine> {
  const sys = machine({ files });
  runOn(sys, pipelineOf(config));
  return sys;
}

/** The finished root's mounts: it is / by then. */
const finished = (sys: ReturnType<typeof machine>): string[] =>
  mountsOf(sys.state.mountinfo, '').filter((line) => !line.startsWith('/ '));

describe('the pipeline of an OCI configuration', () => {
  it('has the order of the specification', () => {
    const config = sample('runc-spec');
    config.hooks = {
      createRuntime: [{ path: '/a' }],
      createContainer: [{ path: '/b' }],
      startContainer: [{ path: '/c' }],
    };
    config.process.cwd = '/work';
    config.linux.rootfsPropagation = 'shared';
    const pipeline = pipelineOf(config);
    expect(pipeline.names.filter((name, at, names) => name !== names[at - 1])).to.deep.equal([
      'propagation',
      'bind-rootfs',
      'oci:mount',
      'cgroup-mount',
      'oci:devices',
      'dev-symlinks',
      'ptmx',
      'console',
      'oci:working-directory',
      'oci:hooks',
      'masked-paths',
      'root-switch',
      'root-propagation',
      'readonly-root',
      'umask',
      'verify',
      'oci:hooks',
    ]);
    const plan = pipeline.plan().flatMap(({ actions }) => actions);
    expect(plan).to.include.members([
      'make / shared',
      'mount proc on /proc',
      'mount tmpfs on /dev with nosuid,strictatime,mode=755,size=65536k',
      'make the character device /dev/null (1:3)',
      'run the createContainer hook /b in the container',
      'make the new root shared',
    ]);
  });

  it('mounts file systems with their flags and options, in their order', () => {
    const config = plainConfig({
      mounts: [
        {
          destination: '/dev',
          type: 'tmpfs',
          source: 'tmpfs',
          options: ['nosuid', 'strictatime', 'mode=755', 'size=64k'],
        },
        {
          destination: '/dev/pts',
          type: 'devpts',
          source: 'devpts',
          options: ['noexec', 'newinstance', 'ptmxmode=0666', 'mode=620'],
        },
        {
          destination: '/data',
          type: 'tmpfs',
          source: 'x',
          options: ['ro', 'noatime', 'nodiratime', 'size=4k'],
        },
        { destination: '/data/in', type: 'tmpfs', source: 'x', options: ['mode=700'] },
        { destination: '/proc', type: 'proc', source: 'proc', options: ['nodev', 'ro'] },
      ],
    });
    expect(finished(runPlan(config))).to.deep.equal([
      '/dev rw,nosuid tmpfs rw,size=64k,mode=755',
      '/dev/pts rw,noexec,relatime devpts rw,mode=620,ptmxmode=666',
      '/data ro,noatime,nodiratime tmpfs rw,size=4k',
      '/data/in rw,relatime tmpfs rw,mode=700',
      '/proc ro,nodev,relatime proc ro',
    ]);
  });

  it('gives a tmpfs the mode of what it covers', () => {
    const mounts = [{ destination: '/tmp', type: 'tmpfs', options: [] }];
    const sys = runPlan(plainConfig({ mounts }), { [`${ROOT}/tmp`]: directory(0o1777) });
    expect(finished(sys)).to.deep.equal(['/tmp rw,relatime tmpfs rw']);
    const covered = runPlan(plainConfig({ mounts }), { [`${ROOT}/tmp`]: directory(0o700) });
    expect(finished(covered)).to.deep.equal(['/tmp rw,relatime tmpfs rw,mode=700']);
  });

  it('binds with what is below it, and adds and takes back flags', () => {
    const mounts = [
      { destination: '/data', source: '/srv/data', options: ['rbind', 'rro', 'nosuid', 'noexec'] },
      { destination: '/data/file', source: '/srv/data/file', options: ['bind', 'dev', 'noatime'] },
    ];
    const files = { '/srv/data/file': file('x'), [`${ROOT}/data`]: directory() };
    // What is bound last stands on what was bound before, and would be made in a read-only place.
    expect(() => runPlan(plainConfig({ mounts }), files)).not.to.throw();
    expect(
      finished(runPlan(plainConfig({ mounts }), files)).map((line) => line.split(' ').slice(0, 2)),
    ).to.deep.equal([
      ['/data', 'ro,nosuid,noexec,relatime'],
      ['/data/file', 'rw,noatime'],
    ]);
  });

  it('spreads mounts as they are listed', () => {
    const mounts = [
      { destination: '/a', type: 'tmpfs', options: ['shared'] },
      { destination: '/b', type: 'tmpfs', options: ['rshared', 'rprivate'] },
      { destination: '/c', type: 'tmpfs', options: ['private', 'unbindable'] },
    ];
    const lines = runPlan(plainConfig({ mounts })).state.mountinfo.split('\n');
    const tags = (path: string): string | undefined =>
      lines
        .find((line) => line.split(' ')[4] === path)
        ?.split(' - ')[0]
        ?.split(' ')
        .slice(6)
        .join(' ');
    expect(tags('/a')).to.match(/^shared:\d+$/);
    expect(tags('/b')).to.equal('');
    expect(tags('/c')).to.equal('unbindable');
  });

  it("shows the host's /sys, read-only, where a user namespace may have no sysfs", () => {
    const config = (options: string[]): Config =>
      plainConfig({ mounts: [{ destination: '/sys', type: 'sysfs', options }] });
    const sys = machine(userNamespace('pid', 'ipc'));
    const { fallbacks } = runOn(sys, pipelineOf(config(['ro', 'nosuid'])));
    expect(fallbacks[0]?.fallback).to.equal('bind-host-sys');
    expect(finished(sys)[0]).to.match(/^\/sys ro,nosuid.* sysfs /);
    // A writable one is not replaced by less than was asked for.
    expect(() =>
      runOn(machine(userNamespace('pid', 'ipc')), pipelineOf(config(['nosuid']))),
    ).to.throw('sysfs takes a network namespace of its own');
  });

  it('says that an id is not mapped, also in a plan', () => {
    for (const [type, option] of [
      ['devpts', 'gid=5'],
      ['tmpfs', 'uid=7'],
    ] as const) {
      const mounts = [{ destination: '/x', type, options: [option] }];
      const [name, id] = option.split('=');
      expect(() =>
        runOn(machine(userNamespace('pid')), pipelineOf(plainConfig({ mounts }))),
      ).to.throw(`Invalid ${name} '${id}': is it mapped in this user namespace?`);
    }
  });

  it('changes a mount that is there', () => {
    const mounts = [
      { destination: '/a', type: 'tmpfs', options: ['nosuid', 'size=4k'] },
      { destination: '/a', options: ['remount', 'nodev', 'suid', 'size=8k'] },
      { destination: '/a', options: ['remount', 'bind', 'ro'] },
    ];
    expect(finished(runPlan(plainConfig({ mounts })))).to.deep.equal([
      '/a ro,nodev,relatime tmpfs rw,size=8k',
    ]);
    for (const options of [
      ['remount', 'bind', 'ro'],
      ['remount', 'ro'],
    ])
      expect(() =>
        runPlan(plainConfig({ mounts: [{ destination: '/etc', options }] }), {
          [`${ROOT}/etc`]: directory(),
        }),
      ).to.throw('nothing is mounted on /etc to be remounted');
  });

  it('makes devices of each type with mode and owner, also outside /dev', () => {
    const sys = runPlan(
      withDevices([
        { type: 'c', path: '/dev/fuse', major: 10, minor: 229, fileMode: 0o600, uid: 5, gid: 6 },
        { type: 'b', path: '/blocks/deep/sda', major: 8, minor: 0 },
        { type: 'p', path: '/run/pipe', fileMode: 0o640 },
      ]),
    );
    const at = (directory: string, name: string): unknown =>
      sys.state.tree(directory).find(({ path }) => path === name);
    expect(at('/dev', 'fuse')).to.deep.include({
      type: S_IFCHR,
      mode: 0o600,
      uid: 5,
      gid: 6,
      rdev: { major: 10, minor: 229 },
    });
    expect(at('/dev', 'null')).to.deep.include({ mode: 0o666, rdev: { major: 1, minor: 3 } });
    expect(at('/blocks', 'deep/sda')).to.deep.include({ type: S_IFBLK, mode: 0o666 });
    expect(at('/run', 'pipe')).to.deep.include({ type: S_IFIFO, mode: 0o640 });
  });

  const differing: readonly (readonly [what: string, planted: SeedTree])[] = [
    ['a file', { [`${ROOT}/dev/null`]: file('') }],
    ['another device', { [`${ROOT}/dev/null`]: charDevice(1, 5) }],
    ['a link', { [`${ROOT}/dev/null`]: symlink('/dev/zero') }],
  ];
  for (const [what, planted] of differing) {
    it(`refuses ${what} in the place of a device`, () => {
      const run = (): unknown => runPlan(plainConfig(), planted);
      expect(run).to.throw(NsinitError, '/dev/null is not the character device 1:3');
    });
  }

  it('leaves a device that is there already', () => {
    const planted = {
      [`${ROOT}/dev/null`]: charDevice(1, 3, 0o600),
      [`${ROOT}/run/pipe`]: fifo(0o600),
    };
    const devices = [{ type: 'p', path: '/run/pipe' }];
    expect(() => runPlan(withDevices(devices), planted)).not.to.throw();
  });

  it('makes nothing in a directory of the host that is bound on /dev', () => {
    const mounts = [{ destination: '/dev', source: '/srv/dev', options: ['rbind'] }];
    const sys = runPlan(plainConfig({ mounts }), { '/srv/dev': directory() });
    expect(sys.state.tree('/dev')).to.deep.equal([]);
  });

  it('runs hooks with the state of the container, and fails when one does', () => {
    const config = plainConfig({
      annotations: { a: 'b' },
      hooks: {
        prestart: [{ path: '/first' }],
        createRuntime: [{ path: '/bin/x', args: ['x', '1'], env: ['A=1'], timeout: 3 }],
        startContainer: [{ path: '/in' }],
      },
    });
    const run = (code: number): ProgramBeside[] => {
      const ran: ProgramBeside[] = [];
      const container = {
        pid: 42,
        run: (program: ProgramBeside) => {
          ran.push(program);
          return { code, signal: null, timedOut: false };
        },
      };
      runOn(machine(), pipelineOf(config), [[CONTAINER_PROCESS, container]]);
      return ran;
    };
    const [first, second, third] = run(0);
    expect([first?.path, third?.path, third?.where]).to.deep.equal(['/first', '/in', 'container']);
    expect(second).to.deep.include({
      where: 'host',
      args: ['x', '1'],
      env: ['A=1'],
      timeout: 3000,
    });
    expect(JSON.parse(second?.input ?? '')).to.deep.equal({
      ociVersion: '1.2.0',
      id: 'bundle',
      status: 'creating',
      pid: 42,
      bundle: '/srv/bundle',
      annotations: { a: 'b' },
    });
    expect(JSON.parse(third?.input ?? '')).to.deep.include({ status: 'created' });
    expect(() => run(7)).to.throw('the createRuntime hook /first exited with 7');
  });

  it('leaves nothing behind when a later step fails', () => {
    const config = plainConfig({
      process: { cwd: '/work/deep', args: ['sh'] },
      linux: { devices: [{ type: 'p', path: '/run/pipe' }] },
      mounts: [
        { destination: '/dev', type: 'tmpfs', options: ['mode=755', 'ro'] },
        { destination: '/data', type: 'tmpfs', options: [] },
      ],
    });
    expectUndone(
      () => machine(),
      () => pipelineOf(config).remove('root-switch').remove('umask').remove('verify'),
    );
  });
});
