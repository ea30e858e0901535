import {
  cast,
  expandDims,
  notEqual,
  range,
  scalar,
  serialization,
  type Tensor,
  type Tensor2D,
  tidy,
  where,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { type LayerVariable, layers, type Shape } from '@tensorflow/tfjs-layers';
import { message } from '../../check.js';
import { embedding as lookUp } from '../../nn/embedding.js';
import { checkLiveTensor } from '../../ops/validate.js';
import { isOnHost } from '../../tfjs-internals/backends.js';
import { namedArgs } from '../args/positional.js';
import { construct, toConfig } from '../config.js';
import { toList, toShapes } from '../one-or-many.js';
import { normal } from '../weights/initial.js';
import { type EmbeddingArgs, type EmbeddingOptions, parseEmbeddingArgs } from './args.js';

const WHERE = 'Embedding';

/**
 * `torch.nn.Embedding` as a layer of tf.layers, which trains as torch's: `y[...] = weight[ids[...]]`, and the row of `paddingIdx`
 * has no gradient.
 *
 * ids are int32 `[...]` of any rank (float32 integers, as models of tfjs feed them, do too), y is float32 `[..., E]`. Weights:
 * `weight` `[V, E]`, each N(0, 1) at first and the row of `paddingIdx` zeros. Masks travel inside models only: layers that are
 * called on tensors take `lengths`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html
 */
export class Embedding extends layers.Layer {
  /** The name in saved models. It has a prefix because tfjs has one flat namespace. */
  static readonly className: string = 'TorchEmbedding';

  private readonly options: EmbeddingOptions;
  private weight: LayerVariable | undefined;

  /** @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value. */
  constructor(args: EmbeddingArgs) {
    const options = parseEmbeddingArgs(WHERE, args);
    // The type of the ids that a model feeds: float32 does not count beyond 2^24.
    super({ ...args, dtype: args.dtype ?? args.inputDType ?? 'int32' });
    this.options = options;
    this.supportsMasking = options.maskPadding === true;
  }

  override build(inputShape: Shape | Shape[]): void {
    const { numEmbeddings, embeddingDim, paddingIdx, seed } = this.options;
    const shape = [numEmbeddings, embeddingDim];
    const weight = this.addWeight('weight', shape, 'float32', normal('weight', seed));
    if (paddingIdx !== undefined)
      tidy(() => {
        const isOther = notEqual(range(0, numEmbeddings, 1, 'int32'), scalar(paddingIdx, 'int32'));
        const values = weight.read();
        weight.write(where(expandDims(isOther, 1), values, zerosLike(values)));
      });
    this.weight = weight;
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return [...toShapes(inputShape)[0], this.options.embeddingDim];
  }

  /** @throws RangeError for an id outside 0..V-1, where the ids are not on a GPU. */
  override call(inputs: Tensor | Tensor[], kwargs: Parameters<layers.Layer['call']>[1] = {}): Tensor {
    return tidy(() => {
      this.invokeCallHook(inputs, kwargs);
      const ids = this.idsOf(inputs);
      return lookUp(ids, (this.weight as LayerVariable).read() as Tensor2D, this.options.paddingIdx);
    });
  }

  private idsOf(inputs: Tensor | Tensor[]): Tensor {
    const [ids] = toList<unknown>(inputs);
    const where = `${WHERE}.apply`;
    checkLiveTensor(where, 'ids', ids);
    if (ids.dtype !== 'int32' && ids.dtype !== 'float32')
      throw new TypeError(message(where, 'ids', 'dtype int32', ids.dtype, 'Convert them with tf.cast'));
    if (isOnHost(ids)) checkIds(where, ids, this.options.numEmbeddings);
    return cast(ids, 'int32');
  }

  /** The mask `id != paddingIdx`, of the shape of ids, for the layers behind it in a model. */
  override computeMask(inputs: Tensor | Tensor[]): Tensor {
    const { paddingIdx, maskPadding } = this.options;
    // tfjs declares masks non-null and treats null as "none".
    if (!maskPadding || paddingIdx === undefined) return null as unknown as Tensor;
    const [ids] = toList(inputs) as [Tensor];
    return tidy(() => notEqual(cast(ids, 'int32'), scalar(paddingIdx, 'int32')));
  }

  static override readonly fromConfig = construct;

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), ...toConfig(this.options) };
  }
}

function checkIds(where: string, ids: Tensor, count: number): void {
  const wrong = ids.dataSync().find((id) => !(Number.isInteger(id) && id >= 0 && id < count));
  if (wrong === undefined) return;
  const rule = `integers in 0..${count - 1} (numEmbeddings: ${count})`;
  throw new RangeError(message(where, 'ids', rule, String(wrong), 'torch: index out of range in self'));
}

serialization.registerClass(Embedding);

/**
 * Makes an {@link Embedding}; the caller disposes it, or the model that holds it.
 * @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value.
 */
export function embedding(args: EmbeddingArgs): Embedding;
export function embedding(...args: readonly unknown[]): Embedding {
  return new Embedding(namedArgs(WHERE, args));
}
