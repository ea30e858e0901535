/** Layers of tfjs with Keras's masks: activations that hand them on, merges, and those that compute with them. */

import {
  cast,
  div,
  expandDims,
  logicalAnd,
  logicalOr,
  mul,
  serialization,
  sum,
  Tensor,
  tidy,
} from '@tensorflow/tfjs-core';
// It registers the classes that are extended here.
import '@tensorflow/tfjs-layers';
import type { layers } from '@tensorflow/tfjs-layers';
import { type GraphMask, union } from '../../layers/masks/graph.js';
import { toList } from '../../layers/one-or-many.js';
import {
  ACTIVATION_CLASSES,
  type LayerClass,
  MERGE_CLASSES,
  maskedClassName,
  tfjsClass,
} from './masked-class.js';

type Layer = layers.Layer;
type Base = new (args: object) => Layer;

/** tfjs declares masks non-null and treats null as "none". */
const NONE = null as unknown as Tensor;

/** A layer that hands its mask on, and changes nothing else. */
function keeping(name: string): LayerClass {
  return class extends (tfjsClass(name) as unknown as Base) {
    static readonly className = maskedClassName(name);
    override supportsMasking = true;
  } as unknown as LayerClass;
}

interface MergeArgs {
  /**
   * A step of the result is present where all masks that there are have it (`and`, Keras 2), or where one does and every input
   * has a mask (`or`, Keras 3); `none` hands no mask on. @default 'none'
   */
  readonly merge?: 'and' | 'or' | 'none';
}

/** A merge layer whose mask, `[B, T]`, is that of Keras. */
function merging(name: string): LayerClass {
  return class extends (tfjsClass(name) as unknown as Base) {
    static readonly className = maskedClassName(name);
    private readonly merge: MergeArgs['merge'];

    constructor({ merge = 'none', ...args }: MergeArgs & object) {
      super(args);
      this.merge = merge;
    }

    override computeMask(_inputs: Tensor | Tensor[], mask?: Tensor | Tensor[]): Tensor {
      // tfjs asks once without masks, behind every call.
      const masks: (Tensor | null | undefined)[] = Array.isArray(mask) ? mask : [];
      const present = masks.filter((one) => one != null);
      const isNone = this.merge === 'none' || present.length === 0;
      if (isNone || (this.merge === 'or' && present.length < masks.length)) return NONE;
      const op = this.merge === 'and' ? logicalAnd : logicalOr;
      return tidy(() => present.reduce((merged, one) => op(merged, one)));
    }

    /** What makes the mask, for the recurrent layers behind it. */
    graphMask(masks: readonly GraphMask[]): GraphMask {
      const isNone = this.merge === 'none' || (this.merge === 'or' && masks.includes(''));
      return isNone ? '' : union(masks);
    }

    override getConfig(): serialization.ConfigDict {
      return { ...super.getConfig(), merge: this.merge as string };
    }
  } as unknown as LayerClass;
}

interface CallArgs {
  readonly mask?: unknown;
}

/** The mean over the steps that are present; NaN for a row without any, as in Keras. */
function averaging(name: string): LayerClass {
  return class extends (tfjsClass(name) as unknown as Base) {
    static readonly className = maskedClassName(name);

    override call(inputs: Tensor | Tensor[], kwargs: CallArgs): Tensor | Tensor[] {
      const { mask } = kwargs;
      if (!(mask instanceof Tensor)) return super.call(inputs, {});
      return tidy(() => {
        const [x] = toList(inputs) as [Tensor];
        const present = expandDims(cast(mask, 'float32'), 2);
        return div(sum(mul(x, present), 1), sum(present, 1));
      });
    }
  } as unknown as LayerClass;
}

interface SoftmaxArgs {
  /** Whether the layer has a mask in its model. tfjs hands it those of others, too. @default false */
  readonly masked?: boolean;
}

/** A softmax that reads its own mask alone, and hands it on. */
function softmax(name: string): LayerClass {
  return class extends (tfjsClass(name) as unknown as Base) {
    static readonly className = maskedClassName(name);
    override supportsMasking = true;
    private readonly masked: boolean;

    constructor({ masked = false, ...args }: SoftmaxArgs & object) {
      super(args);
      this.masked = masked;
    }

    override call(inputs: Tensor | Tensor[], { mask }: CallArgs): Tensor | Tensor[] {
      return super.call(inputs, this.masked ? { mask: mask as Tensor } : {});
    }

    override getConfig(): serialization.ConfigDict {
      return { ...super.getConfig(), masked: this.masked };
    }
  } as unknown as LayerClass;
}

const CLASSES = [
  ...ACTIVATION_CLASSES.map(keeping),
  ...MERGE_CLASSES.map(merging),
  averaging('GlobalAveragePooling1D'),
  softmax('Softmax'),
];
for (const cls of CLASSES)
  serialization.registerClass(cls as unknown as serialization.SerializableConstructor<Layer>);
