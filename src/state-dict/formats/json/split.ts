/** JSON forms that keep what tensors are in one place, and their elements in another. */

import { show, showShape } from '../../../check.js';
import { formatError } from '../../rules/format-codes.js';
import { tooManyTensors } from '../../rules/limits.js';
import { bitsOf, elementCount, viewOf } from '../../tensors/dtypes.js';
import type { CheckpointDict } from '../checkpoint.js';
import { decodeBase64 } from './base64.js';
import { type Member, membersAt, membersByName } from './members.js';
import type { JsonReader } from './reader.js';
import { type Description, readData, readDescription, tensorFault } from './tensor.js';

const WHERE = 'json';

/** `{params: {name: list or base64}, meta: {name: {shape, dtype}}}`; undefined of any other form. */
export function readSplit(
  reader: JsonReader,
  params: Member | undefined,
  meta: Member | undefined,
  maxTensors: number,
): CheckpointDict | undefined {
  if (params?.kind !== 'object' || meta?.kind !== 'object') return undefined;
  const descriptions = membersByName(reader, meta.offset);
  const members = membersAt(reader, params.offset, maxTensors);
  if (!members.every(({ name }) => descriptions.get(name)?.kind === 'object')) return undefined;
  return new Map(
    members.map((member) => {
      const { name } = member;
      const fields = membersByName(reader, descriptions.get(name)?.offset ?? 0);
      const description = readDescription(reader, name, fields);
      return [name, { kind: 'loaded', tensor: readData(reader, name, description, member) }];
    }),
  );
}

/**
 * `{specs: [{name, shape, dtype}], weights: base64}`, the bytes of all tensors one after the other, as manifests of web
 * models list them; undefined of any other form.
 */
export function readPacked(
  reader: JsonReader,
  specs: Member | undefined,
  weights: Member | undefined,
  maxTensors: number,
): CheckpointDict | undefined {
  if (specs?.kind !== 'list' || weights?.kind !== 'string') return undefined;
  const entries = readSpecs(reader, specs, maxTensors);
  reader.position = weights.offset;
  const bytes = decodeBase64(reader.readStringBytes());
  if (!bytes) {
    const rule = 'base64 (RFC 4648, padded)';
    throw formatError('INVALID_BASE64', WHERE, 'weights', rule, 'text that is not');
  }
  const total = [...entries.values()].reduce((sum, spec) => sum + bytesOf(spec), 0);
  if (total !== bytes.length) {
    throw formatError('SIZE_MISMATCH', WHERE, 'weights', `${total} bytes for its specs`, `${bytes.length}`);
  }
  let end = 0;
  return new Map(
    [...entries].map(([name, { shape, dtype }]) => {
      const begin = end;
      end += bytesOf({ shape, dtype });
      // A copy of its own, since nothing aligns one tensor behind the other.
      const { buffer } = bytes.slice(begin, end);
      return [
        name,
        { kind: 'loaded', tensor: { dtype, shape, data: viewOf(dtype, buffer, 0, end - begin) } },
      ];
    }),
  );
}

type Spec = Description & { readonly dtype: NonNullable<Description['dtype']> };

function bytesOf({ shape, dtype }: Spec): number {
  return (elementCount(shape) * bitsOf(dtype)) / 8;
}

function readSpecs(reader: JsonReader, specs: Member, maxTensors: number): Map<string, Spec> {
  const entries = new Map<string, Spec>();
  reader.position = specs.offset;
  reader.readList((index) => {
    if (reader.kind() !== 'object') {
      throw formatError('INVALID_TENSOR', WHERE, `specs[${index}]`, 'an object', reader.kind());
    }
    const fields = membersByName(reader, reader.position);
    const after = reader.position;
    const name = readName(reader, index, fields.get('name'));
    const { shape, dtype = 'F32' } = readDescription(reader, name, fields);
    reader.position = after;
    checkWholeBytes(name, { shape, dtype });
    if (entries.has(name)) {
      throw formatError('DUPLICATE_KEY', WHERE, `specs[${index}]`, 'a name of its own', show(name));
    }
    if (entries.size === maxTensors) throw tooManyTensors(WHERE, 'specs', maxTensors);
    entries.set(name, { shape, dtype });
  });
  return entries;
}

function checkWholeBytes(name: string, { shape, dtype }: Spec): void {
  const bits = elementCount(shape) * bitsOf(dtype);
  if (bits % 8 === 0) return;
  throw tensorFault('MISALIGNED', name, `whole bytes for ${dtype} ${showShape(shape)}`, `${bits} bits`);
}

function readName(reader: JsonReader, index: number, member: Member | undefined): string {
  if (member?.kind !== 'string') {
    throw formatError('INVALID_TENSOR', WHERE, `specs[${index}]`, 'a name', member?.kind ?? 'none');
  }
  reader.position = member.offset;
  return reader.readString();
}
