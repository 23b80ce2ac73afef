import { IdmappedMountsStep } from 'nsinit/plugins/idmapped-mounts';
import { file, userNamespaceFile, type FaultTarget } from 'nsinit/testing';
import { pipelineOf } from '../kit.js';

const ids = [{ inside: 0, outside: 100000, count: 1000 }];

export const faultTargets: readonly FaultTarget[] = [
  {
    name: 'idmapped-mounts',
    machine: () => ({
      files: { '/data/file': file(), '/run/ids': userNamespaceFile({ uids: ids, gids: ids }) },
    }),
    focus: ['idmapped-mounts'],
    pipeline: () =>
      pipelineOf(IdmappedMountsStep, {
        mounts: [
          { source: '/data', target: '/d', userNamespace: '/run/ids', readonly: true },
          {
            source: '/data/file',
            target: '/f',
            userNamespace: '/run/ids',
            recursive: true,
            propagation: ['rprivate'],
          },
        ],
      }),
  },
  {
    name: 'idmapped-mounts, prepared',
    machine: () => ({ files: { '/data/file': file() } }),
    focus: ['idmapped-mounts'],
    pipeline: () =>
      pipelineOf(IdmappedMountsStep, {
        mounts: [{ source: '/data', target: '/d', uidMappings: ids, gidMappings: ids }],
      }),
  },
];
