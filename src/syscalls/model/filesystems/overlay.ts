import { S_IFCHR, S_IFDIR } from '../../file-flags.js';
import { OVERLAYFS_SUPER_MAGIC } from '../../file-system-magic.js';
import { refuse } from '../errors.js';
import type { FileSystem, FileSystemTraits } from '../file-system.js';
import type { FileSystemType, FsContext, OptionValue } from '../fs-context.js';
import type { DirectorySource, Inode } from '../inode.js';
import type { Location } from '../location.js';
import { lookup } from '../walk.js';
import { textOf } from './option-values.js';

const TRAITS: FileSystemTraits = { type: 'overlay', magic: OVERLAYFS_SUPER_MAGIC };

interface Layer {
  readonly shown: string;
  readonly location: Location;
}

interface OverlaySettings {
  lower: Layer[];
  upper?: Layer;
  work?: Layer;
  userXattr?: boolean;
  volatile?: boolean;
}

const settings = new WeakMap<FsContext, OverlaySettings>();
const SILENT = [
  'index',
  'metacopy',
  'nfs_export',
  'redirect_dir',
  'uuid',
  'xino',
  'verity',
  'default_permissions',
];

function settingsOf(context: FsContext): OverlaySettings {
  const found = settings.get(context) ?? { lower: [] };
  settings.set(context, found);
  return found;
}

/**
 * Directories laid over each other (overlayfs.rst of the kernel). The merged view can be read and
 * written; what is written stays in the view and is not copied up into `upperdir`.
 */
export const overlay: FileSystemType = {
  name: 'overlay',
  inUserNamespaces: true,

  option(context, key, value) {
    const wanted = settingsOf(context);
    if (key === 'lowerdir') wanted.lower = lowerLayers(context, textOf(context, key, value));
    else if (key === 'lowerdir+') wanted.lower.push(layer(context, key, value));
    else if (key === 'upperdir') wanted.upper = layer(context, key, value);
    else if (key === 'workdir') wanted.work = layer(context, key, value);
    else if (key === 'userxattr') wanted.userXattr = true;
    else if (key === 'volatile') wanted.volatile = true;
    else return SILENT.includes(key);
    return true;
  },

  create(context) {
    const wanted = settingsOf(context);
    check(context, wanted);
    const { kernel } = context;
    const layers = [...(wanted.upper === undefined ? [] : [wanted.upper]), ...wanted.lower];
    const fileSystem = kernel.createFileSystem(TRAITS, context.owner);
    fileSystem.readonly = wanted.upper === undefined;
    const roots = layers.map(({ location }) => location.inode);
    copyAttributes(roots[0] ?? refuse('EINVAL'), fileSystem.root);
    fileSystem.root.source = merge(fileSystem, roots);
    if (wanted.work !== undefined) prepareWork(wanted.work.location.inode);
    fileSystem.options = shownOptions(wanted);
    return fileSystem;
  },
};

function lowerLayers(context: FsContext, text: string): Layer[] {
  const paths = text.split(/(?<!\\):/).map((path) => path.replaceAll('\\:', ':'));
  return paths.map((path) => layer(context, 'lowerdir', { kind: 'string', text: path }));
}

function layer(context: FsContext, key: string, value: OptionValue): Layer {
  if (value.kind === 'file') return { shown: value.location.inode.path, location: value.location };
  const shown = textOf(context, key, value);
  const { process } = context.kernel;
  const location = lookup(process, shown.startsWith('/') ? process.root : process.cwd, shown, {
    follow: true,
  });
  if (!location.inode.isDirectory) context.fail('EINVAL', `${shown} is not a directory`);
  return { shown, location };
}

function check(context: FsContext, { lower, upper, work }: OverlaySettings): void {
  if (lower.length === 0) context.fail('EINVAL', "missing 'lowerdir'");
  if (upper === undefined) {
    if (lower.length === 1)
      context.fail('EINVAL', 'at least 2 lowerdir are needed while upperdir nonexistent');
    return;
  }
  if (work === undefined) return context.fail('EINVAL', "missing 'workdir'");
  if (upper.location.mount.readonly)
    context.fail('EINVAL', 'upper fs is r/o, try multi-lower layers mount');
  const sameTree = upper.location.mount === work.location.mount;
  if (!sameTree) context.fail('EINVAL', 'workdir and upperdir must reside under the same mount');
  const a = upper.location.inode;
  const b = work.location.inode;
  if (a.contains(b) || b.contains(a))
    context.fail('EINVAL', 'workdir and upperdir must be separate subtrees');
}

function prepareWork(work: Inode): void {
  if (work.entry('work') === undefined)
    work.add('work', work.fileSystem.inode(S_IFDIR, work.uid, work.gid));
}

// A whiteout (a 0:0 character node) in a higher layer hides the name in those below.
const isWhiteout = (inode: Inode): boolean =>
  (inode.mode & S_IFCHR) === S_IFCHR &&
  inode.rdev.major === 0 &&
  inode.rdev.minor === 0 &&
  inode.isDevice;

function merge(fileSystem: FileSystem, layers: readonly Inode[]): DirectorySource {
  const found = (name: string): Inode[] => {
    const hits: Inode[] = [];
    for (const directory of layers) {
      const hit = directory.entry(name);
      if (hit === undefined) continue;
      if (isWhiteout(hit)) break;
      if (hits.length > 0 && !hit.isDirectory) break;
      hits.push(hit);
      if (!hit.isDirectory) break;
    }
    return hits;
  };
  return {
    names: () =>
      [...new Set(layers.flatMap((directory) => directory.names()))].filter(
        (name) => found(name).length > 0,
      ),
    lookup(name) {
      const hits = found(name);
      const [top] = hits;
      if (top === undefined) return undefined;
      const merged = fileSystem.inode(top.mode, top.uid, top.gid);
      copyAttributes(top, merged);
      if (top.isDirectory) merged.source = merge(fileSystem, hits);
      return merged;
    },
  };
}

function copyAttributes(from: Inode, to: Inode): void {
  to.mode = from.mode;
  to.uid = from.uid;
  to.gid = from.gid;
  to.rdev = from.rdev;
  to.target = from.target;
  if (from.isFile) to.loadContent = () => from.read();
}

function shownOptions({ lower, upper, work, userXattr, volatile }: OverlaySettings): string {
  let options = `,lowerdir=${lower.map(({ shown }) => shown).join(':')}`;
  if (upper !== undefined) options += `,upperdir=${upper.shown}`;
  if (work !== undefined) options += `,workdir=${work.shown}`;
  if (volatile === true) options += ',volatile';
  if (userXattr === true) options += ',userxattr';
  return options;
}
