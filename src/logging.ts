import { createRequire } from 'node:module';
import type Stream from 'node:stream';
import type Winston from 'winston';
import { silentLogger, type Logger } from './pipeline/logger.js';

/** How much is told, from least to most. */
export const LOG_LEVELS = ['none', 'error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFormat = 'text' | 'json';

/**
 * A logger, with `write` for what it has to say.
 *
 * winston is loaded here and only here: it costs 60 ms, and has to be complete before a root
 * switch, since it loads its parts when they are first used. Node's streams come with it: a run that
 * logs nothing starts 7 ms sooner without them.
 */
export function createLogger(
  level: LogLevel,
  format: LogFormat,
  write: (text: string) => void,
): Logger {
  if (level === 'none') return silentLogger;
  const require = createRequire(import.meta.url);
  const winston = require('winston') as typeof Winston;
  const { Writable } = require('node:stream') as typeof Stream;
  const { combine, json, printf, timestamp } = winston.format;
  const text = printf(({ level: at, message }) => `nsinit: ${at}: ${String(message)}`);
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk: unknown, _encoding, done) => {
      write(String(chunk));
      done();
    },
  });
  return winston.createLogger({
    level,
    format: format === 'json' ? combine(timestamp(), json()) : text,
    // Not winston's Console: what it writes to is made one that does not block.
    transports: [new winston.transports.Stream({ stream, eol: '\n' })],
  });
}
