/** The road between a phone and the server, which can break: connections on it die, new ones are refused. */
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server as Listener, Socket } from "node:net";

export class Tunnel {
  readonly url: string;
  readonly #listener: Listener;
  readonly #open = new Set<Socket>();
  #whole = true;

  private constructor(listener: Listener, port: number) {
    this.#listener = listener;
    this.url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
    listener.on("connection", (near) => {
      if (!this.#whole) return near.destroy();
      const far = connect(port, "127.0.0.1");
      for (const [from, to] of [[near, far], [far, near]] as const) {
        this.#open.add(from);
        from.on("error", () => {}).on("close", () => {
          this.#open.delete(from);
          to.destroy();
        });
        from.pipe(to);
      }
    });
  }

  static async to(server: string): Promise<Tunnel> {
    const listener = createServer().listen(0, "127.0.0.1");
    await once(listener, "listening");
    return new Tunnel(listener, Number(new URL(server).port));
  }

  breakOff(): void {
    this.#whole = false;
    for (const socket of this.#open) socket.destroy();
  }

  mend(): void {
    this.#whole = true;
  }

  close(): void {
    this.breakOff();
    this.#listener.close();
  }
}
