/** An error as plain data, for the way between threads. */
export interface ErrorData {
  /** The name of its class, where the other side knows it. */
  readonly type: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly cause?: ErrorData;
  /** Own properties that are plain data or errors. */
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Takes an error apart; whatever else was thrown becomes an Error with its text. */
export function encodeError(error: unknown): ErrorData {
  if (!(error instanceof Error)) return encodeError(new Error(String(error)));
  const properties: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(error)) {
    if (key !== 'cause' && isPlain(value)) properties[key] = value;
  }
  const data = {
    type: error.constructor.name,
    message: error.message,
    stack: error.stack,
    properties,
  };
  return error.cause === undefined ? data : { ...data, cause: encodeError(error.cause) };
}

function isPlain(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isPlain);
  return (
    value === null || ['string', 'number', 'boolean', 'undefined', 'bigint'].includes(typeof value)
  );
}

/** Classes by name, so that `instanceof` holds on both sides. */
export type ErrorClasses = readonly { readonly name: string; readonly prototype: Error }[];

/** Puts an error together again, of the same class where that is among `classes`. */
export function decodeError(data: ErrorData, classes: ErrorClasses): Error {
  const prototype = classes.find(({ name }) => name === data.type)?.prototype ?? Error.prototype;
  const error = Object.create(prototype) as Error;
  const hidden = { configurable: true, writable: true, enumerable: false };
  Object.defineProperty(error, 'message', { ...hidden, value: data.message });
  Object.defineProperty(error, 'stack', { ...hidden, value: data.stack });
  if (data.cause !== undefined) {
    Object.defineProperty(error, 'cause', { ...hidden, value: decodeError(data.cause, classes) });
  }
  return Object.assign(error, data.properties);
}
