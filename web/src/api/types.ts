/** The shapes of the wire under the names that the page uses; `npm run generate` makes them. */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Usage = Schemas["Usage"];
/** How a figure was obtained. */
export type Method = Schemas["EvidenceMethod"];
export type Model = Schemas["ModelCard"];
export type ModelList = Schemas["ModelList"];
export type Session = Schemas["Session"];
export type ProviderAddress = Schemas["ProviderAddress"];
export type SignInProvider = Schemas["SignInProvider"];
export type Credentials = Schemas["SignIn"];
export type NewPassword = Schemas["ChangePassword"];
export type Account = Schemas["Account"];
export type AccountList = Schemas["AccountList"];
export type NewAccount = Schemas["CreateAccount"];
export type AccountChange = Schemas["UpdateAccount"];
export type Invitation = Schemas["Invitation"];
export type Key = Schemas["Key"];
export type KeyList = Schemas["KeyList"];
export type NewKey = Schemas["CreateKey"];
export type CreatedKey = Schemas["CreatedKey"];
export type SovereigntyReport = Schemas["SovereigntyReport"];
export type SovereigntyObjective = Schemas["SovereigntyObjective"];
export type SovereigntyCheck = Schemas["SovereigntyCheck"];
export type SovereigntyFramework = Schemas["SovereigntyFramework"];
/** One request to read what somebody else wrote. */
export type Opening = Schemas["Opening"];
export type OpeningList = Schemas["OpeningList"];
export type NewOpening = Schemas["RequestOpening"];
export type OpenedConversations = Schemas["OpenedConversations"];
/** An order to keep something from being removed. */
export type Hold = Schemas["Hold"];
export type HoldList = Schemas["HoldList"];
export type NewHold = Schemas["PlaceHold"];
/** An order to erase somebody, and what came of it. */
export type Erasure = Schemas["Erasure"];
export type ErasureList = Schemas["ErasureList"];
