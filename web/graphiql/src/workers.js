// Monaco runs its language services in workers. Without an address for them it falls back to running them on the
// page; with this, Vite bundles them as a file of ours.
import LanguageWorker from "./worker/languages.js?worker";

globalThis.MonacoEnvironment = { getWorker: (_id, label) => new LanguageWorker({ name: label }) };
