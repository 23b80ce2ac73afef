import type { Fd } from '../descriptor.js';
import type { CallName } from '../syscalls.js';

// As fdPath and options of file systems spell it (proc_pid_fd(5)).
const NUMBER = /(?<=\/proc\/(?:thread-)?self\/fd\/)(\d+)/;

/** The pieces of a text that is given to a call: texts, and descriptors that it names by path. */
export function descriptorPieces(name: CallName, text: string): (string | Fd)[] {
  // What a link says is not looked up now: /dev/stdin leads to descriptor 0 of whoever follows it.
  return name === 'symlinkat' ? [text] : namedDescriptors(text);
}

/** The pieces of any text: texts, and descriptors that it names by path. */
export function namedDescriptors(text: string): (string | Fd)[] {
  return text
    .split(NUMBER)
    .map((piece, index) => (index % 2 === 0 ? piece : (Number(piece) as Fd)))
    .filter((piece) => piece !== '');
}
