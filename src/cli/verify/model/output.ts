/** The name of what the model returns, where no other stands before the file with PyTorch's. */
export const OUTPUT = '';
