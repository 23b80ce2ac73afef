import { createRequire } from 'node:module';
import { expect } from 'chai';
import {
  inject,
  injectable,
  key,
  NsinitError,
  Pipeline,
  sharedKey,
  SyscallError,
  SYSCALLS,
  type RunOptions,
  type Step,
  type StepClass,
  type StepContext,
} from 'nsinit';
import { MockSyscalls } from 'nsinit/testing';
import type * as Tsyringe from 'tsyringe';

const CLOCK = Symbol('clock');
const COUNTER = 'example.counter';

/** tsyringe as another package would have it in its own node_modules. */
function loadAnotherTsyringe(): typeof Tsyringe {
  const require = createRequire(import.meta.url);
  require('tsyringe');
  const loaded = Object.keys(require.cache).filter((path) => path.includes('/tsyringe/'));
  const kept = loaded.map((path) => [path, require.cache[path]] as const);
  for (const path of loaded) delete require.cache[path];
  const another = require('tsyringe') as typeof Tsyringe;
  for (const [path, module] of kept) require.cache[path] = module;
  expect(another).not.to.equal(require('tsyringe'));
  return another;
}
const another = loadAnotherTsyringe();

/** What the constructors were given. */
let given: unknown[][] = [];

abstract class RecordingStep implements Step<object> {
  static readonly stepName: string = 'example:step';
  static readonly view = 'either';
  static readonly repeatable = true;
  static parse(): object {
    return {};
  }
  describe(): string {
    return 'records';
  }
  execute(_options: object, _context: StepContext): void {}
}

class Declaring extends RecordingStep {
  static readonly inject = [SYSCALLS, CLOCK];
  constructor(...services: unknown[]) {
    super();
    given.push(services);
  }
}

const run = (step: StepClass<object>, options: Partial<RunOptions> = {}) => {
  const syscalls = new MockSyscalls();
  new Pipeline().use(step).run({ syscalls, rootfs: '/srv/root', force: true, ...options });
  return syscalls;
};

const failure = (step: StepClass<object>, options: Partial<RunOptions> = {}): NsinitError => {
  try {
    run(step, options);
  } catch (error) {
    expect(error).to.be.instanceOf(NsinitError);
    return error as NsinitError;
  }
  return expect.fail('it ran');
};

describe('injection', () => {
  beforeEach(() => {
    given = [];
  });

  it('gives what static inject lists, without decorators', () => {
    const clock = () => 'noon';
    const syscalls = run(Declaring, { services: [[CLOCK, clock]] });
    expect(given).to.deep.equal([[syscalls, clock]]);
  });

  it('gives a subclass without a constructor what its parent lists', () => {
    class Child extends Declaring {}
    run(Child, { services: [[CLOCK, 1]] });
    expect(given[0]?.[1]).to.equal(1);
  });

  it('makes a class that takes nothing', () => {
    class Plain extends RecordingStep {}
    expect(() => run(Plain)).not.to.throw();
  });

  it('reads the decorators of either copy of tsyringe', () => {
    @injectable()
    class Ours extends RecordingStep {
      constructor(@inject(CLOCK) clock: unknown) {
        super();
        given.push([clock]);
      }
    }
    @another.injectable()
    class Theirs extends RecordingStep {
      constructor(@another.inject(CLOCK) clock: unknown) {
        super();
        given.push([clock]);
      }
    }
    for (const step of [Ours, Theirs]) run(step, { services: [[CLOCK, 'noon']] });
    expect(given).to.deep.equal([['noon'], ['noon']]);
  });

  it('takes services from a container of another copy, and lets those of the run go before', () => {
    const container = another.container.createChildContainer();
    container.register(CLOCK, { useFactory: () => 'theirs' });
    run(Declaring, { container });
    run(Declaring, { container, services: [[CLOCK, 'ours']] });
    expect(given.map(([, clock]) => clock)).to.deep.equal(['theirs', 'ours']);
    expect(container.isRegistered(SYSCALLS, true)).to.equal(false);
  });

  it('takes services of the pipeline, and lets those of the run go before', () => {
    const pipeline = new Pipeline().use(Declaring).give(CLOCK, 'its own');
    const options = { syscalls: new MockSyscalls(), rootfs: '/srv/root', force: true };
    pipeline.run(options);
    pipeline.run({ ...options, services: [[CLOCK, 'of the run']] });
    expect(given.map(([, clock]) => clock)).to.deep.equal(['its own', 'of the run']);
  });

  it('makes services that are classes once a run', () => {
    @another.injectable()
    class Service {
      constructor(@another.inject(CLOCK) readonly clock: unknown) {}
    }
    class Using extends RecordingStep {
      static readonly inject = [Service];
      constructor(service: Service) {
        super();
        given.push([service]);
      }
    }
    const pipeline = new Pipeline().use(Using).use(Using);
    const options = { syscalls: new MockSyscalls(), rootfs: '/srv/root', force: true };
    pipeline.run({ ...options, services: [[CLOCK, 'first']] });
    pipeline.run({ ...options, services: [[CLOCK, 'second']] });
    const [first, same, second] = given.map(([service]) => service as Service);
    expect(first).to.equal(same);
    expect([first?.clock, second?.clock]).to.deep.equal(['first', 'second']);
  });

  it('takes the optional, the many, the transformed and the delayed of tsyringe', () => {
    class Twice {
      transform(value: number): number {
        return value * this.factor;
      }
      readonly factor = 2;
    }
    class Late {
      readonly name = 'late';
    }
    @injectable()
    class Rich extends RecordingStep {
      constructor(
        @another.inject('missing', { isOptional: true }) missing: unknown,
        @another.injectAll(COUNTER) all: unknown,
        @another.injectWithTransform(COUNTER, Twice) twice: unknown,
        @another.inject(another.delay(() => Late)) late: Late,
      ) {
        super();
        given.push([missing, all, twice, late.name]);
      }
    }
    run(Rich, { services: [[COUNTER, 1], [COUNTER, 2]] }); // prettier-ignore
    expect(given).to.deep.equal([[undefined, [1, 2], 4, 'late']]);
  });

  it('leaves a parameter with a default to it', () => {
    class Defaulted extends RecordingStep {
      static readonly inject = [CLOCK];
      constructor(clock: unknown, level = 'low') {
        super();
        given.push([clock, level]);
      }
    }
    run(Defaulted, { services: [[CLOCK, 1]] });
    expect(given).to.deep.equal([[1, 'low']]);
  });

  describe('refuses, before anything is done,', () => {
    it('a service that nobody gave', () => {
      const { code, message } = failure(Declaring);
      expect(code).to.equal('NSINIT_INJECTION');
      expect(message).to.equal(
        'step example:step: there is no service Symbol(clock) for parameter 2 of Declaring: give it in "services", or register it in the container that is given',
      );
    });

    it('a service that a service lacks', () => {
      class Service {
        static readonly inject = [COUNTER];
      }
      class Using extends RecordingStep {
        static readonly inject = [Service];
      }
      expect(failure(Using).message).to.include(
        'no service example.counter for parameter 1 of Service',
      );
    });

    it('a parameter of which nothing is said', () => {
      @injectable()
      class Half extends RecordingStep {
        constructor(@inject(CLOCK) _clock: unknown, _other: { readonly a: string }) {
          super();
        }
      }
      class Bare extends RecordingStep {
        constructor(_clock: unknown) {
          super();
        }
      }
      const services = [[CLOCK, 1]] as const;
      expect(failure(Half, { services }).message).to.include('what parameter 2 of Half is');
      expect(failure(Bare, { services }).message).to.include('what parameter 1 of Bare is');
    });

    it('an undefined service, and one whose factory throws', () => {
      expect(failure(Declaring, { services: [[CLOCK, undefined]] }).message).to.equal(
        'the service Symbol(clock) is undefined',
      );
      const container = another.container.createChildContainer();
      container.register(CLOCK, {
        useFactory: () => {
          throw new Error('no battery');
        },
      });
      const { message } = failure(Declaring, { container });
      expect(message).to.include('Symbol(clock) for parameter 2 of Declaring cannot be made');
      expect(message).to.include('no battery');
    });

    it('classes that need each other', () => {
      class First {
        static inject: unknown[] = [];
      }
      class Second {
        static readonly inject = [First];
      }
      First.inject = [Second];
      class Using extends RecordingStep {
        static readonly inject = [First];
      }
      expect(failure(Using).message).to.include('need each other: First, Second, First');
    });

    it('a static inject that is no list', () => {
      class Wrong extends RecordingStep {}
      Object.assign(Wrong, { inject: SYSCALLS });
      expect(failure(Wrong).message).to.include('static inject of Wrong must be an array');
    });
  });
});

describe('two copies of the package', () => {
  const copy = (path: string): Promise<Record<string, never>> => import(`${path}?copy`);

  it('know each other by instanceof, and subclasses by their own', async () => {
    const their = (await copy('../../src/syscalls/syscall-error.js'))['SyscallError'];
    const Their = their as unknown as typeof SyscallError;
    class Derived extends SyscallError {}
    const error = new Their('mount', 1, []);
    expect(Their).not.to.equal(SyscallError);
    expect(error).to.be.instanceOf(SyscallError);
    expect(error).not.to.be.instanceOf(Derived);
    expect(new Derived('mount', 1, [])).to.be.instanceOf(Their);
    expect(new Error('mount')).not.to.be.instanceOf(SyscallError);
  });

  it('share keys that were made for it', () => {
    const values: unknown[] = [];
    const local = key<number>('n');
    class Handing extends RecordingStep {
      override execute(_options: object, context: StepContext): void {
        context.provide(sharedKey<number>('example.n'), 1);
        context.provide(local, 2);
        values.push(context.find(sharedKey<number>('example.n')), context.find(key('n')));
      }
    }
    run(Handing);
    expect(values).to.deep.equal([1, undefined]);
  });
});
