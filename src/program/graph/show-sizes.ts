import { shortened } from '../../check.js';
import type { Size, TensorMeta } from './types.js';

const MOST_SHOWN = 16;

/** `[s77, 7, 4]` */
export function showSizes({ shape }: Pick<TensorMeta, 'shape'>): string {
  const text = (size: Size) => (typeof size === 'number' ? size : shortened(size.symbol));
  const rest = shape.length > MOST_SHOWN ? `, ... ${shape.length} dimensions` : '';
  return `[${shape.slice(0, MOST_SHOWN).map(text).join(', ')}${rest}]`;
}
