import { readdirSync, readFileSync } from 'node:fs';

/** Process ids of this process's children, of all its threads. */
export function children(): string[] {
  return readdirSync('/proc/self/task')
    .flatMap((thread) => {
      try {
        return readFileSync(`/proc/self/task/${thread}/children`, 'utf8').trim().split(' ');
      } catch {
        return [];
      }
    })
    .filter((pid) => pid !== '');
}

/** Waits until a condition holds, for at most five seconds. */
export async function eventually(condition: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`it did not happen within 5 s: ${what}`);
}

/** Whether a process exists and is not a zombie. */
export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s*[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
