/**
 * Posts whose photos are on their way. One photo travels at a time; when the
 * last has arrived the post becomes a command, and the SDK's outbox has it.
 *
 *     preparing ──► uploading ──► done
 *                    │  ▲    │
 *                    ▼  │    ▼
 *                   waiting  failed      waiting: no link, goes on by itself; failed: retry() or discard()
 */
import { feed, photoPath } from "roomful";
import type { Photo, RoomHandle } from "roomful";
import { t } from "../../messages/en.js";
import { note } from "../../ui/say.js";
import { prepare } from "./prepare.js";
import type { Prepared } from "./prepare.js";
import { forget, keep, kept } from "./shelf.js";
import { upload, UploadError } from "./upload.js";

export type PhotoStage = "preparing" | "uploading" | "waiting" | "failed" | "done";

export interface SendingPhoto {
  readonly key: string;
  readonly stage: PhotoStage;
  readonly blob: Blob;
  readonly preview: HTMLCanvasElement | undefined;
  readonly width: number;
  readonly height: number;
  /** 0 to 1, of the upload. */
  readonly progress: number;
  readonly error?: string;
  readonly id?: string;
}

export interface SendingPost {
  readonly key: string;
  readonly text: string;
  readonly at: number;
  readonly photos: readonly SendingPhoto[];
}

/** A picture chosen in the composer. */
export interface Picked {
  readonly key: string;
  readonly ready: Promise<Prepared>;
}

let made = 0;
const newKey = (): string => `${Date.now().toString(36)}-${(made++).toString(36)}-${Math.random().toString(36).slice(2, 8)}`;

export const pick = (file: Blob): Picked => ({ key: newKey(), ready: prepare(file) });

export class Sending {
  readonly #room: RoomHandle;
  readonly #listeners = new Set<() => void>();
  readonly #abort = new Map<string, AbortController>();
  #posts: readonly SendingPost[] = [];
  #busy = false;
  #tries = 0;
  #again = 0;

  constructor(room: RoomHandle) {
    this.#room = room;
    addEventListener("online", () => this.#goOn());
    document.addEventListener("visibilitychange", () => !document.hidden && this.#goOn());
    addEventListener("beforeunload", (e) => {
      if (this.#posts.some((p) => p.photos.some((photo) => photo.stage === "uploading"))) e.preventDefault();
    });
    void this.#recover();
  }

  readonly getSnapshot = (): readonly SendingPost[] => this.#posts;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** Takes a post on. Without photos it is a command at once. */
  async add(text: string, picked: readonly Picked[]): Promise<void> {
    if (picked.length === 0) return this.#command(text, []);
    const photos = picked.map(({ key }): SendingPhoto => ({ key, stage: "preparing", blob: new Blob(), preview: undefined, width: 0, height: 0, progress: 0 }));
    const post: SendingPost = { key: newKey(), text, at: Date.now(), photos };
    this.#set([post, ...this.#posts]);
    for (const { key, ready } of picked) {
      this.#photo(post.key, key, { stage: "waiting", ...(await ready) });
    }
    await this.#keep(post.key);
    this.#goOn();
  }

  retry(post: string): void {
    for (const { key, stage } of this.#find(post)?.photos ?? []) {
      if (stage === "failed") this.#photo(post, key, { stage: "waiting" });
    }
    this.#goOn();
  }

  discard(post: string): void {
    for (const photo of this.#find(post)?.photos ?? []) this.#abort.get(photo.key)?.abort();
    this.#set(this.#posts.filter((p) => p.key !== post));
    void forget(post);
  }

  /** One photo after the other, the oldest post first. */
  async #goOn(): Promise<void> {
    clearTimeout(this.#again);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#next(); next; next = this.#next()) {
        if (!(await this.#send(next.post, next.photo))) return;
      }
    } finally {
      this.#busy = false;
    }
  }

  #next(): { post: string; photo: SendingPhoto } | undefined {
    for (const post of [...this.#posts].reverse()) {
      const photo = post.photos.find((p) => p.stage === "waiting");
      if (photo) return { post: post.key, photo };
    }
    return undefined;
  }

  /** Resolves to whether the next may be tried at once. */
  async #send(post: string, photo: SendingPhoto): Promise<boolean> {
    const abort = new AbortController();
    this.#abort.set(photo.key, abort);
    this.#photo(post, photo.key, { stage: "uploading", progress: 0 });
    try {
      const url = `/v1/rooms/${this.#room.id}/photos`;
      const { id, width, height, post: shared } = await upload(url, photo.blob, (progress) => this.#photo(post, photo.key, { progress }), abort.signal);
      this.#tries = 0;
      if (shared) {
        this.#leaveOut(post, photo.key);
        return true;
      }
      ownPreviews.set(id, { id, width, height, preview: photo.preview });
      this.#photo(post, photo.key, { stage: "done", progress: 1, id, width, height });
      await this.#keep(post);
      this.#finish(post);
      return true;
    } catch (error) {
      if (abort.signal.aborted) return true;
      const known = error instanceof UploadError ? error : undefined;
      if (known?.passing) {
        this.#photo(post, photo.key, { stage: "waiting", progress: 0 });
        this.#waitAndGoOn(known.retryAfterMs);
        return false;
      }
      this.#photo(post, photo.key, { stage: "failed", error: known?.message ?? t.unexpected });
      return true;
    } finally {
      this.#abort.delete(photo.key);
    }
  }

  /** A picture that is in the feed already does not go there twice. */
  #leaveOut(key: string, photo: string): void {
    note(t.sending.shared);
    this.#set(this.#posts.map((p) => (p.key !== key ? p : { ...p, photos: p.photos.filter((other) => other.key !== photo) })));
    const post = this.#find(key);
    if (post && !post.text && post.photos.length === 0) this.discard(key);
    else this.#finish(key);
  }

  #waitAndGoOn(atLeastMs: number): void {
    const ms = Math.random() * Math.min(30_000, 1_000 * 2 ** this.#tries++) + Math.max(500, atLeastMs);
    this.#again = window.setTimeout(() => this.#goOn(), ms);
  }

  #finish(key: string): void {
    const post = this.#find(key);
    if (!post || post.photos.some((p) => p.stage !== "done")) return;
    this.#command(post.text, post.photos.map((p) => p.id ?? ""));
    this.#set(this.#posts.filter((p) => p.key !== key));
    void forget(key);
  }

  /** A refused post stays in the feed, with its reason. */
  #command(text: string, photos: readonly string[]): void {
    this.#room.feature(feed).send("feed.post", { ...(text && { text }), ...(photos.length > 0 && { photos }) }).catch(() => {});
  }

  /** Posts that an earlier page left behind; one tab takes them on. */
  async #recover(): Promise<void> {
    const mine = (run: () => Promise<unknown>) =>
      navigator.locks ? navigator.locks.request(`roomful-sending/${this.#room.id}`, run) : run();
    await mine(async () => {
      const left = (await kept(this.#room.id)).filter((post) => !this.#find(post.key));
      for (const { key, text, photos } of left) {
        const back = await Promise.all(photos.map(async ({ blob, id, width = 0, height = 0 }): Promise<SendingPhoto> => {
          const { preview } = await prepare(blob);
          if (id) ownPreviews.set(id, { id, width, height, preview });
          return { key: newKey(), blob, preview, width, height, progress: 0, ...(id ? { stage: "done", id } : { stage: "waiting" }) };
        }));
        this.#set([...this.#posts, { key, text, at: Date.now(), photos: back }]);
        this.#finish(key);
      }
      this.#goOn();
      if (navigator.locks) await new Promise(() => {}); // ours until the page goes
    });
  }

  #keep(key: string): Promise<unknown> {
    const post = this.#find(key);
    if (!post) return Promise.resolve();
    const photos = post.photos.map(({ blob, id, width, height }) => ({ blob, width, height, ...(id && { id }) }));
    return keep({ key, room: this.#room.id, text: post.text, photos });
  }

  #find(key: string): SendingPost | undefined {
    return this.#posts.find((post) => post.key === key);
  }

  #photo(post: string, key: string, change: Partial<SendingPhoto>): void {
    this.#set(this.#posts.map((p) => (p.key !== post ? p : { ...p, photos: p.photos.map((photo) => (photo.key === key ? { ...photo, ...change } : photo)) })));
  }

  #set(posts: readonly SendingPost[]): void {
    this.#posts = posts;
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Our own photos of this visit, by id: shown from here while the server's picture is still loading. */
export const ownPreviews = new Map<string, Photo & { readonly preview: HTMLCanvasElement | undefined }>();

export const pictureOf = (room: string, photo: string): { small: string; large: string } => ({
  small: `${photoPath(room, photo, 320)}`,
  large: `${photoPath(room, photo, 1080)}`,
});

