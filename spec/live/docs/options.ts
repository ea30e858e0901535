/** A module that compiles only where every optional property of the public options takes `undefined`. */

/** Types of options by the entry that exports them. */
const OPTIONS = {
  'tfjs-torch-rnn': [
    'ForwardOptions',
    'FromStateDictOptions<GRUArgs>',
    'GRUArgs',
    'GRUCellArgs',
    'GRUForwardOptions',
    'LoadOptions',
    'LSTMArgs',
    'LSTMCellArgs',
    'LSTMCellInitialState',
    'LSTMForwardOptions',
    'ParseOptions',
    'ReadLimits',
    'ReadOptions',
    'RecurrentCallArgs',
    'RNNArgs',
    'RNNCellArgs',
    'RNNForwardOptions',
    'SafetensorsOptions',
    'ToStateDictOptions',
  ],
  'tfjs-torch-rnn/keras': ['KerasLoadOptions'],
  'tfjs-torch-rnn/program': [
    'ProgramCallArgs',
    'ProgramForwardOptions',
    'ReadProgramOptions',
    'TorchProgramArgs',
  ],
} as const;

/** With exactOptionalPropertyTypes `Required` takes a property's absence away, and leaves the `undefined` that is written. */
const REFUSES = `
type RefusesUndefined<T> = {
  [Name in keyof T]-?: object extends Pick<T, Name> ? (undefined extends Required<T>[Name] ? never : Name) : never;
}[keyof T];
`;

export function optionsModule(): string {
  const entries = Object.entries(OPTIONS).map(([entry, types]) => {
    const names = new Set(types.map((type) => type.replace(/<.*/, '')));
    const checks = types.map(
      (type, i) =>
        `const ${entry.replace(/\W/g, '_')}_${i}: RefusesUndefined<${type}> extends never ? true : RefusesUndefined<${type}> = true;`,
    );
    return { head: `import type { ${[...names].join(', ')} } from '${entry}';`, checks };
  });
  return [
    ...entries.map(({ head }) => head),
    REFUSES,
    ...entries.flatMap(({ checks }) => checks),
    'export {};',
    '',
  ].join('\n');
}
