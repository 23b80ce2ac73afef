import type { DescriptorNames } from './descriptor-names.js';
import { DispatchedSyscalls } from './dispatched-syscalls.js';
import type { CallArgs, CallName, CallResult, Syscalls } from './syscalls.js';

/** A call on its way to the adapter below. */
export type Proceed<N extends CallName> = () => CallResult<N>;

/** An adapter around another: it sees each call, and decides whether and how it is made. */
export abstract class InterceptedSyscalls extends DispatchedSyscalls {
  constructor(protected readonly inner: Syscalls) {
    super();
  }

  /** The adapter's below it. */
  get descriptors(): DescriptorNames {
    return this.inner.descriptors;
  }

  protected abstract intercept<N extends CallName>(
    name: N,
    args: CallArgs<N>,
    proceed: Proceed<N>,
  ): CallResult<N>;

  protected override dispatch<N extends CallName>(name: N, args: CallArgs<N>): CallResult<N> {
    return this.intercept(name, args, () => {
      // The one place where a call is made by its name; the name and the arguments belong together.
      const method = this.inner[name] as unknown as (...given: CallArgs<N>) => CallResult<N>;
      return method.apply(this.inner, args);
    });
  }
}
