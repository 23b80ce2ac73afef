import { plainSetUp } from './plain-set-up.js';
import type { SetUp } from '../../src/runtime/set-up.js';
import type { ProgramBeside } from '../../src/steps/keys.js';

/** What {@link besideSetUp} is made of; plain data. */
export interface BesideSetUpOptions {
  readonly rootfs: string;
  readonly before: readonly ProgramBeside[];
  readonly after: readonly ProgramBeside[];
}

/** A set-up that runs programs before and after its root is switched, and reports how they ended. */
export function besideSetUp({ rootfs, before, after }: BesideSetUpOptions): SetUp<unknown> {
  const plain = plainSetUp({ rootfs });
  return (sys, context) => {
    const run = (program: ProgramBeside): unknown => context.container.run(program);
    const first = before.map(run);
    plain(sys, context);
    return { pid: context.container.pid, ends: [...first, ...after.map(run)] };
  };
}
