import picocolors from 'picocolors';

/**
 * Colours for standard output: where it is a terminal and nobody said otherwise. picocolors would
 * have them in every file that a CI job writes.
 */
export function colorsOfOutput(
  env: NodeJS.ProcessEnv = process.env,
  isTerminal: boolean = process.stdout.isTTY === true,
): ReturnType<typeof picocolors.createColors> {
  const { NO_COLOR = '', FORCE_COLOR = '', TERM } = env;
  const forced = FORCE_COLOR !== '' && FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  const possible = isTerminal && TERM !== 'dumb' && FORCE_COLOR === '';
  return picocolors.createColors(NO_COLOR === '' && (forced || possible));
}
