// passkeys.mjs URL CHROMIUM EMAIL PASSWORD: open the page of passkeys in a headless Chromium with a virtual
// authenticator (CTAP2, discoverable credentials, user verification), sign in with the password, add a passkey, prove
// with it who one is, sign out, sign in with it, and once more with a user who is not verified. Prints one JSON object:
//   said         what the page said after each step
//   listed       what it lists of passkeys at the end
//   credentials  of the authenticator, without their keys
//   unverified   what the page said where the authenticator verified nobody
//   foreign      addresses outside the origin that the page asked for
//   problems     console errors and uncaught exceptions, violations of the content security policy among them
import { alone } from "./browser.mjs";

const [url, executablePath, email, password] = process.argv.slice(2);

await alone(url, executablePath, async ({ page, foreign, problems }) => {
  const said = {};
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });

  const press = async (name) => {
    await page.getByRole("button", { name, exact: true }).click();
    const status = page.getByRole("status");
    await status.filter({ hasText: /\w/ }).waitFor();
    return status.innerText();
  };

  await page.goto(url);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  said.password = await press("Sign in");
  said.added = await press("Add a passkey");
  said.proved = await press("Prove again who I am");
  said.left = await press("Sign out");
  said.passkey = await press("Sign in with a passkey");
  const listed = await page.getByRole("listitem").allInnerTexts();
  const who = await page.locator("#who").innerText();
  await press("Sign out");

  await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
  const unverified = await press("Sign in with a passkey");
  const { credentials } = await devtools.send("WebAuthn.getCredentials", { authenticatorId });
  const shown = credentials.map(({ isResidentCredential, rpId, userHandle, signCount }) => ({
    isResidentCredential,
    rpId,
    userHandle,
    signCount,
  }));
  console.log(JSON.stringify({ said, who, listed, credentials: shown, unverified, foreign, problems }));
});
