import { readdirSync } from 'node:fs';
import type { FaultTarget } from '../../src/testing.js';
import { faultTargets as presets } from './preset-targets.js';

const PLUGINS = new URL('../plugins/', import.meta.url);

/**
 * The presets and what the plugins declare: `test/plugins/NAME/fault-targets.ts` exports
 * `faultTargets`.
 */
export async function findFaultTargets(): Promise<readonly FaultTarget[]> {
  const found = [...presets];
  for (const file of pluginFiles()) {
    const module = (await import(file.href)) as { readonly faultTargets?: readonly FaultTarget[] };
    if (module.faultTargets === undefined) throw new Error(`${file.href} exports no faultTargets`);
    found.push(...module.faultTargets);
  }
  return found;
}

function pluginFiles(): URL[] {
  return readEntries(PLUGINS)
    .sort()
    .filter((name) => readEntries(new URL(`${name}/`, PLUGINS)).includes('fault-targets.js'))
    .map((name) => new URL(`${name}/fault-targets.js`, PLUGINS));
}

function readEntries(directory: URL): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
