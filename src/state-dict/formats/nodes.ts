/** Nodes whose text is made when it is shown: a file may have a long one in thousands of places. */

/** A value that is not a tensor. */
export class OtherNode<Value> {
  readonly kind = 'other';

  constructor(
    private readonly value: Value,
    private readonly describe: (value: Value) => string,
  ) {}

  get text(): string {
    return this.describe(this.value);
  }
}

/** A tensor that cannot be read. */
export class RefusedNode {
  readonly kind = 'refused';

  /** @param error  the error to throw where the tensor is asked for, in place of one that gives the reason. */
  constructor(
    private readonly explain: () => string,
    readonly error?: () => Error,
  ) {}

  get reason(): string {
    return this.explain();
  }
}

/** An object around a tensor, such as an optimizer. */
export class ObjectNode extends RefusedNode {
  readonly isObject = true;
}
