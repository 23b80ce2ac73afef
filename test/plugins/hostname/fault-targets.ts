import { HostnameStep } from 'nsinit/plugins/hostname';
import type { FaultTarget } from 'nsinit/testing';
import { pipelineOf } from '../kit.js';

export const faultTargets: readonly FaultTarget[] = [
  {
    name: 'hostname',
    focus: ['hostname'],
    pipeline: () => pipelineOf(HostnameStep, { hostname: 'box', domainname: 'example.org' }),
  },
];
