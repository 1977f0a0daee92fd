import type { Method } from "../../api/types";
import { RequestError, pageFailure } from "../../errors/failure";

/** What a receipt states; what is not known is `null`. docs/reference/receipts.md tells all of it. */
export interface Statement {
  /** Microseconds since 1970. */
  at: number;
  response: string;
  documents: readonly unknown[];
  policy: { decision: string } | null;
  model: { id: string; digest: string | null };
  engine: { version: string; commit: string | null; cpu_path: string; kv_cache_type: string } | null;
  site: {
    name: string | null;
    grid_zone: string | null;
    country: string | null;
    operator: string | null;
    operator_country: string | null;
    parent_country: string | null;
  };
  tokens: { prompt: number; completion: number } | null;
  energy: { joules: number; method: Method; uncertainty_percent: number } | null;
  emissions: { grams_co2e: number; method: Method; uncertainty_percent: number } | null;
  log: { index: number; origin: string };
}

/** A receipt as it came, and what it states. The page shows it and does not verify it. */
export interface Receipt {
  text: string;
  statement: Statement;
}

const HEADER = "galerne receipt v1\n";

/** Reads the line of JSON between the first line and the signature. */
export function receiptFrom(text: string): Receipt {
  const [line = ""] = text.startsWith(HEADER) ? text.slice(HEADER.length).split("\n") : [];
  try {
    const statement: unknown = JSON.parse(line);
    if (isStatement(statement)) return { text, statement };
  } catch {
    // Not JSON: reported below, like JSON of another shape.
  }
  throw new RequestError(pageFailure("page.unreadable"));
}

/** The name under which the file is saved. */
export function fileNameOf({ statement }: Receipt): string {
  return `receipt-${statement.response.replace(/[^\w-]/gu, "")}.txt`;
}

function isStatement(value: unknown): value is Statement {
  if (!isObject(value)) return false;
  const { at, response, documents, model, site, log } = value;
  return (
    typeof at === "number" &&
    typeof response === "string" &&
    Array.isArray(documents) &&
    [model, site, log].every(isObject)
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
