import { expect } from 'chai';
import { container, inject, injectable } from '../../src/cli/light-injection.js';
import { dependenciesOf } from '../../src/pipeline/dependencies.js';
import { inject as ofTsyringe } from '../../src/pipeline/injection.js';

const [FIRST, SECOND] = [Symbol('first'), Symbol('second')];

describe('the injection in the bundled command', () => {
  it('says of a parameter what tsyringe says', () => {
    @injectable()
    class Light {
      constructor(
        @inject(FIRST) readonly first: unknown,
        @inject(SECOND) readonly second: unknown,
      ) {}
    }
    class Known {
      constructor(
        @ofTsyringe(FIRST) readonly first: unknown,
        @ofTsyringe(SECOND) readonly second: unknown,
      ) {}
    }
    const tokens = (type: typeof Light | typeof Known) =>
      dependenciesOf(type).map((dependency) =>
        typeof dependency === 'object' && 'token' in dependency ? dependency.token : dependency,
      );
    expect(tokens(Light)).to.deep.equal([FIRST, SECOND]);
    expect(tokens(Light)).to.deep.equal(tokens(Known));
  });

  it("leaves a subclass's own tokens to the subclass", () => {
    class Parent {
      constructor(@inject(FIRST) readonly first: unknown) {}
    }
    class Child extends Parent {
      constructor(@inject(SECOND) second: unknown) {
        super(second);
      }
    }
    expect(dependenciesOf(Parent)).to.deep.equal([FIRST]);
    expect(dependenciesOf(Child)).to.deep.equal([SECOND]);
  });

  it("has tsyringe's container when it is asked for", () => {
    expect(container.isRegistered(FIRST)).to.equal(false);
    const child = container.createChildContainer();
    child.register(FIRST, { useValue: 1 });
    expect(child.resolve(FIRST)).to.equal(1);
  });
});
