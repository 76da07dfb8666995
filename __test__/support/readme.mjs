// The code blocks of the README that are complete files. A block's first line says so:
//
//   // file: name       the file is called name
//   // run: name        the file is called name, and `node name` runs its section
//   // run: hmr -f name the file is called name, and the command runs its section
//
// The blocks below one heading make up one folder.

/**
 * @param {string} markdown
 * @returns {{ language: string, section: string, folder: string, file: string, run: string | undefined, code: string }[]}
 */
export function readmeBlocks(markdown) {
  const blocks = [];
  let section = "";
  let open;
  for (const line of markdown.split("\n")) {
    const fence = /^```(\w*)/.exec(line);
    if (open === undefined && fence) open = { language: fence[1], lines: [] };
    else if (open === undefined) section = /^#+ (.*)/.exec(line)?.[1] ?? section;
    else if (fence) {
      const [, verb, rest] = /^\/\/ (file|run): (.*)/.exec(open.lines[0] ?? "") ?? [];
      if (verb)
        blocks.push({
          language: open.language,
          section,
          folder: section.replace(/\W+/g, "-"),
          file: rest.split(" ").find((word) => word.includes(".")),
          run: verb === "run" ? rest : undefined,
          code: open.lines.join("\n") + "\n"
        });
      else if (["js", "ts"].includes(open.language))
        throw new Error(`README, "${section}": a block without a "// file:" line: ${open.lines[0]}`);
      open = undefined;
    } else open.lines.push(line);
  }
  return blocks;
}
