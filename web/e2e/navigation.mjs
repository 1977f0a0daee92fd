/** What the tests of the navigation do again and again. */
const DAY_MS = 86_400_000;

/** Conversations of several days, one with a name that hides, one archived. */
export function seed(conversations) {
  const add = (name, daysAgo, rest = {}) => {
    const updated_at = new Date(Date.now() - daysAgo * DAY_MS).toISOString();
    return conversations.seed({ name, updated_at, ...rest });
  };
  return {
    pinned: add("Rota of December", 90, { pinned: true }),
    today: add("Minutes of the committee", 0),
    second: add("Answer to the town hall", 0.00001),
    yesterday: add("Translation of the welcome protocol", 1),
    old: add("Maintenance contract", 400),
    hidden: add("invoice\u202Efdp.exe", 2),
    archived: add("Last year's budget", 300, { archived: true }),
  };
}

/** The row of a conversation. */
export function row(page, name) {
  return page.getByRole("row").filter({ has: page.getByRole("link", { name }) });
}

/** The names in the list, from the top. */
export async function rowNames(page) {
  return page.locator(".conv-row a").allInnerTexts();
}

/** What the status region says from now on. */
export async function listen(page) {
  await page.evaluate(() => {
    window.said = [];
    const status = document.querySelector("[role=status]");
    const note = () => window.said.push(status.textContent);
    new MutationObserver(note).observe(status, { childList: true, subtree: true });
  });
  return (pattern) =>
    page.waitForFunction(
      (source) => window.said.some((text) => new RegExp(source, "u").test(text)),
      pattern.source,
    );
}

/** The text of what has the focus. */
export async function focusedName(page) {
  return page.evaluate(() => document.activeElement?.textContent ?? "");
}

/** A name as it stands in a sentence, whose direction may be another one. */
export function isolate(name) {
  return `\u2068${name}\u2069`;
}
