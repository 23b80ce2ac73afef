import type { Fd } from '../syscalls/descriptor.js';
import { LinuxProcessCalls } from '../syscalls/linux-process-calls.js';
import { LinuxSyscalls } from '../syscalls/linux.js';
import type { ProcessCalls } from '../syscalls/process-calls.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { openStubImage } from './stub-image.js';

/** What a thread needs to start containers; made once for each thread. */
export interface RuntimeHost {
  readonly syscalls: Syscalls;
  readonly processes: ProcessCalls;
  /** The stub's program. */
  readonly image: Fd;
}

/**
 * Loads everything that starting a container needs, so that nothing is loaded later.
 *
 * @param image the stub's program, when another thread has opened it.
 */
export function openRuntimeHost(image?: Fd): RuntimeHost {
  const syscalls = new LinuxSyscalls();
  const processes = new LinuxProcessCalls();
  return { syscalls, processes, image: image ?? openStubImage(syscalls, processes) };
}
