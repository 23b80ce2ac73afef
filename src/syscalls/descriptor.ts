declare const descriptor: unique symbol;

/** An open file descriptor of the process in which the adapter acts. */
export type Fd = number & { readonly [descriptor]: true };

/** In place of a directory descriptor: the current directory (openat(2)). */
export const AT_FDCWD = -100 as Fd;

/** Takes a number that is known to be an open descriptor, such as 0, 1 and 2. */
export function asFd(value: number): Fd {
  if (!Number.isInteger(value) || value < 0) {
    throw new TypeError(`a file descriptor is a whole number from 0, not ${String(value)}`);
  }
  return value as Fd;
}
