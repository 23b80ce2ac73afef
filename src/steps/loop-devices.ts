import { inject, injectable, SYSCALLS } from '../pipeline/injection.js';
import { OptionReader } from '../pipeline/options.js';
import type { Step, StepContext, Tolerance } from '../pipeline/step.js';
import { NsinitError } from '../pipeline/errors.js';
import { S_IFBLK } from '../syscalls/file-flags.js';
import { CALL_ERRNOS } from '../syscalls/call-errnos.js';
import { SyscallError } from '../syscalls/syscall-error.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { inDev } from './dev-directory.js';
import { copyNode } from './device-nodes.js';

const MOST = 256;
// devices.txt of the kernel.
const LOOP_MAJOR = 7;

/** Copies the host's loop devices, up to the first that it lacks. Never fatal, as in the seed. */
@injectable()
export class LoopDevicesStep implements Step<object> {
  static readonly stepName = 'loop-devices';
  static readonly view = 'host';
  static readonly replayable = true;
  static readonly after = ['bind-rootfs', 'dev'];
  static readonly writesRoot = true;

  static readonly tolerates = (['statx', 'mknodat', 'openat2', 'close'] as const).map((call) => ({
    call,
    errnos: CALL_ERRNOS[call],
    because: 'loop devices are copied as far as it goes',
  })) satisfies readonly Tolerance[];

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** Reads its options. @throws NsinitError naming the option. */
  static parse(input: unknown): object {
    return new OptionReader(input).done({});
  }

  describe(): string {
    return "copy the host's loop devices to /dev";
  }

  execute(_options: object, context: StepContext): void {
    inDev(context, (dev) => {
      try {
        for (let index = 0; index < MOST; index += 1)
          copyNode(this.sys, context, dev, `loop${index}`, {
            type: S_IFBLK,
            number: { major: LOOP_MAJOR, minor: index },
          });
      } catch (error) {
        if (error instanceof NsinitError) {
          // Not the device, but something of the image: the container has it, as its other files.
          context.logger.warn(`loop-devices: ${error.message}`);
          return;
        }
        if (!(error instanceof SyscallError)) throw error;
        // ENOENT is the first gap; EPERM is a user namespace, where nobody makes nodes.
        context.logger.debug(`loop-devices: ${error.message}`);
      }
    });
  }
}
