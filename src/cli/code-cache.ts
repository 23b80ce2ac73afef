import { closeSync, fstatSync, openSync, readSync, writeFileSync, type Stats } from 'node:fs';
import { constants, Script } from 'node:vm';

// Unlike V8's own check this one looks at the data too: damaged, they would end the process.
const SUM_SIZE = 4;
// In words: one of each block of a disk. All of them would take 5 ms.
const STRIDE = 128;
// Enough for the largest.
const MEMORY_SIZE = 1 << 20;
// What is copied file by file is not all of one age.
const COPYING_MS = 2000;

// What Node puts around a CommonJS module.
const BEFORE = '(function (exports, require, module, __filename, __dirname) { ';
const AFTER = '\n})';

type Run = (...args: readonly unknown[]) => void;

/** A file of the command's bundle. */
export interface BundleFile {
  readonly module: NodeJS.Module;
  readonly script: Script;
}

/**
 * Loads the files of the command's bundle, each with what V8 had made of it when the bundle was
 * built: parsing and compiling took a third of the time of `nsinit run`. Nor does it look for
 * them, and for the package that they are in, as Node would for a millisecond each.
 */
export class BundleFiles {
  readonly #loaded = new Map<string, BundleFile>();

  /** @param parent a module beside the files. */
  constructor(
    private readonly directory: string,
    private readonly parent: NodeJS.Module,
  ) {}

  /** @param id as in the bundle: `./nsinit-run.cjs`. */
  load(id: string): BundleFile {
    let file = this.#loaded.get(id);
    if (file !== undefined) return file;
    const filename = `${this.directory}/${id.slice(2)}`;
    const { parent } = this;
    const module = new (parent.constructor as new (id: string) => NodeJS.Module)(filename);
    Object.assign(module, { filename, paths: parent.paths });
    const script = compile(filename);
    file = { module, script };
    this.#loaded.set(id, file);
    const run = script.runInThisContext() as Run;
    run(module.exports, this.#require, module, filename, this.directory);
    return file;
  }

  readonly #require = (id: string): unknown =>
    id.startsWith('./') ? this.load(id).module.exports : this.parent.require(id);
}

/** V8 takes no data of another version or for a source of another length, and compiles then. */
function compile(filename: string): Script {
  const { bytes, stats } = read(filename, BEFORE, AFTER);
  // All is ASCII there: Latin-1 is read twice as fast as UTF-8.
  const source = bytes.toString('latin1');
  return new Script(source, {
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

// New memory costs more than what is written to it.
let memory = Buffer.alloc(0);

/**
 * Reads a file to where text is around it already: joined later, it would be copied.
 *
 * @returns memory that the next file is read to.
 */
function read(
  file: string,
  before = '',
  after = '',
): { readonly bytes: Buffer; readonly stats: Stats } {
  const fd = openSync(file, 'r');
  try {
    const stats = fstatSync(fd);
    const length = before.length + stats.size + after.length;
    if (memory.length < length) memory = Buffer.allocUnsafeSlow(Math.max(length, MEMORY_SIZE));
    memory.write(before, 'latin1');
    const got = readSync(fd, memory, before.length, stats.size, 0);
    if (got !== stats.size) throw new Error(`${file} became shorter`);
    memory.write(after, before.length + got, 'latin1');
    return { bytes: memory.subarray(0, length), stats };
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
