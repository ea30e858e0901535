/** Text of a file, as a terminal may have it. */

/**
 * Characters that a terminal obeys rather than shows, or that change how the text around them looks: controls (escape
 * sequences begin with one), directions and other format characters, line ends, halves of pairs. The backslash, so that what
 * is escaped cannot be mistaken for text.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\\]/gu;

/** Characters of a name that are shown: names are a stranger's text, of any length. */
const MAX_SHOWN = 120;

/** One line of text, every character visible: `a\u001b[2Jb`. Text of more than 120 characters is cut, and says so. */
export function printable(text: string): string {
  const cut = text.length > MAX_SHOWN ? text.slice(0, MAX_SHOWN) : text;
  const visible = cut.replace(UNPRINTABLE, escapeCharacter);
  return cut === text ? visible : `${visible}... (${text.length} characters)`;
}

/** A message of this package, whose own line ends and tabs stay. It has quoted the text of files already, as JSON does. */
export function printableMessage(text: string): string {
  return text.replace(/[^\n\t\\]+/g, (part) => part.replace(UNPRINTABLE, escapeCharacter));
}

/** JSON with every such character escaped, which stands for the same value. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replace(UNPRINTABLE, (character) =>
    character === '\n' || character === '\\' ? character : escapeCharacter(character),
  );
}

/** A string literal of TypeScript in single quotes. */
export function stringLiteral(text: string): string {
  return `'${text.replace(UNPRINTABLE, escapeCharacter).replace(/'/g, "\\'")}'`;
}

function escapeCharacter(character: string): string {
  if (character === '\\') return '\\\\';
  return Array.from({ length: character.length }, (_, i) => {
    return `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
  }).join('');
}
