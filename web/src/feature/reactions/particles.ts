/**
 * Reactions that rise and fade, all on one canvas. The animation runs only
 * while something is in the air, never in a hidden page, and not at all for
 * people who asked for less motion. Only position and opacity change.
 */
import { calm } from "../../ui/roll.js";
import { sign } from "./kinds.js";

const maxInAir = 40;
const maxPerTick = 12;
const lifeMs = 2_400;
const sizePx = 30;

interface Particle {
  readonly sprite: HTMLCanvasElement;
  readonly x: number;
  readonly y: number;
  readonly rise: number;
  readonly sway: number;
  readonly phase: number;
  readonly size: number;
  readonly born: number;
  readonly life: number;
}

export class Particles {
  readonly #canvas: HTMLCanvasElement;
  readonly #sprites = new Map<string, HTMLCanvasElement>();
  readonly #perTick = (navigator as { deviceMemory?: number }).deviceMemory! <= 2 ? 4 : maxPerTick;
  #air: Particle[] = [];
  #frame = 0;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
  }

  /** Lets `n` of a kind rise from a place in the window; one's own tap is larger and starts at once. */
  burst(kind: string, n: number, from: DOMRect, own = false): void {
    if (calm() || document.hidden) return;
    const now = performance.now();
    const count = Math.min(n, this.#perTick, maxInAir - this.#air.length);
    for (let i = 0; i < count; i++) {
      this.#air.push({
        sprite: this.#sprite(kind),
        x: from.left + from.width / 2 + (own ? 0 : (Math.random() - 0.5) * 48),
        y: from.top + from.height / 3,
        rise: Math.min(innerHeight * 0.62, 300 + Math.random() * 240),
        sway: 10 + Math.random() * 24,
        phase: Math.random() * 6.28,
        size: own ? sizePx * 1.45 : sizePx * (0.7 + Math.random() * 0.5),
        born: now + (own ? 0 : Math.random() * 350),
        life: lifeMs * (0.75 + Math.random() * 0.5),
      });
    }
    if (count > 0 && !this.#frame) {
      this.#fit();
      this.#frame = requestAnimationFrame(this.#draw);
    }
  }

  /** Ends the animation. */
  stop(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#air = [];
  }

  readonly #draw = (now: number): void => {
    const pen = this.#canvas.getContext("2d");
    if (!pen) return;
    const scale = this.#canvas.width / innerWidth;
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, innerWidth, innerHeight);
    this.#air = this.#air.filter((p) => now - p.born < p.life);
    for (const p of this.#air) {
      const part = (now - p.born) / p.life;
      if (part < 0) continue;
      const grown = Math.min(1, part * 8);
      const size = p.size * (0.4 + 0.6 * grown);
      pen.globalAlpha = Math.min(1, (1 - part) * 2.2) * grown;
      const x = p.x + Math.sin(p.phase + part * 5) * p.sway * part;
      const y = p.y - p.rise * (1 - (1 - part) ** 1.7);
      pen.drawImage(p.sprite, x - size / 2, y - size / 2, size, size);
    }
    if (this.#air.length > 0 && !document.hidden) {
      this.#frame = requestAnimationFrame(this.#draw);
    } else {
      pen.clearRect(0, 0, innerWidth, innerHeight);
      this.stop();
    }
  };

  #fit(): void {
    const density = Math.min(2, devicePixelRatio || 1);
    this.#canvas.width = Math.round(innerWidth * density);
    this.#canvas.height = Math.round(innerHeight * density);
  }

  #sprite(kind: string): HTMLCanvasElement {
    let made = this.#sprites.get(kind);
    if (!made) {
      made = document.createElement("canvas");
      made.width = made.height = 96;
      const pen = made.getContext("2d");
      if (pen) {
        pen.font = "72px sans-serif";
        pen.textAlign = "center";
        pen.textBaseline = "middle";
        pen.fillText(sign(kind), 48, 52);
      }
      this.#sprites.set(kind, made);
    }
    return made;
  }
}
