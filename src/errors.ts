/**
 * The errors this package throws, beside the built-in TypeError (wrong type) and RangeError (wrong value or shape).
 *
 * Every message reads `<Where>: <what>: expected <rule>, got <value>[. <remedy>]`.
 */

/** A file is malformed; reading it again cannot help. */
export class FormatError extends Error {
  override readonly name = 'FormatError';

  constructor(
    /** The kind of fault, such as `TRUNCATED` or `TOO_LARGE`; the message names the rule that is broken. */
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * Keys, shapes or values of a state_dict do not fit the layers it is loaded into. No weight has changed and no layer was
 * built. The message begins in torch's words (`Missing key(s) in state_dict: ...`), and hints follow.
 */
export class StateDictError extends Error {
  override readonly name = 'StateDictError';

  constructor(
    message: string,
    /** Keys the layers need and the state_dict lacks. */
    readonly missing: readonly string[] = [],
    /** Keys of the state_dict that no layer takes. */
    readonly unexpected: readonly string[] = [],
    /** Keys whose shapes differ from the layer's, and keys for one weight whose values differ from each other. */
    readonly mismatched: readonly string[] = [],
  ) {
    super(message);
  }
}

/** The request makes sense, but this package, backend or machine cannot serve it; the message names the remedy. */
export class UnsupportedError extends Error {
  override readonly name = 'UnsupportedError';
}
