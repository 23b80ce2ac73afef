import type { Fd } from '../../../src/syscalls/descriptor.js';
import type { LinuxSyscalls } from '../../../src/syscalls/linux.js';
import { compileReplay, type CompiledReplay } from '../../../src/syscalls/replay/compile-replay.js';
import { RecordingSyscalls } from '../../../src/syscalls/replay/recording-syscalls.js';
import { ResumingSyscalls } from '../../../src/syscalls/replay/resuming-syscalls.js';
import type { Syscalls } from '../../../src/syscalls/syscalls.js';
import type { ReplayEngine } from '../../../src/syscalls/transport.js';

/** What a step would do. It may return what it has seen. */
export type Act = (sys: Syscalls, ...inputs: Fd[]) => unknown;

/** An act that was recorded. */
export class ReplayTrial {
  readonly replay: CompiledReplay;
  readonly #engine: ReplayEngine;
  #done = 0;

  /** Records it. */
  constructor(
    private readonly sys: LinuxSyscalls,
    private readonly act: Act,
    private readonly inputs: readonly Fd[] = [],
  ) {
    const engine = sys.openReplay();
    if (engine === undefined) throw new Error('there is no replay here');
    this.#engine = engine;
    const recording = new RecordingSyscalls(sys);
    act(recording, ...inputs);
    this.replay = compileReplay(recording, inputs);
  }

  /** The call at which it stops, and nothing when it goes through. */
  run(inputs: readonly Fd[] = this.inputs): string | undefined {
    const { program, ops } = this.replay;
    program.handIn(inputs);
    this.#done = this.#engine.replay(program.bytes);
    return ops[this.#done]?.calls[0]?.name;
  }

  /** What the act comes to when it goes on from there. */
  resume(act: Act = this.act, inputs: readonly Fd[] = this.inputs): unknown {
    const pairs = this.inputs.map((fd, index) => [fd, inputs[index] ?? fd] as const);
    const resuming = new ResumingSyscalls(this.sys, this.replay, this.#done, pairs);
    try {
      return act(resuming, ...inputs);
    } finally {
      resuming.closeUnclaimed();
    }
  }
}
