import { expect } from 'chai';
import { EtcFilesStep, type EtcFilesOptions } from 'nsinit/plugins/etc-files';
import { directory, fifo, file, MockSyscalls, symlink } from 'nsinit/testing';
import {
  expectIdempotent,
  expectRefused,
  expectUndone,
  mountsOf,
  pipelineOf,
  ROOT,
  runOn,
} from '../kit.js';
import { itHoldsOnKernel } from '../on-kernel.js';

const machine = (): MockSyscalls =>
  new MockSyscalls({
    files: {
      '/etc/resolv.conf': file('nameserver 192.0.2.53\n'),
      [`${ROOT}/etc/hosts`]: file('image\n', 0o600, { uid: 5 }),
      [`${ROOT}/etc/passwd`]: file('root:x:0:0::/root:/bin/sh\napp:x:7:7::/:/bin/false\n'),
      [`${ROOT}/etc/resolv.conf`]: symlink('../run/resolve/stub.conf'),
      [`${ROOT}/etc/fifo`]: fifo(),
      [`${ROOT}/etc/dir`]: directory(),
    },
  });

const APP = { name: 'app', uid: 1000, gid: 1000 } as const;
const ALL: Partial<EtcFilesOptions> = {
  resolvConf: { nameservers: ['192.0.2.1', 'fe80::1%eth0'], search: ['example.org'] },
  hosts: [{ address: '::1', names: ['localhost'] }],
  hostname: 'box',
  passwd: [APP],
  group: [{ name: 'app', gid: 1000, members: ['app', 'other'] }],
  files: [{ path: '/etc/app/settings', content: 'a=1\n', mode: 0o600 }],
};

/** Content by path below /etc, and the mode of each. */
function etcOf(sys: MockSyscalls, crossMounts = true): Record<string, string> {
  const files = sys.state.tree(`${ROOT}/etc`, { crossMounts });
  return Object.fromEntries(
    files
      .filter(({ content, target }) => (content ?? target) !== undefined)
      .map(({ path, content, target, mode }) => [
        path,
        `${mode.toString(8)} ${content ?? `-> ${target}`}`,
      ]),
  );
}

const WRITTEN = {
  'app/settings': '600 a=1\n',
  group: '644 app:x:1000:app,other\n',
  hostname: '644 box\n',
  hosts: '644 ::1\tlocalhost\n',
  passwd: '644 app:x:1000:1000::/:/bin/sh\n',
  'resolv.conf': '644 nameserver 192.0.2.1\nnameserver fe80::1%eth0\nsearch example.org\n',
};

describe('plugin etc-files', () => {
  it('binds files in memory, and leaves the image as it is', () => {
    const sys = machine();
    runOn(sys, pipelineOf(EtcFilesStep, ALL));
    expect(etcOf(sys)).to.deep.equal(WRITTEN);
    const image = etcOf(sys, false);
    expect(image['resolv.conf']).to.equal('777 -> ../run/resolve/stub.conf');
    expect(image.hosts).to.equal('600 image\n');
    const lines = mountsOf(sys.state.mountinfo);
    expect(lines).to.have.length(6);
    for (const line of lines)
      expect(line).to.match(/ rw,nosuid,nodev,noexec,relatime tmpfs rw,nr_inodes=7,mode=755$/);
    expect(sys.callsOf('fsmount')).to.have.length(1);
  });

  it('writes into the image when told to', () => {
    const sys = machine();
    runOn(sys, pipelineOf(EtcFilesStep, { ...ALL, place: 'image' }));
    expect(etcOf(sys, false)).to.deep.equal(WRITTEN);
    expect(mountsOf(sys.state.mountinfo)).to.deep.equal([]);
    const hosts = sys.state.tree(`${ROOT}/etc`).find(({ path }) => path === 'hosts');
    expect(hosts?.uid).to.equal(5);
  });

  it('adds users to those of the image, in place of their namesakes', () => {
    const sys = machine();
    runOn(sys, pipelineOf(EtcFilesStep, { passwd: [APP], group: [], append: true }));
    const { passwd, group } = etcOf(sys);
    expect(passwd).to.equal('644 root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/:/bin/sh\n');
    expect(group).to.equal('644 ');
  });

  it("shows the host's file, read-only, over a link of the image", () => {
    const sys = machine();
    runOn(sys, pipelineOf(EtcFilesStep, { resolvConf: 'host' }));
    expect(etcOf(sys)['resolv.conf']).to.equal('644 nameserver 192.0.2.53\n');
    expect(mountsOf(sys.state.mountinfo)[0]).to.match(/^\/etc\/resolv.conf ro,/);
  });

  it('writes neither through a fifo nor over a directory of the image', () => {
    for (const path of ['/etc/fifo', '/etc/dir']) {
      const options = { place: 'image', files: [{ path, content: 'x' }] } as const;
      expect(() => runOn(machine(), pipelineOf(EtcFilesStep, options))).to.throw(
        `${path} is neither a file nor a link`,
      );
    }
    const options = { files: [{ path: '/etc/x', source: '/etc' }] };
    expect(() => runOn(machine(), pipelineOf(EtcFilesStep, options))).to.throw(
      '/etc is no regular file',
    );
  });

  it('takes everything back when a later step fails', () => {
    const files = [{ path: '/new/resolv', source: '/etc/resolv.conf' }];
    for (const place of ['memory', 'image'] as const) {
      expectUndone(machine, () => pipelineOf(EtcFilesStep, { ...ALL, place }));
      expectUndone(machine, () => pipelineOf(EtcFilesStep, { place, files }));
    }
  });

  it('puts back what it has emptied when the writing itself fails', () => {
    const sys = machine().failAt(1, 'ENOSPC', 'write');
    const hosts = [{ address: '::1', names: ['x'] }];
    const pipeline = pipelineOf(EtcFilesStep, { place: 'image', hosts });
    expect(() => runOn(sys, pipeline)).to.throw('ENOSPC');
    expect(etcOf(sys).hosts).to.equal('600 image\n');
  });

  it('names the option that is wrong', () => {
    const wrong = (options: object, option: string): void =>
      expectRefused(EtcFilesStep, options, option);
    wrong({ place: 'disk' }, 'place');
    wrong({ resolvConf: { nameservers: ['localhost'] } }, 'resolvConf.nameservers[0]');
    wrong({ resolvConf: { search: ['a b'] } }, 'resolvConf.search[0]');
    wrong({ hosts: [{ address: '::1', names: [] }] }, 'hosts[0].names');
    wrong({ hosts: [{ address: '1.2.3', names: ['x'] }] }, 'hosts[0].address');
    wrong({ passwd: [{ ...APP, uid: -1 }] }, 'passwd[0].uid');
    wrong({ passwd: [{ name: 'app', gid: 1 }] }, 'passwd[0].uid');
    wrong({ passwd: [{ ...APP, shell: '/bin/sh:0' }] }, 'passwd[0].shell');
    wrong({ group: [{ name: 'a:b', gid: 1 }] }, 'group[0].name');
    wrong({ hostname: 'a\nb' }, 'hostname');
    wrong({ files: [{ path: '/etc/x' }] }, 'files[0].content');
    wrong({ files: [{ path: '/etc/x', content: '', source: '/x' }] }, 'files[0].content');
    wrong({ files: [{ path: 'x', content: '' }] }, 'files[0].path');
    expectIdempotent(EtcFilesStep, ALL);
    expectIdempotent(EtcFilesStep, { passwd: 'host' });
  });

  const module = new URL('./kernel-scenarios.js', import.meta.url);
  const line = (path: string): string =>
    `${path} rw,nosuid,nodev,noexec,relatime tmpfs rw,nr_inodes=4,mode=755`;
  const held = {
    'in memory, and the image stays': {
      written: true,
      lines: ['/etc/resolv.conf', '/etc/hosts', '/etc/passwd'].map(line),
      image: 'image\n',
      link: '../run/resolve/stub.conf',
    },
    'in the image, and back': {
      undone: { hosts: 'image\n', link: '../run/resolve/stub.conf', hostname: 'ENOENT' },
      written: true,
      mounts: [],
    },
    "the host's file": { hosts: 'host\n', write: 'EROFS' },
  };
  itHoldsOnKernel(module, 'root', held);
  itHoldsOnKernel(module, 'user-namespace', held);
});
