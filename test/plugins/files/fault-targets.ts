import { FilesStep } from 'nsinit/plugins/files';
import { directory, file, symlink, type FaultTarget } from 'nsinit/testing';
import { pipelineOf, ROOT } from '../kit.js';

export const faultTargets: readonly FaultTarget[] = [
  {
    name: 'files',
    machine: () => ({
      files: {
        '/etc/source': file('content'),
        [`${ROOT}/old`]: file('old', 0o600, { uid: 3 }),
        [`${ROOT}/there`]: directory(0o700),
        [`${ROOT}/link`]: symlink('/elsewhere'),
      },
    }),
    focus: ['files'],
    pipeline: () =>
      pipelineOf(FilesStep, {
        entries: [
          { type: 'directory', path: '/a/b', mode: 0o1777, uid: 5 },
          { type: 'directory', path: '/there', mode: 0o755 },
          { type: 'file', path: '/a/new', content: 'x', mode: 0o640, gid: 7 },
          { type: 'file', path: '/old', source: '/etc/source' as never },
          { type: 'link', path: '/link', target: 'a/new', uid: 4 },
          { type: 'attributes', path: '/link', mode: 0o600 },
        ],
      }),
  },
];
