import type { Fd } from '../../src/syscalls/descriptor.js';
import { AT_EMPTY_PATH, STATX_BASIC_STATS } from '../../src/syscalls/file-flags.js';
import { NotModelledError } from '../../src/syscalls/model/errors.js';
import { SyscallError } from '../../src/syscalls/syscall-error.js';
import type { Syscalls } from '../../src/syscalls/syscalls.js';
import { describeResult } from '../contract/describe-result.js';
import { listTree } from '../contract/inspect.js';
import { normalizeMountinfo } from '../contract/mount-table.js';
import type { RealKernel } from '../contract/real-kernel.js';
import { modelFor } from '../contract/run-model.js';
import { buildWorld, type Caller } from '../contract/world.js';
import { layOut } from './landscape.js';
import { Player, type Op } from './op.js';

/** More mounts than this, and a sequence has said what it had to say. */
const MOST_MOUNTS = 60;

/** Where two kernels came apart. */
export class Disagreement extends Error {
  override readonly name = 'Disagreement';

  constructor(
    readonly op: Op | undefined,
    readonly about: string,
    readonly kernel: string,
    readonly model: string,
  ) {
    super(
      `${op === undefined ? 'at the start' : `${op.call}(${JSON.stringify(op.args)})`}: ${about}\n  kernel: ${kernel}\n  model:  ${model}`,
    );
  }
}

/** Plays sequences on the kernel and on the model, and compares them after each call. */
export class Duel {
  calls = 0;
  /** Sequences that came to something the model says it does not know. */
  unknown = 0;
  /** Calls that the kernel carried out, by name: a fuzzer that is only refused finds nothing. */
  readonly succeeded = new Map<string, number>();

  constructor(
    private readonly kernel: RealKernel,
    private readonly caller: Caller,
  ) {}

  /** Plays one sequence in a fresh world. Throws {@link Disagreement}. */
  fight(sequence: readonly Op[]): void {
    const { sys: real } = this.kernel;
    this.kernel.enterWorld();
    const model = modelFor(this.caller);
    buildWorld(model, this.caller);
    layOut(real);
    layOut(model);
    const players = [new Player(real), new Player(model)] as const;
    try {
      const mountsOf = (): readonly [string[], string[]] => [
        normalizeMountinfo(this.kernel.mountinfo()),
        normalizeMountinfo(model.state.mountinfo),
      ];
      for (const op of sequence) {
        this.calls += 1;
        const answer = modelAnswer(players[1], op);
        // What the model does not know ends a sequence: there is nothing to compare any more.
        if (answer === undefined) {
          this.unknown += 1;
          return;
        }
        const result = players[0].play(op);
        if (!/^E[A-Z]/.test(result))
          this.succeeded.set(op.call, (this.succeeded.get(op.call) ?? 0) + 1);
        this.#same(op, 'result', result, answer);
        const [realMounts, modelMounts] = mountsOf();
        // The root below the root is the machine's own business.
        if (realMounts.some((line) => line.includes(' - rootfs '))) return;
        this.#same(op, 'mounts', realMounts.join('\n'), modelMounts.join('\n'));
        const [realFd, modelFd] = players.map((player) => player.open.at(-1));
        if (realFd !== undefined && modelFd !== undefined) {
          this.#same(op, 'last descriptor', lookAt(real, realFd), lookAt(model, modelFd));
        }
        if (realMounts.length > MOST_MOUNTS) return;
        this.#same(op, 'files', listTree(real, '/').join('\n'), listTree(model, '/').join('\n'));
      }
    } finally {
      players[0].closeAll();
    }
  }

  #same(op: Op, about: string, kernel: string, model: string): void {
    if (kernel === model) return;
    const [left, right] = firstDifference(kernel, model);
    throw new Disagreement(op, about, left, right);
  }
}

function modelAnswer(player: Player, op: Op): string | undefined {
  try {
    return player.play(op);
  } catch (error) {
    if (error instanceof NotModelledError) return undefined;
    throw error;
  }
}

function lookAt(sys: Syscalls, fd: Fd): string {
  try {
    return describeResult('statx', sys.statx(fd, '', AT_EMPTY_PATH, STATX_BASIC_STATS));
  } catch (error) {
    if (error instanceof SyscallError) return error.code;
    throw error;
  }
}

function firstDifference(kernel: string, model: string): [string, string] {
  const left = kernel.split('\n');
  const right = model.split('\n');
  const index = left.findIndex((line, at) => line !== right[at]);
  if (left.length === 1 && right.length === 1) return [kernel, model];
  const from = index < 0 ? left.length : index;
  return [
    left.slice(from, from + 3).join('\n          '),
    right.slice(from, from + 3).join('\n          '),
  ];
}
