import { closeSync, fstatSync, openSync, readSync, writeFileSync, type Stats } from 'node:fs';
import { basename, dirname } from 'node:path';
import { constants, Script } from 'node:vm';

// Unlike V8's own check this one looks at the data too: damaged, they would end the process.
const SUM_SIZE = 4;
// In words: one of each block of a disk. All of them would take 5 ms.
const STRIDE = 128;
// What is copied file by file is not all of one age.
const COPYING_MS = 2000;

// What Node puts around a CommonJS module.
const BEFORE = '(function (exports, require, module, __filename, __dirname) { ';
const AFTER = '\n})';

type Run = (...args: readonly unknown[]) => void;

/** A file of the command's bundle that has been loaded. */
export interface CompiledFile<T> {
  readonly exports: T;
  readonly script: Script;
}

/**
 * Loads files of the command's bundle, each with what V8 had made of it when the bundle was built:
 * parsing and compiling took a third of the time of `nsinit run`.
 *
 * @param parent the module that asks; the files lie beside it.
 */
export function compiledFiles(
  parent: NodeJS.Module,
  { cache }: Pick<NodeJS.Require, 'cache'>,
): <T>(file: string) => CompiledFile<T> {
  const loaded = new Map<string, unknown>();
  // Node would look for them, and for the package they are in, for two milliseconds.
  const require = (id: string): unknown => loaded.get(id) ?? parent.require(id);
  return <T>(file: string): CompiledFile<T> => {
    const module = new (parent.constructor as new (id: string) => NodeJS.Module)(file);
    module.filename = file;
    module.paths = parent.paths;
    const script = compile(file);
    (script.runInThisContext() as Run)(module.exports, require, module, file, dirname(file));
    loaded.set(`./${basename(file)}`, module.exports);
    // The files that Node loads itself require this one too. Unloaded it would be a circle.
    module.loaded = true;
    cache[file] = module;
    return { exports: module.exports as T, script };
  };
}

/** V8 takes no data of another version or for a source of another length, and compiles then. */
function compile(filename: string): Script {
  const { bytes, stats } = read(filename, BEFORE, AFTER);
  // All is ASCII there: Latin-1 is read twice as fast as UTF-8.
  return new Script(bytes.toString('latin1'), {
    filename,
    cachedData: readCodeCache(filename, stats),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
}

/** Only in the package itself, whose files are executed anyway, and never written by a run. */
function cacheFileOf(file: string): string {
  return `${file}.${process.versions.v8}-${process.arch}.cache`;
}

/** Undefined where it is missing, damaged, older than the source, or somebody else's. */
function readCodeCache(file: string, source: Stats): Buffer | undefined {
  let cache;
  try {
    cache = read(cacheFileOf(file));
  } catch {
    return undefined;
  }
  const { bytes, stats } = cache;
  const data = bytes.subarray(0, -SUM_SIZE);
  return bytes.length > SUM_SIZE &&
    stats.uid === source.uid &&
    stats.mtimeMs > source.mtimeMs - COPYING_MS &&
    sum(data) === bytes.readInt32LE(data.length)
    ? data
    : undefined;
}

/** Reads a file to where text is around it already: joined later, it would be copied. */
function read(
  file: string,
  before = '',
  after = '',
): { readonly bytes: Buffer; readonly stats: Stats } {
  const fd = openSync(file, 'r');
  try {
    const stats = fstatSync(fd);
    const bytes = Buffer.allocUnsafeSlow(before.length + stats.size + after.length);
    bytes.write(before, 'latin1');
    const got = readSync(fd, bytes, before.length, stats.size, 0);
    if (got !== stats.size) throw new Error(`${file} became shorter`);
    bytes.write(after, before.length + got, 'latin1');
    return { bytes, stats };
  } finally {
    closeSync(fd);
  }
}

/** Keeps what V8 has made of a script so far, with every function that has run. */
export function writeCodeCache(file: string, script: Script): void {
  const data = script.createCachedData();
  const tail = Buffer.alloc(SUM_SIZE);
  tail.writeInt32LE(sum(data));
  writeFileSync(cacheFileOf(file), Buffer.concat([data, tail]));
}

function sum({ buffer, byteOffset, length }: Buffer): number {
  const words = new Int32Array(buffer, byteOffset, length >> 2);
  let joined = length;
  for (let at = 0; at < words.length; at += STRIDE)
    joined = (Math.imul(joined, 31) + (words[at] ?? 0)) | 0;
  return joined;
}
