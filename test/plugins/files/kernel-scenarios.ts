import {
  chmodSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { FilesStep, type FilesEntry } from 'nsinit/plugins/files';
import { failAfter, pipelineOf } from '../kit.js';
import { messageOf, REAL_ROOT, runReal, type Scenario } from '../scenario.js';

const mode = (path: string): string =>
  (lstatSync(`${REAL_ROOT}/${path}`).mode & 0o7777).toString(8);

const ENTRIES = [
  { type: 'directory', path: '/a/b', mode: 0o1777 },
  { type: 'file', path: '/a/new', content: 'text', mode: 0o640 },
  { type: 'file', path: '/copy', source: '/mnt/source' as never },
  { type: 'link', path: '/link', target: 'b/x', uid: 0 },
  { type: 'attributes', path: '/old', mode: 0o4711, uid: 0 },
] satisfies readonly FilesEntry[];

function prepare(): void {
  writeFileSync('/mnt/source', 'file of the host');
  writeFileSync(`${REAL_ROOT}/old`, 'five!');
  chmodSync(`${REAL_ROOT}/old`, 0o755);
}

export const scenarios: Readonly<Record<string, Scenario>> = {
  'everything is made': {
    run(sys) {
      prepare();
      runReal(sys, pipelineOf(FilesStep, { entries: ENTRIES }));
      const read = (path: string): string => readFileSync(`${REAL_ROOT}/${path}`, 'utf8');
      return [
        `${mode('a/b')} directory`,
        `${mode('a/new')} ${read('a/new')}`,
        read('copy'),
        readlinkSync(`${REAL_ROOT}/link`),
        `${mode('old')} ${read('old').length}`,
      ];
    },
  },
  'nothing is left of it': {
    run(sys) {
      prepare();
      messageOf(() => runReal(sys, failAfter(pipelineOf(FilesStep, { entries: ENTRIES }))));
      return readdirSync(REAL_ROOT).map((name) => `${name} ${mode(name)}`);
    },
  },
};
