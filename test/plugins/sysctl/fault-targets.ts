import { SysctlStep } from 'nsinit/plugins/sysctl';
import type { FaultTarget } from 'nsinit/testing';
import { pipelineOf } from '../kit.js';

export const faultTargets: readonly FaultTarget[] = [
  {
    name: 'sysctl',
    focus: ['sysctl'],
    pipeline: () =>
      pipelineOf(SysctlStep, { settings: { 'net.core.somaxconn': '77', 'kernel.shmmni': '88' } }),
  },
];
