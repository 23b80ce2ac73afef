import { expect } from 'chai';
import { FilesStep, type FilesEntry } from 'nsinit/plugins/files';
import { charDevice, directory, fifo, file, MockSyscalls, symlink } from 'nsinit/testing';
import { expectIdempotent, expectRefused, expectUndone, pipelineOf, ROOT, runOn } from '../kit.js';
import { itHoldsOnKernel } from '../on-kernel.js';

const machine = (): MockSyscalls =>
  new MockSyscalls({
    files: {
      '/etc/source': file('of the host', 0o600),
      [`${ROOT}/old`]: file('old', 0o4755, { uid: 3 }),
      [`${ROOT}/full/file`]: file('x'),
      [`${ROOT}/there`]: directory(0o700),
      [`${ROOT}/link`]: symlink('/elsewhere'),
      [`${ROOT}/out`]: symlink('../../../etc'),
      [`${ROOT}/etc`]: directory(),
      [`${ROOT}/fifo`]: fifo(),
      [`${ROOT}/null`]: charDevice(1, 3),
    },
  });

type Given = Omit<FilesEntry, 'source'> & { readonly source?: string };
const pipeline = (...entries: readonly Given[]): ReturnType<typeof pipelineOf> =>
  pipelineOf(FilesStep, { entries: entries as readonly FilesEntry[] });

/** What stands at a path: type and mode, owner, content or target. */
function at(sys: MockSyscalls, path: string): string | undefined {
  const found = sys.state.tree(ROOT).find((entry) => entry.path === path);
  if (found === undefined) return undefined;
  const { type, mode, uid, gid, content, target } = found;
  const text = content ?? target;
  return `${(type | mode).toString(8)} ${uid}:${gid}${text === undefined ? '' : ` ${text}`}`;
}

const ALL: readonly Given[] = [
  { type: 'directory', path: '/a/b', mode: 0o1777, uid: 5, gid: 6 },
  { type: 'directory', path: '/there' },
  { type: 'file', path: '/a/new', content: 'text\n', mode: 0o4750, uid: 7 },
  { type: 'file', path: '/a/copy', source: '/etc/source' },
  { type: 'file', path: '/link', content: 'in place of the link' },
  { type: 'link', path: '/a/link', target: '../old', uid: 8 },
  { type: 'attributes', path: '/a/link', mode: 0o640, uid: 9 },
];

describe('plugin files', () => {
  it('makes directories, files and links, and changes what is there', () => {
    const sys = machine();
    runOn(sys, pipeline(...ALL));
    const made = ['a', 'a/b', 'there', 'a/new', 'a/copy', 'link', 'a/link', 'old'];
    expect(made.map((path) => at(sys, path))).to.deep.equal([
      '40755 0:0',
      '41777 5:6',
      '40700 0:0',
      '104750 7:0 text\n',
      '100644 0:0 of the host',
      '100644 0:0 in place of the link',
      '120777 8:0 ../old',
      '100640 9:0 old',
    ]);
    expect(sys.umask(0o22)).to.equal(0o22);
  });

  it('writes nothing outside the root', () => {
    const sys = machine();
    const before = sys.state.tree('/etc');
    runOn(sys, pipeline({ type: 'file', path: '/out/source', content: 'x' }));
    expect(at(sys, 'etc/source')).to.equal('100644 0:0 x');
    expect(sys.state.tree('/etc')).to.deep.equal(before);
  });

  it('neither removes what is in a directory nor opens a device or a fifo', () => {
    const message = (entry: Given): RegExp | string => {
      try {
        runOn(machine(), pipeline(entry));
        return 'done';
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(message({ type: 'file', path: '/full', content: '' })).to.include('ENOTEMPTY');
    expect(message({ type: 'directory', path: '/old' })).to.include('ENOTDIR');
    for (const path of ['/fifo', '/null'])
      expect(message({ type: 'attributes', path, mode: 0 })).to.include('neither a file nor a dir');
    expect(message({ type: 'file', path: '/a', source: '/etc' })).to.include('no regular file');
    expect(message({ type: 'attributes', path: '/none', mode: 0 })).to.include('ENOENT');
  });

  it('takes everything back when a later step fails', () => {
    expectUndone(machine, () => pipeline(...ALL, { type: 'directory', path: '/there', mode: 0o5 }));
  });

  it('names the option that is wrong', () => {
    const refused = (entry: object, option: string): void =>
      expectRefused(FilesStep, { entries: [entry] }, option);
    refused({ path: '/a' }, 'entries[0].type');
    refused({ type: 'file', path: '/a' }, 'entries[0].content');
    refused({ type: 'file', path: '/a', content: '', source: '/b' }, 'entries[0].source');
    refused({ type: 'link', path: '/a', target: '' }, 'entries[0].target');
    refused({ type: 'link', path: '/a', target: 'b', mode: 1 }, 'mode');
    refused({ type: 'directory', path: '/a', content: '' }, 'content');
    refused({ type: 'directory', path: '/a/../b' }, 'entries[0].path');
    refused({ type: 'attributes', path: '/a' }, 'entries[0].mode');
    expectIdempotent(FilesStep, { entries: ALL });
  });

  const module = new URL('./kernel-scenarios.js', import.meta.url);
  const made = {
    'everything is made': ['1777 directory', '640 text', 'file of the host', 'b/x', '4711 5'],
  };
  itHoldsOnKernel(module, 'root', { ...made, 'nothing is left of it': ['old 755'] });
  itHoldsOnKernel(module, 'user-namespace', made);
});
