/** Topologies of Keras models, written by hand. */

export type Json = Record<string, unknown>;

export const ref = (name: string, node = 0, tensor = 0) => [name, node, tensor];

/** A layer of a Functional model of Keras 2. */
export function layer(class_name: string, config: Json, ...calls: unknown[][]) {
  const inbound_nodes = calls.map((refs) => refs.map((entry) => [...(entry as unknown[]), {}]));
  return { class_name, name: config.name, config, inbound_nodes };
}

export const input = (name = 'x') =>
  layer('InputLayer', { name, batch_input_shape: [null, 4, 3], dtype: 'float32' });
export const dense = (name: string, ...calls: unknown[][]) => layer('Dense', { name, units: 3 }, ...calls);

export function functional(layers: unknown[], output: unknown[], name = 'model') {
  const config = { name, layers, input_layers: [ref('x')], output_layers: [output] };
  return { class_name: 'Functional', config };
}

/** As the converter writes it. */
export function topology(layers: unknown[], output: unknown[], version = '2.15.0') {
  return { keras_version: version, model_config: functional(layers, output) };
}
