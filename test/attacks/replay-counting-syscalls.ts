import { LinuxSyscalls } from '../../src/syscalls/linux.js';
import type { ReplayEngine } from '../../src/syscalls/transport.js';

/** The real kernel, which counts the replays that are begun. */
export class ReplayCountingSyscalls extends LinuxSyscalls {
  replaysBegun = 0;

  override openReplay(): ReplayEngine | undefined {
    const engine = super.openReplay();
    if (engine === undefined) return undefined;
    return {
      largest: engine.largest,
      replay: (program) => {
        this.replaysBegun += 1;
        return engine.replay(program);
      },
    };
  }
}
