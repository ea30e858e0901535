const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const PADDING = '='.charCodeAt(0);
const INVALID = 0xff;

/** Six bits of each ASCII code, or INVALID. */
const SEXTETS = Uint8Array.from({ length: 256 }, (_, code) => {
  const sextet = ALPHABET.indexOf(String.fromCharCode(code));
  return sextet < 0 ? INVALID : sextet;
});

/**
 * Decodes base64 text (RFC 4648, section 4); undefined where it breaks the rules.
 *
 * Stricter than `atob`: no white space, padding required, unused bits zero. Two texts never have the same bytes.
 */
export function decodeBase64(text: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.at(-1) !== PADDING ? 0 : text.at(-2) !== PADDING ? 1 : 2;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  const end = text.length - padding;
  let written = 0;
  let pending = 0;
  let bits = 0;
  for (let i = 0; i < end; i++) {
    const sextet = SEXTETS[text[i]];
    if (sextet === INVALID) return undefined;
    pending = ((pending << 6) | sextet) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[written++] = pending >> bits;
    }
  }
  const unused = pending & ((1 << bits) - 1);
  return unused === 0 ? bytes : undefined;
}
