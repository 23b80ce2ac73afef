/** A set-up that a module exports: what is made of `args` runs in another thread, so it goes by name. */
export interface SetUpModule {
  /** The URL of an ES module. */
  readonly module: string;
  /** Its export: a function of `args` that returns a Pipeline or a SetUp. */
  readonly export: string;
  /** Plain data (structuredClone). */
  readonly args?: unknown;
}

/** How the root is set up. */
export interface SetUpOptions {
  readonly setUp: SetUpModule;
}
