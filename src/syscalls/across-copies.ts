type Class = (abstract new (...args: never[]) => object) & { readonly prototype: object };

const ordinaryHasInstance = Function.prototype[Symbol.hasInstance];

/**
 * Makes `instanceof` hold for instances of another copy of the package too. Two are loaded where
 * a program and a plugin each have their own, and in the command: it is bundled, and its plugins
 * import the package.
 *
 * Subclasses that others derive are told apart as usual.
 */
export function recognizeAcrossCopies(type: Class, name: string): void {
  const brand = Symbol.for(`nsinit.class.${name}`);
  Object.defineProperty(type.prototype, brand, { value: true });
  Object.defineProperty(type, Symbol.hasInstance, {
    value(this: unknown, instance: unknown): boolean {
      if (this !== type) return ordinaryHasInstance.call(this, instance);
      return typeof instance === 'object' && instance !== null && brand in instance;
    },
  });
}
