import type { PreparedData } from './launch-messages.js';
import type { PreparedNamespaces } from './prepared-namespaces.js';
import type { RuntimeHost } from './runtime-host.js';
import { StubConnection } from './stub-connection.js';

/** Prepared namespaces for the way to another thread: descriptors are good in all of them. */
export function toData({ runner, init, ...rest }: PreparedNamespaces): PreparedData {
  const data = ({ pid, connection }: PreparedNamespaces['runner']): PreparedData['runner'] => ({
    pid,
    fd: connection.fd,
  });
  return { ...rest, runner: data(runner), init: init === undefined ? undefined : data(init) };
}

/** Prepared namespaces out of their data. */
export function fromData(
  { runner, init, pidNamespace, userNamespace, ...rest }: PreparedData,
  { processes }: Pick<RuntimeHost, 'processes'>,
): PreparedNamespaces {
  const stub = ({ pid, fd }: PreparedData['runner']): PreparedNamespaces['runner'] => ({
    pid,
    connection: new StubConnection(processes, fd),
  });
  return {
    ...rest,
    runner: stub(runner),
    ...(init === undefined ? {} : { init: stub(init) }),
    ...(pidNamespace === undefined ? {} : { pidNamespace }),
    ...(userNamespace === undefined ? {} : { userNamespace }),
  };
}
