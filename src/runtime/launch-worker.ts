import { parentPort, workerData } from 'node:worker_threads';
import type { Fd } from '../syscalls/descriptor.js';
import { LinuxSyscalls } from '../syscalls/linux.js';
import { encodeError } from './error-transfer.js';
import type {
  LaunchReply,
  LaunchReport,
  LaunchRequest,
  ReadyRoot,
  RootReport,
} from './launch-messages.js';
import { loadSetUp } from './load-set-up.js';
import { fromData, toData } from './prepared-data.js';
import { prepareNamespaces, type PreparedNamespaces } from './prepared-namespaces.js';
import { usePrepared, type EndWork } from './prepare-set-up.js';
import { openRuntimeHost } from './runtime-host.js';
import type { SetUp } from './set-up.js';
import type { SetUpData } from './set-up-options.js';
import { closePrepared, closeVisited } from './start-command.js';
import {
  ContainerThread,
  readyInNamespaces,
  startInNamespaces,
  type NamespacePlan,
} from './start-container.js';

// The thread that launches containers. It must outlive them: PR_SET_PDEATHSIG is about a thread.

const thread = new ContainerThread(openRuntimeHost((workerData as { image: Fd }).image));
const { host } = thread;
// Now: in a mount namespace that is joined, the library's path leads to what its container has there.
if (host.syscalls instanceof LinuxSyscalls) host.syscalls.openReplay();

type LaunchJob = Extract<LaunchRequest, { op: 'launch' }>;

async function launch(request: LaunchJob): Promise<LaunchReport> {
  // Loaded before anything is entered: afterwards the files are the container's.
  const setUp = loadSetUp(request.setUp);
  if (setUp instanceof Promise || setUp.prepare !== undefined) return launchLater(request, setUp);
  return launchNow(request, setUp);
}

const aborts = new Map<number, AbortController>();

/** Loads and prepares first, on the host, until the other thread says that it is not wanted. */
async function launchLater(
  request: LaunchJob,
  loading: SetUp<unknown> | Promise<SetUp<unknown>>,
): Promise<LaunchReport> {
  const abort = new AbortController();
  aborts.set(request.id, abort);
  let begun = false;
  try {
    const how = { syscalls: host.syscalls, signal: abort.signal };
    return await usePrepared(await loading, how, (ready, end) => {
      begun = true;
      return keepEnd(request.id, launchNow(request, ready), end);
    });
  } catch (error) {
    if (!begun && 'prepared' in request.from)
      closePrepared(host, fromData(request.from.prepared, host));
    throw error;
  } finally {
    aborts.delete(request.id);
  }
}

function launchNow(request: LaunchJob, setUp: SetUp<unknown>): LaunchReport {
  const prepared =
    'prepared' in request.from
      ? fromData(request.from.prepared, host)
      : prepare(request.id, request.from.plan);
  try {
    return startInNamespaces(thread, prepared, setUp, request.command, request.terminal);
  } finally {
    // The processes are the other thread's, to watch and to reap.
    closePrepared(host, prepared);
  }
}

async function prepareRoot(id: number, plan: NamespacePlan, data: SetUpData): Promise<ReadyRoot> {
  const how = { syscalls: host.syscalls };
  return usePrepared(await loadSetUp(data), how, (setUp, end) =>
    keepEnd(id, readyRoot(id, plan, setUp), end),
  );
}

const ends = new Map<number, EndWork>();

/** Keeps what is to be done at the end until the other thread, which watches, tells of it. */
function keepEnd<R extends RootReport>(id: number, report: R, end: EndWork | undefined): R {
  // What was prepared for a command that was refused is taken back at once.
  if (end === undefined || 'refused' in report) return report;
  ends.set(id, end);
  return { ...report, ends: id };
}

async function endOf(id: number): Promise<undefined> {
  const end = ends.get(id);
  ends.delete(id);
  await end?.();
  return undefined;
}

function readyRoot(id: number, plan: NamespacePlan, setUp: SetUp<unknown>): ReadyRoot {
  const prepared = prepare(id, plan);
  try {
    return readyInNamespaces(thread, prepared, setUp);
  } catch (error) {
    prepared.runner.connection.close();
    throw error;
  } finally {
    closeVisited(host, prepared);
  }
}

function prepare(id: number, plan: NamespacePlan): PreparedNamespaces {
  const prepared = prepareNamespaces(host, plan.namespaces, plan.maps);
  reply({ id, prepared: toData(prepared) });
  return prepared;
}

async function answer(request: LaunchRequest): Promise<LaunchReport | ReadyRoot | undefined> {
  switch (request.op) {
    case 'prepare':
      if (request.setUp !== undefined) return prepareRoot(request.id, request.plan, request.setUp);
      prepare(request.id, request.plan);
      return undefined;
    case 'load':
      await loadSetUp(request.setUp);
      return undefined;
    case 'launch':
      return launch(request);
    case 'end':
      return endOf(request.of);
    case 'abort':
      aborts.get(request.launch)?.abort();
      return undefined;
  }
}

parentPort?.on('message', (request: LaunchRequest) => {
  answer(request).then(
    (value) => reply({ id: request.id, ok: true, ...(value === undefined ? {} : { value }) }),
    (error: unknown) => reply({ id: request.id, ok: false, error: encodeError(error) }),
  );
});

function reply(message: LaunchReply): void {
  parentPort?.postMessage(message);
}
