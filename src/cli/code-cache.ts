import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { Script } from 'node:vm';

// Unlike V8's own check this one looks at the data too: damaged, they would end the process.
const SUM_SIZE = 4;
// In words: one of each block of a file system. All of them would take 5 ms.
const STRIDE = 1024;
// Enough for the largest.
const MEMORY_SIZE = 1 << 20;
// What is copied file by file is not all of one age.
const COPYING_MS = 2000;

// What Node puts around a CommonJS module.
const BEFORE = '(function (exports, require, module, __filename, __dirname) { ';
const AFTER = '\n})';

type Run = (...args: readonly unknown[]) => void;

/**
 * Loads the files of the command's bundle, those that most runs need with what V8 had made of them
 * when the bundle was built: parsing and compiling took a third of the time of `nsinit run`.
 */
export class BundleFiles {
  /** Scripts that have been given what was kept, by their file; V8 may have refused it. */
  readonly scripts = new Map<string, Script>();

  /**
   * @param parent a module beside the files, and what it requires with.
   * @param always also where nothing is kept, so that it can be.
   */
  constructor(
    private readonly directory: string,
    private readonly parent: NodeJS.Module,
    private readonly cache: NodeJS.Require['cache'],
    private readonly always = false,
  ) {}

  /** @param id as in the bundle: `./nsinit-run.cjs`. */
  readonly require = (id: string): unknown => {
    if (!id.startsWith('./')) return this.parent.require(id);
    const file = `${this.directory}/${id.slice(2)}`;
    // Node would look for the file first, and for the package that it is in: a millisecond each.
    return this.cache[file]?.exports ?? this.#load(file) ?? this.parent.require(id);
  };

  #load(file: string): unknown {
    const script = compile(file, this.always);
    if (script === undefined) return undefined;
    this.scripts.set(file, script);
    const { parent } = this;
    const module = new (parent.constructor as new (id: string) => NodeJS.Module)(file);
    Object.assign(module, { filename: file, paths: parent.paths });
    const run = script.runInThisContext() as Run;
    run(module.exports, this.require, module, file, this.directory);
    // The files that Node loads require this one too. Not loaded it would be a circle.
    module.loaded = true;
    this.cache[file] = module;
    return module.exports;
  }
}

/** V8 takes no data of another version or for a source of another length, and compiles then. */
function compile(filename: string, always: boolean): Script | undefined {
  const cacheFile = cacheFileOf(filename);
  if (!always && !existsSync(cacheFile)) return undefined;
  const { bytes, stats } = read(filename, BEFORE, AFTER);
  // All is ASCII there: Latin-1 is read twice as fast as UTF-8.
  const source = bytes.toString('latin1');
  const cachedData = always ? undefined : readCodeCache(cacheFile, stats);
  return always || cachedData !== undefined
    ? new Script(source, { filename, cachedData })
    : undefined;
}

/** Only in the package itself, whose files are executed anyway, and never written by a run. */
function cacheFileOf(file: string): string {
  return `${file}.${process.versions.v8}-${process.arch}.cache`;
}

/** Undefined where it is damaged, older than the source, or somebody else's. */
function readCodeCache(file: string, source: Stats): Buffer | undefined {
  const { bytes, stats } = read(file);
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
