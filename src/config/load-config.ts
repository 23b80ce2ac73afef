import type { Pipeline } from '../pipeline/pipeline.js';
import type { LaunchOptions } from '../runtime/launch-options.js';
import type { PipelineModule } from '../runtime/set-up-options.js';
import type { PresetOptions } from '../steps/presets.js';
import type { Config } from './config.js';

/** A pipeline that was read from a file. */
export interface LoadedConfig {
  /** The file, absolute. */
  readonly file: string;
  readonly preset: NonNullable<Config['preset']>;
  /** It has the services of its plugins. */
  readonly pipeline: Pipeline;
  /** The same, read again by the thread that launches: in place of `pipeline`, and for pools. */
  readonly module: PipelineModule;
  /** For `launch`, which takes the pipeline and a command besides. */
  readonly launchOptions: Pick<
    LaunchOptions,
    'rootfs' | 'noFallbacks' | 'namespaces' | 'hostname' | 'cwd' | 'env' | 'uid' | 'gid'
  >;
}

/** What a caller decides in place of the file; `mounts` are added to the file's. */
export interface ConfigOverride {
  readonly rootfs?: string | undefined;
  readonly presetOptions?: PresetOptions | undefined;
}

/**
 * Reads a pipeline from `.json` (with comments), `.yaml`, or a module that exports `config`. The
 * plugins that it names are loaded here, in the calling thread's namespaces, and nothing else is.
 *
 * @throws ConfigError with everything that is wrong, each with its path.
 */
export async function loadConfig(
  file: string,
  override: ConfigOverride = {},
): Promise<LoadedConfig> {
  // A program that reads no configuration does not pay for it.
  const { evaluateConfig } = await import('./evaluate-config.js');
  return evaluateConfig(file, override);
}

/** What the launch thread calls. */
export async function loadPipeline({
  file,
  override,
}: {
  readonly file: string;
  readonly override: ConfigOverride;
}): Promise<Pipeline> {
  return (await loadConfig(file, override)).pipeline;
}
