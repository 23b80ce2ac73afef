import { parentPort, workerData } from 'node:worker_threads';
import type { Fd } from '../syscalls/descriptor.js';
import type { ProcessCalls } from '../syscalls/process-calls.js';
import { encodeError } from './error-transfer.js';
import type { LaunchReply, LaunchReport, LaunchRequest, PreparedData } from './launch-messages.js';
import { loadSetUp } from './load-set-up.js';
import { prepareNamespaces, type PreparedNamespaces } from './prepared-namespaces.js';
import { openRuntimeHost } from './runtime-host.js';
import { ContainerThread, startInNamespaces } from './start-container.js';
import { discard } from './start-command.js';
import { StubConnection } from './stub-connection.js';

// The thread that launches containers. It must outlive them: PR_SET_PDEATHSIG is about a thread.

const thread = new ContainerThread(openRuntimeHost((workerData as { image: Fd }).image));
const { host } = thread;

function toData({ namespaces, userNamespace, runner, init }: PreparedNamespaces): PreparedData {
  const data = ({ pid, connection }: PreparedNamespaces['runner']): PreparedData['runner'] => ({ pid, fd: connection.fd });
  return { namespaces, userNamespace, runner: data(runner), init: init === undefined ? undefined : data(init) };
}

function fromData(data: PreparedData, processes: ProcessCalls): PreparedNamespaces {
  const stub = ({ pid, fd }: PreparedData['runner']): PreparedNamespaces['runner'] => ({
    pid,
    connection: new StubConnection(processes, fd),
  });
  return {
    namespaces: data.namespaces,
    runner: stub(data.runner),
    ...(data.init === undefined ? {} : { init: stub(data.init) }),
    ...(data.userNamespace === undefined ? {} : { userNamespace: data.userNamespace }),
  };
}

async function launch(request: Extract<LaunchRequest, { op: 'launch' }>): Promise<LaunchReport> {
  // Loaded before anything is entered: afterwards the files are the container's.
  const setUp = await loadSetUp(request.setUp);
  const prepared =
    'prepared' in request.from
      ? fromData(request.from.prepared, host.processes)
      : prepareNamespaces(host, request.from.plan.namespaces, request.from.plan.maps);
  const { pids, place } = startInNamespaces(thread, prepared, setUp, request.process, request.terminal);
  return { pids, place };
}

async function answer(request: LaunchRequest): Promise<unknown> {
  switch (request.op) {
    case 'prepare':
      return toData(prepareNamespaces(host, request.plan.namespaces, request.plan.maps));
    case 'discard':
      discard(host, fromData(request.prepared, host.processes));
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
    (value) => reply({ id: request.id, ok: true, value }),
    (error: unknown) => reply({ id: request.id, ok: false, error: encodeError(error) }),
  );
});

function reply(message: LaunchReply): void {
  parentPort?.postMessage(message);
}
