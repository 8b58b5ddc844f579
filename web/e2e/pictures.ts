/** Photos of a party that never was: drawn in a browser, so that no picture of a real person is in the repository. */
import type { Browser } from "@playwright/test";

export type Scene = "lights" | "dance" | "dusk" | "candles" | "garden" | "confetti";

export async function paint(browser: Browser, scene: Scene, width = 1600, height = 1200): Promise<Buffer> {
  const page = await browser.newPage();
  const url = await page.evaluate(draw, { scene, width, height });
  await page.close();
  return Buffer.from(url.slice(url.indexOf(",") + 1), "base64");
}

/** Runs in the page. */
function draw({ scene, width: w, height: h }: { scene: Scene; width: number; height: number }): string {
  const canvas = document.createElement("canvas");
  canvas.width = w;
  canvas.height = h;
  const pen = canvas.getContext("2d")!;
  let seed = [...scene].reduce((sum, c) => sum * 31 + c.charCodeAt(0), 7) % 2147483647;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const between = (a: number, b: number) => a + random() * (b - a);
  const pick = <T>(list: T[]): T => list[Math.floor(random() * list.length)]!;
  const warm = ["#ffb45e", "#ff8a5b", "#ffd79a", "#ff6f61", "#ffe7bf", "#f7b2c4"];

  const sky = (...stops: string[]) => {
    const fill = pen.createLinearGradient(0, 0, 0, h);
    stops.forEach((colour, i) => fill.addColorStop(i / (stops.length - 1), colour));
    pen.fillStyle = fill;
    pen.fillRect(0, 0, w, h);
  };
  const glow = (x: number, y: number, r: number, colour: string, alpha: number, edge = 0) => {
    const fill = pen.createRadialGradient(x, y, 0, x, y, r);
    fill.addColorStop(0, colour);
    fill.addColorStop(edge || 0.01, colour);
    fill.addColorStop(1, `${colour}00`);
    pen.globalAlpha = alpha;
    pen.fillStyle = fill;
    pen.beginPath();
    pen.arc(x, y, r, 0, 7);
    pen.fill();
    pen.globalAlpha = 1;
  };
  const bokeh = (n: number, low: number, high: number, colours: string[], size = w / 22) => {
    pen.globalCompositeOperation = "lighter";
    for (let i = 0; i < n; i++) glow(between(0, w), between(low, high) * h, between(0.35, 1.3) * size, pick(colours), between(0.12, 0.5), 0.82);
    pen.globalCompositeOperation = "source-over";
  };
  const person = (x: number, floor: number, tall: number, arms: number) => {
    const head = tall * 0.085;
    pen.lineCap = pen.lineJoin = "round";
    pen.beginPath();
    pen.arc(x, floor - tall + head, head, 0, 7);
    pen.fill();
    pen.beginPath();
    pen.moveTo(x - tall * 0.11, floor - tall * 0.78);
    pen.quadraticCurveTo(x, floor - tall * 0.86, x + tall * 0.11, floor - tall * 0.78);
    pen.lineTo(x + tall * 0.09, floor - tall * 0.4);
    pen.lineTo(x + tall * 0.11, floor);
    pen.lineTo(x - tall * 0.11, floor);
    pen.lineTo(x - tall * 0.09, floor - tall * 0.4);
    pen.fill();
    pen.lineWidth = tall * 0.055;
    for (const side of [-1, 1]) {
      pen.beginPath();
      pen.moveTo(x + side * tall * 0.1, floor - tall * 0.76);
      pen.quadraticCurveTo(x + side * tall * 0.24, floor - tall * (0.72 + arms * 0.1), x + side * tall * (0.2 + arms * 0.06), floor - tall * (0.62 + arms * 0.42));
      pen.stroke();
    }
  };
  const string = (y: number, sag: number, n: number) => {
    pen.strokeStyle = "#1c1218";
    pen.lineWidth = w / 500;
    pen.beginPath();
    pen.moveTo(0, y);
    pen.quadraticCurveTo(w / 2, y + sag * 2, w, y - sag * 0.3);
    pen.stroke();
    for (let i = 0; i <= n; i++) {
      const p = (i + 0.5) / (n + 1);
      const x = w * p;
      const at = (1 - p) * (1 - p) * y + 2 * p * (1 - p) * (y + sag * 2) + p * p * (y - sag * 0.3) + w / 90;
      pen.globalCompositeOperation = "lighter";
      glow(x, at, w / 18, "#ffb45e", 0.4);
      glow(x, at, w / 75, "#fff1cf", 1, 0.5);
      pen.globalCompositeOperation = "source-over";
    }
  };

  if (scene === "lights") {
    sky("#140d22", "#3a1c38", "#7a3340", "#c8603f");
    bokeh(70, 0.35, 0.95, warm);
    string(h * 0.1, h * 0.1, 9);
    string(h * 0.24, h * 0.09, 11);
    pen.fillStyle = pen.strokeStyle = "#160d16";
    for (let i = 0; i < 9; i++) person(w * (0.06 + i * 0.11 + between(-0.02, 0.02)), h * 1.12, h * between(0.42, 0.54), random() > 0.6 ? 1 : 0);
  }
  if (scene === "dance") {
    sky("#0c0a20", "#31124a", "#8a1d5e");
    pen.globalCompositeOperation = "lighter";
    for (let i = 0; i < 9; i++) {
      const x = w * between(0.1, 0.9);
      const fill = pen.createLinearGradient(0, 0, 0, h * 0.95);
      fill.addColorStop(0, pick(["#ff7ab855", "#6fd1ff44", "#ffd36a44", "#a98bff55"]));
      fill.addColorStop(1, "#00000000");
      pen.fillStyle = fill;
      pen.beginPath();
      pen.moveTo(x, -h * 0.05);
      pen.lineTo(x + between(-0.5, 0.2) * w, h);
      pen.lineTo(x + between(0.2, 0.6) * w, h);
      pen.fill();
    }
    pen.globalCompositeOperation = "source-over";
    bokeh(40, 0.1, 0.7, ["#ff8ac4", "#8fd6ff", "#ffd98a", "#c9a6ff"], w / 30);
    pen.fillStyle = pen.strokeStyle = "#0a0714";
    for (let i = 0; i < 12; i++) person(w * (0.02 + i * 0.088 + between(-0.02, 0.02)), h * 1.05, h * between(0.45, 0.62), between(0.6, 1.2));
  }
  if (scene === "dusk") {
    sky("#22315f", "#6b5a92", "#e08d7e", "#ffc98c", "#ffe3b0");
    glow(w * 0.66, h * 0.56, w * 0.3, "#fff0c8", 0.9);
    glow(w * 0.66, h * 0.56, w * 0.05, "#fffbe8", 1, 0.9);
    for (const [i, colour] of ["#8d6a86", "#5d4668", "#33284a"].entries()) {
      pen.fillStyle = colour;
      pen.beginPath();
      pen.moveTo(0, h);
      for (let x = 0; x <= w; x += 8) pen.lineTo(x, h * (0.62 + i * 0.1) + Math.sin(x / (w * 0.11) + i * 2) * h * 0.035 + Math.sin(x / (w * 0.037) + i) * h * 0.012);
      pen.lineTo(w, h);
      pen.fill();
    }
    pen.fillStyle = pen.strokeStyle = "#1d1630";
    person(w * 0.3, h * 1.0, h * 0.46, 0);
    person(w * 0.385, h * 1.0, h * 0.42, 0.1);
  }
  if (scene === "candles") {
    sky("#170d12", "#3b1d1c", "#6b3522");
    bokeh(36, 0.05, 0.55, warm, w / 16);
    pen.fillStyle = "#4b2a22";
    pen.fillRect(0, h * 0.8, w, h);
    for (const [wide, high, up] of [[0.5, 0.2, 0.62], [0.36, 0.17, 0.46], [0.22, 0.14, 0.33]] as const) {
      const fill = pen.createLinearGradient(w * (0.5 - wide / 2), 0, w * (0.5 + wide / 2), 0);
      fill.addColorStop(0, "#c99f88");
      fill.addColorStop(0.45, "#fff3e6");
      fill.addColorStop(1, "#b98a76");
      pen.fillStyle = fill;
      pen.beginPath();
      pen.roundRect(w * (0.5 - wide / 2), h * up, w * wide, h * high, w * 0.012);
      pen.fill();
    }
    for (let i = 0; i < 5; i++) {
      const x = w * (0.42 + i * 0.04);
      pen.fillStyle = pick(["#ff8a7a", "#ffd27a", "#8fe0c2", "#9cc4ff"]);
      pen.fillRect(x - w * 0.004, h * 0.25, w * 0.008, h * 0.085);
      pen.globalCompositeOperation = "lighter";
      glow(x, h * 0.235, w * 0.07, "#ff9a3c", 0.5);
      glow(x, h * 0.235, w * 0.012, "#fff4cf", 1, 0.5);
      pen.globalCompositeOperation = "source-over";
    }
  }
  if (scene === "garden") {
    sky("#dff1ff", "#cfe9d0", "#86b56e", "#4d8747");
    for (let i = 0; i < 260; i++) glow(between(0, w), between(0.35, 1) * h, w * between(0.01, 0.05), pick(["#ffd1dc", "#fff6c9", "#7fb268", "#a7d08a", "#ff9fb2", "#ffffff"]), between(0.3, 0.8), 0.6);
    string(h * 0.12, h * 0.08, 8);
  }
  if (scene === "confetti") {
    sky("#2a1546", "#5b2161", "#b0405f");
    bokeh(24, 0.5, 1, warm, w / 14);
    for (let i = 0; i < 340; i++) {
      pen.save();
      pen.translate(between(0, w), between(0, h));
      pen.rotate(between(0, 6));
      pen.fillStyle = pick(["#ff7a66", "#ffc857", "#63e2b7", "#86bbff", "#fff", "#f0a6ff"]);
      pen.globalAlpha = between(0.5, 1);
      pen.fillRect(0, 0, w * between(0.006, 0.016), w * between(0.003, 0.008));
      pen.restore();
    }
  }
  // a little grain, as cameras have at night
  for (let i = 0; i < 9_000; i++) {
    pen.fillStyle = random() > 0.5 ? "rgba(255,255,255,.05)" : "rgba(0,0,0,.06)";
    pen.fillRect(between(0, w), between(0, h), 2, 2);
  }
  return canvas.toDataURL("image/jpeg", 0.9);
}
