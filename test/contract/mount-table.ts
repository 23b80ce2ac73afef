/** One line of mountinfo (proc_pid_mountinfo(5)), taken apart. */
interface MountLine {
  readonly id: string;
  readonly parent: string;
  readonly device: string;
  readonly root: string;
  readonly point: string;
  readonly options: string;
  readonly optional: readonly string[];
  readonly type: string;
  readonly source: string;
  readonly superOptions: string;
}

function parse(line: string): MountLine {
  const fields = line.split(' ');
  const dash = fields.indexOf('-', 6);
  const at = (index: number): string => fields[index] ?? '';
  return {
    id: at(0),
    parent: at(1),
    device: at(2),
    root: at(3),
    point: at(4),
    options: at(5),
    optional: fields.slice(6, dash),
    type: at(dash + 1),
    source: at(dash + 2),
    superOptions: fields.slice(dash + 3).join(' '),
  };
}

/** Gives names by order of appearance: ids differ from run to run, what they tell apart does not. */
class Renaming {
  readonly #names = new Map<string, number>();

  constructor(private readonly prefix: string) {}

  name(id: string): string {
    const known = this.#names.get(id) ?? this.#names.size + 1;
    this.#names.set(id, known);
    return `${this.prefix}${known}`;
  }
}

/**
 * The mount table as two kernels can be compared by it: a tree, siblings by their mount points,
 * devices and peer groups named in the order in which they appear.
 */
export function normalizeMountinfo(text: string): string[] {
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .map(parse);
  const ids = new Set(lines.map((line) => line.id));
  const children = new Map<string, MountLine[]>();
  for (const line of lines) {
    const key = ids.has(line.parent) && line.parent !== line.id ? line.parent : '';
    children.set(key, [...(children.get(key) ?? []), line]);
  }
  const devices = new Renaming('dev');
  const groups = new Renaming('group');
  const shown: string[] = [];
  const visit = (id: string, depth: number): void => {
    const below = (children.get(id) ?? []).sort(
      (a, b) => compare(a.point, b.point) || compare(a.root, b.root),
    );
    for (const line of below) {
      shown.push('  '.repeat(depth) + format(line, devices, groups));
      visit(line.id, depth + 1);
    }
  };
  visit('', 0);
  return shown;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function format(line: MountLine, devices: Renaming, groups: Renaming): string {
  const optional = line.optional.map((field) => field.replace(/\d+$/, (id) => groups.name(id)));
  const { root, point, options, type, source } = line;
  // Overlays show the defaults of the kernel's configuration beside what was asked for.
  const superOptions =
    type === 'overlay'
      ? line.superOptions.replace(/,(redirect_dir|uuid|xino|index|metacopy|nfs_export)=\w+/g, '')
      : line.superOptions;
  return [
    devices.name(line.device),
    root,
    point,
    options,
    ...optional,
    '-',
    type,
    source,
    superOptions,
  ].join(' ');
}
