import type { ContractCase } from '../contract-case.js';
import { REGRESSION_CASES } from '../regressions/regressions.js';
import { DESCRIPTORS } from './descriptors.js';
import { DETACHED } from './detached.js';
import { FILES } from './files.js';
import { FILE_SYSTEMS } from './filesystems.js';
import { MOUNTS } from './mounts.js';
import { NAMESPACES } from './namespaces.js';
import { RESOLUTION } from './paths.js';
import { PROPAGATION } from './propagation.js';
import { ROOTS } from './roots.js';
import { SETTINGS } from './settings.js';

/** Every case of the contract. */
export const ALL_CASES: readonly ContractCase[] = [
  ...FILES,
  ...RESOLUTION,
  ...DESCRIPTORS,
  ...MOUNTS,
  ...PROPAGATION,
  ...DETACHED,
  ...ROOTS,
  ...FILE_SYSTEMS,
  ...NAMESPACES,
  ...SETTINGS,
  ...REGRESSION_CASES,
];
