import { message } from '../../check.js';
import { FormatError } from '../../errors.js';

/** Every `FormatError.code`, and the rule that was broken. Codes help tests and logs; later versions may add or merge some. */
export const formatCodes = {
  // Any format.
  EMPTY_FILE: 'there are no bytes to read',
  UNKNOWN_FORMAT: 'the bytes are of no format that is known',
  TOO_MANY_TENSORS: 'the file names more tensors than `limits.maxTensors`',
  TOO_MANY_MEMBERS: 'the objects of a text have more members than `limits.maxTensors` tensors need',
  NAMES_TOO_LONG:
    'the dotted names of what a checkpoint holds are longer together than `limits.maxHeaderBytes`',
  UNKNOWN_DTYPE: 'a dtype is not one of the names of this format',
  DUPLICATE_KEY: 'one object names the same member twice',
  INVALID_UTF8: 'the text is not valid UTF-8',
  INVALID_JSON: 'the text breaks the JSON grammar',
  TOO_DEEP: 'values are nested deeper, or a shape has more dimensions, than any tensor needs',
  VALIDATION_OVERFLOW: 'a shape or its byte size is beyond what can be counted',
  SIZE_MISMATCH: 'the data of a tensor does not have the size that its dtype and shape ask for',
  MISALIGNED: 'elements smaller than a byte do not fill whole bytes',
  SHA256_MISMATCH: 'the file does not have the SHA-256 that the caller gave for it',
  CRC_MISMATCH: 'bytes do not have the CRC-32 that the file gives for them',
  // safetensors.
  HEADER_TOO_SMALL: 'fewer bytes than the 8 of the header length',
  HEADER_TOO_LARGE: 'the header, or the directory of an archive, is longer than `limits.maxHeaderBytes`',
  INVALID_HEADER_LENGTH: 'the header length points past the end of the file',
  INVALID_HEADER: 'the header is JSON, but a field is missing or has the wrong type',
  INVALID_OFFSET: 'the tensors leave a hole or overlap',
  INCOMPLETE_BUFFER: 'the tensors do not cover the file exactly: it is cut short or has bytes to spare',
  // zip archives, and compressed bytes.
  INVALID_ZIP: 'a record of the archive breaks the format, or bytes belong to no entry',
  TOO_MANY_ENTRIES: 'the archive has more entries than `limits.maxEntries`',
  DUPLICATE_ENTRY: 'two entries of the archive have the same name',
  INVALID_ENTRY_NAME: 'the name of an entry is in an unknown encoding, or no relative one',
  LOCAL_HEADER_MISMATCH: 'what stands beside the data of an entry contradicts the directory',
  OVERLAPPING_ENTRIES: 'the bytes of an entry reach into what follows',
  ENTRY_TOO_LARGE: 'an entry is larger than what is read of its kind',
  CORRUPT_DATA:
    'compressed bytes cannot be decompressed, end too early or too late, or become more than they may',
  // NumPy.
  INVALID_NPY: 'the header of an array breaks the format',
  // Pickles.
  TRUNCATED_PICKLE: 'a pickle ends before its last instruction',
  UNSUPPORTED_OPCODE: 'a pickle has an instruction that no writer of weights needs',
  STACK_UNDERFLOW: 'an instruction of a pickle takes more values than there are',
  MISSING_MEMO: 'a pickle refers to a value that it has not kept',
  INVALID_PICKLE: 'an instruction of a pickle does not fit the values it is given',
  PICKLE_LIMIT: 'a pickle goes past one of the `limits.maxPickle...`',
  // Files of torch.save.
  INVALID_CHECKPOINT: 'the parts of a file of torch.save are sound, but do not fit together',
  MISSING_RECORD: 'the archive lacks a record that the pickle refers to or the format needs',
  OUTSIDE_STORAGE: 'elements of a tensor lie outside its storage',
  TRAILING_BYTES: 'bytes follow what should be the last',
  // JSON.
  INVALID_STATE_DICT: 'the text is JSON, but not an object of tensors',
  INVALID_TENSOR: 'a value is not a tensor in one of the known forms',
  INVALID_ELEMENT: 'an element is not a value of the dtype',
  RAGGED_LIST: 'nested lists at the same depth differ in length or kind',
  INVALID_BASE64: 'text that should be base64 is not',
  // Models in several files.
  INVALID_INDEX: 'an index does not map tensors to plain names of files beside it',
  MISSING_TENSOR: 'a file lacks a tensor that the index says it holds',
  // Keras models.
  INVALID_MODEL:
    'not a Keras model in the layers format of TensorFlow.js, or without the weights of its layers',
} as const;

export type FormatCode = keyof typeof formatCodes;

export function formatError(
  code: FormatCode,
  where: string,
  what: string,
  rule: string,
  got: string,
  remedy?: string,
): FormatError {
  return new FormatError(code, message(where, what, rule, got, remedy));
}
