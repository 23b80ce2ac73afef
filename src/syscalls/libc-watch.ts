import type * as Koffi from 'koffi';
import type { Fd } from './descriptor.js';
import { keepKoffi } from './libc-koffi.js';
import { loadLibc } from './libc.js';

/** A descriptor that the event loop watches. */
export interface Watch {
  /** Ends it; after that the callback is not called, and the descriptor may be closed. */
  stop(): void;
  /** Lets the program end while this is still watched. */
  unref(): void;
  /** Keeps the program while this is watched, as at first. */
  ref(): void;
}

type WatchReadable = (fd: Fd, callback: () => void) => Watch;

let watchIn: WatchReadable = watchByLoop;

/**
 * Has descriptors looked at from time to time from now on, as a worker thread has to: its event
 * loop still turns when the thread is being ended, and koffi's callback aborts the program then.
 */
export function watchInWorkerThread(): void {
  keepKoffi();
  watchIn = watchAtIntervals;
}

/** Calls back whenever the descriptor is readable, in this thread's event loop. */
export function watchReadable(fd: Fd, callback: () => void): Watch {
  return watchIn(fd, callback);
}

/** By uv_poll. */
function watchByLoop(fd: Fd, callback: () => void): Watch {
  const handle = loadLibc().koffi.node.poll(fd, callback);
  return {
    stop: () => {
      handle.stop();
      handle.close();
    },
    unref: () => handle.unref(),
    ref: () => handle.ref(),
  };
}

// Milliseconds: soon at first, for what answers at once.
const FIRST_INTERVAL = 1;
const LONGEST_INTERVAL = 8;

function watchAtIntervals(fd: Fd, callback: () => void): Watch {
  let interval = FIRST_INTERVAL;
  let held = true;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    if (stopped) return;
    timer = setTimeout(look, interval);
    if (!held) timer.unref();
  };
  const look = (): void => {
    interval = Math.min(interval * 2, LONGEST_INTERVAL);
    if (!isReadable(fd)) return wait();
    callback();
    // As the loop would: after what the callback has put off until then, such as its stop.
    setImmediate(wait);
  };
  wait();
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
    unref: () => {
      held = false;
      timer?.unref();
    },
    ref: () => {
      held = true;
      timer?.ref();
    },
  };
}

type Poll = Koffi.KoffiFunc<(pollfd: Uint8Array, count: number, timeout: number) => number>;
let loadedPoll: Poll | undefined;

/** poll(2), which does not wait. POLLHUP and POLLERR count as well: a read would not wait either. */
function isReadable(fd: Fd): boolean {
  loadedPoll ??= loadLibc().library.func('int poll(void *, unsigned long, int)') as Poll;
  const pollfd = new Uint8Array(8);
  const view = new DataView(pollfd.buffer);
  view.setInt32(0, fd, true);
  view.setInt16(4, 1, true);
  return loadedPoll(pollfd, 1, 0) > 0;
}
