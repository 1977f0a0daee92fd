/** The words of the page in one language, as the page itself has them. */
import { fileURLToPath } from "node:url";

import { createServer } from "vite";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Reads `src/messages/<language>.ts` of each language. */
export async function loadWords(languages) {
  const server = { middlewareMode: true, hmr: false, watch: null, ws: false };
  const vite = await createServer({ root: ROOT, server, appType: "custom", logLevel: "error" });
  try {
    const loaded = languages.map(async (language) => {
      const module = await vite.ssrLoadModule(`/src/messages/${language}.ts`);
      return [language, module[language]];
    });
    return Object.fromEntries(await Promise.all(loaded));
  } finally {
    await vite.close();
  }
}
