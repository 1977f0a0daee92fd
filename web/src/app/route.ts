/** Which page the address asks for. */
export type Route =
  | { page: "new" }
  | { page: "conversation"; id: string }
  | { page: DeskName }
  | { page: "missing"; path: string };

/** Pages beside the conversations. */
export const DESKS = ["people", "keys", "data-protection", "break-glass", "sovereignty"] as const;

export type DeskName = (typeof DESKS)[number];

/** Which conversations the navigation lists. */
export interface ListFilter {
  isArchived: boolean;
  search: string;
}

/** All that an address says: the page, and the filter of the list beside it. */
export interface Place {
  route: Route;
  filter: ListFilter;
}

export const NO_FILTER: ListFilter = { isArchived: false, search: "" };

const CONVERSATION_PATH = /^\/c\/(?<id>[^/]+)\/?$/u;
const HEXADECIMAL_ID = /^(?:conv_)?[0-9a-f]{32}$/iu;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iu;

export function placeOf({ pathname, search }: Pick<Location, "pathname" | "search">): Place {
  const parameters = new URLSearchParams(search);
  return {
    route: routeOf(pathname),
    filter: {
      isArchived: parameters.get("view") === "archived",
      search: parameters.get("find") ?? "",
    },
  };
}

/** The address of a place. Two places that are alike have the same. */
export function addressOf({ route, filter }: Place): string {
  const parameters = new URLSearchParams();
  if (filter.isArchived) parameters.set("view", "archived");
  if (filter.search !== "") parameters.set("find", filter.search);
  const query = parameters.toString();
  return query === "" ? pathOf(route) : `${pathOf(route)}?${query}`;
}

export function pathOf(route: Route): string {
  switch (route.page) {
    case "new":
      return "/";
    case "conversation":
      return `/c/${route.id}`;
    case "people":
    case "keys":
    case "data-protection":
    case "break-glass":
    case "sovereignty":
      return `/${route.page}`;
    case "missing":
      return route.path;
  }
}

function routeOf(pathname: string): Route {
  if (pathname === "/") return { page: "new" };
  const desk = DESKS.find((page) => pathname === `/${page}`);
  if (desk !== undefined) return { page: desk };
  const id = canonicalId(CONVERSATION_PATH.exec(pathname)?.groups?.["id"] ?? "");
  return id === null ? { page: "missing", path: pathname } : { page: "conversation", id };
}

/** One spelling for each conversation: the server accepts three. */
function canonicalId(id: string): string | null {
  const isKnown = HEXADECIMAL_ID.test(id) || UUID.test(id);
  if (!isKnown) return null;
  return `conv_${id.toLowerCase().replace("conv_", "").replaceAll("-", "")}`;
}
