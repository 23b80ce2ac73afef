import { expect } from 'chai';
import { Pipeline } from '../../src/pipeline/pipeline.js';
import { openPseudoTerminal } from '../../src/runtime/terminal.js';
import { BindMountStep } from '../../src/steps/bind-mount.js';
import { ConsoleStep } from '../../src/steps/console.js';
import { DevStep } from '../../src/steps/dev.js';
import { TERMINAL } from '../../src/steps/keys.js';
import { UmaskStep } from '../../src/steps/umask.js';
import type { Fd } from '../../src/syscalls/descriptor.js';
import { hostPath } from '../../src/syscalls/paths.js';
import { MockSyscalls } from '../../src/syscalls/mock-syscalls.js';
import { file, symlink } from '../../src/syscalls/model/seed-tree.js';
import { failure, filesBelow, mountsBelow, ROOT, run } from './step-trial.js';

const SIZE = { columns: 80, rows: 24 };
const openTerminal = (sys: MockSyscalls): Fd => openPseudoTerminal(sys, SIZE).master;

describe('console', () => {
  it('shows the other side of the terminal that was handed over', () => {
    const sys = new MockSyscalls();
    const terminal = openTerminal(sys);
    run(sys, new Pipeline().use(DevStep).use(ConsoleStep), { provide: [[TERMINAL, terminal]] });
    const console = mountsBelow(sys, `${ROOT}/dev/console`);
    expect(console.map(({ fstype, root }) => [fstype, root])).to.deep.equal([['devpts', '/0']]);
  });

  it('covers what is mounted there', () => {
    const sys = new MockSyscalls({ files: { '/etc/hosts': file('x') } });
    const terminal = openTerminal(sys);
    const source = hostPath('/etc/hosts');
    const pipeline = new Pipeline().use(DevStep);
    pipeline.use(BindMountStep, { source, target: '/dev/console' }).use(ConsoleStep);
    run(sys, pipeline, { provide: [[TERMINAL, terminal]] });
    const types = mountsBelow(sys, `${ROOT}/dev/console`).map(({ fstype }) => fstype);
    expect(types.at(-1)).to.equal('devpts');
  });

  it('has nothing to do without a terminal', () => {
    const sys = new MockSyscalls();
    run(sys, new Pipeline().use(DevStep).use(ConsoleStep));
    expect(filesBelow(sys, `${ROOT}/dev`)).to.deep.equal([]);
  });

  it('makes a node and binds over it in the classic way, and restores the umask', () => {
    for (const options of [{ classic: true }, { path: '/dev/pts/0' as never }]) {
      const sys = new MockSyscalls();
      const terminal = openTerminal(sys);
      sys.umask(0o077);
      run(sys, new Pipeline().use(ConsoleStep, options), { provide: [[TERMINAL, terminal]] });
      expect(mountsBelow(sys, `${ROOT}/dev/console`)).to.have.length(1);
      expect(sys.callsOf('mknodat')[0]?.args.slice(1)).to.deep.equal([
        'console',
        0o20600,
        { major: 136, minor: 0 },
      ]);
      expect(sys.state.umask).to.equal(0o077);
    }
  });

  it('neither follows a link under the name, nor makes what it points to', () => {
    const sys = new MockSyscalls({ files: { [`${ROOT}/dev/console`]: symlink('/etc/made') } });
    const terminal = openTerminal(sys);
    run(sys, new Pipeline().use(ConsoleStep), { provide: [[TERMINAL, terminal]] });
    expect(filesBelow(sys, `${ROOT}/dev`)).to.deep.equal(['console 20620']);
    expect([sys.state.tree('/etc'), mountsBelow(sys, '/etc')]).to.deep.equal([[], []]);
  });

  it('refuses a terminal whose name leads to something else (CVE-2025-52565)', () => {
    const sys = new MockSyscalls();
    const terminal = openTerminal(sys);
    const other = openTerminal(sys);
    sys.answer('ioctl', (fd, _, memory) => fd === terminal && memory instanceof Uint8Array, 0);
    run(sys, new Pipeline().use(DevStep).use(ConsoleStep), { provide: [[TERMINAL, other]] });
    const swapped = new MockSyscalls();
    const master = openTerminal(swapped);
    swapped.answer('fstatfs', () => true, { ...swapped.fstatfs(master), type: 0x01021994 });
    const error = failure(swapped, new Pipeline().use(DevStep).use(ConsoleStep), {
      provide: [[TERMINAL, master]],
    });
    expect(error.message).to.equal(
      'step console: /dev/pts/0 is not the other side of the given terminal',
    );
  });

  it('is taken back', () => {
    const sys = new MockSyscalls();
    const terminal = openTerminal(sys);
    const { descriptors, mountinfo } = sys.state;
    sys.failAt(1, 'EPERM', 'chroot');
    class LateStep extends UmaskStep {
      override execute(): void {
        sys.chroot('.');
      }
    }
    const pipeline = new Pipeline().use(DevStep).use(ConsoleStep).use(LateStep);
    expect(failure(sys, pipeline, { provide: [[TERMINAL, terminal]] }).undo).to.equal('done');
    expect([sys.state.descriptors, sys.state.mountinfo]).to.deep.equal([descriptors, mountinfo]);
    expect(filesBelow(sys, ROOT)).to.deep.equal([]);
  });
});
