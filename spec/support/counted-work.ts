/**
 * Counts the values that collections hand out while a function runs, so that a spec can hold it to work that is linear: every step of an
 * iterator, every call of a callback of an array, every value that a method of an array walks or copies, every access of a Map or Set.
 */

// biome-ignore lint/suspicious/noExplicitAny: methods of any kind are wrapped
type Method = (this: any, ...args: any[]) => any;

interface Wrapped {
  readonly owner: object;
  readonly key: PropertyKey;
  readonly descriptor: PropertyDescriptor;
}

const CALLBACKS = [
  ...['every', 'filter', 'find', 'findIndex', 'findLast', 'flatMap', 'forEach', 'map', 'reduce', 'some'],
] as const;
/** Those that walk or copy the whole array. */
const WHOLE = [
  'concat',
  'fill',
  'flat',
  'includes',
  'indexOf',
  'join',
  'reverse',
  'shift',
  'sort',
  'splice',
  'unshift',
];
const ACCESSES = ['get', 'has', 'set', 'add', 'delete'];

/** @returns how many values collections hand out while a function runs. It must not await. */
export function countedWork(run: () => void): number {
  let count = 0;
  const wrapped: Wrapped[] = [];
  const wrap = (owner: object, key: PropertyKey, make: (method: Method) => Method) => {
    const descriptor = Object.getOwnPropertyDescriptor(owner, key);
    if (descriptor === undefined) return;
    wrapped.push({ owner, key, descriptor });
    Object.defineProperty(owner, key, { ...descriptor, value: make(descriptor.value as Method) });
  };
  for (const key of CALLBACKS)
    wrap(
      Array.prototype,
      key,
      (method) =>
        function (callback: Method, ...rest) {
          const counted: Method = function (...args) {
            count++;
            return callback.apply(this, args);
          };
          return method.call(this, counted, ...rest);
        },
    );
  for (const key of WHOLE)
    wrap(
      Array.prototype,
      key,
      (method) =>
        function (...args) {
          count += this.length;
          return method.apply(this, args);
        },
    );
  wrap(
    Array.prototype,
    'slice',
    (method) =>
      function (...args) {
        const result = method.apply(this, args);
        count += result.length;
        return result;
      },
  );
  for (const { prototype } of [Map, Set])
    for (const key of ACCESSES)
      wrap(
        prototype,
        key,
        (method) =>
          function (...args) {
            count++;
            return method.apply(this, args);
          },
      );
  for (const iterator of [[].values(), new Map().entries(), new Set().values()])
    wrap(
      Object.getPrototypeOf(iterator),
      'next',
      (method) =>
        function () {
          count++;
          return method.call(this);
        },
    );
  try {
    count = 0;
    run();
    return count;
  } finally {
    for (const { owner, key, descriptor } of wrapped.reverse()) Object.defineProperty(owner, key, descriptor);
  }
}
