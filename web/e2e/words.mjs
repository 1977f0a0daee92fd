/** The words of the page in one language, as the page itself has them. */
import { fileURLToPath } from "node:url";

import { createServer } from "vite";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Reads `src/messages/<language>.ts` of each language. */
export function loadWords(languages) {
  return load(languages, "/src/messages");
}

/** The words of the pages of people and keys. */
export async function deskWords(language) {
  return (await load([language], "/src/messages/desk"))[language];
}

/** The words of the pages of whoever protects data. */
export async function protectionWords(language) {
  return (await load([language], "/src/messages/protection"))[language];
}

async function load(languages, folder) {
  const server = { middlewareMode: true, hmr: false, watch: null, ws: false };
  const vite = await createServer({ root: ROOT, server, appType: "custom", logLevel: "error" });
  try {
    const loaded = languages.map(async (language) => {
      const module = await vite.ssrLoadModule(`${folder}/${language}.ts`);
      return [language, module[language]];
    });
    return Object.fromEntries(await Promise.all(loaded));
  } finally {
    await vite.close();
  }
}
