/** The real packages graphql-ws and ws between both ends: what a network does to them. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";

import { buildSchema, type ExecutionArgs, type ExecutionResult, GraphQLError, parse } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { WebSocket, WebSocketServer } from "ws";

import { connect, type ConnectOptions } from "../src/connection.js";
import { ConnectionLost, Refusal } from "../src/failures.js";
import type { DesignEvent } from "../src/wire.js";

type Variables = Record<string, unknown>;

/** What the API says: to a subscription, to a mutation, to a query over HTTP. */
interface Script {
  follow?: (variables: Variables) => AsyncGenerator<ExecutionResult>;
  mutate?: (variables: Variables) => Promise<ExecutionResult>;
  query?: (variables: Variables, authorization: string | undefined) => object;
}

const closing: (() => void)[] = [];
after(() => {
  for (const close of closing) close();
});

/** Start an API that follows a script; each connection's parameters and the sockets can be looked at. */
async function api(script: Script, more: Partial<ConnectOptions> = {}) {
  const parameters: unknown[] = [];
  const http = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const { variables } = JSON.parse(Buffer.concat(parts).toString()) as { variables: Variables };
      response.end(JSON.stringify(script.query?.(variables, request.headers.authorization) ?? {}));
    });
  });
  const sockets = new WebSocketServer({ server: http });
  useServer(
    {
      onConnect: ({ connectionParams }) => {
        parameters.push(connectionParams);
        return true;
      },
      onSubscribe: (_context, _id, { query, variables }) => argumentsOf(query, variables ?? {}),
      subscribe: (args: ExecutionArgs) => script.follow?.({ ...args.variableValues }) ?? forever(),
      execute: (args: ExecutionArgs) => script.mutate?.({ ...args.variableValues }) ?? {},
    },
    sockets,
  );
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    for (const socket of sockets.clients) socket.terminate();
    http.close();
  });
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/graphql`;
  const connection = connect({ url, token: () => "token", webSocketImpl: WebSocket, ...more });
  return { connection, parameters, sockets };
}

const SCHEMA = buildSchema("type Query { a: Int } type Mutation { a: Int } type Subscription { a: Int }");

function argumentsOf(query: string, variableValues: Variables): ExecutionArgs {
  return { schema: SCHEMA, document: parse(query), variableValues };
}

async function* forever(...events: DesignEvent[]): AsyncGenerator<ExecutionResult> {
  for (const designEvents of events) yield { data: { designEvents } };
  await new Promise(() => {});
}

/** Follow from a batch on: what is heard, and the end of it. */
function following({ connection }: Awaited<ReturnType<typeof api>>, afterSeq: number) {
  const heard: DesignEvent[] = [];
  const stop = new AbortController();
  let tell: () => void = () => {};
  const first = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const listener = {
    opened: () => {},
    heard: (event: DesignEvent) => {
      heard.push(event);
      tell();
    },
  };
  return { heard, first, stop, end: connection.follow("design", afterSeq, listener, stop.signal) };
}

test("the token goes along, and the canvas comes back", async () => {
  const asked: unknown[] = [];
  const row = { key: "a", kind: "WALL", x: 1, y: 2, width: 3, height: 4, rotation: 0, parent: null, order: "V", props: {} };
  const { connection } = await api({
    query: (variables, authorization) => {
      asked.push(variables, authorization);
      return { data: { design: { canvas: { seq: 7, elements: [row] } } } };
    },
  });
  const snapshot = await connection.snapshot("design", new AbortController().signal);
  const { key, ...shape } = row;
  assert.deepEqual(snapshot, { seq: 7, elements: [[key, { ...shape, removed: false }]] });
  assert.deepEqual(asked, [{ designId: "design" }, "Bearer token"]);
});

test("a design that there is not is null, and an error is a refusal with its code", async () => {
  let answer: object = { data: { design: null } };
  const { connection } = await api({ query: () => answer });
  const { signal } = new AbortController();
  assert.equal(await connection.snapshot("design", signal), null);
  answer = { data: null, errors: [{ message: "no", extensions: { code: "NOT_FOUND", path: ["designId"] } }] };
  await assert.rejects(connection.snapshot("design", signal), (error: Refusal) => {
    assert.ok(error instanceof Refusal && error.final);
    assert.deepEqual([error.message, error.code, error.path], ["no", "NOT_FOUND", ["designId"]]);
    return true;
  });
});

test("a server that is not there is a lost connection", async () => {
  const connection = connect({ url: "http://127.0.0.1:1/graphql", token: () => "token", webSocketImpl: WebSocket });
  await assert.rejects(connection.snapshot("design", new AbortController().signal), ConnectionLost);
  await assert.rejects(connection.send("design", "batch", 0, []), ConnectionLost);
});

test("a token that cannot be had is a lost connection", async () => {
  const token = () => Promise.reject(new Error("signed out"));
  const { connection } = await api({}, { token });
  await assert.rejects(connection.snapshot("design", new AbortController().signal), ConnectionLost);
  await assert.rejects(connection.send("design", "batch", 0, []), ConnectionLost);
});

test("events come until the signal, over a socket that knows who it is", async () => {
  const asked: Variables[] = [];
  const stood = await api({
    follow: (variables) => {
      asked.push(variables);
      return forever({ __typename: "Heartbeat", seq: 5 });
    },
  });
  const { heard, first, stop, end } = following(stood, 5);
  await first;
  stop.abort();
  await end;
  assert.deepEqual(heard, [{ __typename: "Heartbeat", seq: 5 }]);
  assert.deepEqual(asked, [{ designId: "design", afterSeq: 5 }]);
  assert.deepEqual(stood.parameters, [{ authorization: "Bearer token" }]);
});

test("a socket that breaks ends it: nobody subscribes with the variables of long ago", async () => {
  const stood = await api({ follow: () => forever({ __typename: "Heartbeat", seq: 5 }) });
  const { first, end } = following(stood, 5);
  await first;
  for (const socket of stood.sockets.clients) socket.terminate();
  await assert.rejects(end, ConnectionLost);
  assert.equal(stood.parameters.length, 1);
  const again = following(stood, 6);
  await again.first;
  assert.equal(stood.parameters.length, 2);
  stood.connection.drop();
  await assert.rejects(again.end, ConnectionLost);
});

test("an error in a subscription is a refusal, and what a listener throws is its own", async () => {
  const stood = await api({
    follow: async function* () {
      yield { errors: [new GraphQLError("no", { extensions: { code: "NOT_FOUND" } })] };
    },
  });
  await assert.rejects(following(stood, 0).end, (error: Refusal) => error instanceof Refusal && error.final);
  const other = await api({ follow: () => forever({ __typename: "Heartbeat", seq: 1 }) });
  const listener = {
    opened: () => {},
    heard: () => {
      throw new RangeError("a hole");
    },
  };
  await assert.rejects(other.connection.follow("design", 0, listener, new AbortController().signal), RangeError);
});

test("a batch is answered, and one whose socket breaks before that is lost", async () => {
  let answer = (_: ExecutionResult) => {};
  const asked: Variables[] = [];
  const stood = await api({
    mutate: (variables) => {
      asked.push(variables);
      return new Promise((resolve) => {
        answer = resolve;
        if (asked.length === 1) for (const socket of stood.sockets.clients) socket.terminate();
        else answer({ data: { applyDesignEdits: { __typename: "EditsApplied", seq: 1 } } });
      });
    },
  });
  await assert.rejects(stood.connection.send("design", "batch", 0, []), ConnectionLost);
  const { __typename } = await stood.connection.send("design", "batch", 0, []);
  assert.equal(__typename, "EditsApplied");
  assert.equal(asked.length, 2);
});

test("a server that falls silent counts as gone", async () => {
  const stood = await api({ follow: () => forever({ __typename: "Heartbeat", seq: 1 }) }, { keepAlive: 20, patience: 60 });
  const { first, end } = following(stood, 0);
  await first;
  await new Promise((resolve) => setTimeout(resolve, 150)); // it answers, so this lasts
  for (const socket of stood.sockets.clients) socket.removeAllListeners("message");
  await assert.rejects(end, ConnectionLost);
});
