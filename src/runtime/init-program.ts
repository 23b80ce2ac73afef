import { CLONE_NEWNS } from '../syscalls/process-flags.js';
import { addCapset } from './identity-program.js';
import { INIT_SOCKET, STUB_SOCKET } from './stub-layout.js';
import { StubProgram, type EncodedProgram } from './stub-program.js';

const PR_SET_PDEATHSIG = 1;
const PR_SET_DUMPABLE = 4;
const PR_SET_NAME = 15;
const PR_SET_NO_NEW_PRIVS = 38;
const SIGKILL = 9;
const SIGCHLD = 17;
const SIG_IGN = 1;
const SIGACTION_SIZE = 32;
const SIGSET_SIZE = 8;
const COMMAND = 1;

/**
 * Makes the waiting stub PID 1 for good: no descriptors, no capabilities, nothing to debug, in the
 * container's root; orphans are reaped by the kernel because SIGCHLD is ignored (wait(2)). It then
 * sleeps until it is killed, because the command has ended or its parent has died. One that does
 * not die with its parent keeps the command's pidfd, for {@link endOfCommandProgram}.
 *
 * The program arrives with the mount namespace as descriptor 0, and with that pidfd as 1. The answer is sent after the death
 * signal is set: a parent that died before is not there to take it, and the stub ends.
 */
export function initProgram(dieWithParent: boolean): EncodedProgram {
  const program = new StubProgram();
  const ignore = new Uint8Array(SIGACTION_SIZE);
  ignore[0] = SIG_IGN;
  program
    .call('setns', [0, CLONE_NEWNS], { shown: ['mount namespace', 'CLONE_NEWNS'] })
    .call('close', [0])
    .call('close_range', [dieWithParent ? COMMAND : COMMAND + 1, STUB_SOCKET - 2, 0])
    .call('rt_sigaction', [SIGCHLD, program.bytes(ignore), 0, SIGSET_SIZE], {
      shown: ['SIGCHLD', 'SIG_IGN'],
    })
    .call('setsid', [])
    .call('prctl', [PR_SET_NAME, program.string('init')], { shown: ['PR_SET_NAME', '"init"'] })
    .call('prctl', [PR_SET_DUMPABLE, 0], { shown: ['PR_SET_DUMPABLE', '0'] });
  addCapset(program, { effective: 0n, permitted: 0n, inheritable: 0n });
  program.call('prctl', [PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0], { shown: ['PR_SET_NO_NEW_PRIVS', '1'] });
  if (dieWithParent) {
    program.call('prctl', [PR_SET_PDEATHSIG, SIGKILL], { shown: ['PR_SET_PDEATHSIG', 'SIGKILL'] });
  }
  return dieWithParent ? program.encode('sleep', 1) : program.encode('serve', 2);
}

/**
 * What PID 1 does then, where nobody may be left to kill it: it waits for the command's end and
 * ends too, and with it everything in its PID namespace.
 */
export function endOfCommandProgram(): EncodedProgram {
  const program = new StubProgram();
  // struct pollfd: the descriptor, POLLIN.
  const pollfd = program.bytes(Uint8Array.of(COMMAND, 0, 0, 0, 1, 0, 0, 0));
  return program
    .call('close', [INIT_SOCKET])
    .call('ppoll', [pollfd, 1, 0, 0, 0])
    .call('exit_group', [0])
    .encode('exit');
}
