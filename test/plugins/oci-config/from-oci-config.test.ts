import { expect } from 'chai';
import { NsinitError } from 'nsinit';
import {
  fromOciConfig,
  OciConfigError,
  type OciContainer,
  type OciOptions,
} from 'nsinit/plugins/oci-config';
import { plainConfig, sample, type Config } from './samples.js';

const read = (config: Config, options?: OciOptions): OciContainer =>
  fromOciConfig(config, '/srv/bundle', options);
const linux = (fields: Config): Config => plainConfig({ linux: fields });
const process = (fields: Config): Config =>
  plainConfig({ process: { cwd: '/', args: ['sh'], user: { uid: 0, gid: 0 }, ...fields } });
const mount = (fields: Config): Config =>
  plainConfig({ mounts: [{ destination: '/m', ...fields }] });

function problemsOf(config: Config, options?: OciOptions): readonly string[] {
  try {
    read(config, options);
  } catch (error) {
    expect(error).to.be.instanceOf(OciConfigError).and.instanceOf(NsinitError);
    return (error as OciConfigError).problems;
  }
  return [];
}

describe('an OCI configuration', () => {
  describe('that runc writes', () => {
    it('is taken, with a warning for what is not carried out', () => {
      const { launch, plan, warnings } = read(sample('runc-spec'));
      expect(launch).to.deep.include({
        rootfs: '/srv/bundle/rootfs',
        command: 'sh',
        args: [],
        cwd: '/',
        uid: 0,
        gid: 0,
        terminal: true,
        hostname: 'runc',
        noNewPrivileges: true,
        limits: { nofile: { soft: 1024, hard: 1024 } },
        namespaces: {
          mount: 'new',
          pid: 'new',
          net: 'new',
          ipc: 'new',
          uts: 'new',
          cgroup: 'shared',
          user: 'shared',
        },
      });
      expect(launch.capabilities).to.deep.equal({
        bounding: ['CAP_AUDIT_WRITE', 'CAP_KILL', 'CAP_NET_BIND_SERVICE'],
        effective: ['CAP_AUDIT_WRITE', 'CAP_KILL', 'CAP_NET_BIND_SERVICE'],
        permitted: ['CAP_AUDIT_WRITE', 'CAP_KILL', 'CAP_NET_BIND_SERVICE'],
        inheritable: [],
        ambient: [],
      });
      expect(plan).to.deep.include({ readonlyRoot: true, ownDev: true, umask: 0o022, cwd: '/' });
      expect(plan.devices.map(({ path }) => path)).to.deep.equal([
        '/dev/null',
        '/dev/zero',
        '/dev/full',
        '/dev/random',
        '/dev/urandom',
        '/dev/tty',
      ]);
      expect(warnings.map((warning) => warning.split(':')[0])).to.deep.equal([
        '$.process.capabilities.ambient',
        '$.linux.resources.devices',
      ]);
    });

    it('is taken without privileges', () => {
      const config = sample('runc-spec-rootless');
      config.linux.uidMappings[0].hostID = 1000;
      config.linux.gidMappings[0].hostID = 1000;
      const { launch } = read(config);
      expect(launch.namespaces).to.deep.include({ user: 'new', net: 'shared' });
      expect(launch.userMapping).to.deep.equal({
        uids: [{ inside: 0, outside: 1000, count: 1 }],
        gids: [{ inside: 0, outside: 1000, count: 1 }],
      });
    });
  });

  describe('that podman writes', () => {
    it('is taken, with a warning for what is not carried out', () => {
      const { launch, plan, warnings } = read(sample('podman'));
      expect(launch).to.deep.include({
        rootfs: '/var/lib/containers/rootfs',
        command: '/bin/sh',
        args: ['-c', 'ls /dev'],
        hostname: '000000000000',
      });
      expect(plan.sysctl).to.deep.equal({ 'net.ipv4.ping_group_range': '0 0' });
      expect(plan.identity.annotations).to.include({ 'io.container.manager': 'libpod' });
      expect(warnings.map((warning) => warning.split(':')[0])).to.deep.equal([
        '$.linux.cgroupsPath',
        '$.linux.resources.devices',
        '$.linux.resources.pids',
      ]);
    });

    it('has its seccomp profile translated, errnos, comparisons and all', () => {
      const { seccomp } = read(sample('podman')).launch;
      if (seccomp === undefined || seccomp instanceof Uint8Array) expect.fail('no profile');
      expect(seccomp.defaultAction).to.deep.equal({ errno: 'ENOSYS' });
      expect(seccomp.architectures).to.deep.equal(['x86_64', 'x86', 'x32']);
      expect(seccomp.rules[0]).to.deep.include({ action: { errno: 'EPERM' }, args: [] });
      const socket = seccomp.rules.find(({ names }) => names[0] === 'socket');
      expect(socket).to.deep.equal({
        names: ['socket'],
        action: { errno: 'EINVAL' },
        args: [
          { argument: 0, operator: '==', value: 16 },
          { argument: 2, operator: '==', value: 9 },
        ],
      });
    });
  });

  describe('with mistakes', () => {
    it('reports all of them at once, each with its path', () => {
      const config = sample('runc-spec');
      config.root.path = 7;
      config.process.cwd = 'relative';
      config.mounts[2].options[3] = 12;
      config.linux.namespaces[0].type = 'pids';
      config.process.rlimits[0].type = 'RLIMIT_FILES';
      expect(problemsOf(config)).to.have.members([
        '$.root.path: must be a string, not 7',
        '$.process.cwd: must be an absolute path in the container, not "relative"',
        '$.mounts[2].options[3]: must be a string, not 12',
        '$.linux.namespaces[0].type: must be one of mount, pid, network, ipc, uts, user, cgroup, time, not "pids"',
        '$.process.rlimits[0].type: there is no resource limit "RLIMIT_FILES"',
      ]);
    });

    const cases: readonly (readonly [what: string, config: Config, problem: string])[] = [
      ['no object', [], '$: must be an object'],
      ['another version', { ...plainConfig(), ociVersion: '2.0.0' }, '$.ociVersion: is 2.0.0'],
      ['no version', { ...plainConfig(), ociVersion: undefined }, '$.ociVersion: is missing'],
      ['no root', { ...plainConfig(), root: undefined }, '$.root.path: is missing'],
      ['no linux', { ...plainConfig(), linux: undefined }, '$.linux: is missing'],
      ['no process', { ...plainConfig(), process: undefined }, '$.process: is missing'],
      ['no program', process({ args: [] }), '$.process.args: is empty'],
      [
        'a variable that is none',
        process({ env: ['A=b', 'C'] }),
        '$.process.env[1]: must be NAME=',
      ],
      ['a NUL byte', process({ args: ['a\0b'] }), '$.process.args[0]: must be a string'],
      [
        'a user that is none',
        process({ user: { uid: -1 } }),
        '$.process.user.uid: must be a whole',
      ],
      [
        'a capability that is none',
        process({ capabilities: { bounding: ['chown'] } }),
        '$.process.capabilities.bounding[0]: must be a capability',
      ],
      [
        'a soft limit above the hard one',
        process({ rlimits: [{ type: 'RLIMIT_CPU', soft: 2, hard: 1 }] }),
        '$.process.rlimits[0].soft: is larger',
      ],
      [
        'a limit twice',
        process({ rlimits: Array(2).fill({ type: 'RLIMIT_CPU', soft: 1, hard: 1 }) }),
        '$.process.rlimits[1].type: RLIMIT_CPU is there twice',
      ],
      ['no mount namespace', linux({ namespaces: [] }), '$.linux.namespaces: has no mount'],
      [
        'a namespace twice',
        linux({ namespaces: [{ type: 'mount' }, { type: 'ipc' }, { type: 'ipc' }] }),
        '$.linux.namespaces[2]: ipc is there twice',
      ],
      [
        'a mount namespace that has a root',
        linux({ namespaces: [{ type: 'mount', path: '/proc/7/ns/mnt' }] }),
        '$.linux.namespaces[0].path: an existing mount namespace',
      ],
      [
        'a user namespace without maps',
        linux({ namespaces: [{ type: 'mount' }, { type: 'user' }] }),
        '$.linux.uidMappings: is missing',
      ],
      [
        'maps without a user namespace',
        linux({ uidMappings: [{ containerID: 0, hostID: 0, size: 1 }] }),
        '$.linux.uidMappings: needs a user namespace',
      ],
      [
        'a host name for the machine',
        { ...plainConfig(), hostname: 'x' },
        '$.hostname: needs a uts',
      ],
      [
        'a mount on the root',
        mount({ destination: '/..', type: 'tmpfs' }),
        '$.mounts[0].destination: is the root',
      ],
      [
        'a forged file of proc',
        mount({ destination: '/proc/self/attr', type: 'tmpfs' }),
        '$.mounts[0].destination: is below /proc',
      ],
      ['a mount of nothing', mount({}), '$.mounts[0].type: is missing'],
      ['a bind of nothing', mount({ options: ['bind'] }), '$.mounts[0].source: is missing'],
      [
        'a bind with options of a file system',
        mount({ source: '/a', options: ['rbind', 'noexce'] }),
        '$.mounts[0].options: noexce: a bind has no options',
      ],
      [
        'half a mapping',
        mount({ source: '/a', options: ['bind'], uidMappings: [] }),
        '$.mounts[0]: needs both uidMappings and gidMappings',
      ],
      [
        'an idmap without maps',
        mount({ source: '/a', options: ['bind', 'idmap'] }),
        '$.mounts[0].options: idmap needs uidMappings',
      ],
      [
        'a device that is none',
        linux({ devices: [{ type: 'x', path: '/dev/x', major: 1, minor: 2 }] }),
        '$.linux.devices[0].type: must be one of c, u, b, p',
      ],
      [
        'a device without a number',
        linux({ devices: [{ type: 'b', path: '/dev/x' }] }),
        '$.linux.devices[0].major: is missing',
      ],
      [
        'a device twice',
        linux({ devices: Array(2).fill({ type: 'p', path: '/run/x' }) }),
        '$.linux.devices: /run/x is there twice',
      ],
      [
        'a setting of the machine',
        linux({ sysctl: { 'vm.swappiness': '1' } }),
        '$.linux.sysctl["vm.swappiness"]: belongs to no namespace',
      ],
      [
        'a setting of another namespace',
        linux({ sysctl: { 'net.core.somaxconn': '1' } }),
        '$.linux.sysctl["net.core.somaxconn"]: needs a namespace',
      ],
      [
        'a propagation that is none',
        linux({ rootfsPropagation: 'open' }),
        '$.linux.rootfsPropagation: must be one of',
      ],
      [
        'a relative mask',
        linux({ maskedPaths: ['proc/keys'] }),
        '$.linux.maskedPaths[0]: must be an absolute',
      ],
      [
        'a filter that asks somebody',
        linux({ seccomp: { defaultAction: 'SCMP_ACT_NOTIFY' } }),
        '$.linux.seccomp.defaultAction: SCMP_ACT_NOTIFY needs a program',
      ],
      [
        'a filter action that is none',
        linux({ seccomp: { defaultAction: 'ALLOW' } }),
        '$.linux.seccomp.defaultAction: there is no action "ALLOW"',
      ],
      [
        'a hook without a program',
        { ...plainConfig(), hooks: { poststop: [{ path: 'run' }] } },
        '$.hooks.poststop[0].path: must be an absolute path',
      ],
      [
        'a hook without time',
        { ...plainConfig(), hooks: { prestart: [{ path: '/run', timeout: 0 }] } },
        '$.hooks.prestart[0].timeout: must be a whole number from 1',
      ],
    ];
    for (const [what, config, problem] of cases) {
      it(`refuses ${what}`, () => {
        expect(problemsOf(config).join('\n')).to.include(problem);
      });
    }
  });

  describe('with something that is not carried out', () => {
    const cases: readonly (readonly [path: string, config: Config])[] = [
      ['$.process.apparmorProfile', process({ apparmorProfile: 'docker-default' })],
      ['$.process.selinuxLabel', process({ selinuxLabel: 'a:b:c:s0' })],
      ['$.linux.mountLabel', linux({ mountLabel: 'a:b:c:s0' })],
      ['$.process.scheduler', process({ scheduler: { policy: 'SCHED_FIFO' } })],
      ['$.process.ioPriority', process({ ioPriority: { class: 'IOPRIO_CLASS_IDLE' } })],
      ['$.process.execCPUAffinity', process({ execCPUAffinity: { initial: '0' } })],
      ['$.linux.intelRdt', linux({ intelRdt: { closID: 'x' } })],
      ['$.linux.netDevices', linux({ netDevices: { eth0: {} } })],
      ['$.linux.memoryPolicy', linux({ memoryPolicy: { mode: 'MPOL_BIND' } })],
      ['$.linux.personality.domain', linux({ personality: { domain: 'LINUX32' } })],
      [
        '$.mounts[0]',
        mount({
          type: 'tmpfs',
          uidMappings: [{ containerID: 0, hostID: 5, size: 1 }],
          gidMappings: [{ containerID: 0, hostID: 5, size: 1 }],
        }),
      ],
      ['$.linux.namespaces[1]', linux({ namespaces: [{ type: 'mount' }, { type: 'time' }] })],
      [
        '$.linux.seccomp.listenerPath',
        linux({ seccomp: { defaultAction: 'SCMP_ACT_ALLOW', listenerPath: '/x' } }),
      ],
      [
        '$.linux.seccomp.flags[0]',
        linux({ seccomp: { defaultAction: 'SCMP_ACT_ALLOW', flags: ['SECCOMP_FILTER_FLAG_LOG'] } }),
      ],
    ];
    for (const [path, config] of cases) {
      it(`refuses ${path} by name, and warns when that is accepted`, () => {
        const [problem, ...others] = problemsOf(config);
        expect(problem).to.match(new RegExp(`^${path.replace(/[$.[\]]/g, '\\$&')}: `));
        expect(others).to.deep.equal([]);
        expect(read(config, { accept: [path] }).warnings).to.deep.equal([problem]);
      });
    }

    it('warns of each resource, and of what the specification does not have', () => {
      const config = linux({
        cgroupsPath: '/x',
        resources: { memory: { limit: 1 }, pids: { limit: 2 }, cpu: {}, unified: null },
      });
      config.process.colour = 'red';
      config.windows = {};
      expect(read(config).warnings.map((warning) => warning.split(':')[0])).to.have.members([
        '$.process.colour',
        '$.linux.cgroupsPath',
        '$.linux.resources.memory',
        '$.linux.resources.pids',
        '$.windows',
      ]);
    });
  });

  describe('as options of a launch', () => {
    it('has user, groups, umask, environment and terminal', () => {
      const { launch, plan } = read(
        process({
          user: { uid: 5, gid: 6, additionalGids: [7, 8], umask: 0o077 },
          env: ['A=1', 'B=x=y', 'A=2'],
          cwd: '/w/../work',
          terminal: true,
          consoleSize: { width: 100, height: 30 },
          oomScoreAdj: 500,
        }),
      );
      expect(launch).to.deep.include({
        uid: 5,
        gid: 6,
        groups: [7, 8],
        env: { A: '2', B: 'x=y' },
        cwd: '/work',
        terminal: { columns: 100, rows: 30 },
      });
      expect(plan).to.deep.include({ umask: 0o077, cwd: '/work', oomScoreAdj: 500 });
    });

    it('takes the largest limits for none', () => {
      const { launch } = read(
        process({
          rlimits: [{ type: 'RLIMIT_AS', soft: 5, hard: JSON.parse('18446744073709551615') }],
        }),
      );
      expect(launch.limits).to.deep.equal({ as: { soft: 5, hard: 'unlimited' } });
    });

    it('joins namespaces by path', () => {
      const { launch } = read(
        linux({ namespaces: [{ type: 'mount' }, { type: 'network', path: '/run/netns/x' }] }),
      );
      expect(launch.namespaces).to.deep.include({ net: { join: '/run/netns/x' }, pid: 'shared' });
    });

    it('runs another command when it is given one', () => {
      const config = process({ args: undefined });
      expect(read(config, { command: ['ls', '-l'] }).launch).to.deep.include({
        command: 'ls',
        args: ['-l'],
      });
    });

    it('compares bits where a filter has a mask', () => {
      const args = [{ index: 0, value: 0x7e020000, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }];
      const syscalls = [{ names: ['clone'], action: 'SCMP_ACT_ALLOW', args }];
      const { seccomp } = read(
        linux({ seccomp: { defaultAction: 'SCMP_ACT_ERRNO', syscalls } }),
      ).launch;
      expect(seccomp).to.deep.include({
        rules: [
          {
            names: ['clone'],
            action: 'allow',
            args: [{ argument: 0, operator: '==', mask: 0x7e020000, value: 0 }],
          },
        ],
      });
    });

    it('takes relative paths from the bundle, and deprecated destinations from /', () => {
      const config = plainConfig({
        mounts: [{ destination: 'data', source: 'files', type: 'bind' }],
      });
      const { plan, warnings } = read(config);
      expect(plan.mounts[0]).to.deep.include({ target: '/data', source: '/srv/bundle/files' });
      expect(plan.mounts[0]?.plan.bind).to.equal('bind');
      expect(warnings[0]).to.include('$.mounts[0].destination: is relative');
    });
  });
});
