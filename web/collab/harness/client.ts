/**
 * Many people on one design: what the end-to-end test of convergence runs.
 *
 * Reads a JSON value a line from standard input: first `Config`, then commands, `{"do": …}`:
 * - `tokens`: an access token for each client that is good now: each is a device of its own;
 * - `start`: edit at random, with disconnects and offline spells at random;
 * - `enough`: stop when so many batches were made;
 * - `drain`: mend every network, and say `{"drained": …}` when every batch has its answer;
 * - `look`: tell how each client is, for the report of a failure;
 * - `settle`, with `seq`: when everybody has come that far, tell each canvas, and end.
 *
 * Says, a JSON value a line: `{"acknowledged": batchId, "seq": …}`, `{"refused": …}`, `{"made": …}` at the end of
 * editing, `{"drained": …}`, and for each client `{"canvas": {…}, "seq": …}`.
 */
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

import { Chance } from "./chance.js";
import { Person } from "./person.js";

interface Config {
  readonly clients: number;
  readonly urls: readonly string[];
  readonly designId: string;
  readonly seed: number;
  /** How many batches are made in all, at least. */
  readonly batches: number;
  /** Milliseconds between two batches of a client, and between two failures, on average. */
  readonly pause: number;
  readonly trouble: number;
}

type Command = { do: "tokens"; tokens: string[] } | { do: "start" } | { do: "enough" } | { do: "drain" } | { do: "look" } | { do: "settle"; seq: number };

const MOST_UNANSWERED = 25; // batches, above which a client waits: else a slow machine would merge them for ever

class Crowd {
  readonly #config: Config;
  readonly #people: Person[];
  readonly #chances: Chance[];
  #tokens: readonly string[] = [];
  #made = 0;
  #enough = false;
  #calm = false;
  #changed: () => void = () => {};

  constructor(config: Config) {
    this.#config = config;
    this.#chances = Array.from({ length: config.clients }, (_, index) => new Chance(config.seed * 1000 + index));
    this.#people = this.#chances.map((chance, index) => this.#person(index, chance));
  }

  async run(command: Command): Promise<void> {
    if (command.do === "tokens") this.#tokens = command.tokens;
    else if (command.do === "start") await this.#start();
    else if (command.do === "enough") this.#enough = true;
    else if (command.do === "drain") await this.#drain();
    else if (command.do === "look") this.#look();
    else await this.#settle(command.seq);
  }

  #person(index: number, chance: Chance): Person {
    const { urls, designId } = this.#config;
    return new Person({
      name: `p${index}`,
      urls,
      token: () => this.#tokens[index] ?? "",
      designId,
      chance,
      onAcknowledged: ({ batchId, seq }) => say({ acknowledged: batchId, seq }),
      onRefused: (refused) => say({ refused }),
      onChange: () => this.#changed(),
    });
  }

  async #start(): Promise<void> {
    for (const person of this.#people) person.mend();
    const edited = this.#people.map((person, index) => this.#edit(person, this.#chances[index]!));
    for (const [index, person] of this.#people.entries()) void this.#trouble(person, this.#chances[index]!);
    await Promise.all(edited);
    say({ made: this.#made });
  }

  async #edit(person: Person, chance: Chance): Promise<void> {
    while (!this.#enough || this.#made < this.#config.batches) {
      if (person.unanswered < MOST_UNANSWERED) {
        this.#made += 1;
        person.act();
      }
      await sleep(2 * this.#config.pause * chance.next());
    }
  }

  async #trouble(person: Person, chance: Chance): Promise<void> {
    for (;;) {
      await sleep(2 * this.#config.trouble * chance.next());
      if (this.#calm) return;
      await sleep(person.fail());
      person.mend();
    }
  }

  async #drain(): Promise<void> {
    this.#calm = true;
    for (const person of this.#people) person.mend();
    await this.#until(() => this.#people.every(({ unanswered }) => unanswered === 0));
    say({ drained: this.#people.map(({ counts }) => counts) });
  }

  #look(): void {
    for (const { session, unanswered } of this.#people) {
      const { status, problem, seq, pending } = session.getSnapshot();
      say({ looks: { status, problem, seq, pending, unanswered } });
    }
  }

  async #settle(seq: number): Promise<void> {
    await this.#until(() => this.#people.every(({ session }) => session.getSnapshot().seq >= seq));
    for (const { session } of this.#people) {
      const view = session.getSnapshot();
      say({ canvas: Object.fromEntries(view.elements), seq: view.seq, pending: view.pending });
      session.offline();
    }
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
      await sleep(20); // what comes at once is looked at once
    }
    this.#changed = () => {};
  }
}

function say(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const crowd = new Crowd(JSON.parse((await lines.next()).value as string) as Config);
for (let line = await lines.next(); !line.done; line = await lines.next()) {
  void crowd.run(JSON.parse(line.value) as Command); // while it is done, more may be told
}
