import type { RunFlags } from './run-options.js';

/** The options of `nsinit run` that any value will do for, as commander has them declared. */
export interface PlainOptions {
  /** Those with a value: their names in {@link RunFlags}. */
  readonly values: Readonly<Record<string, string>>;
  /** Those without: what they set. */
  readonly flags: Readonly<Record<string, readonly [name: string, value: boolean]>>;
  /** What is not given. */
  readonly defaults: Readonly<Record<string, unknown>>;
}

/** A command line that was understood. */
export interface PlainRun {
  readonly command: readonly string[];
  readonly given: RunFlags;
}

/**
 * Understands the most frequent command lines of `nsinit run` as commander does, which costs 5 ms
 * to load. What it is not sure of it leaves to commander: other options, mistakes, help.
 */
export function parsePlainRun(
  args: readonly string[],
  { values, flags, defaults }: PlainOptions,
): PlainRun | undefined {
  if (args[0] !== 'run') return undefined;
  const given: Record<string, unknown> = { ...defaults };
  let at = 1;
  for (; args[at]?.startsWith('-') === true && args[at] !== '--'; at += 1) {
    const arg = args[at] ?? '';
    const equals = arg.indexOf('=');
    const option = equals < 0 ? arg : arg.slice(0, equals);
    if (Object.hasOwn(values, option)) {
      const value = equals < 0 ? args[(at += 1)] : arg.slice(equals + 1);
      if (value === undefined) return undefined;
      given[values[option] ?? ''] = value;
    } else if (Object.hasOwn(flags, arg)) {
      const [name, value] = flags[arg] ?? ['', false];
      given[name] = value;
    } else return undefined;
  }
  const command = args.slice(args[at] === '--' ? at + 1 : at);
  return command.length === 0 ? undefined : { command, given: given as unknown as RunFlags };
}
