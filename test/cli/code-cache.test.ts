import {
  chownSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { Module } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { BundleFiles } from '../../src/cli/code-cache.js';

// From build/test/cli.
const BUILD = join(import.meta.dirname, '../..');

describe('the code cache of the command', () => {
  let folder = '';
  let source = '';
  let cache = '';

  // In a folder of its own, since V8 remembers what it has compiled by the file's name.
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nsinit-cache-'));
    for (const name of readdirSync(BUILD).filter((name) => name.startsWith('nsinit')))
      copyFileSync(join(BUILD, name), join(folder, name));
    source = join(folder, 'nsinit-program.cjs');
    cache = `${source}.${process.versions.v8}-${process.arch}.cache`;
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  /** Whether it was given to V8, and V8 has taken it. */
  function load(): boolean {
    const paths: string[] = [];
    const parent = Object.assign(new Module(join(folder, 'nsinit.cjs')), {
      filename: join(folder, 'nsinit.cjs'),
      paths,
    });
    const files = new BundleFiles(folder, parent, {});
    expect(files.require('./nsinit-program.cjs')).to.have.property('createProgram');
    return files.scripts.get(source)?.cachedDataRejected === false;
  }

  it('is made by the build, and used', () => {
    expect(load()).to.equal(true);
  });

  it('may be missing, as with another version of Node', () => {
    rmSync(cache);
    expect(load()).to.equal(false);
  });

  it('is not used when a block of it is damaged', () => {
    const bytes = readFileSync(cache);
    bytes.fill(0, 4096, 4096 + 1024);
    writeFileSync(cache, bytes);
    expect(load()).to.equal(false);
  });

  it('is not used when its end is missing', () => {
    for (const length of [statSync(cache).size - 100, 5, 3, 0]) {
      truncateSync(cache, length);
      expect(load(), `${length} bytes`).to.equal(false);
    }
  });

  it('is not used for another source', () => {
    writeFileSync(source, `${readFileSync(source, 'latin1')}\n`);
    expect(load()).to.equal(false);
  });

  it('is not used for a source that was changed later, to the same length', () => {
    const { mtimeMs } = statSync(source);
    utimesSync(source, new Date(), new Date(mtimeMs + 60_000));
    expect(load()).to.equal(false);
  });

  it('is not used when it belongs to another user than the source', function () {
    if (process.geteuid?.() !== 0) return this.skip();
    chownSync(cache, 65534, 65534);
    expect(load()).to.equal(false);
  });

  it('is not written by a run', () => {
    rmSync(cache);
    load();
    expect(existsSync(cache)).to.equal(false);
  });
});
