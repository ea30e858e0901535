/** Records of the calls that Python would make. */

import { asKind, type PickleCall, type PickleTuple, type PickleValue } from './values.js';

/** `callable(*args)`, and for NEWOBJ `cls.__new__(cls, *args)`: a record of it, whatever is called. */
export function callOf(callable: PickleValue, args: PickleTuple, kwargs?: PickleValue): PickleCall {
  markArguments(args);
  const made: PickleCall = { kind: 'call', callable, args };
  return kwargs === undefined ? made : { ...made, kwargs };
}

/** Once for each tuple: many calls may share a long one. */
function markArguments(args: PickleTuple): void {
  if (args.isArguments) return;
  args.isArguments = true;
  for (const item of args.items) {
    const collection = asKind(item, 'list') ?? asKind(item, 'dict');
    if (collection) collection.isArgument = true;
  }
}
