import { OptionError } from '../pipeline/errors.js';
import { OptionReader } from '../pipeline/options.js';
import type { PropagationMode } from './propagation.js';

/** Names of the presets. */
export type PresetName = 'standard' | 'classic';
/** What `createPreset` takes. */
export const PRESET_NAMES: readonly PresetName[] = ['standard', 'classic'];

/** A mount of the user's. */
export type UserMount =
  | { readonly bind: string; readonly target: string; readonly readonly?: boolean }
  | { readonly tmpfs: string; readonly size?: string };

/** What a preset's pipeline is to be like. */
export interface PresetOptions {
  readonly readonly?: boolean | undefined;
  /** Moves the root where it cannot be pivoted. */
  readonly noPivot?: boolean | undefined;
  readonly propagation?: PropagationMode | undefined;
  /** Always in `classic`, as in the seed. */
  readonly loopDevices?: boolean | undefined;
  /**
   * The console of `classic`: a terminal's path on the host, or true for the one handed over by the
   * key TERMINAL. `standard` takes the latter whenever there is one.
   */
  readonly console?: string | true | undefined;
  /** A copy of this machine as the root, instead of a directory. */
  readonly throwaway?: boolean | undefined;
  readonly mounts?: readonly UserMount[] | undefined;
  /** Compares the finished root with what was asked for; so does `standard` unless told not to. */
  readonly verify?: boolean | undefined;
}

/**
 * Holds a preset's options against what there is.
 *
 * @throws OptionError for an option that is wrong or unknown: a misspelt `readonly` would leave the
 *   root writable.
 */
export function parsePresetOptions(preset: PresetName, input: unknown): PresetOptions {
  try {
    return parse(new OptionReader(input));
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    throw new OptionError(error.option, `preset ${String(preset)}: ${error.message}`);
  }
}

function parse(given: OptionReader): PresetOptions {
  const flag = (option: string): boolean | undefined =>
    given.optional(option, () => given.boolean(option, false));
  const text = (option: string): string | undefined =>
    given.optional(option, () => given.string(option));
  return given.done({
    readonly: flag('readonly'),
    noPivot: flag('noPivot'),
    // One that there is not is refused by the step.
    propagation: text('propagation') as PropagationMode | undefined,
    loopDevices: flag('loopDevices'),
    console: given.is('console', true) ? true : text('console'),
    throwaway: flag('throwaway'),
    mounts: given.objects('mounts', parseMount),
    verify: flag('verify'),
  });
}

function parseMount(given: OptionReader): UserMount {
  if (given.has('bind'))
    return given.done({
      bind: given.string('bind'),
      target: given.containerPath('target'),
      readonly: given.boolean('readonly', false),
    });
  return given.done({
    tmpfs: given.containerPath('tmpfs'),
    ...(given.has('size') ? { size: given.stringOrInteger('size') } : {}),
  });
}
