import { createRequire } from 'node:module';
import type Winston from 'winston';
import { silentLogger, type Logger } from './pipeline/logger.js';

/** How much is told, from least to most. */
export const LOG_LEVELS = ['none', 'error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFormat = 'text' | 'json';

/**
 * A logger that writes to standard error, never to standard output: that is the command's.
 *
 * winston is loaded here and only here: it costs 60 ms, and has to be complete before a root
 * switch, since it loads its parts when they are first used.
 */
export function createLogger(level: LogLevel, format: LogFormat): Logger {
  if (level === 'none') return silentLogger;
  const winston = createRequire(import.meta.url)('winston') as typeof Winston;
  const { combine, json, printf, timestamp } = winston.format;
  const text = printf(({ level: at, message }) => `nsinit: ${at}: ${String(message)}`);
  return winston.createLogger({
    level,
    format: format === 'json' ? combine(timestamp(), json()) : text,
    transports: [
      new winston.transports.Console({ stderrLevels: ['error', 'warn', 'info', 'debug'] }),
    ],
  });
}
