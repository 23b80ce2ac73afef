import { dirname, resolve } from 'node:path';
import { buildPipeline } from './build-pipeline.js';
import { checkStructure } from './check-structure.js';
import type { Config, ConfiguredPlugin } from './config.js';
import { ConfigProblems } from './config-problems.js';
import type { ConfigOverride, LoadedConfig } from './load-config.js';
import { loadPlugins } from './load-plugins.js';
import { readConfig } from './read-config.js';

/** Reads, checks and builds. @throws ConfigError with everything that is wrong. */
export async function evaluateConfig(
  file: string,
  override: ConfigOverride,
): Promise<LoadedConfig> {
  const path = resolve(file);
  const { value, locate } = await readConfig(file);
  const problems = new ConfigProblems();
  checkStructure(value, problems);
  const config = merge((value ?? {}) as Config, override, problems);
  const named = Array.isArray(config.plugins) ? (config.plugins as ConfiguredPlugin[]) : [];
  const plugins = await loadPlugins(named, path, problems);
  const pipeline = buildPipeline(config, plugins, path, problems);
  if (!problems.none) throw problems.toError(file, locate);
  const { preset = 'standard', rootfs, noFallbacks = false, launch } = config;
  const root = rootfs === undefined ? {} : { rootfs: resolve(dirname(path), rootfs) };
  const module = {
    module: new URL('./load-config.js', import.meta.url).href,
    export: 'loadPipeline',
    args: { file: path, override },
  };
  const launchOptions = { ...launch, ...root, noFallbacks };
  return { file: path, preset, pipeline, module, launchOptions };
}

function merge(
  config: Config,
  { rootfs, presetOptions }: ConfigOverride,
  problems: ConfigProblems,
): Config {
  const merged = rootfs === undefined ? config : { ...config, rootfs };
  if (presetOptions === undefined || !problems.isSound(['presetOptions'])) return merged;
  const given = config.presetOptions;
  const mounts = [...(given?.mounts ?? []), ...(presetOptions.mounts ?? [])];
  const decided = Object.entries(presetOptions).filter(([, value]) => value !== undefined);
  return { ...merged, presetOptions: { ...given, ...Object.fromEntries(decided), mounts } };
}
