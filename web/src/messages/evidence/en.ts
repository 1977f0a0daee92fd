import { plural } from "../plural";

/** English text of what proves an answer: figures, where they come from, its receipt. */
export const evidence = {
  provenance: {
    label: "Where and how this answer was computed",
    siteLocal: "This server",
    zone: (place: string) => `grid zone ${place}`,
    tokens: plural("en", { one: "# token", other: "# tokens" }),
    details: "How these figures were obtained",
    energy: "Energy",
    emissions: "Emissions",
    emissionsExplained: "Energy multiplied by the grid factor.",
    gridFactor: "Grid factor",
    tokensRead: "Tokens read",
    tokensWritten: "Tokens written",
    place: "Computed at",
  },
  receipt: {
    open: "Receipt",
    title: "Receipt of this answer",
    lead: "A signed statement of what answered. It holds no word of the conversation.",
    answered: "Answered",
    model: "Model",
    engine: "Computed by",
    operator: "Operator",
    country: (name: string) => `Country: ${name}`,
    law: (name: string) => `under the law of: ${name}`,
    parentLaw: (name: string) => `its group: ${name}`,
    declared: "Place and operator are declared by the operator; nobody has checked them.",
    policy: "Policy",
    noPolicy: "No policy was asked",
    documents: "Documents used",
    noDocuments: "None",
    log: "Place in the log",
    logEntry: (number: string) => `Entry ${number}`,
    answer: "Answer",
    notStated: "not stated",
    save: "Save the receipt",
    again: "Try again",
    check: "How to check it",
    checkHow:
      "Anybody with the public key of the log can, without this server and without a network. Ask the operator for the key by another way than this page.",
  },
  method: {
    measured: "measured",
    modelled: "modelled",
    estimated: "estimated",
    unknown: "not measured",
    separator: ", ",
  },
  methodExplained: {
    measured: "Read from the energy counters of the processor.",
    modelled: "Computed from a model of the machine.",
    estimated: "Documented power multiplied by the processor time that this answer used.",
  },
};

/** What every language says of the evidence of an answer. */
export type Evidence = typeof evidence;
