/** Sends one photo. Rejects with UploadError; `passing` ones may be tried again by themselves. */
import { t } from "../../messages/en.js";

export interface UploadedPhoto {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  /** We shared the very same picture before, in this post. */
  readonly post?: string;
}

export class UploadError extends Error {
  constructor(message: string, readonly passing: boolean, readonly retryAfterMs = 0) {
    super(message);
  }
}

const silentMs = 30_000; // no byte moved for so long: this link is dead, try another

export function upload(url: string, photo: Blob, onProgress: (part: number) => void, signal: AbortSignal): Promise<UploadedPhoto> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not tell how far an upload has come
    let silence = 0;
    const heard = () => {
      clearTimeout(silence);
      silence = window.setTimeout(() => request.abort(), silentMs);
    };
    const end = (error?: Error) => {
      clearTimeout(silence);
      signal.removeEventListener("abort", abort);
      if (error) reject(error);
    };
    const abort = () => request.abort();

    request.open("POST", url);
    request.setRequestHeader("content-type", photo.type || "application/octet-stream");
    request.upload.onprogress = (e) => {
      heard();
      if (e.lengthComputable) onProgress(e.loaded / e.total);
    };
    request.onload = () => {
      if (request.status === 201 || request.status === 200) {
        const { photo: id, ...rest } = JSON.parse(request.responseText) as { photo: string; width: number; height: number; post?: string };
        end();
        return resolve({ id, ...rest });
      }
      end(refusal(request));
    };
    request.onerror = () => end(new UploadError(t.sending.waiting, true));
    request.onabort = () => end(new UploadError(t.sending.waiting, !signal.aborted));
    signal.addEventListener("abort", abort);
    heard();
    request.send(photo);
  });
}

function refusal(request: XMLHttpRequest): UploadError {
  const passing = request.status === 429 || request.status >= 500;
  try {
    const problem = JSON.parse(request.responseText) as { message?: string; detail?: string; retryAfterMs?: number };
    return new UploadError(problem.message ?? problem.detail ?? t.unexpected, passing, problem.retryAfterMs);
  } catch {
    return new UploadError(t.unexpected, passing);
  }
}
