/** A module by what the file of a whole module tells of it, where that agrees with its tensors. */

import { show } from '../../check.js';
import type { AttributeValue, ModuleFacts } from '../../state-dict/module-facts.js';
import type { NamedShapes, RecognisedModule } from '../modules.js';
import { CLASSES, type TorchClass } from './classes.js';
import { isContainer, pythonText, type Settings, settingsOf, torchClassOf } from './settings.js';

/**
 * The module of the class that the file tells, with its settings; what shapes say where the class is not one of torch.nn, or the
 * file contradicts itself, which a note then says.
 *
 * @param byShapes  the module by its shapes alone.
 */
export function withFacts(
  path: string,
  shapes: NamedShapes,
  facts: ModuleFacts | undefined,
  byShapes: () => RecognisedModule,
): RecognisedModule {
  if (facts === undefined || isContainer(facts)) return byShapes();
  const torchClass = torchClassOf(facts);
  if (torchClass === undefined) return ofOtherClass(byShapes(), facts);
  const known = CLASSES.get(torchClass);
  if (known === undefined)
    return unknown(path, shapes, `it is torch.nn.${torchClass}, which has no layer here`);
  const settings = settingsOf(facts);
  const module = known.recognise(path, shapes, settings);
  if (module)
    return told(module, known, torchClass, settings) ?? contradicted(byShapes(), module, known, settings);
  const perBatch = settings.get('track_running_stats') === false && torchClass.includes('BatchNorm');
  if (perBatch) {
    const reason = `it is ${torchClass} with track_running_stats=False, which takes the statistics of each batch: batchNorm({ trackRunningStats: false }) of this package takes it`;
    return unknown(path, shapes, reason);
  }
  const note =
    `the file says that it is torch.nn.${torchClass}, but its tensors and attributes are not those that are known of it here: ` +
    'what the file says of it is not used';
  return { ...byShapes(), notes: [note] };
}

function unknown(path: string, shapes: NamedShapes, reason: string): RecognisedModule {
  return { kind: 'unknown', path, shapes, doubts: [reason] };
}

/** What a class of the user's own computes is in no file. */
function ofOtherClass(module: RecognisedModule, { className }: ModuleFacts): RecognisedModule {
  const doubt =
    module.kind === 'unknown' ? `its class is ${className}` : `what its class ${className} computes`;
  return { ...module, doubts: [...module.doubts, doubt] };
}

/** With its settings; undefined where one is not what torch's class has, or shapes say otherwise. */
function told(
  module: RecognisedModule,
  known: TorchClass,
  torchClass: string,
  settings: Settings,
): RecognisedModule | undefined {
  if (faults(module, known, settings).length > 0) return undefined;
  const own = new Map<string, AttributeValue>();
  for (const name of Object.keys(known.open)) {
    const value = settings.get(name);
    if (value !== undefined) own.set(name, value);
  }
  const missing = Object.keys(known.open).filter((name) => !own.has(name));
  return { ...module, torchClass, settings: own, doubts: missing, notes: notesOf(own) };
}

/** Each attribute that contradicts the tensors, or is none that torch sets. */
function faults(module: RecognisedModule, known: TorchClass, settings: Settings): string[] {
  const sizes = Object.entries(known.sizes(module)).flatMap(([name, value]) => {
    const given = settings.get(name);
    return given === undefined || `${given}` === `${value}`
      ? []
      : [`${name}=${show(given)}, where they have ${show(value)}`];
  });
  const open = Object.entries(known.open).flatMap(([name, isSound]) => {
    const given = settings.get(name);
    return given === undefined || isSound(given) ? [] : [`${name}=${show(given)}`];
  });
  return [...sizes, ...open];
}

function contradicted(
  byShapes: RecognisedModule,
  module: RecognisedModule,
  known: TorchClass,
  settings: Settings,
): RecognisedModule {
  const [first = ''] = faults(module, known, settings);
  const note = `its attributes in the file do not fit its tensors (${first}): what the file says of it is not used`;
  return { ...byShapes, notes: [note] };
}

/** Settings that no layer here has. */
function notesOf(settings: Settings): string[] {
  const [norm, mode, padding, momentum] = ['max_norm', 'padding_mode', 'padding', 'momentum'].map((name) =>
    settings.get(name),
  );
  const notes: string[] = [];
  if (typeof norm === 'number')
    notes.push(
      `max_norm=${pythonText(norm)}: PyTorch shortens longer rows when it looks them up, which no layer here does`,
    );
  if (mode !== undefined && mode !== 'zeros') {
    const by = padding === undefined ? 'padding' : `padding=${pythonText(padding)}`;
    notes.push(
      `padding_mode=${pythonText(mode)}: layers here pad with zeros, so pad the input by ${by} before the layer`,
    );
  }
  if (momentum === null)
    notes.push(
      'momentum=None: in training the statistics are averages over all batches, which no layer here keeps',
    );
  return notes;
}
