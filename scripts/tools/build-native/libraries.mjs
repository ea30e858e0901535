// @ts-check
// Reads what a shared library offers and asks for, of the three formats: ELF (Linux), Mach-O (macOS), PE (Windows); little-endian, 64 bits.

/**
 * @typedef {object} Library
 * @property {'x64' | 'arm64' | undefined} arch
 * @property {string[]} exports names
 * @property {string[]} imports names; on Windows those of every library
 * @property {string[]} libraries that it is linked to
 * @property {string[]} versions of the C library that its imports need, of ELF
 * @property {boolean} isSigned of Mach-O
 */

/**
 * @param {Buffer} bytes
 * @returns {Library}
 */
export function readLibrary(bytes) {
  const magic = bytes.readUInt32LE(0);
  if (magic === 0x464c457f) return readElf(bytes);
  if (magic === 0xfeedfacf) return readMachO(bytes);
  if ((magic & 0xffff) === 0x5a4d) return readPe(bytes);
  throw new Error(`no shared library: it begins with 0x${magic.toString(16)}`);
}

/**
 * @param {Buffer} bytes
 * @param {number} at
 */
const textAt = (bytes, at) => bytes.toString('latin1', at, bytes.indexOf(0, at));

/** @param {number} count @returns {number[]} */
const upTo = (count) => Array.from({ length: count }, (_, i) => i);

/** System V ABI, chapters 4 and 5. @param {Buffer} bytes @returns {Library} */
function readElf(bytes) {
  const u64 = (/** @type {number} */ at) => Number(bytes.readBigUInt64LE(at));
  const [headers, count] = [u64(40), bytes.readUInt16LE(60)];
  const sections = upTo(count).map((i) => {
    const at = headers + 64 * i;
    return {
      type: bytes.readUInt32LE(at + 4),
      start: u64(at + 24),
      size: u64(at + 32),
      link: bytes.readUInt32LE(at + 40),
    };
  });
  const find = (/** @type {number} */ type) => sections.find((section) => section.type === type);
  const [symbols, dynamic, needed] = [find(11), find(6), find(0x6ffffffe)];
  const names = sections[symbols?.link ?? 0]?.start ?? 0;
  const name = (/** @type {number} */ offset) => textAt(bytes, names + offset);
  const rows = upTo((symbols?.size ?? 0) / 24).map((i) => {
    const at = (symbols?.start ?? 0) + 24 * i;
    const isGlobal = bytes.readUInt8(at + 4) >> 4 !== 0;
    return {
      name: name(bytes.readUInt32LE(at)),
      isImport: bytes.readUInt16LE(at + 6) === 0,
      isGlobal,
    };
  });
  const entries = upTo((dynamic?.size ?? 0) / 16).map((i) => (dynamic?.start ?? 0) + 16 * i);
  const globals = rows.filter(({ isGlobal }) => isGlobal);
  return {
    arch: archOf(bytes.readUInt16LE(18), 62, 183),
    exports: globals.filter(({ isImport }) => !isImport).map((row) => row.name),
    imports: globals.filter(({ isImport }) => isImport).map((row) => row.name),
    libraries: entries.filter((at) => u64(at) === 1).map((at) => name(u64(at + 8))),
    versions: needed ? versionsOf(bytes, needed.start).map(name) : [],
    isSigned: false,
  };
}

/** Offsets of the names in a section of versions needed. @param {Buffer} bytes @param {number} start */
function versionsOf(bytes, start) {
  const found = [];
  for (let at = start, next = 1; next !== 0; at += next) {
    let version = at + bytes.readUInt32LE(at + 8);
    for (let left = bytes.readUInt16LE(at + 2); left > 0; left--) {
      found.push(bytes.readUInt32LE(version + 8));
      version += bytes.readUInt32LE(version + 12);
    }
    next = bytes.readUInt32LE(at + 12);
  }
  return found;
}

/** Apple's mach-o/loader.h and nlist.h. @param {Buffer} bytes @returns {Library} */
function readMachO(bytes) {
  const u32 = (/** @type {number} */ at) => bytes.readUInt32LE(at);
  /** @type {Library} */
  const library = {
    arch: archOf(u32(4), 0x01000007, 0x0100000c),
    exports: [],
    imports: [],
    libraries: [],
    versions: [],
    isSigned: false,
  };
  let at = 32;
  for (let left = u32(16); left > 0; left--) {
    const command = u32(at);
    if (command === 0xc) library.libraries.push(textAt(bytes, at + u32(at + 8)));
    if (command === 0x1d) library.isSigned = true;
    if (command === 0x2)
      for (const i of upTo(u32(at + 12))) {
        const symbol = u32(at + 8) + 16 * i;
        const type = bytes.readUInt8(symbol + 4);
        const isImport = (type & 0x0e) === 0;
        // Without the underscore that C puts before names.
        const name = textAt(bytes, u32(at + 16) + u32(symbol)).replace(/^_/, '');
        const [isExternal, isPrivate] = [(type & 0x01) !== 0, (type & 0x10) !== 0];
        if (isExternal && !isPrivate) (isImport ? library.imports : library.exports).push(name);
      }
    at += u32(at + 4);
  }
  return library;
}

/** Microsoft's PE format. @param {Buffer} bytes @returns {Library} */
function readPe(bytes) {
  const u32 = (/** @type {number} */ at) => bytes.readUInt32LE(at);
  const header = u32(0x3c);
  const optional = header + 24;
  const sections = upTo(bytes.readUInt16LE(header + 6)).map(
    (i) => optional + bytes.readUInt16LE(header + 20) + 40 * i,
  );
  /** Where an address lies in the file. @param {number} address */
  const place = (address) => {
    const section = sections.find((at) => address >= u32(at + 12) && address < u32(at + 12) + u32(at + 16));
    return section === undefined ? 0 : address - u32(section + 12) + u32(section + 20);
  };
  const [exported, imported] = [place(u32(optional + 112)), place(u32(optional + 120))];
  const names = place(u32(exported + 32));
  const libraries = [];
  const imports = [];
  for (let at = imported; u32(at + 12) !== 0; at += 20) {
    libraries.push(textAt(bytes, place(u32(at + 12))));
    for (let thunk = place(u32(at)); u32(thunk) !== 0; thunk += 8)
      imports.push(textAt(bytes, place(u32(thunk)) + 2));
  }
  return {
    arch: archOf(bytes.readUInt16LE(header + 4), 0x8664, 0xaa64),
    exports: upTo(u32(exported + 24)).map((i) => textAt(bytes, place(u32(names + 4 * i)))),
    imports,
    libraries,
    versions: [],
    isSigned: false,
  };
}

/**
 * @param {number} machine as the format numbers it
 * @param {number} x64
 * @param {number} arm64
 */
function archOf(machine, x64, arm64) {
  return machine === x64 ? 'x64' : machine === arm64 ? 'arm64' : undefined;
}
