import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE, type Document } from './documents.js';
import type { CodeBlock } from './markdown.js';

/** Inside the package, so that `nsinit` means it and not another copy. */
const FOLDER = join(PACKAGE, 'build/docs-blocks');

/** A program of one block, or of several where later ones are marked `continued`. */
export interface Program {
  readonly document: string;
  readonly blocks: readonly CodeBlock[];
  /** Below the folder of sources; what tsc writes has the same place below `out`. */
  readonly source: string;
}

const isTypeScript = ({ language }: CodeBlock): boolean => /^(ts|typescript)$/.test(language);
const isJavaScript = ({ language }: CodeBlock): boolean => /^(js|mjs|javascript)$/.test(language);

/** The programs of a page. @throws Error when a block goes on from nothing. */
export function programsOf({ path, page }: Document): readonly Program[] {
  const programs: Program[] = [];
  for (const block of page.blocks) {
    if (!isTypeScript(block) && !isJavaScript(block)) continue;
    const before = programs.at(-1);
    if (block.marks.includes('continued')) {
      if (before === undefined) throw new Error(`${path}:${block.line} continues nothing`);
      programs.splice(-1, 1, { ...before, blocks: [...before.blocks, block] });
      continue;
    }
    // `file=box.ts` is how another block of the page imports it.
    const named = block.marks.find((mark) => mark.startsWith('file='))?.slice('file='.length);
    const file = named ?? `line-${block.line}.${isTypeScript(block) ? 'ts' : 'js'}`;
    programs.push({
      document: path,
      blocks: [block],
      source: join(path.replaceAll('/', '-').replace(/\.md$/, ''), file),
    });
  }
  return programs;
}

/** The lines of the program stand where they stand in the page. */
function textOf({ blocks }: Program): string {
  const lines: string[] = [];
  for (const { line, code } of blocks) {
    while (lines.length < line - 1) lines.push('');
    lines.push(...code.split('\n'));
  }
  return lines.join('\n');
}

/** Compiles them together. @returns what is wrong, by the pages' lines. */
export function compilePrograms(programs: readonly Program[]): string[] {
  rmSync(FOLDER, { recursive: true, force: true });
  for (const program of programs) {
    const path = join(FOLDER, program.source);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, textOf(program));
  }
  writeFileSync(join(FOLDER, 'tsconfig.json'), JSON.stringify(CONFIG));
  const tsc = join(PACKAGE, 'node_modules/.bin/tsc');
  const { stdout } = spawnSync(tsc, ['-p', FOLDER, '--pretty', 'false'], { encoding: 'utf8' });
  const pages = new Map(programs.map(({ source, document }) => [source, document]));
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) =>
      line.replace(/^(?:.*build\/docs-blocks\/)?([^(]+)\((\d+),\d+\)/, (all, source, number) =>
        pages.has(source) ? `${pages.get(source)}:${number}` : all,
      ),
    );
}

/** The file that Node runs. */
export const compiledFile = ({ source }: Program): string =>
  join(FOLDER, 'out', source.replace(/\.ts$/, '.js'));

// As strict as the package itself, but for what only a whole program has to do.
const CONFIG = {
  extends: '../../tsconfig.json',
  compilerOptions: {
    rootDir: '.',
    outDir: 'out',
    noEmitOnError: false,
    incremental: false,
    declaration: false,
    declarationMap: false,
    sourceMap: false,
    noUnusedLocals: false,
    moduleDetection: 'force',
    allowJs: true,
    checkJs: true,
  },
  include: ['*/*'],
  exclude: ['out'],
};
