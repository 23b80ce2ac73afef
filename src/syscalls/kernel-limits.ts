/** The greatest user or group id: the one above, (uid_t) -1, means no change (setresuid(2)). */
export const MOST_ID = 0xfffffffe;

/** The longest name of a machine or of its domain, in bytes: `__NEW_UTS_LEN` of linux/utsname.h. */
export const LONGEST_UTS_NAME = 64;
