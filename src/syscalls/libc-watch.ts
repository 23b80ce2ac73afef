import type { Fd } from './descriptor.js';
import { loadLibc } from './libc.js';

/** A descriptor that the event loop watches. */
export interface Watch {
  /** Ends it; after that the callback is not called, and the descriptor may be closed. */
  stop(): void;
  /** Lets the program end while this is still watched. */
  unref(): void;
}

/** Calls back whenever the descriptor is readable, in this thread's event loop (uv_poll). */
export function watchReadable(fd: Fd, callback: () => void): Watch {
  const handle = loadLibc().koffi.node.poll(fd, callback);
  return {
    stop: () => {
      handle.stop();
      handle.close();
    },
    unref: () => {
      handle.unref();
    },
  };
}
