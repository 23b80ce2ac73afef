import { spawn } from 'node:child_process';
import { childCommand } from '../contract/child-command.js';
import type { Caller } from '../contract/world.js';
import type { Op } from './op.js';

/** What a number of random sequences came to. */
export interface FuzzSummary {
  readonly caller: Caller;
  readonly runs: number;
  readonly calls: number;
  /** Sequences that ended early at something the model says it does not know. */
  readonly unknown: number;
  /** Calls that the kernel carried out and did not refuse, by name. */
  readonly succeeded: Readonly<Record<string, number>>;
  readonly seed: number;
  readonly seconds: number;
  readonly disagreement?: string;
  /** The shortest sequence that was found for it. */
  readonly sequence?: readonly Op[];
}

export interface FuzzOptions {
  readonly runs: number;
  readonly seed: number;
  /** The most steps of a sequence. */
  readonly length: number;
}

/** Fuzzes as one caller, in a process of its own; or tells why that is not possible here. */
export function runFuzz(
  caller: Caller,
  options: FuzzOptions,
): Promise<FuzzSummary | { readonly unavailable: string }> {
  const numbers = [options.runs, options.seed, options.length].map(String);
  const command = childCommand(caller, new URL('./fuzz-child.js', import.meta.url), ...numbers);
  if ('unavailable' in command) return Promise.resolve(command);
  const child = spawn(command.file, command.args, {
    env: command.env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      if (status === 0) resolve(JSON.parse(text) as FuzzSummary);
      else reject(new Error(`the fuzzer as ${caller} ended with ${status}`));
    });
  });
}
