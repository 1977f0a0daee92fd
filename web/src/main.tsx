import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./app/App";
import { installTrustedTypesPolicy } from "./app/trusted-types";
import { takeTokenFromAddress } from "./features/session/api/link";
import { takeRefusalFromAddress } from "./features/session/api/provider";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/frame.css";
import "./styles/controls.css";
import "./styles/conversation.css";
import "./styles/navigation.css";
import "./styles/palette.css";

installTrustedTypesPolicy();
const arrival = { linkToken: takeTokenFromAddress(), refusal: takeRefusalFromAddress() };

const root = document.getElementById("root");
if (root === null) {
  throw new Error("index.html has no #root element");
}
createRoot(root).render(
  <StrictMode>
    <App arrival={arrival} />
  </StrictMode>,
);
