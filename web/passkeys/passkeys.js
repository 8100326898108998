// Sign in by password or passkey, add passkeys, prove again who one is: the ceremonies of WebAuthn in plain JavaScript.
// The access token stays in this page's memory; a reload signs out.

const SIGNED_IN = `__typename
  ... on SignedIn { accessToken refreshToken viewer { id } }
  ... on SecondFactorRequired { ticket }
  ... on UserError { message code }`;
const OPTIONS = `__typename ... on PasskeyOptions { ticket options } ... on UserError { message code }`;

const SIGN_IN = `mutation SignIn($input: SignInInput!) { result: signIn(input: $input) { ${SIGNED_IN} } }`;
const SECOND = `mutation SecondStep($ticket: String!, $code: String!) {
  result: signInWithTotp(ticket: $ticket, code: $code) { ${SIGNED_IN.replace("... on SecondFactorRequired { ticket }", "")} } }`;
const SIGN_OUT = `mutation SignOut($token: String!) { result: signOut(refreshToken: $token) { ok } }`;
const VIEWER = `query Viewer { result: viewer { email passkeys { edges { node { id name lastUsedAt } } } } }`;
const BEGIN_SIGN_IN = `mutation BeginSignIn { result: beginPasskeySignIn { ${OPTIONS} } }`;
const FINISH_SIGN_IN = `mutation FinishSignIn($ticket: String!, $credential: JSON!) {
  result: finishPasskeySignIn(ticket: $ticket, credential: $credential) { __typename
    ... on SignedIn { accessToken refreshToken } ... on UserError { message code } } }`;
const BEGIN_ADDING = `mutation BeginAdding { result: beginPasskeyRegistration { ${OPTIONS} } }`;
const FINISH_ADDING = `mutation FinishAdding($input: FinishPasskeyRegistrationInput!) {
  result: finishPasskeyRegistration(input: $input) { __typename
    ... on Passkey { id name } ... on UserError { message code } } }`;
const BEGIN_STEP_UP = `mutation BeginStepUp { result: beginPasskeyStepUp { ${OPTIONS} } }`;
const FINISH_STEP_UP = `mutation FinishStepUp($ticket: String!, $credential: JSON!) {
  result: finishPasskeyStepUp(ticket: $ticket, credential: $credential) { __typename
    ... on SteppedUp { authenticatedAt methods } ... on UserError { message code } } }`;

const element = (id) => document.getElementById(id);
let tokens = null;
let ticket = null;

/** Ask the API; a failure that it expects is thrown with its message. */
async function ask(query, variables = {}) {
  const headers = { "Content-Type": "application/json", Accept: "application/json" };
  if (tokens) headers.Authorization = `Bearer ${tokens.accessToken}`;
  const response = await fetch("/graphql", { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  const { data, errors } = await response.json();
  if (errors) throw new Error(errors[0].message);
  const { result } = data;
  if (result?.code && result.__typename !== "SecondFactorRequired") throw new Error(result.message);
  return result;
}

async function show() {
  const viewer = tokens && (await ask(VIEWER));
  element("outside").hidden = Boolean(viewer);
  element("inside").hidden = !viewer;
  element("second").hidden = !ticket;
  if (!viewer) return;
  element("who").textContent = viewer.email;
  element("passkeys").replaceChildren(
    ...viewer.passkeys.edges.map(({ node }) => {
      const item = document.createElement("li");
      item.textContent = `${node.name}, ${node.lastUsedAt ? `last used ${node.lastUsedAt}` : "never used"}`;
      return item;
    }),
  );
}

async function enter(answer) {
  if (answer.__typename === "SecondFactorRequired") {
    ticket = answer.ticket;
    return "A code of your authenticator app, please.";
  }
  tokens = answer;
  ticket = null;
  return "You are signed in.";
}

async function get({ ticket: begun, options }) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const credential = await navigator.credentials.get({ publicKey });
  return { ticket: begun, credential: credential.toJSON() };
}

const actions = {
  password: async (form) => enter(await ask(SIGN_IN, { input: Object.fromEntries(form) })),
  second: async (form) => enter(await ask(SECOND, { ticket, code: form.get("code") })),
  use: async () => enter(await ask(FINISH_SIGN_IN, await get(await ask(BEGIN_SIGN_IN)))),
  add: async (form) => {
    const { ticket: begun, options } = await ask(BEGIN_ADDING);
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    const credential = (await navigator.credentials.create({ publicKey })).toJSON();
    const added = await ask(FINISH_ADDING, { input: { ticket: begun, credential, name: form.get("name") } });
    return `${added.name} is added.`;
  },
  "step-up": async () => {
    const { methods } = await ask(FINISH_STEP_UP, await get(await ask(BEGIN_STEP_UP)));
    return `You proved it by ${methods.join(" and ")}.`;
  },
  leave: async () => {
    await ask(SIGN_OUT, { token: tokens.refreshToken });
    tokens = null;
    return "You are signed out.";
  },
};

for (const [id, action] of Object.entries(actions)) {
  const form = element(id) instanceof HTMLFormElement;
  element(id).addEventListener(form ? "submit" : "click", async (event) => {
    event.preventDefault();
    element("message").textContent = "…";
    let message;
    try {
      message = await action(form ? new FormData(event.target) : undefined);
    } catch (error) {
      message = error.message;
    }
    await show();
    element("message").textContent = message;
  });
}

await show();
