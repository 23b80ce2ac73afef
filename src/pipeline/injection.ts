import 'reflect-metadata';
import {
  container as globalContainer,
  inject,
  injectable,
  type DependencyContainer,
  type InjectionToken,
} from 'tsyringe';
import type { Syscalls } from '../syscalls/syscalls.js';
import { silentLogger, type Logger } from './logger.js';

export { inject, injectable, type DependencyContainer, type InjectionToken };

// Symbol.for, so that two copies of the package agree on them.
/** Token of the adapter that a step makes its calls with. */
export const SYSCALLS: InjectionToken<Syscalls> = Symbol.for('nsinit.Syscalls');
/** Token of the run's logger. */
export const LOGGER: InjectionToken<Logger> = Symbol.for('nsinit.Logger');

/**
 * A container for one run: what is registered in it ends with the run.
 *
 * @param parent the application's own container, whose services third-party steps may want.
 */
export function createRunContainer(
  syscalls: Syscalls,
  logger: Logger = silentLogger,
  parent: DependencyContainer = globalContainer,
): DependencyContainer {
  const child = parent.createChildContainer();
  child.register(SYSCALLS, { useValue: syscalls });
  child.register(LOGGER, { useValue: logger });
  return child;
}
