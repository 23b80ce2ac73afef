import { parentPort, workerData } from 'node:worker_threads';
import type { Fd } from '../syscalls/descriptor.js';
import { encodeError } from './error-transfer.js';
import type { LaunchReply, LaunchReport, LaunchRequest, ReadyRoot } from './launch-messages.js';
import { loadSetUp } from './load-set-up.js';
import { fromData, toData } from './prepared-data.js';
import { prepareNamespaces, type PreparedNamespaces } from './prepared-namespaces.js';
import { openRuntimeHost } from './runtime-host.js';
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

async function launch(request: Extract<LaunchRequest, { op: 'launch' }>): Promise<LaunchReport> {
  // Loaded before anything is entered: afterwards the files are the container's.
  const loading = loadSetUp(request.setUp);
  const setUp = loading instanceof Promise ? await loading : loading;
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
  const loading = loadSetUp(data);
  const setUp = loading instanceof Promise ? await loading : loading;
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
