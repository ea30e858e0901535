/** The text that `help` prints. */

import { type Command, PROGRAM } from './command.js';
import { COMMON_OPTIONS, type OptionSpec, type OptionSpecs } from './options.js';

/** Characters of a line of help. */
const WIDTH = 110;

/** All that a command takes. */
export function commandHelp({ name, usage, description, options, examples }: Command): string {
  const all = { ...options, ...COMMON_OPTIONS };
  return [`${PROGRAM} ${name} ${usage}`, description, optionHelp(all), examples].join('\n\n');
}

/** The options in two columns. */
export function optionHelp(options: OptionSpecs): string {
  const rows = Object.entries(options).map(([name, spec]) => [optionText(name, spec), spec.help] as const);
  const indent = Math.max(...rows.map(([option]) => option.length)) + 4;
  const lines = rows.map(([option, text]) => {
    const wrapped = wrap(text, WIDTH - indent).join(`\n${' '.repeat(indent)}`);
    return `${`  ${option}`.padEnd(indent)}${wrapped}`;
  });
  return ['Options:', ...lines].join('\n');
}

function optionText(name: string, { argument, short }: OptionSpec): string {
  const names = short === undefined ? `--${name}` : `-${short}, --${name}`;
  return argument === undefined ? names : `${names} ${argument}`;
}

/** Lines of at most `width` characters, but for a longer word. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
