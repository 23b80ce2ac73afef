import { totalmem } from 'node:os';
import { MockSyscalls } from '../../src/syscalls/mock-syscalls.js';
import { machineMounts } from './machine-mounts.js';
import type { ContractCase, Outcome } from './contract-case.js';
import { listTree } from './inspect.js';
import { normalizeMountinfo } from './mount-table.js';
import { Trial } from './trial.js';
import { buildWorld, type Caller } from './world.js';

// Read before the first world hides them.
const MACHINE_MOUNTS = machineMounts();
const NOBODY = 65534;
const ONE_ID = [{ inside: 0, outside: NOBODY, count: 1 }];

/** A model of the machine that the cases start on. */
export function modelFor(caller: Caller): MockSyscalls {
  const memory = totalmem();
  if (caller === 'root') return new MockSyscalls({ rootPropagation: 'private', memory });
  const mounts = MACHINE_MOUNTS;
  const userNamespace = { owner: NOBODY, uidMap: ONE_ID, gidMap: ONE_ID };
  return new MockSyscalls({
    rootPropagation: 'private',
    memory,
    mounts,
    credentials: {
      userNamespace,
      own: caller === 'own-namespaces' ? ['pid', 'net', 'ipc', 'uts'] : [],
    },
  });
}

/** Runs a case on the model. */
export function runOnModel(contractCase: ContractCase, caller: Caller): Outcome {
  const sys = modelFor(caller);
  buildWorld(sys, caller);
  const trial = new Trial(sys, caller);
  const complaint = complaintOf(() => contractCase.run(trial));
  const mounts = normalizeMountinfo(sys.state.mountinfo);
  const files = listTree(sys, '/work');
  trial.finish();
  return { log: trial.log, mounts, files, ...complaint };
}

export function complaintOf(run: () => void): { complaint?: string } {
  try {
    run();
    return {};
  } catch (error) {
    return { complaint: error instanceof Error ? error.message : String(error) };
  }
}
