/** A fenced block of code in a page. */
export interface CodeBlock {
  /** The first word behind the fence; empty without one. */
  readonly language: string;
  /** The other words. */
  readonly marks: readonly string[];
  /** The line of its first line of code, counted from 1. */
  readonly line: number;
  readonly code: string;
}

export interface Link {
  readonly target: string;
  readonly line: number;
}

/** A page of Markdown, as far as the tests look at it. */
export interface Markdown {
  readonly blocks: readonly CodeBlock[];
  readonly links: readonly Link[];
  /** What a link may name behind `#`: a heading, or an element with an id. */
  readonly anchors: ReadonlySet<string>;
  readonly headings: readonly { readonly text: string; readonly line: number }[];
  /** The lines outside of code blocks; those inside are empty. */
  readonly prose: readonly string[];
}

const FENCE = /^\s*(```+|~~~+)\s*(.*)$/;
const LINK = /!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g;
const ATTRIBUTE = /<(?:a|img|source)\b[^>]*?\b(?:href|src|srcset)="([^"]+)"/g;
const ID = /<[a-z]+\b[^>]*?\b(?:id|name)="([^"]+)"/g;

export function parseMarkdown(text: string): Markdown {
  const { blocks, prose } = splitBlocks(text.split('\n'));
  const headings: { text: string; line: number }[] = [];
  const links: Link[] = [];
  const anchors = new Set<string>();
  prose.forEach((source, index) => {
    const line = index + 1;
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(source)?.[1];
    if (heading !== undefined) {
      headings.push({ text: heading, line });
      anchors.add(uniqueSlug(heading, anchors));
    }
    const bare = source.replace(/`[^`]*`/g, (code) => ' '.repeat(code.length));
    // A link's text may be code: only its target must not be.
    for (const [, target = ''] of source.matchAll(LINK))
      if (bare.includes(`(${target}`)) links.push({ target, line });
    for (const [, target = ''] of bare.matchAll(ATTRIBUTE)) links.push({ target, line });
    for (const [, id = ''] of bare.matchAll(ID)) anchors.add(id);
  });
  return { blocks, links, anchors, headings, prose };
}

function splitBlocks(lines: readonly string[]): { blocks: CodeBlock[]; prose: string[] } {
  const blocks: CodeBlock[] = [];
  const prose: string[] = [];
  let open: { fence: string; info: string; line: number; code: string[] } | undefined;
  lines.forEach((source, index) => {
    const [, fence = '', info = ''] = FENCE.exec(source) ?? [];
    if (open === undefined) {
      prose.push(fence === '' ? source : '');
      if (fence !== '') open = { fence, info, line: index + 2, code: [] };
      return;
    }
    prose.push('');
    if (!fence.startsWith(open.fence) || info !== '') {
      open.code.push(source);
      return;
    }
    const [language = '', ...marks] = open.info.split(/\s+/);
    blocks.push({ language, marks, line: open.line, code: open.code.join('\n') });
    open = undefined;
  });
  if (open !== undefined) throw new Error(`the block at line ${open.line - 1} is not closed`);
  return { blocks, prose };
}

/** As GitHub makes them. */
function uniqueSlug(heading: string, taken: ReadonlySet<string>): string {
  const slug = heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
  let unique = slug;
  for (let count = 1; taken.has(unique); count += 1) unique = `${slug}-${count}`;
  return unique;
}
