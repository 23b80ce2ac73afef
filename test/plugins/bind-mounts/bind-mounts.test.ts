import { expect } from 'chai';
import { flags, hostPath, MS_NOATIME, MS_NODEV, MS_NOSUID, Pipeline, sourceName } from 'nsinit';
import { BindMountsStep, type BindMount } from 'nsinit/plugins/bind-mounts';
import { directory, file, MockSyscalls, symlink } from 'nsinit/testing';
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

/** A machine with a quiet tmpfs on /data and another below it. */
function machine(): MockSyscalls {
  const sys = new MockSyscalls({
    files: {
      '/data': directory(),
      '/plain/file': file('content'),
      '/plain/link': symlink('file'),
      [`${ROOT}/etc`]: symlink('/usr/etc'),
      [`${ROOT}/usr/etc`]: directory(),
      [`${ROOT}/way`]: symlink('/plain'),
    },
  });
  const quiet = flags(MS_NOSUID, MS_NODEV, MS_NOATIME);
  sys.mount(sourceName('tmpfs'), hostPath('/data'), 'tmpfs', quiet, 'mode=755');
  sys.state.plant('/data/below', directory());
  sys.mount(sourceName('tmpfs'), hostPath('/data/below'), 'tmpfs', MS_NODEV, 'size=4k');
  return sys;
}

const binding = (...mounts: readonly BindMount[]): Pipeline =>
  pipelineOf(BindMountsStep, { mounts });

function bind(...mounts: readonly BindMount[]): string[] {
  const sys = machine();
  runOn(sys, binding(...mounts));
  return mountsOf(sys.state.mountinfo);
}

const BELOW = 'tmpfs rw,size=4k';

describe('plugin bind-mounts', () => {
  it('binds with everything below, and makes all of it read-only', () => {
    expect(bind({ source: '/data', target: '/d', readonly: true })).to.deep.equal([
      '/d ro,nosuid,nodev,noatime tmpfs rw,mode=755',
      `/d/below ro,nodev,relatime ${BELOW}`,
    ]);
  });

  it('changes the uppermost mount alone when asked', () => {
    const top = { readonly: true, nodev: false, atime: 'strictatime' } as const;
    expect(bind({ source: '/data', target: '/d', noexec: true, top })).to.deep.equal([
      '/d ro,nosuid,noexec tmpfs rw,mode=755',
      `/d/below rw,nodev,noexec,relatime ${BELOW}`,
    ]);
  });

  it('binds without what is below', () => {
    expect(bind({ source: '/data', target: '/d', recursive: false })).to.have.length(1);
  });

  it('makes a file for a file, on its way through directories that are missing', () => {
    const sys = machine();
    runOn(sys, binding({ source: '/plain/file', target: '/a/b/f' }));
    expect(mountsOf(sys.state.mountinfo)[0]).to.match(/^\/a\/b\/f rw,relatime ext4/);
    const made = sys.state.tree(ROOT, { crossMounts: false });
    expect(made.find(({ path }) => path === 'a/b/f')?.content).to.equal('');
  });

  it('follows links of the root inside the root only', () => {
    const sys = machine();
    runOn(sys, binding({ source: '/plain/file', target: '/etc/f' }));
    expect(mountsOf(sys.state.mountinfo)[0]).to.match(/^\/usr\/etc\/f /);
  });

  it('mounts over a link, and binds a link itself, when told not to follow', () => {
    const link = { source: '/plain/link', target: '/way', followSource: false } as const;
    const sys = machine();
    runOn(sys, binding({ ...link, followTarget: false }));
    expect(mountsOf(sys.state.mountinfo)[0]).to.match(/^\/way /);
    expect(sys.readlinkat(-100 as never, hostPath(`${ROOT}/way`))).to.equal('file');
  });

  it('passes over a source that is missing, and nothing else', () => {
    expect(bind({ source: '/no', target: '/d', optional: true })).to.deep.equal([]);
    expect(() => bind({ source: '/no', target: '/d' })).to.throw('open_tree(AT_FDCWD, "/no"');
    expect(() => bind({ source: '/plain/file/x', target: '/d', optional: true })).to.throw(
      'ENOTDIR',
    );
    const sys = machine();
    sys.failAt(1, 'ENOENT', 'move_mount');
    expect(() => runOn(sys, binding({ source: '/plain', target: '/d', optional: true }))).to.throw(
      'move_mount',
    );
  });

  it('shows a part of the container again', () => {
    const lines = bind({ source: '/usr', target: '/again', inContainer: true, readonly: true });
    expect(lines).to.have.length(1);
    expect(lines[0]).to.match(/^\/again ro/);
  });

  it('sets how it spreads', () => {
    const sys = machine();
    runOn(sys, binding({ source: '/data', target: '/d', propagation: ['rshared', 'unbindable'] }));
    const tags = sys.state.mountinfo
      .split('\n')
      .filter((line) => line.includes(` ${ROOT}/d`))
      .map((line) => line.split(' ')[6]?.replace(/\d+/, 'N'));
    expect(tags).to.deep.equal(['unbindable', 'shared:N']);
  });

  it('says what it will do', () => {
    const top = { readonly: true };
    const plan = binding({ source: '/s', target: '/t', nosuid: true, top, optional: true }).plan();
    expect(plan.at(-1)?.actions).to.deep.equal([
      'bind /s on /t, with what is mounted below it, nosuid, the uppermost ro, if it is there',
    ]);
  });

  it('takes everything back when a later step fails', () => {
    expectUndone(machine, () =>
      binding(
        { source: '/data', target: '/x/y', readonly: true, propagation: ['rslave'] },
        { source: '/plain/file', target: '/etc/f' },
      ),
    );
  });

  it('names the option that is wrong', () => {
    const wrong = (mount: unknown, option: string): void =>
      expectRefused(BindMountsStep, { mounts: [mount] }, option);
    const good = { source: '/s', target: '/t' };
    wrong({ target: '/t' }, 'mounts[0].source');
    wrong({ ...good, source: 'relative' }, 'mounts[0].source');
    wrong({ ...good, target: '/a/../b' }, 'mounts[0].target');
    wrong({ ...good, target: '/' }, 'mounts[0].target');
    wrong({ ...good, readonly: 'yes' }, 'mounts[0].readonly');
    wrong({ ...good, top: { atime: 'never' } }, 'mounts[0].top.atime');
    wrong({ ...good, propagation: ['private', 'loud'] }, 'mounts[0].propagation[1]');
    wrong({ ...good, nosuide: true }, 'mounts[0].nosuide');
    wrong(null, 'mounts[0]');
    expectRefused(BindMountsStep, { mounts: '/a:/b' }, 'mounts');
    expectIdempotent(BindMountsStep, { mounts: [{ ...good, nodev: true, top: { noexec: true } }] });
  });

  const module = new URL('./kernel-scenarios.js', import.meta.url);
  const common = {
    'read-only with everything below': [
      '/data ro,nosuid,relatime',
      '/data/below ro,nosuid,relatime',
    ],
    'only the uppermost': ['/data ro,relatime', '/data/below rw,relatime'],
    'flags of the source stay': ['/data ro,nosuid,nodev,noexec,relatime'],
    'files, links and what is missing': {
      lines: ['/deep/er/file rw,relatime', '/link rw,relatime', '/over rw,relatime'],
      content: 'content',
      link: 'file',
      missing: false,
    },
    'a link in the root stays inside': ['/mnt/s/f rw,relatime'],
    'a part of the container again': { lines: ['/b rw,noexec,relatime'], content: 'own' },
    propagation: ['/mnt/root/data rw,relatime -', '/mnt/root/data/below rw,relatime shared:N'],
  };
  itHoldsOnKernel(module, 'root', {
    ...common,
    'without what is below': ['/data rw,relatime'],
  });
  itHoldsOnKernel(module, 'user-namespace', {
    ...common,
    'a locked flag cannot be taken back':
      'EPERM: operation not permitted (flags that a user namespace has inherited are locked: they can be added to and not taken back)',
  });
});
