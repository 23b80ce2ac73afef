import { createPreset, type Pipeline } from 'nsinit';

/** A pipeline whose mounts are named by the keys of a Map, which structuredClone can copy and JSON cannot. */
export const mountsOf = ({ mounts }: { readonly mounts: Map<string, bigint> }): Pipeline =>
  createPreset('standard', {
    mounts: [{ tmpfs: '/mnt' }, ...[...mounts.keys()].map((name) => ({ tmpfs: `/mnt${name}` }))],
  });
