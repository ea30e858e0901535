// Bundlers drop a module that package.json's `sideEffects` does not list, with all that it imports, where no export of
// it is used by name. A registration that is dropped shows late and elsewhere: a slow layer, a model that does not load.
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { expect } from 'chai';
import ts from 'typescript';

const root = new URL('../', import.meta.url);
const manifest: {
  exports: Record<string, string | { default: string }>;
  bin: Record<string, string>;
  sideEffects: string[];
} = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));

/** `./dist/index.js` of each entry that a program can import or run. */
function entries(): string[] {
  const exported = Object.values(manifest.exports).map((entry) =>
    typeof entry === 'string' ? entry : entry.default,
  );
  const run = Object.values(manifest.bin).map((path) => `./${path}`);
  return [...exported, ...run].filter((path) => path.endsWith('.js'));
}

/** `./dist/layers/gru.js` of each source file whose import does something. */
function filesWithEffects(): string[] {
  const source = new URL('src/', root);
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.ts'))
    .filter((name) => hasEffect(readFileSync(new URL(name, source), 'utf8')))
    .map((name) => `./dist/${name.replace(/\.ts$/, '.js')}`);
}

/** What a module imports as it is loaded, and what they import, as far as `follow` allows. */
function reachedFrom(entry: string, follow: (path: string) => boolean): Set<string> {
  const reached = new Set([entry]);
  for (const path of reached) {
    if (!follow(path)) continue;
    for (const imported of importsOf(path)) reached.add(imported);
  }
  return reached;
}

function importsOf(path: string): string[] {
  const source = new URL(path.replace('./dist/', 'src/').replace(/\.js$/, '.ts'), root);
  const { statements } = ts.createSourceFile(
    'module.ts',
    readFileSync(source, 'utf8'),
    ts.ScriptTarget.Latest,
  );
  return statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return [];
    const isType = ts.isImportDeclaration(statement)
      ? statement.importClause?.isTypeOnly
      : statement.isTypeOnly;
    const { moduleSpecifier } = statement;
    if (isType || !moduleSpecifier || !ts.isStringLiteral(moduleSpecifier)) return [];
    const { text } = moduleSpecifier;
    return text.startsWith('.') ? [`./${posix.join(posix.dirname(path), text)}`] : [];
  });
}

function hasEffect(text: string): boolean {
  const { statements } = ts.createSourceFile('module.ts', text, ts.ScriptTarget.Latest, true);
  return statements.some((statement) => !isDeclaration(statement) || registers(statement));
}

/** Whether a statement at the top of a module only names things. */
function isDeclaration(statement: ts.Statement): boolean {
  if (ts.isImportDeclaration(statement)) return statement.importClause !== undefined;
  return (
    ts.isExportDeclaration(statement) ||
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isVariableStatement(statement)
  );
}

/** Whether a declaration registers something as the module is evaluated: in a static block or an initial value. */
function registers(node: ts.Node): boolean {
  if (ts.isClassStaticBlockDeclaration(node)) return true;
  if (ts.isCallExpression(node) && /\bregister\w*$/.test(node.expression.getText())) return true;
  const runsLater = ts.isFunctionLike(node) && node.parent !== undefined && !isCalledAtOnce(node);
  return !runsLater && node.forEachChild((child) => registers(child) || undefined) === true;
}

function isCalledAtOnce(node: ts.Node): boolean {
  let { parent } = node;
  while (ts.isParenthesizedExpression(parent)) parent = parent.parent;
  return ts.isCallExpression(parent);
}

describe('sideEffects of package.json', () => {
  it('lists every entry and every file whose import does something, and no other', () => {
    const needed = new Set([...entries(), ...filesWithEffects()]);
    expect([...manifest.sideEffects].sort()).to.deep.equal([...needed].sort());
  });

  it('reaches each of them from every entry that imports it, however far, through listed files alone', () => {
    const listed = new Set(manifest.sideEffects);
    const withEffects = filesWithEffects();
    for (const entry of entries()) {
      const all = reachedFrom(entry, () => true);
      const kept = reachedFrom(entry, (path) => listed.has(path));
      expect(
        withEffects.filter((path) => all.has(path) && !kept.has(path)),
        `what a bundle of ${entry} loses: let its source import them`,
      ).to.deep.equal([]);
    }
  });

  it('holds for entries of the exports map and of bin', () => {
    expect(entries()).to.include.members([
      './dist/index.js',
      './dist/state-dict/index.js',
      './dist/cli/bin.js',
    ]);
  });

  for (const effect of [
    'registerClass(Layer);',
    "import './other.js';",
    'for (const name of names) register(name);',
    'table[0] = 1;',
    'const known = registerKernel({});',
    'class Layer { static { serialization.registerClass(Layer); } }',
    'const ready = (() => tf.registerOp("x"))();',
    'if (missing) add();',
  ]) {
    it(`sees the effect of ${effect}`, () => {
      expect(hasEffect(effect)).to.equal(true);
    });
  }

  for (const declaration of [
    "import { a } from './a.js'; export { a };",
    "export * from './a.js';",
    'export const table = new Map([[1, 2]]);',
    'export function f() { registerClass(Layer); }',
    'export const g = () => registerClass(Layer);',
    'class Layer { static name = "x"; build() { registerClass(Layer); } }',
    'interface I { x: number } type T = I;',
  ]) {
    it(`sees none in ${declaration}`, () => {
      expect(hasEffect(declaration)).to.equal(false);
    });
  }
});
