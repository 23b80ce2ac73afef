import type { Fd } from 'nsinit';

/** The longest text that fsconfig(2) takes for an option, in bytes (Linux 5.2). */
const LONGEST = 255;

/** A directory that was opened, and the path that led to it. */
export interface Layer {
  readonly path: string;
  readonly fd: Fd;
}

const fits = (text: string): boolean => Buffer.byteLength(text) <= LONGEST;
const byDescriptor = ({ fd }: Layer): string => `/proc/thread-self/fd/${fd}`;

/** As `lowerdir+` takes it: as it is (Linux 6.8). */
export const addedLayer = (layer: Layer): string =>
  fits(layer.path) ? layer.path : byDescriptor(layer);

/** As `upperdir` and `workdir` take it: a backslash takes the next character as it is. */
export function escapedLayer(layer: Layer): string {
  const escaped = layer.path.replaceAll('\\', '\\\\');
  return fits(escaped) ? escaped : byDescriptor(layer);
}

/**
 * As `lowerdir` takes them: colons between layers, and a backslash before a colon or backslash of a
 * name. A comma would end the option for kernels before 6.5, so that such a layer, and all of them
 * where the list gets too long, are named by descriptor.
 */
export function listedLayers(layers: readonly Layer[]): string {
  const listed = layers
    .map((layer) =>
      layer.path.includes(',') ? byDescriptor(layer) : layer.path.replace(/[\\:]/g, '\\$&'),
    )
    .join(':');
  return fits(listed) ? listed : layers.map(byDescriptor).join(':');
}
