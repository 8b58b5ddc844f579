/**
 * Makes a picture ready to travel: upright, at most 2048 pixels on its longer
 * side, JPEG without any metadata. The server does not trust this and does it
 * again; here it saves the venue's Wi-Fi.
 */
const longestPx = 2048;
const quality = 0.82;
const smallBytes = 700_000; // a picture that is already small travels as it is
const previewPx = 640;

export interface Prepared {
  readonly blob: Blob;
  /** For the screen; absent if this browser cannot read the picture (HEIC, mostly). */
  readonly preview: HTMLCanvasElement | undefined;
  readonly width: number;
  readonly height: number;
}

export async function prepare(file: Blob): Promise<Prepared> {
  let picture: ImageBitmap;
  try {
    picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return { blob: file, preview: undefined, width: 0, height: 0 }; // the server may know better
  }
  try {
    const { width, height } = fit(picture, longestPx);
    const asIs = file.size < smallBytes && width === picture.width && file.type === "image/jpeg";
    const blob = asIs ? file : await toJpeg(draw(picture, width, height));
    const small = fit(picture, previewPx);
    return { blob: blob ?? file, preview: draw(picture, small.width, small.height), width, height };
  } finally {
    picture.close();
  }
}

function fit({ width, height }: ImageBitmap, longest: number): { width: number; height: number } {
  const scale = Math.min(1, longest / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

function draw(picture: ImageBitmap, width: number, height: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const pen = canvas.getContext("2d");
  if (pen) {
    pen.fillStyle = "#fff"; // under transparent pictures
    pen.fillRect(0, 0, width, height);
    pen.imageSmoothingQuality = "high";
    pen.drawImage(picture, 0, 0, width, height);
  }
  return canvas;
}

const toJpeg = (canvas: HTMLCanvasElement): Promise<Blob | null> =>
  new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
