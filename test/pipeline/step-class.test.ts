import { expect } from 'chai';
import {
  createPreset,
  hostPath,
  NsinitError,
  OptionReader,
  Pipeline,
  SYSCALLS,
  type StepClass,
  type StepContext,
  type Syscalls,
} from 'nsinit';
import { MockSyscalls } from 'nsinit/testing';

class GoodStep {
  static readonly stepName: string = 'example:good';
  static readonly view: string = 'host';
  static readonly inject = [SYSCALLS];
  constructor(protected readonly sys: Syscalls) {}
  static parse(input: unknown): object {
    return { count: new OptionReader(input).integer('count', 1, 9) };
  }
  describe(): string {
    return 'do nothing';
  }
  execute(_options: object, _context: StepContext): void {
    // Nothing.
  }
}

/** As JavaScript gives it, which no compiler has looked at. */
const asStep = (given: unknown): StepClass<object> => given as StepClass<object>;

function errorOf(action: () => unknown): NsinitError {
  try {
    action();
  } catch (error) {
    if (error instanceof NsinitError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const useOf = (given: unknown): NsinitError =>
  errorOf(() => new Pipeline().use(asStep(given), { count: 1 }));

const runOf = (given: unknown): NsinitError =>
  errorOf(() =>
    new Pipeline()
      .use(asStep(given), { count: 1 })
      .run({ syscalls: new MockSyscalls(), rootfs: '/srv/root', force: true }),
  );

describe('what is given as a step', () => {
  it('is told what it lacks, by name', () => {
    class BareStep {}
    expect(useOf(BareStep)).to.include({
      code: 'NSINIT_STEP',
      message:
        'class BareStep is no step: it lacks static stepName and static view and static parse',
    });
    expect(useOf(undefined).message).to.equal('a step is a class, and undefined was given');
    expect(useOf(new GoodStep(new MockSyscalls())).message).to.equal(
      'a step is a class, and an instance of GoodStep was given',
    );
  });

  it('has a view that there is', () => {
    class OddStep extends GoodStep {
      static override readonly view = 'hots';
    }
    expect(useOf(OddStep).message).to.match(/example:good: view must be one of host, .*, not hots/);
  });

  it('has methods, before anything runs', () => {
    const sys = new MockSyscalls();
    const silent = Object.assign(class extends GoodStep {}, { stepName: 'example:silent' });
    Object.assign(silent.prototype, { execute: undefined });
    const pipeline = createPreset('standard').insertBefore('root-switch', asStep(silent), {
      count: 1,
    } as object);
    const run = { syscalls: sys, rootfs: '/srv/root', force: true };
    expect(errorOf(() => pipeline.run(run)).message).to.equal(
      'step example:silent: it lacks the method execute',
    );
    expect(sys.callsOf('mount', 'openat2', 'mount_setattr')).to.deep.equal([]);
    expect(errorOf(() => pipeline.plan()).message).to.include('it lacks the method execute');
  });

  it('is named where its parse throws something else', () => {
    class PathStep extends GoodStep {
      static override parse(): object {
        return { path: hostPath('relative') };
      }
    }
    expect(useOf(PathStep)).to.include({
      code: 'NSINIT_OPTION',
      message: 'example:good: a host path must be absolute, and "relative" is not',
    });
  });

  it('is told that it has not declared the fallback that it takes', () => {
    class TakesStep extends GoodStep {
      override execute(_options: object, context: StepContext): void {
        try {
          this.sys.chdir(hostPath('/missing'));
        } catch (error) {
          context.fallBack('stay', error);
        }
      }
    }
    expect(runOf(TakesStep).message).to.match(
      /chdir\("\/missing"\): ENOENT.*\(the step declares no fallback stay for it\)/,
    );
  });
});

describe('OptionReader', () => {
  it('wants what has no value unless given', () => {
    const missing = (read: (given: OptionReader) => unknown): string =>
      errorOf(() => read(new OptionReader({}))).message;
    expect(missing((given) => given.integer('n', 1, 5))).to.equal(
      'option n must be a whole number from 1 to 5, not undefined',
    );
    expect(missing((given) => given.oneOf('how', ['bind', 'copy']))).to.include(
      'one of bind, copy',
    );
    expect(missing((given) => given.boolean('b'))).to.include('true or false');
    expect(missing((given) => given.fileMode('mode'))).to.include('octal');
  });
});
