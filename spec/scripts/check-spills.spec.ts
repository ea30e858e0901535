import { expect } from 'chai';
import { hotFunctions } from '../../scripts/tools/check-spills/loops.mjs';

/** A function as clang writes it, with `body` in its loop. */
const x64 = (name: string, body: string) => `
${name}:                                 # @${name}
	.cfi_startproc
# %bb.0:
	vmovups	%ymm4, 32(%rsp)                 # 32-byte Spill
.LBB9_4:                                # =>This Inner Loop Header: Depth=1
	vmovups	(%r8), %ymm5
	${body}
	cmpq	%rsi, %r8
	jb	.LBB9_4
	vmovups	%ymm3, (%rdi)
	retq
.Lfunc_end9:
`;
const SUM = 'vfmadd231ps\t%ymm6, %ymm5, %ymm3     # ymm3 = (ymm5 * ymm6) + ymm3';

const arm64 = (body: string) => `
_tile_8x1:                                 // @tile_8x1
	str	q0, [sp, #16]                   // 16-byte Spill
.LBB9_2:                                // =>This Inner Loop Header: Depth=1
	ldp	q21, q22, [x4], #32
	${body}
	fmla	v7.4s, v22.4s, v17.s[0]
	b.lo	.LBB9_2
	stp	q0, q1, [x0]
	ret
`;

describe('the check for spilled sums', () => {
  const faults = (text: string, arch: 'x64' | 'arm64') => hotFunctions(text, arch).map(({ fault }) => fault);

  it('takes loops that only sum, whatever stands around them', () => {
    expect(faults(x64('tile_4', SUM), 'x64')).to.deep.equal([undefined]);
    expect(faults(x64('row_3.1', 'mulps\t%xmm1, %xmm2\n\taddps\t%xmm2, %xmm3'), 'x64')).to.deep.equal([
      undefined,
    ]);
    expect(faults(arm64('str\tx9, [sp, #8]'), 'arm64')).to.deep.equal([undefined]);
  });

  for (const store of [
    'vmovups\t%ymm4, 32(%rsp)                 # 32-byte Spill',
    'movaps\t%xmm0, -24(%rsp,%rax,8)',
    'vmovaps\t%zmm12, (%rsp)',
  ])
    it(`finds ${store.split('\t')[0]} of a sum to memory`, () => {
      const [fault] = faults(x64('panels_1x4x2', `${SUM}\n\t${store}`), 'x64');
      expect(fault).to.match(/^its loop stores a vector: v?mov[au]ps %/);
    });

  for (const store of ['str\tq7, [sp, #32]', 'stp\tq7, q6, [sp]', 'stur\tq7, [x29, #-16]'])
    it(`finds ${store.split('\t')[0]} of a sum to memory on ARM`, () =>
      expect(faults(arm64(store), 'arm64')[0]).to.match(/^its loop stores a vector: st/));

  it('looks into the innermost loop, and wants sums in it', () => {
    const nested = x64('tile_2', SUM).replace('retq', 'vmovaps\t%ymm1, 64(%rsp)\n\tjne\t.LBB9_1\n\tretq');
    expect(faults(nested.replace('# %bb.0:', '.LBB9_1:'), 'x64')).to.deep.equal([undefined]);
    expect(faults(x64('tile_2', 'vaddss\t(%rdx), %xmm4, %xmm6'), 'x64')).to.deep.equal([
      'it has no loop that multiplies and adds',
    ]);
  });

  it('leaves other functions alone', () => {
    expect(hotFunctions(x64('product', SUM), 'x64')).to.deep.equal([]);
  });
});
