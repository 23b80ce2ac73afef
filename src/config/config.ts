import type { LaunchOptions } from '../runtime/launch-options.js';
import type { PresetName, PresetOptions } from '../steps/presets.js';

/** A module whose steps may be named. */
export interface ConfiguredPlugin {
  /** A package name, or a path relative to the file. */
  readonly module: string;
  /** The step classes to take, by the name of the export; all unless given. */
  readonly exports?: readonly string[];
  /** What the plugin's `createServices` is given. */
  readonly options?: unknown;
}

/** A change to the preset's list of steps. */
export interface ConfiguredChange {
  /** The step's name; with `replace` alone, the replaced one with other options. */
  readonly step?: string;
  readonly before?: string;
  readonly after?: string;
  readonly replace?: string;
  readonly remove?: string;
  readonly options?: unknown;
}

/** What the container and its command are like. */
export type ConfiguredLaunch = Pick<
  LaunchOptions,
  'namespaces' | 'hostname' | 'cwd' | 'uid' | 'gid'
> & { readonly env?: Readonly<Record<string, string>> };

/** A pipeline as data: what `schemas/config.schema.json` describes. */
export interface Config {
  readonly $schema?: string;
  /** `standard` unless given; `none` is an empty pipeline. */
  readonly preset?: PresetName | 'none';
  readonly presetOptions?: Pick<
    PresetOptions,
    'readonly' | 'noPivot' | 'propagation' | 'loopDevices' | 'verify' | 'mounts'
  >;
  readonly plugins?: readonly (string | ConfiguredPlugin)[];
  readonly steps?: readonly ConfiguredChange[];
  /** Relative to the file. Without it: a throwaway copy of this machine. */
  readonly rootfs?: string;
  readonly noFallbacks?: boolean;
  readonly launch?: ConfiguredLaunch;
}
