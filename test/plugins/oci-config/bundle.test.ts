import { expect } from 'chai';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import { parseMountinfo } from 'nsinit';
import { launchBundle } from 'nsinit/plugins/oci-config';
import { nsinit as command } from '../../integration/nsinit-command.js';
import { findBusybox } from '../../runtime/busybox-root.js';
import { Bundle } from './bundle.js';
import type { Config } from './samples.js';

const nsinit = (...args: string[]) => command('run', ...args);

describe('nsinit run --bundle', () => {
  let bundle: Bundle;

  before(function () {
    const busybox = findBusybox();
    if ('missing' in busybox || process.geteuid?.() !== 0) {
      console.log(`      skipped: ${'missing' in busybox ? busybox.missing : 'needs root'}`);
      this.skip();
    }
    bundle = new Bundle(busybox.path);
  });

  after(() => bundle?.remove());

  const run = (script: string, change?: (config: Config) => void): string => {
    bundle.configure(script, change);
    const { stdout, stderr, status } = nsinit('-q', '--bundle', bundle.path);
    expect({ status, stderr }, script).to.deep.equal({ status: 0, stderr: '' });
    return stdout.trimEnd();
  };

  it('has the mounts of the configuration, in their order', () => {
    const mounts = parseMountinfo(run('cat /proc/self/mountinfo'));
    const shown = mounts
      .filter(({ mountPoint }) => !/^\/(proc|sys)\//.test(mountPoint))
      .map(({ mountPoint, options, fstype }) => `${mountPoint} ${options} ${fstype}`);
    expect(shown[0]).to.match(/^\/ ro,/);
    expect(shown.slice(1)).to.deep.equal([
      '/proc rw,relatime proc',
      '/dev rw,nosuid tmpfs',
      '/dev/pts rw,nosuid,noexec,relatime devpts',
      '/dev/shm rw,nosuid,nodev,noexec,relatime tmpfs',
      '/dev/mqueue rw,nosuid,nodev,noexec,relatime mqueue',
      '/sys ro,nosuid,nodev,noexec,relatime sysfs',
    ]);
    const readonly = mounts.filter(({ mountPoint }) => mountPoint.startsWith('/proc/'));
    expect(readonly.map(({ mountPoint }) => mountPoint)).to.include.members([
      '/proc/bus',
      '/proc/sys',
      '/proc/keys',
    ]);
    expect(readonly.every(({ options }) => options.startsWith('ro'))).to.equal(true);
  });

  it('has the devices, links and masks of the configuration', () => {
    const script =
      'stat -c "%n %t:%T %a %u:%g" /dev/null /dev/fuse /blocks/b /run/p;' +
      'readlink /dev/fd; readlink /dev/ptmx; cat /proc/keys; ls /sys/firmware; echo > /proc/sys/x';
    bundle.configure(script, (config) => {
      config.root.readonly = false;
      config.linux.devices = [
        { type: 'c', path: '/dev/fuse', major: 10, minor: 229, fileMode: 0o640, uid: 1, gid: 2 },
        { type: 'b', path: '/blocks/b', major: 7, minor: 200 },
        { type: 'p', path: '/run/p' },
      ];
    });
    const { stdout, stderr } = nsinit('-q', '--bundle', bundle.path);
    expect(stdout.trimEnd().split('\n')).to.deep.equal([
      '/dev/null 1:3 666 0:0',
      '/dev/fuse a:e5 640 1:2',
      '/blocks/b 7:c8 666 0:0',
      '/run/p 0:0 666 0:0',
      '/proc/self/fd',
      'pts/ptmx',
    ]);
    expect(stderr).to.include('/proc/sys/x');
    for (const left of ['blocks', 'run']) rmSync(join(bundle.rootfs, left), { recursive: true });
  });

  it('refuses another device in the place of one', () => {
    writeFileSync(join(bundle.rootfs, 'mnt/null'), '');
    bundle.configure('true', (config) => {
      config.linux.devices = [{ type: 'c', path: '/mnt/null', major: 1, minor: 3 }];
    });
    const { status, stderr } = nsinit('-q', '--bundle', bundle.path);
    expect([status, stderr.includes('/mnt/null is not the character device 1:3')]).to.deep.equal([
      125,
      true,
    ]);
    rmSync(join(bundle.rootfs, 'mnt/null'));
  });

  it('runs as the user, with the capabilities, limits, environment and directory', () => {
    const script =
      'id -u; id -g; id -G; pwd; umask; ulimit -n; ulimit -Hn; echo $A; cat /proc/self/oom_score_adj;' +
      'grep -E "^(Cap|NoNew)" /proc/self/status | cut -f2';
    const out = run(script, (config) => {
      config.root.readonly = false;
      config.process.user = { uid: 1000, gid: 1001, additionalGids: [7], umask: 0o077 };
      config.process.cwd = '/tmp/made/here';
      config.process.env.push('A=b c');
      config.process.oomScoreAdj = 321;
      config.process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 100, hard: 200 }];
      config.process.capabilities.inheritable = ['CAP_KILL'];
    });
    expect(out.split('\n')).to.deep.equal([
      '1000',
      '1001',
      '1001 7',
      '/tmp/made/here',
      '0077',
      '100',
      '200',
      'b c',
      '321',
      // Inheritable, permitted, effective, bounding, ambient: CAP_KILL alone is ambient.
      '0000000000000020',
      '0000000000000020',
      '0000000000000020',
      '0000000020000420',
      '0000000000000020',
      '1',
    ]);
  });

  it('binds, with flags that are set and taken back, for the tree or its top', () => {
    const data = bundle.directory('data/below');
    const script = 'grep /data /proc/self/mountinfo; echo x > /data/f; echo y > /rw/below/f';
    bundle.configure(script, (config) => {
      config.root.readonly = false;
      config.mounts.push(
        { destination: '/data', source: 'data', options: ['rbind', 'rro', 'nosuid', 'noatime'] },
        { destination: '/rw', source: 'data', options: ['bind', 'nodev', 'private'] },
      );
    });
    const { stdout, stderr } = nsinit('-q', '--bundle', bundle.path);
    expect(stdout).to.include(' /data ro,nosuid,noatime ');
    expect(stderr).to.include('/data/f: Read-only');
    expect(readFileSync(join(data, 'f'), 'utf8')).to.equal('y\n');
  });

  it('shows files of an idmapped bind as belonging to others', function () {
    const data = bundle.directory('mapped');
    writeFileSync(join(data, 'file'), '');
    const ids = [{ containerID: 0, hostID: 1000, size: 10 }];
    bundle.configure('stat -c "%u:%g" /data/file; grep /data /proc/self/mountinfo', (config) => {
      config.mounts.push({
        destination: '/data',
        source: 'mapped',
        options: ['rbind', 'rprivate', 'ridmap', 'ro', 'nosuid'],
        uidMappings: ids,
        gidMappings: ids,
      });
      config.root.readonly = false;
    });
    const { stdout, stderr, status } = nsinit('-q', '--bundle', bundle.path);
    if (stderr.includes('takes no id map')) {
      console.log('      skipped: the file system of the temporary directory takes no id map');
      this.skip();
    }
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    expect(stdout).to.match(/^1000:1000\n.* \/data ro,nosuid,.*idmapped/);
  });

  it('starts a tmpfs with a copy of what it covers', () => {
    const out = run('cat /etc/motd; grep /etc /proc/self/mountinfo', (config) => {
      mkdirSync(join(bundle.rootfs, 'etc'), { recursive: true });
      writeFileSync(join(bundle.rootfs, 'etc/motd'), 'hello\n');
      const options = ['tmpcopyup', 'nodev', 'size=1m'];
      config.mounts.push({ destination: '/etc', type: 'tmpfs', source: 'x', options });
    });
    expect(out).to.match(/^hello\n.* \/etc rw,nodev,relatime - tmpfs x rw,size=1024k/);
  });

  it('sets names and settings of its namespaces', () => {
    const script = 'hostname; cd /proc/sys; cat kernel/domainname kernel/msgmax net/core/somaxconn';
    const out = run(script, (config) => {
      config.hostname = 'box';
      config.linux.sysctl = {
        'kernel.domainname': 'example',
        'kernel.msgmax': '9000',
        'net/core/somaxconn': '77',
      };
    });
    expect(out.split('\n')).to.deep.equal(['box', 'example', '9000', '77']);
  });

  it('runs hooks at their moments, with the state', () => {
    const notes = bundle.directory('notes');
    const hook = (name: string, more = ''): Config => ({
      path: '/bin/sh',
      args: ['sh', '-c', `cat > ${notes}/${name}; ${more}`],
      env: ['PATH=/bin:/usr/bin'],
      timeout: 10,
    });
    run('cat /note', (config) => {
      config.root.readonly = false;
      config.hooks = {
        createRuntime: [hook('createRuntime', 'hostname > /dev/null')],
        createContainer: [hook('createContainer', 'test -e /etc/passwd')],
        startContainer: [{ path: '/bin/sh', args: ['sh', '-c', 'cat > /note; hostname >> /note'] }],
        poststart: [hook('poststart')],
        poststop: [hook('poststop')],
      };
    });
    const state = (name: string): Config => JSON.parse(readFileSync(join(notes, name), 'utf8'));
    const statuses = ['createRuntime', 'createContainer', 'poststart', 'poststop'].map(
      (name) => state(name).status,
    );
    expect(statuses).to.deep.equal(['creating', 'creating', 'running', 'stopped']);
    expect(state('createRuntime').pid).to.equal(state('poststart').pid).and.be.greaterThan(1);
    expect(state('poststop')).not.to.have.property('pid');
    expect(state('poststart')).to.include({ bundle: bundle.path });
    const inside = readFileSync(join(bundle.rootfs, 'note'), 'utf8');
    expect(inside).to.include('"status":"created"');
    rmSync(join(bundle.rootfs, 'note'));
  });

  it('does not start when a hook fails, and runs the poststop hooks then', () => {
    const notes = bundle.directory('notes');
    rmSync(join(notes, 'poststop'), { force: true });
    bundle.configure('echo started', (config) => {
      config.hooks = {
        createContainer: [{ path: '/bin/sh', args: ['sh', '-c', 'exit 9'] }],
        poststop: [{ path: '/bin/sh', args: ['sh', '-c', `cat > ${notes}/poststop`] }],
      };
    });
    const { status, stdout, stderr } = nsinit('-q', '--bundle', bundle.path);
    expect([status, stdout]).to.deep.equal([125, '']);
    expect(stderr).to.include('the createContainer hook /bin/sh exited with 9');
    expect(existsSync(join(notes, 'poststop'))).to.equal(true);
  });

  it('exits as the command, or as the other one that is given', () => {
    bundle.configure('exit 7');
    expect(nsinit('-q', '--bundle', bundle.path).status).to.equal(7);
    const other = nsinit('-q', '--bundle', bundle.path, '--', '/bin/echo', 'other');
    expect([other.status, other.stdout]).to.deep.equal([0, 'other\n']);
    expect(nsinit('-q', '--bundle', bundle.path, '--', '/missing').status).to.equal(127);
  });

  it('is ended after the time that is given', () => {
    bundle.configure('sleep 1000');
    const late = nsinit('-q', '--timeout', '50ms', '--bundle', bundle.path);
    expect([late.status, late.stderr]).to.deep.equal([
      124,
      'nsinit: the command was ended after 50ms (--timeout)\n',
    ]);
    bundle.configure('exit 7');
    expect(nsinit('-q', '--timeout', '1m', '--bundle', bundle.path).status).to.equal(7);
  });

  it('tells each mistake of the configuration in a line, with status 2', () => {
    bundle.configure('true', (config) => {
      config.process.cwd = 'relative';
      config.hostname = 5;
      config.mounts[0].type = 1;
      config.linux.maskedPaths = 'all';
      config.root.readonly = 'yes';
    });
    const { status, stderr } = nsinit('--bundle', bundle.path);
    expect([status, stderr.trimEnd().split('\n').length]).to.deep.equal([2, 5]);
    bundle.write('{');
    expect(nsinit('--bundle', bundle.path)).to.include({ status: 2 });
    expect(nsinit('--bundle', join(bundle.path, 'nowhere'))).to.include({ status: 2 });
    const both = nsinit('--bundle', bundle.path, '--hostname', 'x');
    expect([both.status, both.stderr.trim().split('\n').length]).to.deep.equal([2, 1]);
    expect(both.stderr).to.include('--hostname does not go with --bundle');
  });

  it('warns of what is not carried out, unless it is to be quiet', () => {
    bundle.configure('true');
    const { stderr } = nsinit('--bundle', bundle.path);
    expect(stderr).to.include('warning: config.json: $.linux.resources.devices: no cgroup');
  });
});

describe('launchBundle', () => {
  let bundle: Bundle;

  before(function () {
    const busybox = findBusybox();
    if ('missing' in busybox || process.geteuid?.() !== 0) {
      console.log(`      skipped: ${'missing' in busybox ? busybox.missing : 'needs root'}`);
      this.skip();
    }
    bundle = new Bundle(busybox.path);
  });

  after(() => bundle?.remove());

  it('starts a container of this program, with its hooks', async () => {
    const notes = bundle.directory('notes');
    bundle.configure('hostname; cat', (config) => {
      config.hooks = {
        createRuntime: [{ path: '/bin/sh', args: ['sh', '-c', `cat > ${notes}/first`] }],
        poststop: [{ path: '/bin/sh', args: ['sh', '-c', `cat > ${notes}/last; exit 1`] }],
      };
    });
    const warnings: string[] = [];
    const container = await launchBundle(bundle.path, {
      id: 'c1',
      warn: (line) => warnings.push(line),
    });
    container.stdin?.end('said');
    expect(await text(container.stdout as Readable)).to.equal('runc\nsaid');
    expect(await container.ended).to.include({ code: 0 });
    const first = JSON.parse(readFileSync(join(notes, 'first'), 'utf8')) as Config;
    expect(first).to.include({ id: 'c1', pid: container.pid, status: 'creating' });
    expect(warnings[0]).to.include('$.process.capabilities.ambient');
  });

  it('ends the container when a poststart hook fails', async () => {
    bundle.configure('sleep 60', (config) => {
      config.hooks = { poststart: [{ path: '/bin/false' }] };
    });
    const error = await launchBundle(bundle.path).catch((thrown: unknown) => thrown);
    expect(String(error)).to.include('the poststart hook /bin/false exited with 1');
  });

  it('runs in a user namespace, with the ids that are mapped', async () => {
    mkdirSync(join(bundle.rootfs, 'run'), { recursive: true });
    bundle.configure(
      'id -u; cat /proc/self/uid_map; stat -c %t:%T /dev/null; cat /run/in',
      (config) => {
        config.linux.namespaces.push({ type: 'user' });
        const ids = [{ containerID: 0, hostID: 0, size: 1000 }];
        Object.assign(config.linux, { uidMappings: ids, gidMappings: ids });
        config.hooks = {
          startContainer: [{ path: '/bin/sh', args: ['sh', '-c', 'id -u > /dev/shm/hook'] }],
        };
        config.process.args[2] += '; cat /dev/shm/hook';
      },
    );
    writeFileSync(join(bundle.rootfs, 'run/in'), 'in\n');
    const container = await launchBundle(bundle.path);
    const [out, errors] = await Promise.all([
      text(container.stdout as Readable),
      text(container.stderr as Readable),
    ]);
    expect([out.replace(/ +/g, ' '), errors]).to.deep.equal(['0\n 0 0 1000\n1:3\nin\n0\n', '']);
  });
});
