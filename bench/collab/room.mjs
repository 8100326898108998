// People in one room, by each server's own client: who edits, and how soon all the others have seen it.
//
//     node room.mjs hocuspocus|ours <<< '{"url", "tokens", "design", "rate", "seconds"}'
//
// Every person follows; one of them at random changes one property, `rate` times a second in all. Prints JSON: for each
// edit the milliseconds until the last of the others saw it, and for each that saw one how long it took.
import { readFileSync } from 'node:fs';
import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import * as Y from 'yjs';

const { url, tokens, design, rate, seconds } = JSON.parse(readFileSync(0, 'utf8'));
const ELEMENTS = 20;
const sent = new Map();
const seen = new Map();
const delays = [];

function saw(edit) {
  const at = performance.now();
  if (!sent.has(edit)) return;
  delays.push(at - sent.get(edit));
  const told = seen.get(edit) ?? { count: 0, last: 0 };
  seen.set(edit, { count: told.count + 1, last: at });
}

async function hocuspocus(person) {
  const document = new Y.Doc();
  const socket = new HocuspocusProviderWebsocket({ url, WebSocketPolyfill: WebSocket });
  const provider = new HocuspocusProvider({ websocketProvider: socket, name: 'room', document, token: tokens[person] });
  provider.attach();
  const elements = document.getMap('elements');
  await new Promise((resolve) => provider.on('synced', resolve));
  elements.observeDeep((events, transaction) => {
    if (!transaction.local) for (const event of events) for (const key of event.keysChanged) saw(event.target.get(key).edit);
  });
  const edit = (name) => elements.set(`e${Math.floor(Math.random() * ELEMENTS)}`, { x: Math.random() * 1000, edit: name });
  return { edit, close: () => socket.destroy() };
}

const EVENTS = `subscription ($design: ID!) { designEvents(designId: $design, afterSeq: 0) { __typename
  ... on EditsCommitted { seq batchId author { id } edits { __typename
    ... on ElementSet { key patch { x y width height rotation props } } } } } }`;
const APPLY = `mutation ($design: ID!, $batch: ID!, $edits: [DesignEditInput!]!) {
  applyDesignEdits(designId: $design, batchId: $batch, baseSeq: 0, edits: $edits) { ... on EditsApplied { seq } } }`;

async function ours(person) {
  const client = createClient({
    url, webSocketImpl: WebSocket, lazy: false, connectionParams: { authorization: `Bearer ${tokens[person]}` },
  });
  const own = new Set();
  await new Promise((resolve, reject) => {
    client.subscribe({ query: EVENTS, variables: { design } }, {
      next: ({ data }) => {
        resolve(); // the design has a batch already, which says that this person follows
        const event = data.designEvents;
        if (event.batchId !== undefined && !own.has(event.batchId)) saw(event.batchId);
      },
      error: reject,
      complete: () => {},
    });
  });
  const edit = (name) => {
    own.add(name);
    const edits = [{ setElement: { key: `e${Math.floor(Math.random() * ELEMENTS)}`, x: Math.random() * 1000 } }];
    client.subscribe({ query: APPLY, variables: { design, batch: name, edits } }, {
      next: ({ errors }) => { if (errors) throw new Error(JSON.stringify(errors)); },
      error: (error) => { throw new Error(JSON.stringify(error)); },
      complete: () => {},
    });
  };
  return { edit, close: () => client.dispose() };
}

const join = { hocuspocus, ours }[process.argv[2]];
const people = await Promise.all(tokens.map((_, person) => join(person)));
await new Promise((resolve) => setTimeout(resolve, 1000));
const began = performance.now();
for (let number = 0; number < rate * seconds; number += 1) {
  const wait = began + (number / rate) * 1000 - performance.now();
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  const name = `n${number}`;
  sent.set(name, performance.now());
  people[Math.floor(Math.random() * people.length)].edit(name);
}
await new Promise((resolve) => setTimeout(resolve, 1500));
const byAll = [...sent].map(([name, at]) => (seen.get(name)?.count === tokens.length - 1 ? seen.get(name).last - at : null));
process.stdout.write(JSON.stringify({ byAll, delays }));
people.forEach((person) => person.close());
process.exit(0);
