/** This process's, for a Node that a test starts: reading certificates takes longer than most tests. */
export function environment(): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  return env;
}
