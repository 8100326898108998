/** One client of the real core, whose network and app fail at random. */
import { WebSocket } from "ws";

import { type Acknowledged, connect, type Refused, Session, type StoredQueue } from "../src/index.js";
import type { Chance } from "./chance.js";
import { batchOf } from "./drawing.js";

export interface PersonOptions {
  readonly name: string;
  /** Addresses of `/graphql`; each request goes to the next. */
  readonly urls: readonly string[];
  readonly token: () => string;
  readonly designId: string;
  readonly chance: Chance;
  readonly onAcknowledged: (acknowledged: Acknowledged) => void;
  readonly onRefused: (refused: Refused) => void;
  readonly onChange: () => void;
}

export class Person {
  readonly #options: PersonOptions;
  readonly #sockets = new Set<WebSocket>();
  #session: Session;
  #keys = 0;
  #turn: number;
  /** How often a socket was opened, was cut, was left by going offline, and how often the app was closed. */
  readonly counts = { opened: 0, cut: 0, offline: 0, closed: 0 };

  constructor(options: PersonOptions) {
    this.#options = options;
    this.#turn = options.chance.whole(0, options.urls.length);
    this.#session = this.#open();
  }

  get session(): Session {
    return this.#session;
  }

  /** How many batches have no answer yet. */
  get unanswered(): number {
    return this.#session.toJSON().batches.length;
  }

  /** Make one batch. */
  act(): void {
    const { chance, name } = this.#options;
    const { elements, canUndo, canRedo } = this.#session.getSnapshot();
    if (canUndo && chance.happens(0.08)) this.#session.undo();
    else if (canRedo && chance.happens(0.3)) this.#session.redo();
    else this.#session.edit(batchOf(elements, () => `${name}-${(this.#keys += 1)}`, chance));
  }

  /** Have something go wrong; returns after how many milliseconds `mend` must be called. */
  fail(): number {
    const { chance } = this.#options;
    if (chance.happens(0.6)) {
      this.counts.cut += 1;
      for (const socket of this.#sockets) socket.terminate();
      return 0;
    }
    this.counts.offline += 1;
    this.#session.offline();
    if (chance.happens(0.3)) {
      this.counts.closed += 1;
      this.#session = this.#open(JSON.parse(JSON.stringify(this.#session)) as StoredQueue);
    }
    return chance.whole(100, 2000);
  }

  mend(): void {
    this.#session.online();
  }

  #open(queue?: StoredQueue): Session {
    const { urls, token, designId, chance, onAcknowledged, onRefused, onChange } = this.#options;
    const url = () => urls[(this.#turn += 1) % urls.length] ?? ""; // as behind a load balancer
    const connection = connect({ url, token, webSocketImpl: this.#webSocket() });
    const session = new Session({
      designId,
      connection,
      onAcknowledged,
      onRefused,
      random: chance.next,
      ...(queue ? { queue } : {}),
    });
    session.subscribe(onChange);
    return session;
  }

  /** The sockets of this person, which can be cut as a network does it: without a word. */
  #webSocket(): unknown {
    const [sockets, counts] = [this.#sockets, this.counts];
    return class extends WebSocket {
      constructor(url: string, protocol: string) {
        super(url, protocol);
        sockets.add(this);
        counts.opened += 1;
        this.on("error", () => {}); // one that is closed before it opens says so, when nobody listens any more
        this.on("close", () => sockets.delete(this));
      }
    };
  }
}
