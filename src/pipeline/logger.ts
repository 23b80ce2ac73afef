/** What the pipeline and its steps write to; winston's loggers fit, as does `console`. */
export interface Logger {
  error(message: string): void;
  warn(message: string): void;
  info(message: string): void;
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
