/** TypeScript that rebuilds the modules of a file and loads them. It compiles and runs as it is printed. */

import { showFirst } from '../../check.js';
import { parentPath } from '../../state-dict/keys.js';
import {
  derivedNotes,
  describeModule,
  fileKeys,
  type RecognisedModule,
  type RecurrentModule,
} from '../../torch/modules.js';
import { describeWeightless, type WeightlessModule } from '../../torch/told/weightless.js';
import { printable, printableSentence, stringLiteral } from '../printable.js';
import { embeddingArgs, kindCode, linearArgs, type ModuleCode, PADDING_COMMENT } from './module-code.js';
import { recurrentSettings } from './settings.js';
import { type PlainOrder, plainOrder } from './structure.js';
import { type Argument, callText, identifierMaker } from './syntax.js';

/** Where the tensors came from, which the code repeats. */
export interface CodeSource {
  readonly source: string;
  readonly path?: readonly string[];
  readonly select?: readonly string[];
  /** Names of tensors that cannot be read: the code selects the others. */
  readonly refused?: Iterable<string>;
  /** Names of tensors that are earlier ones, by their own. */
  readonly ties?: ReadonlyMap<string, string>;
  /** Modules without weights, of the file of a whole module; absent of a state_dict, which lacks them. */
  readonly weightless?: readonly WeightlessModule[] | undefined;
}

/** Names that tf.layers accept: names of weights begin with them, and tfjs has this rule for those. */
const LAYER_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

export function rebuildingCode(modules: readonly RecognisedModule[], source: CodeSource): string {
  const select = source.select ?? readable(modules, [...(source.refused ?? [])]);
  return codeOf(modules, select === undefined ? source : { ...source, select });
}

/** A file may nest names as deep as it likes; modules are nested less. */
const MAX_NESTING = 64;

/** Names of the modules without what cannot be read, which would make the whole file unreadable; undefined where all can be. */
function readable(
  modules: readonly RecognisedModule[],
  refused: readonly string[],
): readonly string[] | undefined {
  if (refused.length === 0) return undefined;
  const around = new Set<string>();
  for (const name of refused) {
    let path = name;
    for (let i = 0; path !== '' && i < MAX_NESTING; i++) {
      path = parentPath(path);
      around.add(path);
    }
  }
  return modules.flatMap((module) => (around.has(module.path) ? fileKeys(module) : [module.path]));
}

function codeOf(modules: readonly RecognisedModule[], source: CodeSource): string {
  if (source.select?.length === 0) return '// No tensor of the file can be read.';
  const order = plainOrder(modules);
  const isNamed = modules.every(({ path }) => LAYER_NAME.test(path));
  return order && isNamed ? sequentialCode(order, source) : separateCode(modules, source);
}

/** The code has a layer for each module, so two weights of one tensor. */
function tieNotes({ ties = new Map() }: CodeSource): string[] {
  if (ties.size === 0) return [];
  const pairs = showFirst([...ties], ([name, other]) => `${printable(name)} is ${printable(other)}`);
  return [
    `// One tensor in the file: ${pairs}.`,
    "// Two weights here, which training moves apart: where they are trained, keep one layer, with both paths in loadStateDict's map.",
  ];
}

function readingLines({ source, path, select }: CodeSource): string {
  const list = (texts: readonly string[]): string => `[${texts.map(stringLiteral).join(', ')}]`;
  const options: Argument[] = [];
  if (path) options.push(['path', list(path)]);
  if (select) options.push(['select', list(select)]);
  const more = options.length > 0 ? `, ${callText(options)}` : '';
  return `export const stateDict = await readStateDict(${stringLiteral(source)}${more});`;
}

/** One model, where the order of the modules is clear. */
function sequentialCode(order: PlainOrder, source: CodeSource): string {
  const factory = order.recurrent.torchName.toLowerCase();
  const imports = [...(order.embedding ? ['embedding'] : []), factory, 'loadStateDict', 'readStateDict'];
  return [
    "import * as tf from '@tensorflow/tfjs';",
    `import { ${imports.join(', ')} } from 'tfjs-torch-rnn';`,
    '',
    ...tieNotes(source),
    '// Feed [B, T] or [B, T, I] whatever batch_first was: it does not change the weights.',
    'export const model = tf.sequential({',
    '  layers: [',
    ...sequentialLayers(order, factory, source).map((line) => `    ${line}`),
    '  ],',
    '});',
    readingLines(source),
    'loadStateDict(model, stateDict);',
  ].join('\n');
}

function sequentialLayers(
  { embedding, recurrent, linear }: PlainOrder,
  factory: string,
  source: CodeSource,
): string[] {
  const name = (path: string): Argument => ['name', stringLiteral(path)];
  const lines: string[] = [];
  for (const { path, doubts, notes = [] } of [embedding, recurrent, linear].filter(
    (module) => module !== undefined,
  )) {
    if (doubts.length > 0)
      lines.push(`// ${path}: not stored in the file: ${doubts.map(printableSentence).join('; ')}.`);
    for (const note of notes) lines.push(`// ${path}: ${printableSentence(note)}.`);
  }
  if (embedding) {
    const args = [name(embedding.path), ...embeddingArgs(embedding), ['inputShape', '[null]'] as const];
    lines.push(
      `${PADDING_COMMENT};`,
      '// paddingIdx: 0 and maskPadding: true only where the module packs its input and index 0 pads.',
      `embedding(${callText(args)}),`,
    );
  }
  const inputShape: Argument[] = embedding ? [] : [['inputShape', `[null, ${recurrent.args.inputSize}]`]];
  lines.push(
    recurrent.args.bidirectional
      ? '// returnSequences: false gives torch.cat([h[-2], h[-1]], 1); for out[:, -1] pass true, and lastStep() behind it.'
      : '// returnSequences: false gives h[-1]; true gives every step.',
    ...(recurrent.torchName === 'RNN' && !recurrent.settings?.has('nonlinearity')
      ? ["// nonlinearity: 'relu' if it was trained so."]
      : []),
    `${factory}(${callText([name(recurrent.path), ...recurrentArgs(recurrent), ...inputShape])}),`,
  );
  if (linear) {
    lines.push(
      `// ${betweenText(source)}`,
      `tf.layers.dense(${callText([name(linear.path), ...linearArgs(linear)])}),`,
    );
  }
  return lines;
}

/** What the code lacks. */
function betweenText({ weightless }: CodeSource): string {
  if (weightless === undefined)
    return 'What stands between and after (activations, dropout) is not in a state_dict.';
  return `What forward does between and after is not read.${weightlessText(weightless)}`;
}

function weightlessText(weightless: readonly WeightlessModule[]): string {
  if (weightless.length === 0) return '';
  const text = (module: WeightlessModule) => `${module.path || '(root)'}: ${describeWeightless(module)}`;
  return ` Modules without weights: ${showFirst(weightless, (module) => printable(text(module)))}.`;
}

function recurrentArgs(module: RecurrentModule): Argument[] {
  const { args } = module;
  const { hiddenSize, numLayers, bidirectional, bias, projSize = 0 } = args;
  const own: Argument[] = [['hiddenSize', hiddenSize]];
  if (numLayers > 1) own.push(['numLayers', numLayers]);
  if (bidirectional) own.push(['bidirectional', true]);
  if (projSize > 0) own.push(['projSize', projSize]);
  if (!bias) own.push(['bias', false]);
  return [...own, ...recurrentSettings(module), ['returnSequences', false]];
}

/** One layer for each module: how they are connected is not in the file. */
function separateCode(modules: readonly RecognisedModule[], source: CodeSource): string {
  const identifier = identifierMaker();
  const imports = new Set<string>(['readStateDict']);
  const blocks: string[] = [];
  let usesTf = false;
  for (const module of modules) {
    const title = `${module.path === '' ? '(root)' : printable(module.path)}: ${describeModule(module)}`;
    if (module.kind === 'unknown') {
      const names = showFirst([...module.shapes.keys()], printable);
      blocks.push(
        [
          `// ${title}: ${module.doubts.map(printableSentence).join('; ')}.`,
          ...noteLines(module),
          `// Its tensors: ${names}`,
        ].join('\n'),
      );
      continue;
    }
    const code: ModuleCode = kindCode(module, {
      variable: identifier(module.path),
      prefix: module.path === '' ? undefined : stringLiteral(module.path),
      name: LAYER_NAME.test(module.path) ? stringLiteral(module.path) : undefined,
    });
    for (const imported of code.imports) imports.add(imported);
    usesTf ||= code.usesTf;
    const open = module.doubts.map(printableSentence).join('; ');
    const doubts = open === '' ? '' : `. Not stored in the file: ${open}.`;
    const derived = derivedNotes(module).map(
      (note) => `// Computed when it is loaded: ${printableSentence(note)}.`,
    );
    blocks.push([`// ${title}${doubts}`, ...derived, ...noteLines(module), ...code.lines].join('\n'));
  }
  return [
    ...tfjsImport(usesTf, modules),
    `import { ${[...imports].sort().join(', ')} } from 'tfjs-torch-rnn';`,
    '',
    `// ${connectionText(source)}`,
    ...tieNotes(source),
    readingLines(source),
    '',
    blocks.join('\n\n'),
  ].join('\n');
}

function noteLines({ notes = [] }: RecognisedModule): string[] {
  return notes.map((note) => `// ${printableSentence(note)}.`);
}

function connectionText({ weightless }: CodeSource): string {
  if (weightless === undefined)
    return 'How the modules are connected, and what has no weights (activations, dropout), is not in a state_dict.';
  return `How the modules are connected (forward) is not read.${weightlessText(weightless)}`;
}

/** Layers of this package need a backend too, which the import brings. */
function tfjsImport(usesTf: boolean, modules: readonly RecognisedModule[]): string[] {
  if (usesTf) return ["import * as tf from '@tensorflow/tfjs';"];
  return modules.some(({ kind }) => kind !== 'unknown') ? ["import '@tensorflow/tfjs';"] : [];
}
