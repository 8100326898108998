/**
 * The core beside that of the server: reads cases from standard input, a JSON value a line, and says what it makes of
 * each. A case is a list of batches for one canvas; a number instead of a batch undoes the one of that place. With
 * `log` it is one: what took effect, batch by batch, on a canvas that only repeats it.
 */
import { createInterface } from "node:readline";

import { apply, Canvas, type Edit, type EffectiveEdit, type Outcome, replay } from "../src/canvas.js";

type Case = (Edit[] | number)[];

/** Return what each batch does, and what is then on the canvas, and on that of who repeats what took effect. */
function outcomesOf(batches: Case) {
  const [canvas, follower] = [new Canvas(), new Canvas()];
  const outcomes: Outcome[] = [];
  for (const batch of batches) {
    const outcome = apply(canvas, typeof batch === "number" ? (outcomes[batch]?.inverse ?? []) : batch);
    outcomes.push(outcome);
    replay(follower, outcome.effective);
  }
  return {
    outcomes,
    top: canvas.top,
    elements: Object.fromEntries(canvas.living()),
    followed: Object.fromEntries(follower.living()),
  };
}

/** Return what is on the canvas of who repeats a log. */
function repeated(log: EffectiveEdit[][]) {
  const follower = new Canvas();
  for (const effective of log) replay(follower, effective);
  return { top: follower.top, elements: Object.fromEntries(follower.living()) };
}

for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line) as Case | { log: EffectiveEdit[][] };
  console.log(JSON.stringify("log" in told ? repeated(told.log) : outcomesOf(told)));
}
