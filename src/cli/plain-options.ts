import type { Command, Option } from 'commander';
import type { PlainOptions } from './plain-run.js';

// An option whose value is looked at, or that goes together with others, is commander's.
const isPlain = (option: Option): boolean =>
  option.long !== undefined &&
  !option.optional &&
  !option.variadic &&
  option.long !== '--bundle' &&
  option.parseArg === undefined &&
  option.argChoices === undefined &&
  !('conflictsWith' in option && (option.conflictsWith as unknown[]).length > 0);

/** Reads them from the command itself, so that nothing is declared twice. */
export function plainOptionsOf(run: Command): PlainOptions {
  const plain = run.options.filter(isPlain);
  const named = (long: string | undefined): string => long ?? '';
  return {
    values: Object.fromEntries(
      plain
        .filter(({ required }) => required)
        .map((option) => [named(option.long), option.attributeName()]),
    ),
    flags: Object.fromEntries(
      plain
        .filter(({ required }) => !required)
        .map((option) => [named(option.long), [option.attributeName(), !option.negate]]),
    ),
    defaults: run.opts(),
  };
}
