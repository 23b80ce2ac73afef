import { S_IFCHR, S_IFDIR } from '../../file-flags.js';
import { OVERLAYFS_SUPER_MAGIC } from '../../file-system-magic.js';
import { notModelled, refuse } from '../errors.js';
import type { FileSystem, FileSystemTraits } from '../file-system.js';
import type { FileSystemType, FsContext, OptionValue } from '../fs-context.js';
import type { DirectorySource, Inode } from '../inode.js';
import type { Location } from '../location.js';
import { lookup } from '../walk.js';
import { badValue, textOf } from './option-values.js';

const TRAITS: FileSystemTraits = { type: 'overlay', magic: OVERLAYFS_SUPER_MAGIC };

interface Layer {
  readonly shown: string;
  readonly location: Location;
}

interface OverlaySettings {
  lower: Layer[];
  /** The layers were added one by one. */
  added?: boolean;
  upper?: Layer;
  work?: Layer;
  userXattr?: boolean;
  volatile?: boolean;
  metacopy?: string;
  redirect?: string;
  index?: string;
}

const settings = new WeakMap<FsContext, OverlaySettings>();
/** Options that an overlay has and the model has not. */
const UNKNOWN = [
  'nfs_export',
  'uuid',
  'xino',
  'verity',
  'default_permissions',
  'fsync',
  'datadir+',
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
    else if (key === 'lowerdir+') {
      wanted.lower.push(layer(context, key, value));
      wanted.added = true;
    } else if (key === 'upperdir') wanted.upper = layer(context, key, value, unescapeLayer);
    else if (key === 'workdir') wanted.work = layer(context, key, value, unescapeLayer);
    else if (key === 'metacopy') wanted.metacopy = oneOf(context, key, value, ['on', 'off']);
    else if (key === 'index') wanted.index = oneOf(context, key, value, ['on', 'off']);
    else if (key === 'redirect_dir')
      wanted.redirect = oneOf(context, key, value, ['on', 'off', 'follow', 'nofollow']);
    else if (key === 'userxattr') wanted.userXattr = isFlag(context, key, value);
    else if (key === 'volatile') wanted.volatile = isFlag(context, key, value);
    else return UNKNOWN.includes(key) && notModelled(`the option ${key} of overlay`);
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
    showMerged(fileSystem.root, fileSystem, roots);
    if (wanted.work !== undefined) prepareWork(wanted.work.location.inode);
    fileSystem.options = shownOptions(wanted);
    return fileSystem;
  },
};

const isFlag = (context: FsContext, key: string, { kind }: OptionValue): true =>
  kind === 'flag' ? true : badValue(context, key);

function oneOf(
  context: FsContext,
  key: string,
  value: OptionValue,
  choices: readonly string[],
): string {
  const text = textOf(context, key, value);
  return choices.includes(text) ? text : badValue(context, key);
}

/** A backslash takes the next character as it is. */
const unescapeLayer = (path: string): string => path.replace(/\\(.)/gs, '$1');

/** Layers with colons between; one with a colon in its name has a backslash before that. */
function lowerLayers(context: FsContext, text: string): Layer[] {
  return (text.match(/(\\.|[^:\\])+/gs) ?? []).map((path) =>
    layer(context, 'lowerdir', { kind: 'string', text: path }, unescapeLayer),
  );
}

function layer(
  context: FsContext,
  key: string,
  value: OptionValue,
  unescape: (path: string) => string = (path) => path,
): Layer {
  if (value.kind === 'file') return { shown: value.location.inode.path, location: value.location };
  const shown = textOf(context, key, value);
  const path = unescape(shown);
  const { process } = context.kernel;
  const location = lookup(process, path.startsWith('/') ? process.root : process.cwd, path, {
    follow: true,
  });
  if (!location.inode.isDirectory) context.fail('EINVAL', `${path} is not a directory`);
  return { shown, location };
}

/** What would be kept in trusted attributes cannot be where those of users are taken instead. */
function checkAttributes(
  context: FsContext,
  { userXattr, metacopy, redirect }: OverlaySettings,
): void {
  if (userXattr !== true) return;
  if (metacopy === 'on') context.fail('EINVAL', 'conflicting options: userxattr,metacopy=on');
  if (redirect === 'on' || redirect === 'follow')
    context.fail('EINVAL', `conflicting options: userxattr,redirect_dir=${redirect}`);
}

function check(context: FsContext, wanted: OverlaySettings): void {
  const { lower, upper, work } = wanted;
  checkAttributes(context, wanted);
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

// A directory of several layers has one link, whatever is in it (overlayfs in the kernel's sources).
function showMerged(directory: Inode, fileSystem: FileSystem, layers: readonly Inode[]): void {
  directory.source = merge(fileSystem, layers);
  const links = layers.length > 1 ? 1 : layers[0]?.knownLinks;
  if (links !== undefined) directory.knownLinks = links;
}

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
      if (top.isDirectory) showMerged(merged, fileSystem, hits);
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

// As `seq_show_option` of the kernel has it.
const escapeShown = (text: string): string =>
  text.replace(
    /[,\s\\]/g,
    (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`,
  );

function shownOptions(wanted: OverlaySettings): string {
  const { lower, added, upper, work, userXattr, volatile, metacopy, redirect, index } = wanted;
  const shown = lower.map((one) => escapeShown(one.shown));
  let options =
    added === true
      ? shown.map((path) => `,lowerdir+=${path}`).join('')
      : `,lowerdir=${shown.join(':')}`;
  if (upper !== undefined) options += `,upperdir=${escapeShown(upper.shown)}`;
  if (work !== undefined) options += `,workdir=${escapeShown(work.shown)}`;
  if (redirect === 'on' || redirect === 'nofollow') options += `,redirect_dir=${redirect}`;
  if (index === 'on' && upper !== undefined) options += ',index=on';
  if (metacopy === 'on') options += ',metacopy=on';
  if (volatile === true && upper !== undefined) options += ',fsync=volatile';
  if (userXattr === true) options += ',userxattr';
  return options;
}
