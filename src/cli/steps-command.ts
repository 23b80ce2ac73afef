import { createPreset, type PresetName } from '../steps/presets.js';

/** `nsinit steps`: the steps of a preset with what each does. */
export function listSteps(preset: PresetName, write: (line: string) => void): void {
  createPreset(preset)
    .plan()
    .forEach(({ step, actions, switchesRoot }, index) => {
      write(`${String(index + 1).padStart(2)}. ${step}`);
      for (const action of actions) write(`      ${action}`);
      if (switchesRoot) write('    ──────── the root is switched here ────────');
    });
}
