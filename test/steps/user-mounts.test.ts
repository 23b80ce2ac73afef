import { expect } from 'chai';
import { Pipeline } from '../../src/pipeline/pipeline.js';
import { BindMountStep } from '../../src/steps/bind-mount.js';
import { TmpfsMountStep } from '../../src/steps/tmpfs-mount.js';
import { hostPath } from '../../src/syscalls/paths.js';
import { MockSyscalls } from '../../src/syscalls/mock-syscalls.js';
import { directory, file, symlink } from '../../src/syscalls/model/seed-tree.js';
import { alsoMounted, failure, filesBelow, mountsBelow, ROOT, run } from './step-trial.js';

const bind = (source: string, target: string, readonly = false): Pipeline =>
  new Pipeline().use(BindMountStep, { source: hostPath(source), target, readonly });

describe('bind-mount', () => {
  it('makes the mount point as a directory or a file, by what is bound', () => {
    const sys = new MockSyscalls({ files: { '/etc/hosts': file('localhost') } });
    run(
      sys,
      bind('/etc', '/a/b').use(BindMountStep, { source: hostPath('/etc/hosts'), target: '/c' }),
    );
    expect(filesBelow(sys, ROOT)).to.deep.equal([
      'a 40755',
      'a/b 40755',
      'a/b/hosts 100644',
      'c 100644',
    ]);
    expect(sys.state.tree(ROOT).find(({ path }) => path === 'c')?.content).to.equal('localhost');
  });

  it('is read-only with everything below', () => {
    const sys = new MockSyscalls(alsoMounted({ at: '/mnt/below', type: 'tmpfs' }));
    run(sys, bind('/mnt', '/data', true));
    const mounts = mountsBelow(sys, `${ROOT}/data`);
    expect(mounts.map(({ options }) => options)).to.deep.equal(['ro,relatime', 'ro,relatime']);
  });

  it('does not leave the root by a link', () => {
    const sys = new MockSyscalls({
      files: { [`${ROOT}/out`]: symlink('../../home'), [`${ROOT}/home`]: directory() },
    });
    run(sys, bind('/etc', '/out/in'));
    expect(mountsBelow(sys, '/home')).to.deep.equal([]);
    expect(mountsBelow(sys, `${ROOT}/home/in`)).to.have.length(1);
  });

  it('makes what a link of the image leads to, inside the root', () => {
    const sys = new MockSyscalls({
      files: {
        '/etc/hosts': file('localhost'),
        [`${ROOT}/etc/resolv.conf`]: symlink('../run/resolve/stub.conf'),
        [`${ROOT}/var/lock`]: symlink('/run/lock'),
        [`${ROOT}/out`]: symlink('../../../../home/x'),
        [`${ROOT}/first`]: symlink('second/a'),
        [`${ROOT}/second`]: symlink('./third'),
      },
    });
    run(
      sys,
      bind('/mnt', '/var/lock/in')
        .use(BindMountStep, { source: hostPath('/mnt'), target: '/out' })
        .use(BindMountStep, { source: hostPath('/mnt'), target: '/first' })
        .use(BindMountStep, { source: hostPath('/etc/hosts'), target: '/etc/resolv.conf' }),
    );
    const places = mountsBelow(sys, ROOT).map(({ mountPoint }) => mountPoint.slice(ROOT.length));
    expect(places).to.deep.equal(['/run/lock/in', '/home/x', '/third/a', '/run/resolve/stub.conf']);
    expect(mountsBelow(sys, '/home')).to.deep.equal([]);
  });

  it('takes back what it made behind a link', () => {
    const sys = new MockSyscalls({ files: { [`${ROOT}/lock`]: symlink('/run/lock') } });
    sys.failAt(1, 'EBUSY', 'move_mount');
    expect(failure(sys, bind('/etc', '/lock/a')).undo).to.equal('done');
    expect(filesBelow(sys, ROOT)).to.deep.equal(['lock 120777 /run/lock']);
  });

  it('names what is in the way and no link', () => {
    const files = { [`${ROOT}/a`]: file(''), [`${ROOT}/loop`]: symlink('loop') };
    const error = (target: string): string =>
      failure(new MockSyscalls({ files }), bind('/etc', target)).message;
    expect(error('/a/b')).to.include('"/a/b"').and.include('ENOTDIR');
    expect(error('/loop')).to.include('ELOOP');
  });

  it('refuses a source that is missing, and options that are wrong', () => {
    expect(failure(new MockSyscalls(), bind('/nowhere', '/a')).message).to.include(
      'AT_FDCWD, "/nowhere"',
    );
    for (const target of ['relative', '/a/../b'])
      expect(() => bind('/etc', target)).to.throw('option target must be an absolute path');
  });

  it('is taken back with the mount point and its parents', () => {
    const sys = new MockSyscalls();
    sys.failAt(1, 'EBUSY', 'move_mount');
    expect(failure(sys, bind('/etc', '/a/b/c')).undo).to.equal('done');
    expect([filesBelow(sys, ROOT), mountsBelow(sys, ROOT)]).to.deep.equal([[], []]);
    expect(sys.state.descriptors).to.have.length(3);
  });
});

describe('tmpfs-mount', () => {
  it('mounts an empty file system that everybody may write to', () => {
    const sys = new MockSyscalls({ files: { [`${ROOT}/tmp/old`]: file('x') } });
    run(sys, new Pipeline().use(TmpfsMountStep, { target: '/tmp', size: '2m' }));
    const [mount] = mountsBelow(sys, `${ROOT}/tmp`);
    expect([mount?.options, mount?.superOptions]).to.deep.equal([
      'rw,nosuid,nodev,relatime',
      'rw,size=2048k',
    ]);
    expect(filesBelow(sys, ROOT)).to.deep.equal(['tmp 41777']);
  });

  it('says which size the kernel did not take', () => {
    const error = failure(
      new MockSyscalls(),
      new Pipeline().use(TmpfsMountStep, { target: '/tmp', size: 'huge' }),
    );
    expect(error.message).to.include('"size", "huge", 0): EINVAL');
  });
});
