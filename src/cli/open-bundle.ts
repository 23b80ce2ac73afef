import type { OciContainer } from 'nsinit/plugins/oci-config';
import { complain } from './complain.js';
import { checkValues, type RunFlags } from './run-options.js';
import { UsageError } from './usage-error.js';

// About how nsinit works, and not about the container: that is what config.json describes.
const FLAGS_BESIDE_BUNDLE: readonly string[] = [
  'bundle',
  'trace',
  'traceEvents',
  'fallbacks',
  'force',
  'timeout',
  'killSignal',
  'logLevel',
  'logFormat',
  'quiet',
  'verbose',
];

/** @param also flags of the subcommand itself. @throws UsageError for a flag that says what config.json says. */
export function checkBundleFlags(given: readonly string[], also: readonly string[] = []): void {
  const other = given.find((flag) => !FLAGS_BESIDE_BUNDLE.includes(flag) && !also.includes(flag));
  if (other === undefined) return;
  const spelled = other.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new UsageError(
    `--${spelled} does not go with --bundle: config.json describes the container`,
  );
}

/**
 * Reads a bundle, and tells what it does not carry out.
 *
 * @param command runs instead of what config.json names, unless it is empty.
 * @returns undefined for mistakes in config.json, each told in a line of its own.
 */
export async function openBundle(
  bundle: string,
  command: readonly string[],
  given: RunFlags,
): Promise<OciContainer | undefined> {
  checkValues(given);
  const { OciConfigError, readBundle } = await import('nsinit/plugins/oci-config');
  try {
    const container = await readBundle(bundle, command.length === 0 ? {} : { command });
    for (const warning of container.warnings) warnUnlessQuiet(given, `config.json: ${warning}`);
    return container;
  } catch (error) {
    if (!(error instanceof OciConfigError)) throw error;
    for (const problem of error.problems) complain(`config.json: ${problem}`);
    return undefined;
  }
}

/** A line to standard error. */
export function warnUnlessQuiet({ quiet }: Pick<RunFlags, 'quiet'>, warning: string): void {
  if (quiet !== true) complain(`warning: ${warning}`);
}
