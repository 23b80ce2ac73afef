import { expect } from 'chai';
import {
  AT_FDCWD,
  hostPath,
  NsinitError,
  O_PATH,
  O_RDONLY,
  OptionReader,
  Pipeline,
  PropagationStep,
  readBytes,
  withFd,
  writeNewFile,
  type Step,
  type StepContext,
} from 'nsinit';
import { directory, injectFaults, MockSyscalls, symlink } from 'nsinit/testing';

/** Writes /note, and fails where it is told to. */
class NoteStep implements Step<{ readonly fails: boolean }> {
  static readonly stepName = 'example:note';
  static readonly view = 'host';
  static parse(input: unknown): { fails: boolean } {
    return { fails: new OptionReader(input).boolean('fails', false) };
  }
  describe(): string {
    return 'write /note';
  }
  execute({ fails }: { readonly fails: boolean }, { root }: StepContext): void {
    root.writeFileIn(root.fd, 'note', 'hello', { mode: 0o4711, uid: 7 });
    if (fails) throw new NsinitError('NSINIT_VERIFY', 'told to');
  }
}

const run = (sys: MockSyscalls, fails = false): unknown =>
  new Pipeline().use(NoteStep, { fails }).run({ syscalls: sys, rootfs: '/srv/root', force: true });

const noteOf = (sys: MockSyscalls) =>
  sys.state.tree('/srv/root').find(({ path }) => path === 'note');

describe('a file that a step writes', () => {
  it('has its mode whatever the umask, and its owner', () => {
    const sys = new MockSyscalls();
    sys.umask(0o077);
    run(sys);
    expect(noteOf(sys)).to.include({ content: 'hello', mode: 0o4711, uid: 7, gid: 0 });
  });

  it('is gone when a later step fails', () => {
    const sys = new MockSyscalls();
    expect(() => run(sys, true)).to.throw('told to');
    expect(noteOf(sys)).to.equal(undefined);
  });

  it('is written over nothing, and through no link', () => {
    const files = { '/srv/root/note': symlink('/etc/hosts'), '/etc/hosts': '127.0.0.1 here' };
    const sys = new MockSyscalls({ files });
    expect(() => run(sys)).to.throw('EEXIST');
    expect(noteOf(sys)?.target).to.equal('/etc/hosts');
    expect(sys.state.tree('/etc').find(({ path }) => path === 'hosts')?.content).to.equal(
      '127.0.0.1 here',
    );
  });

  it('leaves nothing, whichever call fails', () => {
    const pipeline = (): Pipeline => new Pipeline().use(PropagationStep).use(NoteStep);
    expect(injectFaults({ name: 'note', pipeline }).failures).to.deep.equal([]);
  });

  it('says why an owner is refused in a user namespace', () => {
    const map = [{ inside: 0, outside: 1000, count: 1 }];
    const sys = new MockSyscalls({
      files: { '/srv/root': directory(0o755, { uid: 1000, gid: 1000 }) },
      credentials: { userNamespace: { owner: 1000, uidMap: map, gidMap: map } },
    });
    expect(() => run(sys)).to.throw(/fchownat.*EINVAL.*number in this user namespace/);
  });
});

describe('writeNewFile and readBytes', () => {
  it('take what is no text as it is', () => {
    const sys = new MockSyscalls();
    const bytes = new Uint8Array(20_000).map((_, index) => index * 7);
    withFd(sys, sys.openat2(AT_FDCWD, hostPath('/srv'), { flags: O_PATH }), (srv) => {
      writeNewFile(sys, srv, 'data', bytes);
    });
    const fd = sys.openat2(AT_FDCWD, hostPath('/srv/data'), { flags: O_RDONLY });
    expect(withFd(sys, fd, (data) => readBytes(sys, data))).to.deep.equal(Buffer.from(bytes));
  });
});
