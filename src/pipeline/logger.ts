/** What the pipeline and its steps write to; winston's loggers fit, as does `console`. */
export interface Logger {
  /** Something failed that nobody else is told of. */
  error(message: string): void;
  /** Something is not as it was asked for: a fallback, a descriptor that did not close. */
  warn(message: string): void;
  /** What is done. */
  info(message: string): void;
  /** How it is done. */
  debug(message: string): void;
}

const nothing = (): void => undefined;

/** Writes nothing. */
export const silentLogger: Logger = {
  error: nothing,
  warn: nothing,
  info: nothing,
  debug: nothing,
};
