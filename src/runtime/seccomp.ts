/** Instructions for the kernel (`struct sock_filter`, eight bytes each). */
export type SeccompFilter = Uint8Array;
