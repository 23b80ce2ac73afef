import type { Pipeline } from '../pipeline/pipeline.js';
import { presetOptionsOf, type RunFlags } from './run-options.js';

/** What the command line and a configuration ask for together; the command line goes before. */
export interface ConfiguredRun {
  readonly given: RunFlags;
  /** Undefined where no configuration is given. */
  readonly pipeline?: Pipeline;
}

/** Reads the file of `--config`. @throws ConfigError */
export async function applyConfig(given: RunFlags): Promise<ConfiguredRun> {
  if (given.config === undefined) return { given };
  const { loadConfig } = await import('../config/load-config.js');
  const { preset, pipeline, launchOptions } = await loadConfig(given.config, {
    rootfs: given.rootfs,
    presetOptions: presetOptionsOf(given),
  });
  const { rootfs, hostname, cwd, env = {}, uid, gid = uid, namespaces } = launchOptions;
  const file = {
    ...(rootfs === undefined ? {} : { rootfs }),
    ...(cwd === undefined ? {} : { cwd }),
    ...(hostname === undefined ? {} : { hostname }),
    ...(uid === undefined ? {} : { user: `${uid}:${gid}` }),
    ...(namespaces === undefined ? {} : { namespaces }),
  };
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return {
    pipeline,
    given: {
      ...file,
      ...given,
      preset: preset === 'classic' ? 'classic' : 'standard',
      env: [...variables, ...given.env],
      fallbacks: given.fallbacks && launchOptions.noFallbacks !== true,
    },
  };
}
