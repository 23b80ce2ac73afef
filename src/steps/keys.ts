import { sharedKey, type Key } from '../pipeline/key.js';
import type { Fd } from '../syscalls/descriptor.js';

/** The PID namespace that proc is to show, where the calls are not made inside it. */
export const PID_NAMESPACE: Key<Fd> = sharedKey('nsinit.pidNamespace', 'PID namespace');

/** The master of the pseudo-terminal that is to be the console. */
export const TERMINAL: Key<Fd> = sharedKey('nsinit.terminal', 'terminal');

/** The directory of the container's /dev, kept from the moment its tmpfs was made. */
export const DEV_DIRECTORY: Key<Fd> = sharedKey('nsinit.devDirectory', '/dev');

/** Whether the container has a user namespace of its own. */
export const USER_NAMESPACE: Key<boolean> = sharedKey('nsinit.userNamespace', 'user namespace');
