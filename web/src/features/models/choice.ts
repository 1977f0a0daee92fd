/** What speaks for a model where the next question is asked. */
export interface ModelReasons {
  /** Chosen by the person for this conversation, or kept in its draft. */
  wish: string | null;
  /** The model that the conversation had last; `null` for a new one. */
  ofConversation: string | null;
  /** The last one that the person chose anywhere. */
  lastChosen: string | null;
}

/** The model that answers next: the first reason whose model is installed. */
export function chosenModel(
  installed: readonly string[],
  { wish, ofConversation, lastChosen }: ModelReasons,
): string | null {
  const wanted = [wish, ofConversation, lastChosen];
  const found = wanted.find((id) => id !== null && installed.includes(id));
  return found ?? installed[0] ?? null;
}

/**
 * Below so many weights a model follows short English questions best. A limit of this page, set
 * by what such models are trained on: no standard draws it.
 */
const SMALL_PARAMETERS_MAX = 1_000_000_000;

/** Whether the server says that a model is small; one that it says nothing of is not. */
export function isSmallModel(model: { parameters?: number | null } | undefined): boolean {
  const parameters = model?.parameters ?? SMALL_PARAMETERS_MAX;
  return parameters < SMALL_PARAMETERS_MAX;
}
