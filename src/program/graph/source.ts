/** Where in the Python source a call stands, by the metadata of its node. */

import type { Cursor } from '../../state-dict/formats/program/cursor.js';
import type { GraphNode } from './types.js';

/** `  File "model.py", line 12, in forward`, and the line of code below it. */
const FRAME = /File "([^"]*)", line (\d+), in (\w+)\n\s*(.*)/g;
/** Code of torch itself tells a user less than theirs. */
const IN_TORCH = /[\\/]torch[\\/](nn|_|functional|fx|export)/;
const MAX_TEXT = 160;

export function sourceOf(metadata: Cursor | undefined): Pick<GraphNode, 'source' | 'module' | 'moduleClass'> {
  const trace = textOf(metadata?.optional('stack_trace'));
  const frames = [...trace.matchAll(FRAME)];
  const frame = frames.filter(([, file]) => !IN_TORCH.test(file as string)).at(-1) ?? frames.at(-1);
  const stack = textOf(metadata?.optional('nn_module_stack'));
  return { source: frame && describe(frame), ...moduleIn(stack) };
}

function textOf(cursor: Cursor | undefined): string {
  return typeof cursor?.value === 'string' ? cursor.value : '';
}

function describe([, file, line, , code]: RegExpExecArray | RegExpMatchArray): string {
  const name = (file as string).split(/[\\/]/).at(-1);
  return `${name}:${line}: ${code}`.slice(0, MAX_TEXT);
}

/** `key,path,class;key,path,class`, the innermost last. */
function moduleIn(stack: string): Pick<GraphNode, 'module' | 'moduleClass'> {
  const [, path, moduleClass] = stack.split(';').at(-1)?.split(',') ?? [];
  const isKnown = path !== undefined && !path.startsWith('_');
  return isKnown ? { module: path, moduleClass } : { module: undefined, moduleClass: undefined };
}
