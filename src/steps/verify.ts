import { NsinitError } from '../pipeline/errors.js';
import { EXPECTATIONS } from '../pipeline/expectation.js';
import { inject, injectable, SYSCALLS } from '../pipeline/injection.js';
import { OptionReader } from '../pipeline/options.js';
import { ROOT_SWITCHED } from '../pipeline/run.js';
import type { Step, StepContext, Tolerance } from '../pipeline/step.js';
import { verifyContainer } from '../pipeline/verification.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { COMMAND_INHERITS, HOST_PROC } from './keys.js';

/** Reads the finished root back, and holds it to what the steps before have promised. */
@injectable()
export class VerifyStep implements Step<object> {
  static readonly stepName = 'verify';
  static readonly view = 'container';
  static readonly replayable = true;
  static readonly after = ['root-switch', 'readonly-root', 'umask'];
  static readonly fallbacks = {
    'mounts-not-read': {
      when: ['ENOENT', 'EACCES', 'EPERM', 'ENOSYS'],
      instead: 'nodes and links are compared, mounts are not: there is no proc to read them from',
      cost: 'a mount that is missing or lacks a flag is not noticed',
    },
  };

  static readonly tolerates = [
    {
      call: 'readlinkat',
      errnos: ['ENOENT', 'EINVAL'],
      because: 'this proc does not know the thread, and another is taken',
    },
    {
      call: 'openat2',
      errnos: ['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES'],
      because: 'the container has no proc, and one is made that is mounted nowhere',
    },
    { call: 'fcntl', errnos: ['EBADF'], because: 'another thread has closed the descriptor' },
  ] as const satisfies readonly Tolerance[];

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** Reads its options. @throws NsinitError naming the option. */
  static parse(input: unknown): object {
    return new OptionReader(input).done({});
  }

  describe(): string {
    return 'read mounts, nodes and links back, and compare them with what was asked for';
  }

  /** @throws NsinitError `NSINIT_VERIFY` with every difference, a line each. */
  execute(_options: object, context: StepContext): void {
    // Paths are the container's from here on.
    context.need(ROOT_SWITCHED);
    const differences = verifyContainer(this.sys, context.need(EXPECTATIONS), {
      proc: context.find(HOST_PROC),
      descriptors: context.find(COMMAND_INHERITS) !== false,
      mountsUnreadable: (error) => context.fallBack('mounts-not-read', error),
    });
    if (differences.length === 0) return;
    throw new NsinitError(
      'NSINIT_VERIFY',
      `the container is not what was asked for:\n${differences.map((line) => `- ${line}`).join('\n')}`,
    );
  }
}
