import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--hide-scrollbars',
];

/** Where Chromium is, or undefined. */
export function findChromium(): string | undefined {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8' }).trim();
    } catch {
      continue;
    }
  }
  return undefined;
}

/** Opens a file in a Chromium of its own, and ends it. @returns what it wrote. */
export function openInChromium(chromium: string, file: string, ...options: string[]): string {
  const profile = mkdtempSync(join(tmpdir(), 'nsinit-chromium-'));
  try {
    const args = [...FLAGS, `--user-data-dir=${profile}`, ...options, `file://${file}`];
    const { stdout, stderr, status } = spawnSync(chromium, args, {
      encoding: 'utf8',
      timeout: 60_000,
    });
    if (status !== 0) throw new Error(`chromium ended with ${status}: ${stderr}`);
    return stdout;
  } finally {
    rmSync(profile, { recursive: true, force: true });
  }
}
