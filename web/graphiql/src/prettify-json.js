// GraphiQL prettifies variables and headers with Prettier's Babel parser and ESTree printer, half a megabyte for
// a few lines of JSON. This Prettier plugin does the same with the JSON formatter that GraphiQL already carries,
// and stands in for both modules (see `vite.config.js`).
import { applyEdits, format, parse } from "jsonc-parser";

const wholeText = "jsonc-whole-text";

export const parsers = {
  jsonc: {
    astFormat: wholeText,
    locStart: () => 0,
    locEnd: (node) => node.text.length,
    parse(text) {
      const errors = [];
      parse(text, errors, { allowTrailingComma: true });
      if (errors.length > 0) throw new SyntaxError("This is not JSON; it stays as it is.");
      return { type: wholeText, text: applyEdits(text, format(text, undefined, { insertSpaces: true, tabSize: 2 })) };
    },
  },
};

export const printers = { [wholeText]: { print: (path) => path.node.text } };
