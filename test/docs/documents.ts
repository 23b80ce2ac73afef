import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseMarkdown, type Markdown } from './markdown.js';

/** The package's folder, from build/test/docs. */
export const PACKAGE = join(import.meta.dirname, '../../..');

export interface Document {
  /** From the package's folder. */
  readonly path: string;
  readonly page: Markdown;
}

const SKIPPED = new Set(['node_modules', 'build', 'coverage', 'test', '.git']);

/** Every page of the package. */
export function documents(): readonly Document[] {
  return pagesIn('').map((path) => ({
    path,
    page: parseMarkdown(readFileSync(join(PACKAGE, path), 'utf8')),
  }));
}

function pagesIn(folder: string): string[] {
  return readdirSync(join(PACKAGE, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : pagesIn(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}
