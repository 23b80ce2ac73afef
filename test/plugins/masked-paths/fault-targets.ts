import { MaskedPathsStep } from 'nsinit/plugins/masked-paths';
import { file, type FaultTarget } from 'nsinit/testing';
import { pipelineOf, ROOT } from '../kit.js';

export const faultTargets: readonly FaultTarget[] = [
  {
    name: 'masked-paths',
    machine: () => ({
      files: {
        [`${ROOT}/secret/key`]: file('key'),
        [`${ROOT}/other/key`]: file('key'),
        [`${ROOT}/password`]: file('hidden'),
        [`${ROOT}/token`]: file('hidden'),
      },
    }),
    focus: ['masked-paths'],
    pipeline: () =>
      pipelineOf(MaskedPathsStep, {
        masked: ['/secret', '/other', '/secret/.', '/password', '/token', '/no'],
        readonly: ['/other', '/no'],
      }),
  },
];
