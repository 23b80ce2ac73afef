import type { OciIdentity } from './oci-plan.js';

/** What becomes of a container (runtime.md, State). */
export type OciStatus = 'creating' | 'created' | 'running' | 'stopped';

/** The state that a hook reads from standard input, as JSON. */
export function stateOf(
  { ociVersion, id, bundle, annotations }: OciIdentity,
  { status, pid }: { readonly status: OciStatus; readonly pid?: number },
): string {
  const process = pid === undefined ? {} : { pid };
  return JSON.stringify({ ociVersion, id, status, ...process, bundle, annotations });
}

/** How a hook that did not succeed ended, in a sentence. */
export function hookFailure(
  moment: string,
  path: string,
  {
    code,
    signal,
    timedOut,
    timeout,
  }: {
    readonly code: number | null;
    readonly signal: number | string | null;
    readonly timedOut: boolean;
    readonly timeout?: number | undefined;
  },
): string {
  const how = timedOut
    ? `took longer than its ${timeout} s and was killed`
    : code === null
      ? `was ended by signal ${signal}`
      : `exited with ${code}`;
  return `the ${moment} hook ${path} ${how}: what it wrote is on standard error`;
}
