/** A step, as a picture of a plan shows it. */
export interface PicturedStep {
  readonly step: string;
  readonly actions: readonly string[];
  readonly switchesRoot: boolean;
  /** As strace prints them. */
  readonly calls: readonly string[];
  /** What would be done instead of something that the kernel refuses, and what that costs. */
  readonly fallbacks: readonly string[];
}

/** A mount of the finished container. */
export interface PicturedMount {
  readonly mountPoint: string;
  readonly fstype: string;
  readonly source: string;
  /** As mountinfo has them: `ro,nosuid,nodev`. */
  readonly options: string;
}

/** What is drawn of a plan. */
export interface PlanPicture {
  readonly title: string;
  /** The root directory on the host; undefined where a step makes the root. */
  readonly rootfs: string | undefined;
  readonly steps: readonly PicturedStep[];
  readonly mounts: readonly PicturedMount[];
  /** Why the pipeline would not run. */
  readonly problems: readonly string[];
}

/** A mount in a tree: drawn `depth` to the right, with the lines that lead to it. */
export interface MountRow extends PicturedMount {
  readonly depth: number;
  /** For each ancestor, then for itself, whether another one follows on that level. */
  readonly follows: readonly boolean[];
  /** What it is called below its parent: `/dev`, and then `pts`. */
  readonly name: string;
}

interface Branch {
  readonly mount: PicturedMount;
  readonly children: Branch[];
}

const isBelow = (path: string, top: string): boolean =>
  top === '/' ? path !== '/' : path.startsWith(`${top}/`);

/** Puts mounts below each other by their mount points. What covers another one stands behind it. */
export function mountRows(mounts: readonly PicturedMount[]): readonly MountRow[] {
  const roots: Branch[] = [];
  for (const mount of mounts) {
    let [level, parent] = [roots, undefined as Branch | undefined];
    for (;;) {
      const above = level.findLast((branch) => isBelow(mount.mountPoint, branch.mount.mountPoint));
      if (above === undefined) break;
      parent = above;
      level = above.children;
    }
    (parent?.children ?? roots).push({ mount, children: [] });
  }
  return roots.flatMap((branch, index) => rowsOf(branch, [index < roots.length - 1], ''));
}

function rowsOf(branch: Branch, follows: readonly boolean[], above: string): MountRow[] {
  const { mount, children } = branch;
  const path = mount.mountPoint;
  const name = above === '' || above === '/' ? path : path.slice(above.length + 1);
  return [
    { ...mount, depth: follows.length - 1, follows, name },
    ...children.flatMap((child, index) =>
      rowsOf(child, [...follows, index < children.length - 1], path),
    ),
  ];
}

/** The lines of a tree in front of a row, as tree(1) draws them. */
export function treeLines({ follows }: MountRow): string {
  if (follows.length === 1) return '';
  const ancestors = follows.slice(1, -1).map((another) => (another ? '│  ' : '   '));
  return `${ancestors.join('')}${follows.at(-1) === true ? '├─ ' : '└─ '}`;
}

/** For people: `10 steps, 134 calls`. */
export function countOf({ steps }: PlanPicture): string {
  const calls = steps.reduce((sum, step) => sum + step.calls.length, 0);
  const many = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
  return `${many(steps.length, 'step')}, ${many(calls, 'call')}`;
}

/** Text in XML and HTML. */
export function escapeMarkup(text: string): string {
  return (
    text
      // XML has no way to write these.
      .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
  );
}

/** Breaks a text into lines of at most `width` characters: between words, or inside a long one. */
export function wrapText(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).flatMap((whole) => pieces(whole, width))) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}

const pieces = (word: string, width: number): string[] =>
  word.length <= width ? [word] : [word.slice(0, width), ...pieces(word.slice(width), width)];
