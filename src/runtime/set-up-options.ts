import type { Pipeline } from '../pipeline/pipeline.js';
import type { RunOptions } from '../pipeline/run.js';
import type { PresetName, PresetOptions } from '../steps/presets.js';

/** A set-up that a module exports: what is made of `args` runs in another thread, so it goes by name. */
export interface PipelineModule {
  /** The URL of an ES module, as `new URL('./box.js', import.meta.url).href`. */
  readonly module: string;
  /** Its export: a function of `args` that returns a Pipeline or a SetUp, or a promise of one. */
  readonly export: string;
  /** Plain data (structuredClone). */
  readonly args?: unknown;
}

/** How the root is set up; all of it plain data, but for a Pipeline. */
export interface SetUpOptions {
  /** The root directory, absolute. Without it: a throwaway copy of this machine. */
  readonly rootfs?: string | undefined;
  /** `standard` unless given. */
  readonly preset?: PresetName | undefined;
  readonly presetOptions?: PresetOptions | undefined;
  /**
   * In place of a preset. A module's is run by the launch thread, as a preset is. A Pipeline
   * cannot leave its thread: it is run by the calling one, call by call in the container, which
   * takes longer and blocks the event loop for some milliseconds, until it is replayed.
   */
  readonly pipeline?: Pipeline | PipelineModule | undefined;
  /** Fails where a step would have to do something else than planned. */
  readonly noFallbacks?: boolean | undefined;
  /** Runs although the plan has problems. */
  readonly force?: boolean | undefined;
  /**
   * Whether the calls of earlier launches may be made again without the steps, each answer held to
   * what the steps have seen; yes unless told. The report says `replayed`, or why not.
   */
  readonly replay?: boolean | undefined;
}

/** What a Pipeline of the calling thread may be given besides; refused with any other. */
export type LocalRunOptions = Pick<
  RunOptions,
  'container' | 'logger' | 'observers' | 'provide' | 'services'
>;

/** Their names. */
export const LOCAL_RUN_OPTIONS = [
  'container',
  'logger',
  'observers',
  'provide',
  'services',
] as const satisfies readonly (keyof LocalRunOptions)[];

/** How the root is set up, without what cannot leave its thread. */
export type SetUpData = Omit<SetUpOptions, 'pipeline'> & {
  readonly pipeline?: PipelineModule | undefined;
};
