import { expect } from 'chai';
import { type Report, writeReport } from '../../../src/cli/doctor/report.js';
import { recordingTerminal, runProgram } from '../support.js';

const REPORT: Report = {
  version: '0.1.0',
  node: 'v20.20.2',
  system: 'linux x64, 2 x a processor',
  packages: { '@tensorflow/tfjs-core': '4.22.0' },
  absent: { '@tensorflow/tfjs-node': 'not installed' },
  backends: [
    {
      backend: 'tensorflow',
      tensorflow: '2.15.1',
      kernels: 'cudnn: its kernels; engine: its description',
      differences: { GRU: { engine: 1.234e-7, cuDNN: 8.2e-4, 'tf ops': 0 }, LSTM: { engine: 0 } },
      timings: [
        { case: 'B 1', milliseconds: { engine: 0.12345, cuDNN: 123.45 }, auto: 'cudnn: about 1 ms' },
        { case: 'B 32', milliseconds: {}, auto: 'tf ops' },
      ],
    },
  ],
};

describe('tfjs-torch-rnn doctor', () => {
  it('prints versions, kernels, differences and times', () => {
    const { terminal, lines } = recordingTerminal();
    writeReport(terminal, REPORT);
    expect(lines).to.deep.equal([
      'tfjs-torch-rnn 0.1.0, Node v20.20.2, linux x64, 2 x a processor',
      '  @tensorflow/tfjs-core 4.22.0',
      '  @tensorflow/tfjs-node: not installed',
      '',
      'tensorflow, TensorFlow 2.15.1',
      '  cudnn: its kernels; engine: its description',
      '',
      "  relative difference from the engine's on cpu  engine    cuDNN  tf ops",
      '  GRU                                           1.2e-7  0.00082     0.0',
      '  LSTM                                             0.0        -       -',
      '',
      "  milliseconds of a GRU, x made by an op  engine  cuDNN  tf ops  'auto' takes",
      '  B 1                                      0.123    123       -  cudnn: about 1 ms',
      '  B 32                                         -      -       -  tf ops',
    ]);
  });

  it('examines the backends of this machine, in a process of its own', async function () {
    this.timeout(240_000);
    const { code, stdout, stderr } = await runProgram(['doctor', '--json']);
    expect(code, stderr).to.equal(0);
    const { packages, backends } = JSON.parse(stdout) as Report;
    expect(packages).to.include({
      '@tensorflow/tfjs-core': '4.22.0',
      '@tensorflow/tfjs-backend-cpu': '4.22.0',
    });
    expect(backends.map(({ backend }) => backend)).to.include.members(['cpu', 'wasm']);
    for (const { backend, kernels, differences, timings } of backends) {
      expect(kernels, backend).to.include('the engine runs whole sequences in');
      expect(Object.keys(differences)).to.deep.equal(['GRU', 'LSTM', 'RNN tanh', 'RNN relu']);
      for (const each of Object.values(differences)) {
        expect(Object.keys(each)).to.deep.equal(['engine', 'tf ops']);
        for (const difference of Object.values(each)) expect(difference).to.be.at.most(1e-5);
      }
      expect(timings).to.have.length(4);
      for (const { milliseconds, auto } of timings) {
        expect(milliseconds.engine).to.be.greaterThan(0);
        expect(auto).to.match(/^engine/);
      }
    }
  });

  it('takes no words', async () => {
    const { code, stderr } = await runProgram(['doctor', 'model.pt']);
    expect(code).to.equal(2);
    expect(stderr).to.include('doctor: ');
  });
});
