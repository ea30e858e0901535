import { expect } from 'chai';
import { asKind } from '../../../../../src/state-dict/formats/pickle/values.js';
import { isKnownGlobal, nameOfGlobal } from '../../../../../src/state-dict/formats/torch/objects/globals.js';
import { rootOf } from '../../pickle/support.js';

function isKnown(name: string): boolean {
  const dot = name.lastIndexOf('.');
  return isKnownGlobal(asKind(rootOf(`c${name.slice(0, dot)}\n${name.slice(dot + 1)}\n`), 'global')!);
}

describe('isKnownGlobal', () => {
  it('knows what torch writes for tensors and what Python writes for values', () => {
    for (const name of [
      'torch._utils._rebuild_tensor_v2',
      'torch._tensor._rebuild_from_type_v2',
      'torch.tensor._rebuild_from_type_v2',
      'torch.FloatStorage',
      'torch.cuda.HalfStorage',
      'torch.storage.UntypedStorage',
      'torch.bfloat16',
      'torch.complex128',
      'torch.Size',
      'torch.per_tensor_affine',
      'torch.nn.parameter.Parameter',
      'torch.LongTensor',
      'collections.OrderedDict',
      '__builtin__.set',
      '_codecs.encode',
    ]) {
      expect(isKnown(name), name).to.equal(true);
    }
  });

  it('knows nothing else, however like torch it looks', () => {
    for (const name of [
      'os.system',
      'builtins.eval',
      'builtins.getattr',
      'torch.load',
      'torch.hub.load',
      'torch.FloatStorage.system',
      'torchvision.FloatStorage',
      'evil.FloatStorage',
      'torch._utils._rebuild_tensor_v2.__globals__',
      'torch._utils.os._rebuild_x',
      'torch.nn.modules.linear.Linear',
      'torch.constructor',
      'F32',
    ]) {
      expect(isKnown(name), name).to.equal(false);
    }
  });
});

describe('nameOfGlobal', () => {
  it('is the name of today', () => {
    expect(nameOfGlobal(rootOf('c__builtin__\nset\n'))).to.equal('builtins.set');
    expect(nameOfGlobal(rootOf('cos\nsystem\n'))).to.equal('os.system');
    expect(nameOfGlobal('os.system')).to.equal(undefined);
    expect(nameOfGlobal(undefined)).to.equal(undefined);
  });
});
