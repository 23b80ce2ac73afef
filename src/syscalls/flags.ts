declare const flagSet: unique symbol;

/**
 * Bits of one of the kernel's flag sets. The brand keeps `MS_`, `MNT_`, `MOUNT_ATTR_`, `O_` and
 * the others apart: several share values with different meanings (statfs(2) reports
 * `ST_RELATIME` with the value of `MS_BIND`).
 */
export type Flags<Set extends string> = number & { readonly [flagSet]: Set };

/** Joins bits of one flag set; with no argument, none of them. */
export function flags<F extends Flags<string>>(...bits: readonly F[]): F {
  let joined = 0;
  for (const bit of bits) joined |= bit;
  // `|` works on signed 32 bits; the kernel's sets are unsigned.
  return (joined >>> 0) as F;
}

/** Whether every bit of `wanted` is set in `value`. */
export function hasFlags<F extends Flags<string>>(value: F, wanted: F): boolean {
  return (value & wanted) >>> 0 === wanted >>> 0;
}

/** `value` without the bits of `unwanted`. */
export function withoutFlags<F extends Flags<string>>(value: F, unwanted: F): F {
  return ((value & ~unwanted) >>> 0) as F;
}

/** Kernel names of the bits of a set, in the order in which they are printed. */
export type FlagNames = Readonly<Record<string, number>>;

/** Prints bits by their kernel names: `MS_NOSUID|MS_NODEV`, unknown ones in hex, none as `0`. */
export function formatFlags(value: number, names: FlagNames): string {
  let rest = value >>> 0;
  const shown: string[] = [];
  for (const [name, bit] of Object.entries(names)) {
    if (bit !== 0 && (rest & bit) >>> 0 === bit) {
      shown.push(name);
      rest = (rest & ~bit) >>> 0;
    }
  }
  if (rest !== 0) shown.push(`0x${rest.toString(16)}`);
  if (shown.length > 0) return shown.join('|');
  return Object.keys(names).find((name) => names[name] === 0) ?? '0';
}
