/* The replay as a library, for a thread that visits the container's namespaces. See native/README.md. */

#include "system-call.h"

#include "replay.h"

__attribute__((visibility("default"))) i64 nsinit_replay(u8 *program) {
  return replay(program);
}
