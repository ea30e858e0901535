"""The networks of spec/fixtures/keras: each a few small layers that together show one part of Keras's GRU.

Written for the API that Keras 2.15 and Keras 3 share; what they save differs, and so do some numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers

# Rows of ids as Keras users pad them: in front, at the end, with holes, full, and with nothing in them at all.
PADDED_IDS = [
    [0, 0, 3, 1, 4],
    [5, 2, 0, 0, 0],
    [1, 0, 6, 0, 2],
    [4, 3, 2, 6, 1],
    [0, 0, 0, 0, 0],
]
# The value that layers.Masking takes for padding in float inputs.
PAD = -2.0


@dataclass(frozen=True)
class Net:
    build: Callable[[], keras.Model]
    # One array for each input of the model, for each call.
    calls: Callable[[np.random.Generator], list[list[np.ndarray]]]
    # Store d sum(output * R) / d weight for every weight.
    gradients: bool = False
    # Store the model as a .keras file holds it, too.
    as_keras_file: bool = False


def floats(*shape: int) -> Callable[[np.random.Generator], list[list[np.ndarray]]]:
    return lambda generator: [[uniform(generator, shape)]]


def ids(_: np.random.Generator) -> list[list[np.ndarray]]:
    return [[np.array(PADDED_IDS, dtype=np.int32)]]


def uniform(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return generator.uniform(-1, 1, shape).astype(np.float32)


def padded(generator: np.random.Generator) -> list[list[np.ndarray]]:
    """[5, 5, 3] with PAD where PADDED_IDS has zeros."""
    x = uniform(generator, (5, 5, 3))
    x[np.array(PADDED_IDS) == 0] = PAD
    return [[x]]


def padded_and_full(generator: np.random.Generator) -> list[list[np.ndarray]]:
    return [*padded(generator), [uniform(generator, (2, 6, 3))]]


def sequential() -> keras.Model:
    """Sequence to vector: reversed, without bias, with layers between that tfjs has."""
    return keras.Sequential(
        [
            keras.Input((6, 3), name="x"),
            layers.GRU(4, return_sequences=True, go_backwards=True, name="reversed"),
            layers.Dropout(0.3, name="drop"),
            layers.GRU(5, return_sequences=True, use_bias=False, name="unbiased"),
            layers.GRU(2, name="last"),
            layers.Dense(3, activation="tanh", name="out"),
        ],
        name="sequence_to_vector",
    )


def tagger() -> keras.Model:
    """A mask of an embedding through stacked layers: what they put out at masked steps is read by `tags`."""
    x = keras.Input((5,), dtype="int32", name="ids")
    y = layers.Embedding(7, 3, mask_zero=True, name="embed")(x)
    y = layers.Bidirectional(layers.GRU(4, return_sequences=True, name="both"), name="bi")(y)
    y = layers.GRU(5, return_sequences=True, name="top")(y)
    return keras.Model(x, layers.TimeDistributed(layers.Dense(2), name="tags")(y), name="tagger")


def seq2seq() -> keras.Model:
    """The encoder's final state starts the decoder; the decoder's input is masked as well."""
    source = keras.Input((5,), dtype="int32", name="source")
    target = keras.Input((4,), dtype="int32", name="target")
    embed = layers.Embedding(7, 3, mask_zero=True, name="embed")
    _, state = layers.GRU(4, return_state=True, name="encoder")(embed(source))
    y, final = layers.GRU(4, return_sequences=True, return_state=True, name="decoder")(
        embed(target), initial_state=state
    )
    y = layers.GRU(2, return_sequences=True, name="above")(y)
    return keras.Model([source, target], [layers.Dense(3, name="logits")(y), final], name="seq2seq")


def seq2seq_calls(_: np.random.Generator) -> list[list[np.ndarray]]:
    target = [[2, 5, 0, 0], [0, 3, 1, 0], [6, 1, 4, 2], [0, 0, 0, 5], [1, 0, 2, 0]]
    return [[np.array(PADDED_IDS, dtype=np.int32), np.array(target, dtype=np.int32)]]


def merged(x: object, mode: str | None, **options: object) -> list:
    name = f"{mode}_{'sequence' if options.get('return_sequences') else 'last'}".lower()
    result = layers.Bidirectional(layers.GRU(2, **options), merge_mode=mode, name=name)(x)
    return list(result) if isinstance(result, (list, tuple)) else [result]


def merges() -> keras.Model:
    """Every merge mode of Bidirectional behind a mask; both calls together show each with padding and without."""
    x = keras.Input((None, 3), name="x")
    y = layers.Masking(PAD, name="masking")(x)
    outputs = [
        *merged(y, "concat", return_sequences=True),
        *merged(y, "sum", return_sequences=True, return_state=True),
        *merged(y, "mul"),
        *merged(y, "ave", use_bias=False),
        *merged(y, None, return_sequences=True),
        *merged(y, None, return_state=True),
        layers.Bidirectional(
            layers.GRU(2, go_backwards=True, return_sequences=True, name="later"),
            backward_layer=layers.GRU(2, return_sequences=True, name="sooner"),
            merge_mode="mul",
            name="turned",
        )(y),
    ]
    return keras.Model(x, outputs, name="merges")


def masked() -> keras.Model:
    """One direction behind a mask: what is put out at masked steps, forwards and backwards, and at the end."""
    x = keras.Input((5, 3), name="x")
    y = layers.Masking(PAD, name="masking")(x)
    outputs = [
        layers.GRU(3, return_sequences=True, name="forward")(y),
        layers.GRU(2, return_sequences=True, go_backwards=True, name="backward")(y),
        *layers.GRU(2, go_backwards=True, return_state=True, name="backward_last")(y),
        layers.GRU(2, zero_output_for_mask=True, name="zero_last")(y),
        layers.GRU(2, return_sequences=True, zero_output_for_mask=True, name="zero_sequence")(y),
    ]
    return keras.Model(x, outputs, name="masked")


def states() -> keras.Model:
    """Initial states from inputs of the model, masked and not, for one direction and for two."""
    x = keras.Input((5, 3), name="x")
    forward = keras.Input((4,), name="forward")
    backward = keras.Input((4,), name="backward")
    y = layers.Masking(PAD, name="masking")(x)
    outputs = [
        *layers.GRU(4, return_state=True, go_backwards=True, name="masked")(y, initial_state=forward),
        *layers.Bidirectional(layers.GRU(4, return_sequences=True, return_state=True), name="both")(
            x, initial_state=[forward, backward]
        ),
    ]
    return keras.Model([x, forward, backward], outputs, name="states")


def states_calls(generator: np.random.Generator) -> list[list[np.ndarray]]:
    [[x]] = padded(generator)
    return [[x[2:], uniform(generator, (3, 4)), uniform(generator, (3, 4))]]


def stateful() -> keras.Model:
    """The state goes on from call to call, in both directions."""
    x = keras.Input(batch_shape=(3, 4, 2), name="x")
    y = layers.GRU(3, return_sequences=True, stateful=True, name="one")(x)
    y = layers.Bidirectional(layers.GRU(2, stateful=True, return_sequences=True), name="two")(y)
    return keras.Model(x, y, name="stateful")


def stateful_calls(generator: np.random.Generator) -> list[list[np.ndarray]]:
    return [[uniform(generator, (3, 4, 2))] for _ in range(3)]


def nested() -> keras.Model:
    """Models in a model, and layers that it uses twice."""
    inner_x = keras.Input((5, 3), name="inner_x")
    inner = keras.Model(inner_x, layers.GRU(3, return_sequences=True, name="inside")(inner_x), name="inner")
    stack = keras.Sequential(
        [keras.Input((5, 3), name="stack_x"), layers.GRU(2, name="stacked"), layers.Dense(2, name="deep")],
        name="stack",
    )
    shared = layers.Bidirectional(layers.GRU(2, name="shared"), merge_mode="sum", name="shared_both")
    a, b = keras.Input((5, 3), name="a"), keras.Input((5, 3), name="b")
    sequence = inner(a)
    outputs = [shared(sequence), shared(b), stack(inner(b)), stack(sequence)]
    return keras.Model([a, b], layers.Concatenate(name="all")(outputs), name="nested")


def nested_calls(generator: np.random.Generator) -> list[list[np.ndarray]]:
    return [[uniform(generator, (2, 5, 3)), uniform(generator, (2, 5, 3))]]


def mixed() -> keras.Model:
    """Beside what tfjs has itself: LSTM, SimpleRNN, a GRU with reset_after=False; frozen and regularized layers."""
    x = keras.Input((6, 3), name="x")
    y = layers.LSTM(3, return_sequences=True, name="lstm")(x)
    y = layers.Bidirectional(layers.LSTM(2, return_sequences=True, name="inner_lstm"), name="bi_lstm")(y)
    y = layers.GRU(3, return_sequences=True, trainable=False, name="frozen")(y)
    y = layers.GRU(2, return_sequences=True, reset_after=False, name="before")(y)
    y = layers.BatchNormalization(name="norm")(y)
    y = layers.LeakyReLU(0.2, name="leaky")(y)
    y = layers.SimpleRNN(3, return_sequences=True, name="simple")(y)
    y = layers.GRU(
        4,
        dropout=0.25,
        kernel_regularizer=keras.regularizers.L2(0.01),
        recurrent_regularizer=keras.regularizers.L1(0.02),
        bias_regularizer=keras.regularizers.L1L2(0.03, 0.04),
        name="regularized",
    )(y)
    return keras.Model(x, layers.Dense(2, activation="softmax", name="out")(y), name="mixed")


def per_frame() -> keras.Model:
    """Both directions inside TimeDistributed, and a cell inside RNN."""
    x = keras.Input((3, 5, 2), name="x")
    frames = layers.Bidirectional(layers.GRU(2, name="frames"), merge_mode="sum", name="both")
    y = layers.TimeDistributed(frames, name="each")(x)
    return keras.Model(x, layers.RNN(layers.GRUCell(3, name="cell"), name="over")(y), name="per_frame")


def nested_mask() -> keras.Model:
    """A mask that goes into a model inside."""
    inner_x = keras.Input((5, 3), name="inner_x")
    inside = layers.GRU(2, return_sequences=True, name="inside")
    inner = keras.Model(inner_x, inside(inner_x), name="inner")
    x = keras.Input((5,), dtype="int32", name="ids")
    return keras.Model(x, inner(layers.Embedding(7, 3, mask_zero=True, name="embed")(x)), name="nested_mask")


NETS = {
    "sequential": Net(sequential, floats(2, 6, 3), gradients=True),
    "tagger": Net(tagger, ids, gradients=True),
    "seq2seq": Net(seq2seq, seq2seq_calls),
    "merges": Net(merges, padded_and_full),
    "masked": Net(masked, padded, gradients=True),
    "states": Net(states, states_calls),
    "stateful": Net(stateful, stateful_calls),
    "nested": Net(nested, nested_calls, as_keras_file=True),
    "nested-mask": Net(nested_mask, ids),
    "mixed": Net(mixed, floats(2, 6, 3)),
    "per-frame": Net(per_frame, floats(2, 3, 5, 2)),
}
