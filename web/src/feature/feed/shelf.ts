/**
 * Keeps posts whose photos have not all arrived, so that a reload or a phone
 * that ran out of battery loses nothing. Where the browser has no IndexedDB
 * (some private windows) nothing is kept, and nothing else breaks.
 */
export interface Kept {
  readonly key: string;
  readonly room: string;
  readonly text: string;
  readonly photos: readonly { readonly blob: Blob; readonly id?: string; readonly width?: number; readonly height?: number }[];
}

const name = "roomful-sending";
const table = "posts";

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(table, { keyPath: "key" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function run<T>(mode: IDBTransactionMode, work: (posts: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const db = await open();
  try {
    return await new Promise<T>((resolve, reject) => {
      const change = db.transaction(table, mode);
      const request = work(change.objectStore(table));
      change.oncomplete = () => resolve(request.result);
      change.onabort = () => reject(change.error);
    });
  } finally {
    db.close();
  }
}

export const keep = (post: Kept): Promise<unknown> => run("readwrite", (posts) => posts.put(post)).catch(() => {});
export const forget = (key: string): Promise<unknown> => run("readwrite", (posts) => posts.delete(key)).catch(() => {});
export const kept = (room: string): Promise<Kept[]> =>
  run("readonly", (posts) => posts.getAll() as IDBRequest<Kept[]>).then(
    (all) => all.filter((post) => post.room === room),
    () => [],
  );
