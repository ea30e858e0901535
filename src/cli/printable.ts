/** Makes text from files safe to print on a terminal. */

/**
 * Characters that a terminal obeys rather than shows, or that change how the text around them looks: controls (escape
 * sequences begin with one), directions and other format characters, line ends, halves of pairs. The backslash, so that what
 * is escaped cannot be mistaken for text.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\\]/gu;

/** A name from a file may have any length: so many characters of it are shown. */
const MAX_SHOWN = 120;

/** A sentence that quotes names may be longer. */
const MAX_SENTENCE = 600;

/** One line of text, every character visible: `a\u001b[2Jb`. Text of more than 120 characters is cut, and says so. */
export function printable(text: string): string {
  return printableUpTo(MAX_SHOWN, text);
}

function printableUpTo(most: number, text: string): string {
  const cut = text.length > most ? text.slice(0, most) : text;
  const visible = cut.replace(UNPRINTABLE, escapeCharacter);
  return cut === text ? visible : `${visible}... (${text.length} characters)`;
}

/** A sentence of this package about names of a file, on one line. */
export function printableSentence(text: string): string {
  return printableUpTo(MAX_SENTENCE, text);
}

/** A path or URL that the user wrote, on one line. It is never cut: its end is the name of the file. */
export function printablePath(path: string): string {
  return path.replace(UNPRINTABLE, escapeCharacter);
}

/** A message of this package: its line ends and tabs stay, since it has quoted the text of files as JSON already. */
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
