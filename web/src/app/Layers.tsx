import { Suspense, useState, type ComponentType } from "react";
import { Dialog, Modal, ModalOverlay } from "react-aria-components";

import { Dialog as PageDialog } from "../components/Dialog";
import { ErrorNote } from "../components/ErrorNote";
import { retryable } from "../components/retryable";
import { pageFailure } from "../errors/failure";
import type { Card } from "../features/conversations/card";
import { DeleteDialog } from "../features/conversations/components/DeleteDialog";
import { Navigation, type NavigationProps } from "../features/conversations/components/Navigation";
import type { PasswordDialogProps } from "../features/session/components/PasswordDialog";
import type { SessionControl } from "../features/session/hooks/useSession";
import { KeyboardHelp } from "../keyboard/KeyboardHelp";
import { useMessages } from "../messages/messages";
import type { PaletteProps } from "../palette/Palette";
import { useCommands, type CommandTargets } from "../palette/useCommands";
import type { Layer } from "./useLayer";

const RECENT_MAX = 5;

// The palette is a file of its own: the page is there before it.
const takePalette = retryable<PaletteProps>(
  () => import("../palette/Palette").then(({ Palette }) => Palette),
  PaletteUnreachable,
);

const takePasswordDialog = retryable<PasswordDialogProps>(
  () =>
    import("../features/session/components/PasswordDialog").then(
      ({ PasswordDialog }) => PasswordDialog,
    ),
  PasswordUnreachable,
);

interface LayersProps {
  layer: Layer;
  session: SessionControl;
  navigation: NavigationProps;
  targets: CommandTargets;
  onOpenCard: (card: Card) => void;
  onDeleted: (card: Card) => void;
  onClose: () => void;
}

/** Whatever lies over the page. */
export function Layers(props: LayersProps) {
  const { layer, session, navigation, targets, onOpenCard, onDeleted, onClose } = props;
  const commands = useCommands(targets);
  const { cards, filter } = navigation.list;
  switch (layer.kind) {
    case "none":
      return null;
    case "navigation":
      return <Drawer {...navigation} onClose={onClose} />;
    case "help":
      return <KeyboardHelp isOpen onOpenChange={onClose} />;
    case "password":
      return <OpenPasswordDialog session={session} onClose={onClose} />;
    case "palette":
      return (
        <OpenPalette
          commands={commands}
          recent={filter.isArchived || filter.search !== "" ? [] : cards.slice(0, RECENT_MAX)}
          onOpenCard={onOpenCard}
          onClose={onClose}
        />
      );
    case "delete":
      return (
        <DeleteDialog
          card={layer.card}
          remove={navigation.commands.remove}
          onEnd={(isDeleted) => {
            onClose();
            if (isDeleted) onDeleted(layer.card);
          }}
        />
      );
  }
}

/** The navigation over the page, where there is no room beside it; on a phone all of it. */
function Drawer({ onClose, ...navigation }: NavigationProps & { onClose: () => void }) {
  const { conversations } = useMessages();
  return (
    <ModalOverlay
      className="scrim drawer-scrim"
      isOpen
      isDismissable
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose();
      }}
    >
      <Modal className="drawer">
        <Dialog aria-label={conversations.label} className="nav">
          <Navigation {...navigation} onClose={onClose} />
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

/** Each opening takes the palette once: a file that did not come is asked for at the next one. */
function OpenPalette(props: PaletteProps) {
  const [Palette] = useState<ComponentType<PaletteProps>>(takePalette);
  return (
    <Suspense fallback={null}>
      <Palette {...props} />
    </Suspense>
  );
}

/** The server is gone, so the file of the palette cannot be fetched. */
function PaletteUnreachable({ onClose }: PaletteProps) {
  const { palette } = useMessages();
  return (
    <PageDialog title={palette.open} isOpen onOpenChange={onClose}>
      <ErrorNote failure={pageFailure("page.unreachable")} />
    </PageDialog>
  );
}

function OpenPasswordDialog(props: PasswordDialogProps) {
  const [PasswordDialog] = useState<ComponentType<PasswordDialogProps>>(takePasswordDialog);
  return (
    <Suspense fallback={null}>
      <PasswordDialog {...props} />
    </Suspense>
  );
}

function PasswordUnreachable({ onClose }: PasswordDialogProps) {
  const { password } = useMessages();
  return (
    <PageDialog title={password.change} isOpen onOpenChange={onClose}>
      <ErrorNote failure={pageFailure("page.unreachable")} />
    </PageDialog>
  );
}
