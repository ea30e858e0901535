/** Paints values of 0 to 1, a pixel each; the style sheet makes the pixels larger. */

type Colour = readonly [red: number, green: number, blue: number];

/** @param values `[T, H]`; the canvas is T wide and H high. The style's background stands for 0, its colour for 1. */
export function paintMap(canvas: HTMLCanvasElement, values: Float32Array, order: readonly number[]): void {
  const context = canvas.getContext('2d');
  const { width, height } = canvas;
  if (context === null || width === 0) return;
  const style = getComputedStyle(canvas);
  const [low, high] = [parseColour(style.backgroundColor), parseColour(style.color)];
  const image = context.createImageData(width, height);
  for (let row = 0; row < height; row++) {
    const unit = order[row] as number;
    for (let t = 0; t < width; t++) {
      const share = values[t * height + unit];
      const at = 4 * (row * width + t);
      for (const [channel, from] of low.entries())
        image.data[at + channel] = from + share * ((high[channel] as number) - from);
      image.data[at + 3] = 255;
    }
  }
  context.putImageData(image, 0, 0);
}

/** Of `rgb(1, 2, 3)`, as computed styles have colours. */
function parseColour(text: string): Colour {
  const [red = 0, green = 0, blue = 0] = (text.match(/[\d.]+/g) ?? []).map(Number);
  return [red, green, blue];
}
