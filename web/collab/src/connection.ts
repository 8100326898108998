/**
 * The way to the API: its subscription and mutations over one WebSocket (graphql-ws), the snapshot by `fetch`.
 *
 * graphql-ws would subscribe again by itself after a disconnect, with the variables of long ago. That is switched off:
 * the session subscribes anew, after the newest batch that it has.
 */
import { type Client, createClient } from "graphql-ws/client";

import { ConnectionLost, Refusal } from "./failures.js";
import {
  DesignCanvasDocument,
  type DesignEditInput,
  FollowDesignDocument,
  type FollowDesignSubscription,
  SendEditsDocument,
  type SendEditsMutation,
  UndoEditsDocument,
} from "./generated.js";
import type { Snapshot } from "./replica.js";
import { type DesignEvent, snapshotOf } from "./wire.js";

/** What the server says to a batch. */
export type Answer = SendEditsMutation["applyDesignEdits"];

/** What a session needs of the outside world. Every method rejects with ConnectionLost or Refusal. */
export interface Connection {
  /** Read a canvas; null where there is no such design, or none that the viewer may know of. */
  snapshot(designId: string, signal: AbortSignal): Promise<Snapshot | null>;
  /** Tell of every event after a batch, until the server or the signal ends it. */
  follow(designId: string, afterSeq: number, listener: Listener, signal: AbortSignal): Promise<void>;
  /** Send a batch. */
  send(designId: string, batchId: string, baseSeq: number, edits: DesignEditInput[]): Promise<Answer>;
  /** Undo what an `inverse` names, by a batch. */
  undo(designId: string, batchId: string, inverse: string): Promise<Answer>;
  /** Let go of the socket at once; what was sent over it is lost or not. */
  drop(): void;
}

export interface Listener {
  /** The way is open. */
  opened(): void;
  /** Something happened; what this throws ends the subscription, which rejects with it. */
  heard(event: DesignEvent): void;
}

export interface ConnectOptions {
  /** The address of `/graphql` as http or https; a function is asked each time. */
  readonly url: string | (() => string);
  /** Gives an access token that is good now. */
  readonly token: () => string | Promise<string>;
  /** Where there is no global one: the class, e.g. that of the package `ws`. */
  readonly webSocketImpl?: unknown;
  readonly fetch?: typeof globalThis.fetch;
  /** Milliseconds after which a silent server is asked for a sign of life, and how long it may take, as for answers. */
  readonly keepAlive?: number;
  readonly patience?: number;
}

const KEEP_ALIVE = 10_000;
const PATIENCE = 10_000;

/** Return a connection; it opens its socket when it is first used. */
export function connect(options: ConnectOptions): Connection {
  return new GraphQLConnection(options);
}

class GraphQLConnection implements Connection {
  readonly #options: ConnectOptions;
  readonly #client: Client;
  #open = false;

  constructor(options: ConnectOptions) {
    this.#options = options;
    this.#client = openClient(options);
    this.#client.on("connected", () => {
      this.#open = true;
    });
    this.#client.on("closed", () => {
      this.#open = false;
    });
  }

  async snapshot(designId: string, signal: AbortSignal): Promise<Snapshot | null> {
    const data = await this.#fetch(DesignCanvasDocument, { designId }, signal);
    return data.design && snapshotOf(data.design.canvas);
  }

  async follow(designId: string, afterSeq: number, listener: Listener, signal: AbortSignal): Promise<void> {
    const heard = (data: FollowDesignSubscription) => listener.heard(data.designEvents);
    const unlisten = this.#client.on("connected", () => listener.opened());
    if (this.#open) listener.opened();
    try {
      await this.#subscribe(FollowDesignDocument, { designId, afterSeq }, heard, signal);
    } finally {
      unlisten();
    }
  }

  async send(designId: string, batchId: string, baseSeq: number, edits: DesignEditInput[]): Promise<Answer> {
    return (await this.#ask(SendEditsDocument, { designId, batchId, baseSeq, edits })).applyDesignEdits;
  }

  async undo(designId: string, batchId: string, inverse: string): Promise<Answer> {
    return (await this.#ask(UndoEditsDocument, { designId, batchId, inverse })).undoDesignEdits;
  }

  drop(): void {
    this.#client.terminate();
  }

  async #ask<Data, Variables extends object>(document: Document<Data, Variables>, variables: Variables): Promise<Data> {
    const answers: Data[] = [];
    await this.#subscribe(document, variables, (data) => answers.push(data));
    const [answer] = answers;
    if (answer === undefined) throw new ConnectionLost("The server ended without an answer.");
    return answer;
  }

  #subscribe<Data, Variables extends object>(
    document: Document<Data, Variables>,
    variables: Variables,
    heard: (data: Data) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => {
        reject(error);
        stop();
      };
      const stop = this.#client.subscribe<Data>(
        { query: textOf(document), variables: variables as Record<string, unknown> },
        {
          next: (result) => {
            try {
              heard(dataOf<Data>(result));
            } catch (error) {
              fail(error); // thrown from here, it would close the socket as if the server had sent nonsense
            }
          },
          error: (error) => reject(failureOf(error)),
          complete: resolve,
        },
      );
      signal?.addEventListener("abort", () => {
        resolve();
        stop();
      });
    });
  }

  async #fetch<Data, Variables>(document: Document<Data, Variables>, variables: Variables, signal: AbortSignal) {
    const { url, token, fetch = globalThis.fetch, patience = PATIENCE } = this.#options;
    const either = new AbortController();
    const abort = () => either.abort();
    const late = setTimeout(abort, patience);
    signal.addEventListener("abort", abort);
    try {
      const response = await fetch(typeof url === "function" ? url() : url, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${await token()}` },
        body: JSON.stringify({ query: textOf(document), variables }),
        signal: either.signal,
      });
      return dataOf<Data>(await response.json());
    } catch (error) {
      throw failureOf(error);
    } finally {
      clearTimeout(late);
      signal.removeEventListener("abort", abort);
    }
  }
}

/** A document that knows what it asks for. */
interface Document<Data, Variables> {
  toString(): string;
  readonly __apiType?: (variables: Variables) => Data;
}

/** The text that is registered, to the letter: production answers no other. */
function textOf(document: Document<unknown, never>): string {
  return document.toString().trim();
}

function openClient(options: ConnectOptions): Client {
  const { url, token, webSocketImpl, keepAlive = KEEP_ALIVE, patience = PATIENCE } = options;
  let late: ReturnType<typeof setTimeout> | undefined;
  const wait = () => {
    clearTimeout(late);
    late = setTimeout(() => client.terminate(), patience);
  };
  const rest = () => clearTimeout(late);
  const client: Client = createClient({
    url: () => (typeof url === "function" ? url() : url).replace(/^http/, "ws"),
    connectionParams: async () => ({ authorization: `Bearer ${await token()}` }),
    ...(webSocketImpl === undefined ? {} : { webSocketImpl }),
    retryAttempts: 0,
    keepAlive,
    on: {
      connecting: wait,
      connected: rest,
      ping: (received) => {
        if (!received) wait();
      },
      pong: (received) => {
        if (received) rest();
      },
      error: rest,
      closed: rest,
    },
  });
  return client;
}

interface GraphQLErrorLike {
  readonly message: string;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

interface Result<Data> {
  readonly data?: Data | null | undefined;
  readonly errors?: readonly GraphQLErrorLike[] | undefined;
}

/** Return an answer's data; throws Refusal where it has errors. */
function dataOf<Data>({ data, errors }: Result<Data>): Data {
  if (data && !errors) return data;
  throw refusalOf(errors ?? []);
}

function refusalOf([error]: readonly GraphQLErrorLike[]): Refusal {
  const { code, path } = error?.extensions ?? {};
  const message = error?.message ?? "The server answered without data.";
  return new Refusal(message, typeof code === "string" ? code : null, Array.isArray(path) ? path.map(String) : []);
}

/** Return what graphql-ws and `fetch` reject with (errors of GraphQL, the socket's closing, all else) as our own. */
function failureOf(error: unknown): Error {
  if (error instanceof Refusal) return error;
  if (Array.isArray(error)) return refusalOf(error as GraphQLErrorLike[]);
  const { code, reason, message } = Object(error) as Record<string, unknown>;
  return new ConnectionLost(String(reason || message || `The connection is closed (${code ?? "unknown reason"}).`));
}
