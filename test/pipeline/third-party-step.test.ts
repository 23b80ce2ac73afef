import { expect } from 'chai';
import {
  createPreset,
  hostPath,
  inject,
  injectable,
  NsinitError,
  PlanError,
  StepError,
  SYSCALLS,
  type Observer,
  type Service,
  type Step,
  type StepContext,
  type Syscalls,
} from 'nsinit';
import { MockSyscalls } from 'nsinit/testing';

const CLOCK = Symbol('clock');

interface StampOptions {
  readonly prefix: string;
}

@injectable()
class StampStep implements Step<StampOptions> {
  static readonly stepName: string = 'example:stamp';
  static readonly view = 'host';
  static parse(input: unknown): StampOptions {
    return { prefix: String((input as StampOptions).prefix) };
  }
  constructor(
    @inject(SYSCALLS) readonly sys: Syscalls,
    @inject(CLOCK) private readonly clock: () => string,
  ) {}
  describe({ prefix }: StampOptions): string {
    return `link /stamp to ${prefix} and the time`;
  }
  execute({ prefix }: StampOptions, { root }: StepContext): void {
    root.symlinkIn(root.fd, 'stamp', `${prefix}${this.clock()}`);
  }
}

const clockAt = (time: string): Service => [CLOCK, () => time];

describe('a step of somebody else', () => {
  it('runs behind dev-symlinks, with its option and its service', () => {
    const sys = new MockSyscalls();
    const order: string[] = [];
    const observer: Observer = { stepStart: (step) => order.push(step) };
    createPreset('standard')
      .insertAfter('dev-symlinks', StampStep, { prefix: 'at ' })
      .run({
        syscalls: sys,
        rootfs: '/srv/root',
        force: true,
        services: [clockAt('noon')],
        observers: [observer],
      });
    expect(order.indexOf('example:stamp')).to.equal(order.indexOf('dev-symlinks') + 1);
    const link = sys.calls.find(({ name, args }) => name === 'symlinkat' && args[2] === 'stamp');
    expect(link?.args[0]).to.equal('at noon');
  });

  it('names the step when it fails, and leaves nothing of the earlier ones', () => {
    const sys = new MockSyscalls();
    sys.failAt(1, 'EPERM', 'pivot_root');
    const before = sys.umask(0o22);
    const pipeline = createPreset('standard').insertAfter('dev-symlinks', StampStep, {
      prefix: '',
    });
    const services = [clockAt('noon')];
    const run = (): unknown => {
      try {
        return pipeline.run({ syscalls: sys, rootfs: '/srv/root', force: true, services });
      } catch (error) {
        return error;
      }
    };
    const error = run() as StepError;
    expect(error).to.be.instanceOf(StepError);
    expect([error.step, error.undo]).to.deep.equal(['root-switch', 'done']);
    expect(error.message).to.include('pivot_root(".", "."): EPERM');
    const names = sys.calls.filter(({ name }) => name === 'mkdirat' || name === 'symlinkat').length;
    expect(names).to.be.greaterThan(5);
    expect(() => sys.readlinkat(-100 as never, hostPath('/srv/root/stamp'))).to.throw('ENOENT');
    expect(before).to.equal(0o22);
  });

  it('is refused when it returns a promise', () => {
    class AsyncStep extends StampStep {
      static override readonly stepName: string = 'example:async';
      override execute(): void {
        return Promise.resolve() as unknown as undefined;
      }
    }
    const pipeline = createPreset('standard').insertAfter('dev-symlinks', AsyncStep, {
      prefix: '',
    });
    const services = [clockAt('noon')];
    const syscalls = new MockSyscalls();
    expect(() => pipeline.run({ syscalls, rootfs: '/srv/root', force: true, services }))
      .to.throw(StepError)
      .with.nested.property('cause.code', 'NSINIT_PROMISE');
  });
});

describe('a pipeline', () => {
  it('says everything that is wrong with its order at once', () => {
    try {
      createPreset('classic', { readonly: true }).plan();
      expect.fail('it was accepted');
    } catch (error) {
      expect((error as PlanError).problems).to.have.length(4);
      expect((error as PlanError).problems.join()).to.include('system-mounts writes to the root');
    }
  });

  it('knows its steps by name', () => {
    const pipeline = createPreset('standard').remove('ptmx');
    expect(pipeline.names).not.to.include('ptmx');
    expect(() => pipeline.remove('ptmx')).to.throw(NsinitError, 'there is no step "ptmx"');
  });

  it('refuses the mount namespace of process 1', () => {
    const sys = new MockSyscalls();
    sys.answer('readlinkat', () => true, 'mnt:[1]');
    expect(() => createPreset('standard').run({ syscalls: sys, rootfs: '/srv/root' }))
      .to.throw(NsinitError)
      .with.property('code', 'NSINIT_HOST_NAMESPACE');
  });
});
