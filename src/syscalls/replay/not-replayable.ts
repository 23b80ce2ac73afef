/** Why a recording cannot be replayed. Never reaches a caller: the steps run each time then. */
export class NotReplayableError extends Error {
  override readonly name = 'NotReplayableError';
}
