/** The recurrent layers of tfjs with Keras's masks. */

import {
  cast,
  cumsum,
  greater,
  mul,
  reshape,
  reverse,
  serialization,
  slice,
  Tensor,
  type Tensor2D,
  tidy,
} from '@tensorflow/tfjs-core';
// It registers the classes that are extended here.
import '@tensorflow/tfjs-layers';
import type { layers } from '@tensorflow/tfjs-layers';
import { type LayerTensors, toList } from '../../layers/one-or-many.js';
import { type LayerClass, maskedClassName, RECURRENT_CLASSES, tfjsClass } from './masked-class.js';

interface MaskedArgs {
  /** Whether the layer has a mask in its model. tfjs hands it those of others, too. @default false */
  readonly masked?: boolean;
  /** Whether the output at a masked step is zero; it repeats the one before otherwise. @default false */
  readonly zeroOutput?: boolean;
}

interface CallArgs {
  readonly training?: boolean;
  readonly mask?: Tensor | null;
  readonly initialState?: unknown;
}

/** A recurrent layer of tfjs. */
interface TfjsRnn extends layers.Layer {
  readonly returnSequences: boolean;
  readonly goBackwards?: boolean;
  readonly mergeMode?: string | null;
  readonly cell?: layers.Layer;
  call(inputs: Tensor | Tensor[], kwargs: object): Tensor | Tensor[];
}

/**
 * A recurrent layer of tfjs, or its Bidirectional, that reads its own mask alone, and has Keras's outputs at masked steps:
 * zeros before the first step, where tfjs repeats the initial state, and zeros at all of them where Keras has those.
 */
function withKerasMasks(name: string): LayerClass {
  const Base = tfjsClass(name) as unknown as new (args: object) => TfjsRnn;
  const isBidirectional = name === 'Bidirectional';

  return class extends Base {
    static readonly className = maskedClassName(name);
    private readonly masked: boolean;
    private readonly zeroOutput: boolean;

    constructor({ masked = false, zeroOutput = false, ...args }: MaskedArgs & object) {
      super(args);
      this.masked = masked;
      this.zeroOutput = zeroOutput;
    }

    override apply(inputs: LayerTensors, kwargs?: object): LayerTensors {
      // tfjs leaves the initial state in the object, which the executor passes to other layers.
      return super.apply(inputs, { ...kwargs });
    }

    override call(inputs: Tensor | Tensor[], { training, mask, initialState }: CallArgs): Tensor | Tensor[] {
      return tidy(() => {
        const own =
          this.masked && mask instanceof Tensor && !mask.isDisposed ? (mask as Tensor2D) : undefined;
        const result = super.call(inputs, { training, initialState, mask: own });
        const factor = own && this.factorOf(own, initialState != null || this.stateful);
        if (factor === undefined) return result;
        const outputs = toList(result);
        const count = isBidirectional && this.mergeMode === null ? 2 : 1;
        const masked = outputs.map((output, i) => (i < count ? mul(output, factor) : output));
        return Array.isArray(result) ? masked : (masked[0] as Tensor);
      });
    }

    /** What the outputs are multiplied by: 0 where they are zero in Keras; undefined where tfjs has them so. */
    private factorOf(mask: Tensor2D, isStarted: boolean): Tensor | undefined {
      const isZero = isBidirectional ? this.returnSequences : this.zeroOutput;
      if (!isZero && !isStarted) return undefined;
      const present = cast(mask, 'float32');
      // The outputs come in the order of reading.
      const inOrder = this.goBackwards ? reverse(present, 1) : present;
      const factor = isZero ? inOrder : cast(greater(cumsum(inOrder, 1), 0), 'float32');
      const [batch, steps] = mask.shape;
      return this.returnSequences
        ? reshape(factor, [batch, steps, 1])
        : slice(factor, [0, steps - 1], [batch, 1]);
    }

    override getConfig(): serialization.ConfigDict {
      const { masked, zeroOutput, cell } = this;
      const config = { ...super.getConfig(), masked, zeroOutput };
      // tfjs saves the cell of its own class alone.
      if (name !== 'RNN' || !cell) return config;
      return { ...config, cell: { className: cell.getClassName(), config: cell.getConfig() } };
    }
  } as unknown as LayerClass;
}

for (const name of RECURRENT_CLASSES)
  serialization.registerClass(
    withKerasMasks(name) as unknown as serialization.SerializableConstructor<layers.Layer>,
  );
