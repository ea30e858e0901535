import * as tf from '@tensorflow/tfjs';
import { gru, lstm, rnn } from './src/index.js';
await tf.setBackend('cpu');
let worst = 0; let n=0;
for (let it=0; it<300; it++) {
  const ri=(a:number,b:number)=>a+Math.floor(Math.random()*(b-a+1));
  const B=ri(1,9),T=ri(1,7),I=ri(1,20),H=ri(1,20),L=ri(1,3);
  const kind=ri(0,4); const bidirectional=Math.random()<.5, bias=Math.random()<.7, batchFirst=Math.random()<.5;
  const mk=(implementation:any):any=>{const o={hiddenSize:H,numLayers:L,bidirectional,bias,batchFirst,seed:it,implementation}; return kind===0?gru(o):kind===1?lstm(o):kind===2?lstm({...o,projSize:H>1?ri(1,1):0}):rnn({...o,nonlinearity:kind===3?'tanh':'relu'})};
  const [a,b]=[mk('fused'),mk('reference')]; a.ensureBuilt(I); b.ensureBuilt(I);
  const lengths = Math.random()<.5? Array.from({length:B},()=>ri(1,T)) : undefined;
  const x=tf.randomNormal(batchFirst?[B,T,I]:[T,B,I]);
  const P = a.projSize||H, D=bidirectional?2:1;
  const h0=tf.randomNormal([L*D,B,P]), c0=tf.randomNormal([L*D,B,H]); const useH=Math.random()<.6;
  const R=tf.randomNormal(batchFirst?[B,T,D*P]:[T,B,D*P]), Rh=tf.randomNormal([L*D,B,P]), Rc=tf.randomNormal([L*D,B,H]);
  const isL = kind===1||kind===2;
  const run=(l:any)=>{
    const loss=(x:tf.Tensor,h:tf.Tensor,c:tf.Tensor)=>{const r=l.forward(x,{lengths,...(useH?{h0:h,...(isL?{c0:c}:{})}:{})}); let s=tf.add(tf.sum(tf.mul(r.output,R)),tf.sum(tf.mul(r.hn,Rh))); if(isL) s=tf.add(s,tf.sum(tf.mul(r.cn,Rc))); return s as tf.Scalar};
    const xs = useH ? (isL?[x,h0,c0]:[x,h0]) : [x];
    const g = tf.grads(((...a:any[])=>loss(a[0],a[1],a[2])) as any)(xs);
    const {grads}=tf.variableGrads(()=>loss(x,h0,c0), l.weights.map((w:any)=>w.read()));
    const f=l.forward(x,{lengths,...(useH?{h0,...(isL?{c0}:{})}:{})});
    return [f.output,f.hn,...(isL?[f.cn]:[]),...g,...l.weights.map((w:any)=>grads[w.read().name])];
  };
  const [ga,gb]=[run(a),run(b)];
  ga.forEach((t:any,i:number)=>{const scale=Math.max(1e-3,tf.max(tf.abs(gb[i])).arraySync() as number); const e=(tf.max(tf.abs(tf.sub(t,gb[i]))).arraySync() as number)/scale; if(!(e<1e-4)) console.log('BAD',{it,i,e,scale,kind,B,T,I,H,L,bidirectional,bias,batchFirst,lengths,useH}); worst=Math.max(worst,e); n++;});
  tf.dispose(ga);tf.dispose(gb); a.dispose(); b.dispose(); tf.dispose([x,h0,c0,R,Rh,Rc]);
}
console.log('worst',worst,n);
