import { expect } from 'chai';
import {
  AT_FDCWD,
  AT_REMOVEDIR,
  component,
  flags,
  hostPath,
  isErrno,
  MOUNT_ATTR_NODEV,
  mountNew,
  O_CLOEXEC,
  O_DIRECTORY,
  O_PATH,
  BindRootfsStep,
  Pipeline,
  PropagationStep,
  RootSwitchStep,
  withFd,
  withoutUmask,
  type Step,
  type StepClass,
  type StepContext,
  type Syscalls,
} from '../../src/index.js';
import { inject, injectable, SYSCALLS } from '../../src/index.js';
import {
  directory,
  file,
  formatFaultReport,
  injectFaults,
  type FaultReport,
} from '../../src/testing.js';

const FOLDER = { flags: flags(O_PATH, O_DIRECTORY, O_CLOEXEC) };

type Work = (sys: Syscalls, context: StepContext) => void;

/** A step that does what a test wants. */
function stepOf(work: Work, more: Partial<StepClass<object>> = {}): StepClass<object> {
  @injectable()
  class TestedStep implements Step<object> {
    static readonly stepName = 'tested';
    static readonly view = 'either';
    static parse(): object {
      return {};
    }
    constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}
    describe(): string {
      return 'do what is tested';
    }
    execute(_: object, context: StepContext): void {
      work(this.sys, context);
    }
  }
  return Object.assign(TestedStep, more);
}

const faultsOf = (work: Work, more?: Partial<StepClass<object>>): FaultReport =>
  injectFaults({
    name: 'tested',
    pipeline: () => new Pipeline().use(stepOf(work, more)),
    machine: () => ({ files: { '/srv/root/a': directory(), '/srv/root/b': file('text') } }),
  });

const problemsOf = (report: FaultReport): string =>
  report.failures.flatMap(({ problems }) => problems).join('\n');

describe('injectFaults', () => {
  it('finds nothing in a step that takes back what it makes', () => {
    const report = faultsOf((sys, { root }) => {
      withoutUmask(sys, () => {
        root.symlinkIn(root.fd, 'link', 'target');
        root.removeIn(root.fd, 'b');
        root.symlinkIn(root.fd, 'b', 'a');
        withFd(sys, root.mkdirAll('/a/new/deep', 0o700), () => undefined);
      });
    });
    expect(report.failures).to.deep.equal([]);
    expect(report.calls).to.be.greaterThan(15);
    expect(report.errnos).to.be.greaterThan(150);
    // Pairs of faults too: a call that takes back fails after the first.
    expect(report.cases).to.be.greaterThan(report.errnos + 10);
  });

  it('finds a descriptor that stays open when a later call fails', () => {
    const report = faultsOf((sys, { root }) => {
      const fd = sys.openat2(root.fd, component('a'), FOLDER);
      root.symlinkIn(root.fd, 'link', 'target');
      sys.close(fd);
    });
    expect(problemsOf(report)).to.include('left over: descriptor 4 /srv/root/a');
  });

  it('finds a directory that is left', () => {
    const report = faultsOf((sys, { root }) => {
      sys.mkdirat(root.fd, component('left'), 0o755);
      sys.fchdir(root.fd);
    });
    expect(problemsOf(report)).to.include('left over: file ext4 0:4 /srv/root/left');
  });

  it('finds a file that is gone', () => {
    const report = faultsOf((sys, { root }) => {
      sys.unlinkat(root.fd, component('b'), 0 as never);
      withFd(sys, sys.openat2(root.fd, component('a'), FOLDER), () => undefined);
    });
    expect(problemsOf(report)).to.match(/missing: file .* \/srv\/root\/b .* content "text"/);
  });

  it('finds a umask and a working directory that are not put back', () => {
    const report = faultsOf((sys, { root }) => {
      sys.umask(0o077);
      sys.chdir(hostPath('/srv'));
      root.symlinkIn(root.fd, 'link', 'target');
    });
    expect(problemsOf(report)).to.include('left over: umask 077').and.include('cwd /srv');
  });

  it('finds an error that is passed over', () => {
    const passOver: Work = (sys, { root }) => {
      try {
        root.symlinkIn(root.fd, 'link', 'target');
      } catch (error) {
        if (!isErrno(error, 'EROFS')) throw error;
      }
    };
    const report = faultsOf(passOver);
    expect(report.failures.map(({ errno }) => errno)).to.deep.equal(['EROFS']);
    expect(problemsOf(report)).to.include('passed over');
    const because = 'nobody needs the link';
    const tolerates = [{ call: 'symlinkat', errnos: ['EROFS'], because }] as const;
    const { failures, absorbed } = faultsOf(passOver, { tolerates });
    expect(failures).to.deep.equal([]);
    expect(absorbed).to.deep.include({
      step: 'tested',
      call: 'symlinkat',
      errno: 'EROFS',
      by: because,
    });
  });

  it('wants a fallback in the report, and a failure where it is forbidden', () => {
    const fallbacks = { plain: { when: ['EPERM'], instead: 'no link', cost: 'nothing' } };
    const work =
      (tell: boolean): Work =>
      (_, context) => {
        try {
          context.root.symlinkIn(context.root.fd, 'link', 'target');
        } catch (error) {
          if (!isErrno(error, 'EPERM')) throw error;
          if (tell) context.fallBack('plain', error);
        }
      };
    expect(faultsOf(work(true), { fallbacks }).failures).to.deep.equal([]);
    expect(problemsOf(faultsOf(work(false), { fallbacks }))).to.include('passed over');
  });

  it('finds another error in place of the call that failed', () => {
    const report = faultsOf((sys) => {
      const fd = sys.openat2(AT_FDCWD, hostPath('/srv'), FOLDER);
      try {
        sys.fchdir(fd);
      } finally {
        sys.close(fd);
      }
      sys.chdir(hostPath('/'));
    });
    expect(problemsOf(report)).to.include('the first error is not told, but step tested: close(');
  });

  it('finds an undo that is registered too late', () => {
    const report = faultsOf((sys, context) => {
      const { root } = context;
      for (const name of ['one', 'two']) sys.mkdirat(root.fd, component(name), 0o755);
      context.defer(() => {
        for (const name of ['one', 'two']) sys.unlinkat(root.fd, component(name), AT_REMOVEDIR);
      });
      sys.chdir(hostPath('/srv'));
    });
    expect(problemsOf(report)).to.include('left over: file');
  });

  it('finds an error inside an undo that is passed over', () => {
    const report = faultsOf((sys, context) => {
      const { root } = context;
      sys.mkdirat(root.fd, component('one'), 0o755);
      context.defer(() => {
        try {
          sys.unlinkat(root.fd, component('one'), AT_REMOVEDIR);
        } catch {
          // Nobody is told.
        }
      });
      sys.chdir(hostPath('/srv'));
    });
    expect(problemsOf(report)).to.include('the error inside undo is not told');
  });

  it('knows that nothing can be taken back once the root is switched', () => {
    const report = injectFaults({
      name: 'switch',
      pipeline: () => new Pipeline().use(PropagationStep).use(BindRootfsStep).use(RootSwitchStep),
    });
    expect(report.failures).to.deep.equal([]);
  });

  it('says why a pipeline cannot be gone through', () => {
    expect(() => faultsOf((sys) => sys.chdir(hostPath('/missing')))).to.throw(
      'tested fails without a fault: step tested: chdir("/missing"): ENOENT',
    );
  });

  it('tells once what is so without a fault too, and what the pipeline lacks', () => {
    const mounts: Work = (sys, context) => {
      const wanted = { fstype: 'tmpfs', source: 'tmpfs', attributes: MOUNT_ATTR_NODEV };
      withFd(sys, context.root.openDirectory('/a'), (place) =>
        mountNew(sys, context, wanted, place),
      );
    };
    const report = faultsOf(mounts);
    expect(report.failures.map(({ call }) => call)).to.deep.equal(['']);
    expect(problemsOf(report)).to.include('lacks PropagationStep');
    expect(formatFaultReport(report)).to.match(
      /^tested: .* 1 failures\n {2}without a fault\n {4}left over: mount .*\n {4}what is mounted/,
    );
    const behind = (): Pipeline => new Pipeline().use(PropagationStep).use(stepOf(mounts));
    const files = { '/srv/root/a': directory() };
    const target = { name: 'behind', pipeline: behind, machine: () => ({ files }) };
    expect(formatFaultReport(injectFaults(target))).to.match(/^behind: .* 0 failures$/);
  });
});
