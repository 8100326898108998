/** How long to wait before trying again: twice as long each time, and never exactly as long as everybody else. */

export interface PaceOptions {
  /** Gives numbers from 0 to below 1. */
  readonly random?: () => number;
  /** Waits so many milliseconds, or until the signal. */
  readonly wait?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

const SHORTEST = 250;
const LONGEST = 10_000;

export class Pace {
  readonly #random: () => number;
  readonly #wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  #failures = 0;

  constructor({ random = Math.random, wait = sleep }: PaceOptions = {}) {
    this.#random = random;
    this.#wait = wait;
  }

  /** The server has said something: the next pause is a short one. */
  succeeded(): void {
    this.#failures = 0;
  }

  async pause(signal: AbortSignal): Promise<void> {
    const most = Math.min(LONGEST, SHORTEST * 2 ** this.#failures);
    this.#failures += 1;
    await this.#wait(most * (0.5 + this.#random() / 2), signal);
  }

  /** Wait for as long as the server says, and by chance a little longer: other tabs of the device were told the same. */
  async rest(seconds: number, signal: AbortSignal): Promise<void> {
    await this.#wait(seconds * 1000 * (1 + this.#random() / 4), signal);
  }
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done);
  });
}
