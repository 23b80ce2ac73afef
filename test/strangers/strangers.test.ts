import { existsSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { documents } from '../docs/documents.js';
import { STAGES } from './stages.js';
import {
  BUSYBOX,
  makeFolder,
  pack,
  ProgramError,
  StrangersProject,
  type Packed,
} from './strangers-project.js';

let made: Packed | undefined;
const packed = (): Packed => (made ??= pack(makeFolder()));

describe('a stranger with the tarball', function () {
  // npm and tsc want a whole core for themselves.
  this.timeout(120_000);
  let project: StrangersProject | undefined;

  before(function () {
    try {
      project = StrangersProject.create(packed().tarball);
    } catch (error) {
      const offline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENOTCACHED|ETIMEDOUT|ECONNRESET/;
      if (!(error instanceof ProgramError) || !offline.test(error.message)) throw error;
      this.test?.parent?.tests.forEach((test) => (test.title += ' (needs the npm registry)'));
      this.skip();
    }
  });

  after(() => rmSync(dirname(packed().tarball), { recursive: true, force: true }));

  it('has two copies of tsyringe', () => {
    expect(new Set(project?.tsyringes())).to.deep.equal(new Set(['4.8.0', '4.10.0']));
  });

  const able = process.geteuid?.() === 0 && existsSync(BUSYBOX);
  for (const { name, needs, check } of STAGES) {
    if (needs === 'root' && !able) it.skip(`${name} (needs root and busybox)`);
    else
      it(name, async () => {
        await check(project as StrangersProject, process.execPath);
      });
  }
});

describe('the tarball', () => {
  let files: readonly string[];
  before(() => {
    ({ files } = packed());
  });

  it('has what a program needs', () => {
    expect(files).to.include.members([
      'build/nsinit.cjs',
      'build/src/index.js',
      'build/src/index.d.ts',
      'build/src/testing.js',
      'build/src/config/config-schema.js',
      'build/src/runtime/launch-worker.js',
      'build/plugins/mqueue/index.js',
      'native/stub-x64',
      'native/stub-arm64',
      'native/replay-x64.so',
      'native/replay-arm64.so',
      'schemas/config.schema.json',
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
    ]);
  });

  it('has a page for each plugin that has one', () => {
    const plugins = new Set(
      files.map((path) => /^build\/plugins\/([^/]+)\/index\.js$/.exec(path)?.[1]),
    );
    for (const plugin of plugins) {
      if (plugin === undefined || !existsSync(`plugins/${plugin}/README.md`)) continue;
      expect(files).to.include(`plugins/${plugin}/README.md`);
    }
  });

  it('has what its pages lead to', () => {
    const lost = documents()
      .filter(({ path }) => files.includes(path))
      .flatMap(({ path, page }) =>
        page.links
          .map(({ target }) => target.split('#')[0] ?? '')
          .filter((target) => target !== '' && !/^[a-z]+:/.test(target))
          .map((target) => join(dirname(path), target).replace(/\/$/, ''))
          .filter((target) => !files.some((file) => `${file}/`.startsWith(`${target}/`)))
          .map((target) => `${path}: ${target}`),
      );
    expect(lost).to.deep.equal([]);
  });

  it('has no tests, and no maps of sources that are not there', () => {
    expect(
      files.filter((path) => /\.map$|(^|\/)test\/|\.test\.|fixtures/.test(path)),
    ).to.deep.equal([]);
  });
});
