// SPDX-License-Identifier: Apache-2.0
/** Columns of a paragraph, as in Vault's command line. */
const WIDTH = 78;

/** A paragraph broken at spaces into lines of at most 78 columns; line breaks that are already there stay. */
export function paragraph(text: string): string {
  return text.split("\n").map(wrapLine).join("\n");
}

function wrapLine(line: string): string {
  const lines: string[] = [];
  let current = "";
  for (const word of line.split(" ")) {
    if (current !== "" && current.length + 1 + word.length > WIDTH) {
      lines.push(current);
      current = word;
    } else {
      current = current === "" ? word : `${current} ${word}`;
    }
  }
  lines.push(current);
  return lines.join("\n");
}
